"""The matrix as one HTML file: whole, escaped, and in need of nothing else."""

import gzip
import hashlib
import html
import json
import re
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.browser import text_of
from tests.browser import whole as everything

from pathfinder.cli import main
from pathfinder.data import store
from pathfinder.telling import page
from pathfinder.telling.documents import effective
from pathfinder.types.matrix import Runtime

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \" ' & <!-- \u2028"


class Seen(HTMLParser):
    """Elements by name, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._in: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.raw:
            self._in = tag
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = None if tag == self._in else self._in

    def handle_data(self, data: str) -> None:
        if self._in:
            self.raw[self._in][-1] += data


def data_of(seen: Seen) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(b64decode(seen.raw["script"][0])))
    return found


@pytest.fixture(scope="module")
def runtimes() -> list[Runtime]:
    return [store.whole(one.id) for one in store.matrix()]


@pytest.fixture(scope="module")
def whole() -> str:
    return everything()


def test_one_file_that_asks_for_nothing(whole: str) -> None:
    seen = Seen(whole)
    assert len(whole.encode()) < 1_500_000
    for tag, attrs in seen.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        assert "src" not in attrs
        assert not [name for name in attrs if name.startswith("on") or name == "style"], (tag, attrs)
    assert "url(" not in seen.raw["style"][0] and "@import" not in seen.raw["style"][0]


def test_the_policy_names_this_script_and_this_style_only(whole: str) -> None:
    seen = Seen(whole)
    policy = next(attrs["content"] for tag, attrs in seen.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and "unsafe" not in policy and policy.startswith("default-src 'none'")
    for text in (seen.raw["script"][1], seen.raw["style"][0]):
        assert b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_every_cell_is_a_row_with_its_status_and_something_to_mind(whole: str, runtimes: list[Runtime]) -> None:
    rows = re.findall(r'<tr data-i="(\d+)">(.*?)</tr>', whole, re.DOTALL)
    cells = [(runtime, cell) for runtime in sorted(runtimes, key=lambda one: (one.name.lower(), one.id)) for cell in runtime.cells]
    assert len(rows) == len(cells)
    for at, ((number, text), (runtime, cell)) in enumerate(zip(rows, cells, strict=True)):
        plain = html.unescape(re.sub(r"<[^>]+>", " ", text))
        assert int(number) == at
        assert runtime.name in plain and effective(cell) in plain and cell.backend in plain
        for caveat in cell.caveats:
            assert caveat.says in plain
        if not cell.caveats:
            assert runtime.caveat and runtime.caveat in plain


def test_the_data_gives_back_what_the_matrix_says(whole: str, runtimes: list[Runtime]) -> None:
    known = data_of(Seen(whole))
    by_id = {runtime.id: runtime for runtime in runtimes}
    counted = dict.fromkeys(by_id, 0)
    for cell in known["cells"]:
        runtime = by_id[known["runtimes"][cell["r"]]["id"]]
        own = runtime.cells[counted[runtime.id]]
        counted[runtime.id] += 1
        assert cell["id"] == own.id and cell["status"] == own.status and tuple(cell["os"]) == own.os
        needs = [known["pool"][number] for number in cell["requires"]]
        assert [(one["says"], known["pool"][one["when"]]) for one in needs] == [(one.says, one.when) for one in own.requires]
        proofs = [tuple(known["pool"][number]) for number in cell["evidence"]]
        assert proofs == [(one.how, one.checked, one.source, one.says) for one in own.evidence]
        loads = [known["pool"][number] for number in cell["formats"]]
        assert [(one["format"], tuple(known["pool"][one["quants"]])) for one in loads] == [(one.format, one.quants) for one in own.formats]
    assert counted == {runtime.id: len(runtime.cells) for runtime in runtimes}


def test_hostile_texts_stay_text(runtimes: list[Runtime]) -> None:
    first = runtimes[0]
    cell = first.cells[0]
    bad_cell = replace(cell, id=HOSTILE, caveats=tuple(replace(one, says=HOSTILE) for one in cell.caveats), inferred_from=HOSTILE)
    bad = replace(
        first,
        name=HOSTILE,
        summary=HOSTILE,
        caveat=HOSTILE,
        home="javascript:alert(1)",
        aliases=(HOSTILE,),
        project=replace(first.project, state=HOSTILE, says=HOSTILE),
        cells=(bad_cell,),
    )
    text = text_of([bad], HOSTILE)
    seen = Seen(text)
    assert [tag for tag, _ in seen.tags].count("script") == 2 and "img" not in [tag for tag, _ in seen.tags]
    known = data_of(seen)
    assert known["runtimes"][0]["name"] == HOSTILE and known["runtimes"][0]["home"] is None
    assert re.fullmatch("[A-Za-z0-9+/=]+", seen.raw["script"][0])


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("github:ggml-org/llama.cpp", "https://github.com/ggml-org/llama.cpp"),
        ("lmstudio.ai", "https://lmstudio.ai"),
        ("javascript:alert(1)", None),
        ("github:a/../../b c", None),
        ("pypi:windowsml", None),
        ("http://plain.example", None),
    ],
)
def test_homes(said: str, at: str | None) -> None:
    assert page.home(said) == at


def test_export_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "matrix.html"
    assert main(["matrix", "export", "--as", "html", "--os", "macos", "-o", str(target)]) == 0
    assert capsys.readouterr().out == ""
    text = target.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>") and "MLX" in text


def test_export_says_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "export", "--as", "html", "-o", str(tmp_path / "nowhere" / "matrix.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
