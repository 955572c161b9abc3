"""Made when the data are compiled: the matrix pooled for deciding, and any value without the fields that have their default."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import replace

from pathfinder.data.pool import Row
from pathfinder.deciding.steps import effort
from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.words import Evidence, How

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
    """`Pooled` as plain values, defaults left out.

    Recipes (but their effort), history, origins and evidence (but the kind and day of a cell's best) are not in it.
    """
    names = ("words", "memory", "servers", "evidence", "requires", "caveats", "formats")
    pools = {name: Pool() for name in names}
    rows = [[_row(cell, pools) for cell in runtime.cells] for runtime in runtimes]
    heads = [replace(one, cells=(), history=(), project=replace(one.project, evidence=())) for one in runtimes]
    return {"runtimes": lean(heads), "rows": rows, **{name: lean(kept.items) for name, kept in pools.items()}}


_LEFT = (
    "os", "arch", "tasks", "features", "memory", "server", "evidence", "requires", "caveats", "formats", "install", "launch", "container",
    "origins",
)  # fmt: skip
"""Fields of a cell that are pooled, or not kept."""


def _row(cell: Cell, pools: dict[str, Pool]) -> Row:
    os, arch, tasks, features = (pools["words"].place(some) for some in (cell.os, cell.arch, cell.tasks, cell.features))
    return Row(
        plain={key: value for key, value in lean(_weighed(cell)).items() if key not in _LEFT},
        words=(os, arch, tasks, features),
        memory=pools["memory"].place(cell.memory),
        server=None if cell.server is None else pools["servers"].place(cell.server),
        evidence=pools["evidence"].places(replace(one, source="", says="") for one in strongest(cell.evidence)),
        requires=pools["requires"].places(replace(one, evidence=()) for one in cell.requires),
        caveats=pools["caveats"].places(replace(one, evidence=()) for one in cell.caveats),
        formats=pools["formats"].places(replace(one, evidence=()) for one in cell.formats),
    )


def _weighed(cell: Cell) -> Cell:
    return replace(cell, install_effort=effort(cell.install), launch_effort=effort(cell.launch))


def strongest(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The best proof, the newest of its kind; empty when there is none."""
    newest_first = sorted(evidence, key=lambda one: one.checked, reverse=True)
    return tuple(sorted(newest_first, key=lambda one: _WORTH.index(one.how))[:1])


def lean(value: Any) -> Any:
    """Structs as mappings without the fields that have their default."""
    if isinstance(value, msgspec.Struct):
        pairs = ((key, getattr(value, name), default) for name, key, default in _fields(type(value)))
        return {key: lean(one) for key, one, default in pairs if default is msgspec.NODEFAULT or one != default}
    if isinstance(value, (list, tuple)):
        return [lean(one) for one in value]
    return {key: lean(one) for key, one in value.items()} if isinstance(value, dict) else value


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Name, key and default of every field."""
    return tuple((field.name, field.encode_name, _default(field)) for field in msgspec.structs.fields(struct))


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
