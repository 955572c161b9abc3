"""`recommend --as svg|html`: drawn to scale, whole, escaped, in need of nothing else, and inside its own edges."""

import xml.etree.ElementTree as Tree
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec.structs import replace

from pathfinder.cli import main
from pathfinder.cli.hosts import Known
from pathfinder.cli.session import Session
from pathfinder.cli.wish import Wish, decided, demand, rules
from pathfinder.data import store
from pathfinder.deciding.qualities import by_quality
from pathfinder.telling.picture import Picture, picture, printable, render, round_up
from pathfinder.types.plans import Plan

FOLDER = store.templates() / "recommendation"
SESSION = Session(host=[], json=False, offline=False, no_color=False, overlay=[], override=[], explain=False)
HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)> \" ' & <!-- ]]> {{ 7 * 7 }} \x00\x1b[31m\u202e\ud800\ufffe"
BOXES = """[...document.querySelectorAll('svg text')].map(one => {
  const box = one.getBBox(); return [box.x, box.y, box.x + box.width, box.y + box.height, one.textContent] })"""
CASES = [
    ("desktop-rtx-4060", "llama-3-8b"),
    ("workstation-2x-rtx-3090", "llama-3.3-70b"),
    ("dgx-h100", "deepseek-r1"),
    ("vps-2-vcpu-4gb", "llama-3-8b"),
    ("macbook-pro-m4-max-128gb", "whisper-large-v3"),
    ("laptop-lunar-lake", "qwen3-30b-a3b"),
]


def drawing(profile: str, model: str, change: Callable[[Any], Any] = lambda found: found) -> Picture:
    wish, known = Wish(model), Known(f"profile:{profile}", store.profile(profile))
    asked, data = demand(wish, SESSION), rules(SESSION)
    found = change(decided(wish, known, SESSION, 5))
    return picture(found, known.facts, by_quality(known.facts, asked, data), data.table, "1.2.3")


@pytest.fixture(scope="module")
def drawings() -> dict[tuple[str, str], Picture]:
    return {case: drawing(*case) for case in CASES}


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("case", CASES)
def test_bars_are_to_scale(case: tuple[str, str], drawings: dict[tuple[str, str], Picture]) -> None:
    known = Known(case[0], store.profile(case[0]))
    for row, plan in zip(drawings[case].rows, decided(Wish(case[1]), known, SESSION, 5).candidates, strict=True):
        assert plan.estimate is not None
        fullest = max(plan.estimate.memory.per_device, key=lambda place: (place.device != "ram", place.total_bytes))
        bar, whole = row.bars[0], max(fullest.available_bytes or 0, fullest.total_bytes)
        for part in bar.parts:
            size = getattr(fullest, part.kind.replace("-", "_") + "_bytes")
            assert part.width == pytest.approx(1000 * size / whole, abs=1)
        assert [part.start for part in bar.parts[1:]] == [part.start + part.width for part in bar.parts[:-1]]
        assert bar.parts[-1].start + bar.parts[-1].width <= 1000


def test_speeds_share_one_axis(drawings: dict[tuple[str, str], Picture]) -> None:
    known = Known("", store.profile("workstation-2x-rtx-3090"))
    found, drawn = decided(Wish("llama-3.3-70b"), known, SESSION, 5), drawings["workstation-2x-rtx-3090", "llama-3.3-70b"]
    end = float(drawn.ticks[-1][1])
    for row, plan in zip(drawn.rows, found.candidates, strict=True):
        assert plan.estimate is not None
        assert row.speed is not None
        tps = plan.estimate.speed.decode_tps
        assert tps.low is not None
        assert row.speed.start == pytest.approx(1000 * tps.low / end, abs=1)
        assert row.speed.start < row.speed.likely < row.speed.start + row.speed.width <= 1000


@pytest.mark.parametrize(("most", "end"), [(0.03, 0.03), (0.12, 0.2), (1.0, 1), (9.1, 10), (61, 80), (175, 200), (1000, 1000)])
def test_an_axis_ends_at_a_round_number(most: float, end: float) -> None:
    assert round_up(most) == pytest.approx(end)


def test_the_map_says_what_the_command_says_of_each_quality(drawings: dict[tuple[str, str], Picture]) -> None:
    """A cell is what `recommend --quant` of the form in it answers for that runtime."""
    drawn, known = drawings["desktop-rtx-4060", "llama-3-8b"], Known("", store.profile("desktop-rtx-4060"))
    assert drawn.map is not None
    names = [column.name for column in drawn.map.columns]
    good = {line.name: line.cells[names.index("good")] for line in drawn.map.lines}
    only = decided(Wish("llama-3-8b", quant="Q4_K_M"), known, SESSION).candidates
    shared = [plan for plan in only if good.get(plan.name) and good[plan.name].says.startswith("Q4_K_M")]
    assert len(shared) > 5
    for plan in shared:
        assert plan.estimate is not None
        cell, tps = good[plan.name], plan.estimate.speed.decode_tps.likely
        assert (cell.kind, cell.says) == (plan.placement, f"Q4_K_M · {tps:.3g}/s")


