"""A cell's id says its system and backend: `<os>-<backend>[-suffix]`."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, cell in matrix.cells():
        family, _, rest = cell.id.partition("-")
        if family not in (*cell.os, "any") or rest.partition("-")[0] != cell.backend:
            yield Finding(
                "cell_ids", where, f"Its id does not start with its system and backend ({'/'.join(cell.os) or 'none'}, {cell.backend})."
            )
