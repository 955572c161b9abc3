"""Rules of the matrix: one module each, found by listing this folder; `check(matrix)` yields findings."""

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, NamedTuple

from pathfinder.errors import Problem
from pathfinder.types.matrix import Cell, Platform, Runtime
from pathfinder.types.models import Model
from pathfinder.types.steps import StepTemplate
from pathfinder.types.words import Evidence

Level = Literal["error", "warning"]


class Finding(NamedTuple):
    rule: str
    where: str
    """`runtimes/ID.yaml cells.CELL`, as an author would look for it."""
    says: str
    level: Level = "error"
    hint: str | None = None


class Matrix(NamedTuple):
    """What rules see: everything resolved, the documents as written, and what would not compile."""

    runtimes: Sequence[Runtime]
    platforms: Sequence[Platform] = ()
    models: Sequence[Model] = ()
    raw: dict[str, Any] = {}  # noqa: RUF012
    mistakes: Sequence[Problem] = ()

    def cells(self) -> Iterator[tuple[str, Runtime, Cell]]:
        for runtime in self.runtimes:
            for cell in runtime.cells:
                yield f"runtimes/{runtime.id}.yaml {cell.id}", runtime, cell

    def steps(self) -> Iterator[tuple[str, Cell, StepTemplate]]:
        """Every step of every recipe of every cell, undoing ones included."""
        for where, _, cell in self.cells():
            for kind in ("install", "launch", "container"):
                for step in getattr(cell, kind):
                    for one in (step, *step.undo):
                        yield f"{where} {kind} '{one.title}'", cell, one

    def evidence(self) -> Iterator[tuple[str, Evidence]]:
        """Every piece of evidence with the place it stands at."""
        for runtime in self.runtimes:
            yield from ((f"runtimes/{runtime.id}.yaml project", one) for one in runtime.project.evidence)
        for where, _, cell in self.cells():
            yield from ((where, one) for one in cell.evidence)
            yield from ((f"{where} {part.id}", one) for part in cell.requires for one in part.evidence)
            yield from ((f"{where} {part.id}", one) for part in cell.caveats for one in part.evidence)
            for support in cell.formats:
                yield from ((f"{where} formats {support.format}", one) for one in support.evidence)
        for where, _, step in self.steps():
            yield from ((where, one) for one in step.evidence)
        for platform in self.platforms:
            yield from ((f"platforms {platform.id}", one) for one in platform.evidence)
            yield from ((f"platforms {platform.id} {part.id}", one) for part in platform.requires for one in part.evidence)


def rules() -> tuple[str, ...]:
    """Names of the rules: the modules of this folder."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def lint(matrix: Matrix, only: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Every finding of every rule, errors first; the same finding of an inherited part is told once."""
    chosen = tuple(only) or rules()
    found: dict[tuple[str, str, str], Finding] = {}
    for name in chosen:
        for finding in import_module(f"{__name__}.{name}").check(matrix):
            found.setdefault((finding.rule, finding.where, finding.says), finding)
    return tuple(sorted(found.values(), key=lambda one: (one.level != "error", one.where, one.rule)))


def strings(step: StepTemplate) -> Iterator[str]:
    """Every text of a step that placeholders may stand in."""
    yield step.title
    yield from (text for text in (step.cwd, step.url, step.path, step.text, step.why) if text)
    yield from (item for group in step.argv or () for item in ((group,) if isinstance(group, str) else group.argv))
    yield from step.check or ()
    yield from step.env.values()