def test_a_form_that_does_not_fit_is_too_big_and_one_nobody_loads_is_empty(drawings: dict[tuple[str, str], Picture]) -> None:
    drawn = drawings["workstation-2x-rtx-3090", "llama-3.3-70b"].map
    assert drawn is not None
    cells = {(line.name, column.name): cell.kind for line in drawn.lines for column, cell in zip(drawn.columns, line.cells, strict=True)}
    assert cells["SGLang", "full"] == "big"
    assert cells["SGLang", "poor"] == "none"
    assert cells["llama.cpp", "near lossless"] == "split"
    assert cells["llama.cpp", "good"] == "whole"


@pytest.mark.parametrize("case", CASES)
def test_the_svg_is_xml_and_asks_for_nothing(case: tuple[str, str], drawings: dict[tuple[str, str], Picture]) -> None:
    text = render("svg", drawings[case], FOLDER)
    tree = Tree.fromstring(text)
    assert {element.tag.rpartition("}")[2] for element in tree.iter()} <= {"svg", "title", "desc", "style", "rect", "text", "g"}
    assert not [key for element in tree.iter() for key in element.attrib if "href" in key or key.startswith("on")]
    assert "url(" not in text


def hostile(found: Any) -> Any:
    def plan(one: Plan) -> Plan:
        artifact = replace(one.artifact, quant=HOSTILE) if one.artifact else None
        steps = tuple(replace(step, title=HOSTILE) for step in one.launch)
        caveats = tuple(replace(hit, says=HOSTILE) for hit in one.caveats)
        return replace(one, name=HOSTILE, cell=HOSTILE, artifact=artifact, launch=steps, caveats=caveats)

    rejected = tuple(replace(one, runtime=HOSTILE) for one in found.rejected)
    return replace(found, model=HOSTILE, candidates=tuple(map(plan, found.candidates)), rejected=rejected, further=(HOSTILE,))


def test_a_hostile_name_stays_a_name() -> None:
    drawn = drawing("desktop-rtx-4060", "llama-3-8b", hostile)
    svg, html = render("svg", drawn, FOLDER), render("html", drawn, FOLDER)
    tree = Tree.fromstring(svg)
    assert {element.tag.rpartition("}")[2] for element in tree.iter()} <= {"svg", "title", "desc", "style", "rect", "text", "g"}
    words = "".join(tree.itertext())
    assert "<script>alert(1)</script>" in words
    assert "{{ 7 * 7 }}" in words
    seen = Elements(html)
    plain = Elements(render("html", drawing("desktop-rtx-4060", "llama-3-8b"), FOLDER))
    assert {tag for tag, _ in seen.tags} <= {tag for tag, _ in plain.tags}
    assert not [attrs for _, attrs in seen.tags if any(key.startswith("on") or key in ("src", "href") for key in attrs)]
    assert "<script>alert(1)</script>" in seen.words
    assert not set("\x00\x1b\u202e\ud800") & set(svg + html)


def test_what_no_document_may_hold_becomes_a_space() -> None:
    assert printable("a\x00b\u202ec\ud800d\n") == "a b c d\n"
    assert printable("Größe · 日本") == "Größe · 日本"
    assert printable(7) == 7


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    host = ("--model", "llama-3-8b", "--host", "profile:desktop-rtx-4060")
    assert main(["recommend", *host, "--as", "svg"]) == 0
    assert capsys.readouterr().out.startswith("<svg ")
    assert main(["recommend", *host, "--as", "html"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert main(["recommend", "--model", "llama-3-8b", "--host", "profile:vps-2-vcpu-4gb", "--as", "svg"]) == 1
    assert "Nothing here runs it" in capsys.readouterr().out
    assert main(["recommend", *host, "--as", "png"]) == 2
    assert "One of: html, svg" in capsys.readouterr().err
    assert main(["recommend", *host, "--host", "profile:dgx-spark", "--as", "svg"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("case", CASES)
def test_nothing_leaves_the_picture_or_covers_its_neighbour(
    case: tuple[str, str], drawings: dict[tuple[str, str], Picture], browser: Any
) -> None:
    tab = browser.new_page(viewport={"width": 1000, "height": 800})
    complaints: list[str] = []
    tab.on("console", lambda said: complaints.append(said.text))
    tab.set_content(render("svg", drawings[case], FOLDER))
    boxes = tab.evaluate(BOXES)
    assert not [box for box in boxes if box[2] > 948 or box[3] > drawings[case].height]
    overlapping = [
        (a[4], b[4])
        for number, a in enumerate(boxes)
        for b in boxes[number + 1 :]
        if a[0] < b[2] - 1 and b[0] < a[2] - 1 and a[1] < b[3] - 4 and b[1] < a[3] - 4
    ]
    assert not overlapping
    assert not complaints
    tab.close()


@pytest.mark.parametrize("width", [360, 1100])
def test_the_page_fits_a_phone_and_passes_an_audit(width: int, drawings: dict[tuple[str, str], Picture], browser: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (tools/browser.py does)")
    for colours in ("light", "dark"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=colours, bypass_csp=True)
        tab = context.new_page()
        tab.set_content(render("html", drawings["desktop-rtx-4060", "llama-3-8b"], FOLDER))
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(tab)
        assert not found.response["violations"], found.generate_report()
        context.close()
