"""Less than works needs a caveat with an effect and a sentence."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, cell in matrix.cells():
        if cell.status in ("partial", "broken", "unsupported") and not cell.caveats:
            yield Finding("less_than_works", where, f"It is {cell.status} and no caveat says how.")
