"""The matrix as it is kept for deciding: what cells share stands once, cells are rows of places, so that it loads in milliseconds."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from pathfinder.types import Caveat, Cell, Evidence, FormatSupport, Frozen, How, MemoryRule, Requirement, Runtime, Server, StepTemplate


class Row(Frozen, frozen=True, array_like=True):
    """A cell: numbers and words as they are, everything else by its place in the pools."""

    plain: dict[str, str | int | float | bool | None]
    words: tuple[int, int, int, int]
    memory: int
    server: int | None
    evidence: tuple[int, ...]
    requires: tuple[int, ...]
    caveats: tuple[int, ...]
    formats: tuple[int, ...]
    install: tuple[int, ...]
    launch: tuple[int, ...]
    container: tuple[int, ...]


class Pooled(Frozen, frozen=True):
    runtimes: tuple[Runtime, ...]
    """Without their cells."""
    rows: tuple[tuple[Row, ...], ...]
    words: tuple[tuple[str, ...], ...]
    memory: tuple[MemoryRule, ...]
    servers: tuple[Server, ...]
    evidence: tuple[Evidence, ...]
    requires: tuple[Requirement, ...]
    caveats: tuple[Caveat, ...]
    formats: tuple[FormatSupport, ...]
    steps: tuple[StepTemplate, ...]


def unpool(pooled: Pooled) -> tuple[Runtime, ...]:
    """Runtimes with their cells; parts that are equal are the same object."""
    return tuple(
        replace(runtime, cells=tuple([_cell(row, pooled) for row in rows]))
        for runtime, rows in zip(pooled.runtimes, pooled.rows, strict=True)
    )


def _cell(row: Row, pooled: Pooled) -> Cell:
    words, step = pooled.words, pooled.steps.__getitem__
    os, arch, tasks, features = row.words
    return Cell(
        **row.plain,  # type: ignore[arg-type]
        os=words[os],  # type: ignore[arg-type]
        arch=words[arch],  # type: ignore[arg-type]
        requires=tuple(map(pooled.requires.__getitem__, row.requires)),
        caveats=tuple(map(pooled.caveats.__getitem__, row.caveats)),
        formats=tuple(map(pooled.formats.__getitem__, row.formats)),
        tasks=words[tasks],  # type: ignore[arg-type]
        features=words[features],  # type: ignore[arg-type]
        memory=pooled.memory[row.memory],
        install=tuple(map(step, row.install)),
        launch=tuple(map(step, row.launch)),
        container=tuple(map(step, row.container)),
        server=None if row.server is None else pooled.servers[row.server],
        evidence=tuple(map(pooled.evidence.__getitem__, row.evidence)),
    )


# --- made when the data are compiled ---------------------------------------------------------------------------------

_WORTH: tuple[How, ...] = ("run", "installed", "resolved", "read")


class Pool:
    """A list in which equal values stand once."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._places: dict[bytes, int] = {}

    def place(self, value: Any) -> int:
        key = msgspec.json.encode(value)
        if key not in self._places:
            self._places[key] = len(self.items)
            self.items.append(value)
        return self._places[key]

    def places(self, values: Iterable[Any]) -> tuple[int, ...]:
        return tuple(self.place(value) for value in values)


def pool(runtimes: Sequence[Runtime]) -> Any:
    """`Pooled` as plain values, defaults left out. History, the evidence of what is not decided by it and origins are not in it."""
    names = ("words", "memory", "servers", "evidence", "requires", "caveats", "formats", "steps")
    pools = {name: Pool() for name in names}
    rows = [[_row(cell, pools) for cell in runtime.cells] for runtime in runtimes]
    heads = [replace(one, cells=(), history=(), project=replace(one.project, evidence=())) for one in runtimes]
    return {"runtimes": lean(heads), "rows": rows, **{name: lean(kept.items) for name, kept in pools.items()}}


_POOLED = (
    "os", "arch", "tasks", "features", "memory", "server", "evidence", "requires", "caveats", "formats", "install", "launch", "container",
    "origins",
)  # fmt: skip


def _row(cell: Cell, pools: dict[str, Pool]) -> Row:
    steps = pools["steps"]
    install, launch, container = (
        steps.places(replace(step, evidence=()) for step in some) for some in (cell.install, cell.launch, cell.container)
    )
    os, arch, tasks, features = (pools["words"].place(some) for some in (cell.os, cell.arch, cell.tasks, cell.features))
    return Row(
        plain={key: value for key, value in lean(cell).items() if key not in _POOLED},
        words=(os, arch, tasks, features),
        memory=pools["memory"].place(cell.memory),
        server=None if cell.server is None else pools["servers"].place(cell.server),
        evidence=pools["evidence"].places(strongest(cell.evidence)),
        requires=pools["requires"].places(replace(one, evidence=()) for one in cell.requires),
        caveats=pools["caveats"].places(cell.caveats),
        formats=pools["formats"].places(replace(one, evidence=()) for one in cell.formats),
        install=install,
        launch=launch,
        container=container,
    )


def strongest(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The best proof, the newest of its kind; empty when there is none."""
    newest_first = sorted(evidence, key=lambda one: one.checked, reverse=True)
    return tuple(sorted(newest_first, key=lambda one: _WORTH.index(one.how))[:1])


def lean(value: Any) -> Any:
    """Structs as mappings without the fields that have their default."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        pairs = ((field, getattr(value, field.name)) for field in fields)
        return {field.encode_name: lean(one) for field, one in pairs if field.required or one != _default(field)}
    if isinstance(value, (list, tuple)):
        return [lean(one) for one in value]
    return {key: lean(one) for key, one in value.items()} if isinstance(value, dict) else value


def _default(field: Any) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
