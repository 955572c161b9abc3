"""Verify runtimes one after the other, and write down what was found as each is done."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pathfinder import compiled, store
from pathfinder.run import supervise
from pathfinder.types import How, Runtime
from pathfinder.verify import proofs, references
from pathfinder.verify.report import CellReport, RuntimeReport, VerifyDocument, document
from pathfinder.verify.resolver import find_uv
from pathfinder.verify.resolving import Resolver, check_cell, newest

Tell = Callable[[str], None]


def verify(names: Sequence[str], overlays: Sequence[str], install: bool, instead: Sequence[str], tell: Tell) -> VerifyDocument:
    """Resolve the recipes of the runtimes named (of every one, where none is), or install them where this machine can; write the evidence.

    Raises Problem for a name nobody has, and when the registry does not answer.
    """
    chosen = [store.runtime(name, overlays) for name in names] or [store.whole(one.id, overlays) for one in store.matrix(overlays)]
    uv, today = find_uv(), time.strftime("%Y-%m-%d")
    resolver = Resolver(uv)
    reports = []
    for number, runtime in enumerate(chosen, 1):
        tell(f"{number}/{len(chosen)} {runtime.id}")
        found = resolved(runtime, resolver, today)
        reports.append(write(runtime, found, ["resolved"], folder_of(runtime, overlays)))
    return document(today, version(uv), tuple(reports))


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


def write(runtime: Runtime, reports: tuple[CellReport, ...], kinds: Sequence[How], folder: Path) -> RuntimeReport:
    path = folder / f"{runtime.id}.json"
    cells = [cell.id for cell in runtime.cells]
    proofs.save(path, proofs.updated(proofs.load(path), reports, kinds, cells))
    return RuntimeReport(runtime=runtime.id, cells=reports, file=f"evidence/{path.name}" if path.exists() else None)
