"""What an operator is told is a sentence."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, cell in matrix.cells():
        told = [(part.id, part.says) for part in cell.requires]
        told += [(part.id, part.says) for part in cell.caveats]
        told += [(f"formats {support.format}", support.says or "") for support in cell.formats if support.requires is not None]
        for name, says in told:
            if len(says.split()) < 3 or says.strip()[-1:] not in ".!?":
                yield Finding("sentences", f"{where} {name}", "It needs a sentence that ends with a full stop.")
