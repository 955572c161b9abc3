"""What verifying a runtime found: proofs for its evidence file, and findings for whoever mends the matrix. `pathfinder/verify/v1`."""

from typing import Literal

import msgspec

from pathfinder.types.words import Evidence, Frozen, How

Kind = Literal["wrong", "open", "note"]
"""wrong: what the matrix says does not hold. open: it could not be asked here. note: it holds, but mind this."""


class Found(Frozen, frozen=True, kw_only=True):
    kind: Kind
    how: How = "resolved"
    """What was tried."""
    says: str


class CellReport(Frozen, frozen=True, kw_only=True):
    cell: str
    proofs: tuple[Evidence, ...] = ()
    found: tuple[Found, ...] = ()


class RuntimeReport(Frozen, frozen=True, kw_only=True):
    runtime: str
    cells: tuple[CellReport, ...]
    file: str | None = None
    """Where the proofs went; None: nothing was written."""


class VerifyDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/verify/v1`."""

    schema: str = "pathfinder/verify/v1"
    checked: str
    with_: str = msgspec.field(name="with")
    """The resolver and its version."""
    runtimes: tuple[RuntimeReport, ...]
    counts: dict[str, int]
    """Proofs, and findings by kind."""


def document(checked: str, resolver: str, reports: tuple[RuntimeReport, ...]) -> VerifyDocument:
    cells = [cell for report in reports for cell in report.cells]
    counts = {"proofs": sum(len(cell.proofs) for cell in cells)}
    for kind in ("wrong", "open", "note"):
        counts[kind] = sum(found.kind == kind for cell in cells for found in cell.found)
    return VerifyDocument(checked=checked, with_=resolver, runtimes=reports, counts=counts)


def text(done: VerifyDocument, explain: bool = False) -> str:
    """For a person: a line per finding; with `explain` the proofs as well."""
    lines = []
    for report in done.runtimes:
        for cell in report.cells:
            where = f"{report.runtime} {cell.cell}"
            if explain:
                lines += [f"{one.how:9} {where}: {one.says}" for one in cell.proofs]
            lines += [f"{found.kind:9} {where}: {found.says}" for found in cell.found if explain or found.kind != "note"]
    counts = done.counts
    lines.append(
        f"{len(done.runtimes)} runtimes, {counts['proofs']} proofs with {done.with_}: {counts['wrong']} wrong, "
        f"{counts['open']} could not be asked here, {counts['note']} to mind{'' if explain else ' (--explain tells)'}."
    )
    return "\n".join(lines)
