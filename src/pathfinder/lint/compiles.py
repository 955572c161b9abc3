"""Every file compiles: known keys and words, cells and recipes that exist, conditions over facts that exist."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for mistake in matrix.mistakes:
        yield Finding("compiles", mistake.where or "", mistake.says, hint=mistake.hint)
