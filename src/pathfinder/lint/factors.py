"""`slower` says by what factor, and nothing else has one."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, cell in matrix.cells():
        for caveat in cell.caveats:
            place = f"{where} {caveat.id}"
            if caveat.effect == "slower" and caveat.factor is None:
                yield Finding("factors", place, "Slower by what factor?", hint="factor: 0.5 is half as fast.")
            if caveat.factor is not None and (caveat.effect != "slower" or not 0 < caveat.factor < 1):
                yield Finding("factors", place, "A factor stands with `slower` and lies between 0 and 1.")
