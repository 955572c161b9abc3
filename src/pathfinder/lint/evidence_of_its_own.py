"""A cell has evidence of its own, of any kind, or is untested."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, cell in matrix.cells():
        if not cell.evidence and cell.status != "untested":
            yield Finding(
                "evidence_of_its_own",
                where,
                f"It says {cell.status} without evidence of its own.",
                hint="Add evidence, or status: untested.",
            )
    for runtime in matrix.runtimes:
        if runtime.project.state != "active" and not runtime.project.evidence:
            yield Finding("evidence_of_its_own", f"runtimes/{runtime.id}.yaml project", f"{runtime.project.state} without evidence.")
