"""The matrix as it is kept for deciding: what cells share stands once, cells are rows of places, so that it loads in milliseconds."""

from msgspec.structs import replace

from pathfinder.types.matrix import Caveat, Cell, FormatSupport, MemoryRule, Requirement, Runtime, Server
from pathfinder.types.words import Evidence, Frozen


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


def unpool(pooled: Pooled) -> tuple[Runtime, ...]:
    """Runtimes with their cells; parts that are equal are the same object."""
    return tuple(
        replace(runtime, cells=tuple([_cell(row, pooled) for row in rows]))
        for runtime, rows in zip(pooled.runtimes, pooled.rows, strict=True)
    )


def _cell(row: Row, pooled: Pooled) -> Cell:
    words = pooled.words
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
        server=None if row.server is None else pooled.servers[row.server],
        evidence=tuple(map(pooled.evidence.__getitem__, row.evidence)),
    )
