"""One style for everything that is said of a mistake: sentences, with a capital and a full stop; hints that say what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pathfinder.errors import sentence

SRC = Path(__file__).resolve().parents[1] / "src" / "pathfinder"
NAMES = ("pathfinder ", "llama.cpp ")
"""What keeps its small letter at the beginning."""


def problems() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Problem":
                yield f"{path.relative_to(SRC)}:{node.lineno}", node


def texts(node: ast.expr) -> Iterator[tuple[str | None, str | None]]:
    """Beginning and end of a text as far as they stand in the source."""
    if isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.value
    elif isinstance(node, ast.JoinedStr):
        ends = [part.value if isinstance(part, ast.Constant) else None for part in (node.values[0], node.values[-1])]
        yield ends[0], ends[1]  # type: ignore[misc]


PROBLEMS = list(problems())


@pytest.mark.parametrize(("where", "call"), PROBLEMS, ids=[where for where, _ in PROBLEMS])
def test_a_problem_is_a_sentence(where: str, call: ast.Call) -> None:
    for begins, ends in texts(call.args[0]) if call.args else ():
        assert begins is None or not begins[:1].islower() or begins.startswith(NAMES), f"{where}: {begins!r} begins with a small letter"
        assert ends is None or ends.rstrip("'\")").endswith((".", "?")), f"{where}: {ends!r} has no full stop"
        for text in (begins, ends):
            assert text is None or "  " not in text, f"{where}: two spaces in {text!r}"


def test_words_of_engines_become_sentences() -> None:
    assert sentence("the server lists no model") == "The server lists no model."
    assert sentence("llama.cpp could not load the file") == "llama.cpp could not load the file."
    assert sentence("mlx-lm could not.") == "mlx-lm could not."
    assert sentence("") == "."
