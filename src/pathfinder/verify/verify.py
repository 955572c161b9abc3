"""Verify runtimes one after the other, and write down what was found as each is done."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pathfinder.acting.run import supervise
from pathfinder.data import compiled, store
from pathfinder.errors import Problem
from pathfinder.host.open import open_host
from pathfinder.looking.observe import observe
from pathfinder.types.matrix import Runtime
from pathfinder.types.words import How
from pathfinder.verify import proofs, references
from pathfinder.verify.installing import Machine, installs_here, try_cell
from pathfinder.verify.judging import check_cell, newest
from pathfinder.verify.report import CellReport, RuntimeReport, VerifyDocument, document
from pathfinder.verify.resolver import find_uv
from pathfinder.verify.resolving import Resolver

Tell = Callable[[str], None]


def verify(names: Sequence[str], overlays: Sequence[str], install: bool, instead: Sequence[str], tell: Tell) -> VerifyDocument:
    """Resolve the recipes of the runtimes named (of every one, where none is), or install them where this machine can; write the evidence.

    Raises Problem for a name nobody has, and when the registry does not answer.
    """
    chosen = [store.runtime(name, overlays) for name in names] or [store.whole(one.id, overlays) for one in store.matrix(overlays)]
    uv, today = find_uv(), time.strftime("%Y-%m-%d")
    resolver = Resolver(uv)
    machine = _machine(uv, resolver, today, instead) if install else None
    reports = []
    for number, runtime in enumerate(chosen, 1):
        tell(f"{number}/{len(chosen)} {runtime.id}")
        found, folder = resolved(runtime, resolver, today), folder_of(runtime, overlays)
        file = write(runtime, found, ["resolved"], folder)
        if machine is not None:
            tried = installed(runtime, machine, tell)
            file = write(runtime, tried, ["installed"], folder)
            found = tuple(_joined(one, [other for other in tried if other.cell == one.cell]) for one in found)
        reports.append(RuntimeReport(runtime=runtime.id, cells=found, file=file))
    return document(today, version(uv), tuple(reports))


def _joined(one: CellReport, others: Sequence[CellReport]) -> CellReport:
    proofs = (*one.proofs, *(proof for other in others for proof in other.proofs))
    return CellReport(cell=one.cell, proofs=proofs, found=(*one.found, *(found for other in others for found in other.found)))


def _machine(uv: str | None, resolver: Resolver, today: str, instead: Sequence[str]) -> Machine:
    if uv is None:
        raise Problem("Installing into throw-away environments needs uv.", hint="Install uv.")
    return Machine(observe(open_host("live")), uv, resolver, today, tuple(instead))


def installed(runtime: Runtime, machine: Machine, tell: Tell) -> tuple[CellReport, ...]:
    """The cells of a runtime that this machine can carry out, each in an environment of its own."""
    return tuple(try_cell(cell, machine, tell) for cell in runtime.cells if installs_here(cell, machine.facts))


def version(uv: str | None) -> str:
    """The resolver, as a report names it."""
    if uv is None:
        return "pip"
    said: list[str] = []
    supervise([uv, "--version"], seconds=20, on_line=said.append)
    return " ".join(said[:1]).partition(" (")[0] or "uv"


def resolved(runtime: Runtime, resolver: Resolver, today: str) -> tuple[CellReport, ...]:
    """Every cell of a runtime: its `pip` steps resolved, its references looked at."""
    reports = []
    for cell in runtime.cells:
        report = check_cell(cell, resolver, today)
        newer = [one for step in cell.install[:1] if step.pip is not None for one in newest(step.pip, cell, resolver)]
        looked = references.check(runtime, cell)
        reports.append(CellReport(cell=cell.id, proofs=report.proofs, found=(*report.found, *newer, *looked)))
    return tuple(reports)


def folder_of(runtime: Runtime, overlays: Sequence[str] = ()) -> Path:
    """Where a runtime's evidence is kept: beside its own file. Raises Problem where there is no hand-written data to stand beside."""
    for overlay in reversed(store.chosen(overlays)):
        if (Path(overlay) / "runtimes" / f"{runtime.id}.yaml").is_file():
            return Path(overlay) / "evidence"
    return compiled.source() / "evidence"


def write(runtime: Runtime, reports: tuple[CellReport, ...], kinds: Sequence[How], folder: Path) -> str | None:
    """The evidence file brought up to date; its name below the matrix folder, None where there is nothing to say."""
    path = folder / f"{runtime.id}.json"
    cells = [cell.id for cell in runtime.cells]
    proofs.save(path, proofs.updated(proofs.load(path), reports, kinds, cells))
    return f"evidence/{path.name}" if path.exists() else None
