"""Evidence much older than the newest of the tree wants another look; it only warns, and never by the calendar."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix

MONTHS = 9


def check(matrix: Matrix) -> Iterator[Finding]:
    newest = max((_months(one.checked) for _, one in matrix.evidence()), default=0)
    for where, _, cell in matrix.cells():
        age = newest - max((_months(one.checked) for one in cell.evidence), default=newest)
        if age > MONTHS:
            yield Finding("age", where, f"Its evidence is {age} months older than the newest of the matrix.", "warning")


def _months(day: str) -> int:
    year, _, rest = day.partition("-")
    month = rest.partition("-")[0]
    return int(year) * 12 + int(month) if year.isdecimal() and month.isdecimal() else 0
