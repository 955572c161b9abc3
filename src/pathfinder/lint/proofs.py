"""Machine-written evidence belongs to cells that are there."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    cells = {runtime.id: {cell.id for cell in runtime.cells} for runtime in matrix.runtimes}
    for id, proofs in matrix.raw.get("evidence", {}).items():
        stray = set(proofs.get("cells", {})) - cells.get(id, set())
        if id not in cells or stray:
            says = f"There is no cell {', '.join(sorted(stray))}." if id in cells else f"There is no runtime {id!r}."
            yield Finding("proofs", f"evidence/{id}.json", says, "warning")
