"""The matrix as JSON documents: `pathfinder/matrix/v1`, `pathfinder/runtime/v1`, `pathfinder/profiles/v1`, `pathfinder/lint/v1`."""

from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Caveat, Cell, Runtime
from pathfinder.types.words import Backend, Effect, Evidence, Frozen, OsFamily, ProjectState, Status, Task


class CaveatRow(Frozen, frozen=True, kw_only=True):
    id: str
    effect: Effect
    says: str
    conditional: bool
    """False: it always applies."""


class CellRow(Frozen, frozen=True, kw_only=True):
    id: str
    os: tuple[OsFamily, ...]
    arch: tuple[str, ...]
    backend: Backend
    status: Status
    inferred_from: str | None
    """The cell its status leans on when it has no evidence of its own; its status is then `untested`."""
    formats: tuple[str, ...]
    tasks: tuple[Task, ...]
    caveats: tuple[CaveatRow, ...]
    evidence: tuple[Evidence, ...]


class ProjectRow(Frozen, frozen=True, kw_only=True):
    state: ProjectState
    since: str | None
    successor: str | None


class RuntimeRow(Frozen, frozen=True, kw_only=True):
    id: str
    name: str
    summary: str
    aliases: tuple[str, ...]
    project: ProjectRow
    tasks: tuple[Task, ...]
    cells: tuple[CellRow, ...]


class MatrixDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/matrix/v1`."""

    schema: str = "pathfinder/matrix/v1"
    runtimes: tuple[RuntimeRow, ...]


class RuntimeDocument(Runtime, frozen=True, kw_only=True):
    """`pathfinder/runtime/v1`: one runtime, resolved; `origins` of a cell name where an inherited value was stated."""

    schema: str = "pathfinder/runtime/v1"
    tasks: tuple[Task, ...] = ()


class ProfileRow(Frozen, frozen=True, kw_only=True):
    id: str
    says: str


class ProfilesDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/profiles/v1`."""

    schema: str = "pathfinder/profiles/v1"
    profiles: tuple[ProfileRow, ...]


class FindingRow(Frozen, frozen=True, kw_only=True):
    rule: str
    where: str
    says: str
    level: Literal["error", "warning"]
    hint: str | None = None


class LintDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/lint/v1`."""

    schema: str = "pathfinder/lint/v1"
    findings: tuple[FindingRow, ...]
    counts: dict[str, int]


def matrix_document(runtimes: Iterable[Runtime]) -> MatrixDocument:
    return MatrixDocument(runtimes=tuple(map(_runtime, runtimes)))


def runtime_document(runtime: Runtime) -> RuntimeDocument:
    fields = {name: getattr(runtime, name) for name in runtime.__struct_fields__}
    cells = tuple(replace(cell, status=effective(cell)) for cell in runtime.cells)
    return RuntimeDocument(**{**fields, "cells": cells}, tasks=tasks(runtime))


def profiles_document(profiles: Iterable[tuple[str, Facts]]) -> ProfilesDocument:
    from pathfinder.telling.show import machine

    return ProfilesDocument(profiles=tuple(ProfileRow(id=id, says=machine(facts)) for id, facts in profiles))


def effective(cell: Cell) -> Status:
    """What a cell may be called: one that only inherits is untested, whatever it inherits."""
    return "untested" if cell.inferred_from is not None else cell.status


def tasks(runtime: Runtime) -> tuple[Task, ...]:
    """Every task of any cell, in the order they are first stated."""
    return tuple(dict.fromkeys(task for cell in runtime.cells for task in cell.tasks))


def _runtime(runtime: Runtime) -> RuntimeRow:
    project = runtime.project
    return RuntimeRow(
        id=runtime.id,
        name=runtime.name,
        summary=runtime.summary,
        aliases=runtime.aliases,
        project=ProjectRow(state=project.state, since=project.since, successor=project.successor),
        tasks=tasks(runtime),
        cells=tuple(map(_cell, runtime.cells)),
    )


def _cell(cell: Cell) -> CellRow:
    return CellRow(
        id=cell.id,
        os=cell.os,
        arch=cell.arch,
        backend=cell.backend,
        status=effective(cell),
        inferred_from=cell.inferred_from,
        formats=tuple(dict.fromkeys(support.format for support in cell.formats)),
        tasks=cell.tasks,
        caveats=tuple(map(_caveat, cell.caveats)),
        evidence=cell.evidence,
    )


def _caveat(caveat: Caveat) -> CaveatRow:
    return CaveatRow(id=caveat.id, effect=caveat.effect, says=caveat.says, conditional=caveat.when is not None)
