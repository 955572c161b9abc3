"""The page that teaches how a runtime is written is itself a runtime that compiles and passes every rule."""

import re
from pathlib import Path

from pathfinder.data.compiler import entries, platform
from pathfinder.data.matrix import resolve
from pathfinder.data.plainyaml import parse
from pathfinder.language.vocabulary import roots
from pathfinder.lint import Matrix, lint

PAGE = (Path(__file__).parents[1] / "docs" / "add-a-runtime.md").read_text("utf-8")
RUNTIME, PLATFORM = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_compile_and_are_lint_clean():
    shared = entries({"cuda": parse(PLATFORM, "platform")}, "platforms")
    raw = parse(RUNTIME, "page")
    runtime = resolve("example", raw, shared)
    assert [cell.id for cell in runtime.cells] == ["linux-cuda", "linux-rocm"]
    assert [one.id for one in runtime.cells[0].requires] == ["cuda-12.8.driver", "compute-capability"]
    matrix = Matrix([runtime], [platform(id, entry) for id, entry in shared.items()], raw={"runtimes": {"example": raw}})
    assert [one for one in lint(matrix) if one.level == "error"] == []


def test_the_roots_it_names_are_there():
    named = set(re.findall(r"[a-z]+", PAGE.partition("Paths begin with")[2].partition("(the facts")[0]))
    assert named and named <= set(roots())


def test_how_it_works_names_files_that_are_there():
    root = Path(__file__).parents[1]
    page = (root / "docs" / "how-it-works.md").read_text("utf-8")
    source = root / "src" / "pathfinder"
    for name in set(re.findall(r"((?:[a-z_]+/)?[a-z_]+\.py)\b", page)):
        assert any((folder / name).is_file() for folder in (root, root / "src")) or any(source.rglob(name)), name
    for name in set(re.findall(r"\b((?:[a-z]+/)+)(?=[ ,`;]|$)", page, re.MULTILINE)):
        assert any((folder / name).is_dir() for folder in (source, root, root / "src", root / "matrix")), name
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (root / "docs" / link).exists(), link
