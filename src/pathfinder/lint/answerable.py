"""A CPU cell asks nothing of a device, for it has none, and the question would stay open for ever."""

from collections.abc import Iterator

from pathfinder.language.when import paths
from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, cell in matrix.cells():
        if cell.backend != "cpu":
            continue
        conditions = [(part.id, part.when) for part in cell.requires] + [(part.id, part.when) for part in cell.caveats]
        for name, when in conditions:
            asked = sorted(path for path in paths(when) if path.startswith(("device.", "set.")))
            if asked:
                yield Finding("answerable", f"{where} {name}", f"A CPU cell cannot be asked for {', '.join(asked)}.")
