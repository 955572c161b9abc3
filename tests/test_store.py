"""The compiled data: found, cached, stale when a file changes, overlaid, never half-written."""

import os
import shutil
import time
from pathlib import Path

import pytest

from pathfinder.data import compiled, compiler, store
from pathfinder.errors import Problem

RUNTIME = """
name: {name}
summary: S.
home: github:a/b
aliases: [Old {name}]
project: {{state: active}}
recipes: {{go: [{{kind: start, title: Go, argv: [x, '{{port}}']}}]}}
defaults: {{launch: go}}
cells:
  linux-cpu:
    status: works
    caveats: {{slow: {{effect: slower, factor: 0.5, says: Slow., when: {{cpu.cores: '< 4'}}}}}}
    evidence:
      - {{source: 'pypi:x==1', checked: 2026-11-01, how: read, says: r}}
      - {{source: 'pypi:x==1', checked: 2026-10-01, how: installed, says: i}}
      - {{source: 'pypi:x==2', checked: 2026-11-02, how: installed, says: j}}
  macos-metal: {{like: linux-cpu, status: untested}}
history: [{{claim: c, source: s, now: n}}]
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small checkout of its own, with its own cache."""
    root = tmp_path / "repo"
    for name in ("Foo", "Bar"):
        write(root / "matrix" / "runtimes", f"{name.lower()}.yaml", RUNTIME.format(name=name))
    write(
        root / "matrix" / "platforms",
        "p.yaml",
        "glibc-2.28: {says: g, requires: {libc: {when: {os.libc: glibc}, says: G.}}, facts: {v: 1.10}}\n",
    )
    write(root / "matrix" / "profiles", "box.yaml", "os: {family: linux, version_id: 24.10}\nmemory: {total_bytes: 8589934592}\n")
    write(root / "matrix", "rank.yaml", "rows: {default: [state, id]}\nn: 3\n")
    (root / "src" / "pathfinder").mkdir(parents=True)
    monkeypatch.setattr(compiled, "package", lambda: root / "src" / "pathfinder")
    monkeypatch.setattr(compiled, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.delenv("PATHFINDER_OVERLAY", raising=False)
    forget()
    yield root / "matrix"
    forget()


def forget():
    compiled.load.cache_clear()
    store._matrix.cache_clear()


def later(path: Path):
    stamp = time.time_ns() + 2_000_000_000
    os.utime(path, ns=(stamp, stamp))


def test_everything_is_found(tree):
    assert [runtime.id for runtime in store.matrix()] == ["bar", "foo"]
    assert store.profiles() == ("box",)
    assert store.profile("box").os.version_id == "24.10"
    assert store.platforms()[0].requires[0].id == "libc"
    assert store.rank_table() == {"rows": {"default": ["state", "id"]}, "n": 3}
    assert store.estimate_table() == {}
    assert store.models() == ()


def test_the_hot_matrix_keeps_what_decides_and_the_whole_one_everything(tree):
    hot, whole = store.matrix()[0], store.whole("bar")
    assert [(one.how, one.checked) for one in hot.cells[0].evidence] == [("installed", "2026-11-02")]
    assert hot.cells[0].launch_effort == 1 and hot.cells[0].install_effort == 0
    assert hot.history == () and len(whole.history) == 1 and len(whole.cells[0].evidence) == 3
    for small, full in zip(hot.cells, whole.cells, strict=True):
        for field in small.__struct_fields__:
            if field not in ("evidence", "origins", "launch", "launch_effort"):
                assert getattr(small, field) == getattr(full, field), field


def test_a_runtime_answers_to_any_of_its_names(tree):
    assert store.runtime("FOO").id == store.runtime("old-foo").id == store.runtime("Old Foo").id == "foo"
    with pytest.raises(Problem) as caught:
        store.runtime("fooo")
    assert "foo" in str(caught.value.hint)
    with pytest.raises(Problem, match="boxx"):
        store.profile("boxx")


def test_compiled_once_and_again_only_after_a_change(tree, tmp_path, monkeypatch):
    store.matrix()
    (kept,) = (tmp_path / "cache").glob("*.bin")
    forget()
    monkeypatch.setattr(compiler, "compile", lambda *a, **k: pytest.fail("compiled although nothing changed"))
    assert len(store.matrix()) == 2
    monkeypatch.undo()
    monkeypatch.setattr(compiled, "package", lambda: tree.parent / "src" / "pathfinder")
    monkeypatch.setattr(compiled, "cache_dir", lambda: tmp_path / "cache")
    for change in (
        lambda: later(write(tree, "runtimes/foo.yaml", RUNTIME.format(name="Quux"))),
        (tree / "runtimes" / "bar.yaml").unlink,
        lambda: write(
            tree, "evidence/foo.json", '{"cells": {"macos-metal": [{"source": "s", "checked": "2026-11-20", "how": "run", "says": "x"}]}}'
        ),
    ):
        before = kept.read_bytes()
        change()
        forget()
        store.matrix()
        assert kept.read_bytes() != before
    assert [runtime.name for runtime in store.matrix()] == ["Quux"]
    assert store.matrix()[0].cells[1].evidence[0].how == "run"
    assert list((tmp_path / "cache").iterdir()) == [kept], "nothing half-written is left"


def test_a_cache_that_cannot_be_written_or_is_broken_is_no_error(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "cache_dir", lambda: write(tmp_path, "a-file", "") / "below")
    assert len(store.matrix()) == 2
    forget()
    monkeypatch.setattr(compiled, "cache_dir", lambda: tmp_path / "cache2")
    store.matrix()
    (kept,) = (tmp_path / "cache2").glob("*.bin")
    whole = kept.read_bytes()
    for broken in (b"rubbish", b"", whole[:-9], whole + b"more"):
        kept.write_bytes(broken)
        forget()
        assert len(store.matrix()) == 2
        assert kept.read_bytes() == whole


def test_what_nobody_asked_for_in_a_month_is_dropped(tree, tmp_path):
    old, other, young = (write(tmp_path, f"cache/{name}", "x") for name in ("matrix-0.bin", "measured.jsonl", "matrix-1.bin"))
    for path in (old, other):
        os.utime(path, (0, 0))
    store.matrix()
    assert not old.exists()
    assert other.exists()
    assert young.exists()


def test_what_is_open_stays_what_it_was_when_another_process_compiles_anew(tree, tmp_path):
    store.matrix()
    (kept,) = (tmp_path / "cache").glob("*.bin")
    other = tmp_path / "other.bin"
    other.write_bytes(b"something else entirely")
    other.replace(kept)
    assert store.whole("foo").name == "Foo" and store.profile("box").os.family == "linux"


def test_a_broken_file_is_left_out_of_a_checkout_and_said(tree, tmp_path, capsys):
    write(tree, "runtimes/foo.yaml", RUNTIME.format(name="Foo").replace("status: works", "status: wroks"))
    write(tree, "profiles/bad.yaml", "a: [\n")
    (tree / "profiles" / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    assert [runtime.id for runtime in store.matrix()] == ["bar"]
    said = capsys.readouterr().err
    assert (
        "runtimes/foo.yaml" in said
        and "wroks" in said
        and "profiles/bad.yaml" in said
        and "profiles/latin.yaml: The file is not UTF-8 text." in said
    )
    forget()
    store.matrix()
    assert capsys.readouterr().err == said, "said again when it comes from the cache"
    with pytest.raises(Problem, match=r"wroks|YAML"):
        compiler.compile(tree)


def test_overlays_lie_on_top_of_each_other(tree, tmp_path, monkeypatch):
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "runtimes/foo.yaml", "best_for: us\ncells: {linux-cpu: {status: broken, caveats: {b: {effect: broken, says: B.}}}}\n")
    write(one, "runtimes/mine.yaml", RUNTIME.format(name="Mine"))
    write(one, "profiles/box.yaml", "os: {family: windows}\n")
    write(two, "runtimes/mine.yaml", "name: Mine Too\n")
    runtimes = {runtime.id: runtime for runtime in store.matrix([str(one), str(two)])}
    assert sorted(runtimes) == ["bar", "foo", "mine"]
    assert runtimes["mine"].name == "Mine Too" and runtimes["mine"].origin == "overlay:one"
    assert runtimes["foo"].best_for == "us" and runtimes["foo"].cells[0].status == "broken"
    assert store.profile("box", [str(one)]).os.family == "windows" and store.profile("box").os.family == "linux"
    assert store.whole("foo", [str(one)]).cells[0].origins["status"] == "overlay:one"
    monkeypatch.setenv("PATHFINDER_OVERLAY", os.pathsep.join([str(one), str(two)]))
    assert store.runtime("mine too").id == "mine"
    with pytest.raises(Problem, match="overlay"):
        store.matrix([str(tmp_path / "none")])


def test_an_overlay_is_stale_when_what_lies_below_changes(tree, tmp_path):
    over = tmp_path / "over"
    write(over, "runtimes/foo.yaml", "best_for: us\n")
    store.matrix([str(over)])
    later(write(tree, "runtimes/bar.yaml", RUNTIME.format(name="Changed")))
    forget()
    assert [runtime.name for runtime in store.matrix([str(over)])] == ["Changed", "Foo"]


def test_an_installation_reads_its_own_data_and_never_compiles(tree, tmp_path, monkeypatch):
    built = tree.parent / "src" / "pathfinder" / "_data"
    built.mkdir()
    (built / "matrix.bin").write_bytes(compiler.compile(tree))
    shutil.rmtree(tree)
    assert len(store.matrix()) == 2 and not (tmp_path / "cache").exists()
    over = tmp_path / "over"
    write(over, "runtimes/foo.yaml", "best_for: us\n")
    assert {runtime.best_for for runtime in store.matrix([str(over)])} == {"", "us"}
    shutil.rmtree(built)
    forget()
    with pytest.raises(Problem, match="no data"):
        store.matrix()


def test_this_repository_compiles_without_a_mistake():
    folder = Path(__file__).parents[1] / "matrix"
    content = compiler.compile(folder)
    assert content.startswith(compiled.MAGIC)
