"""A recommendation as a picture: places and lengths of everything that `templates/recommendation/` draws. Decides nothing of the answer.

Lengths along a bar are thousandths of it; `y` and heights are units of the SVG's own 960 wide canvas.
"""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pathfinder.deciding.decide import Decision
from pathfinder.estimate.words import PARTS
from pathfinder.language.compare import spell_bytes
from pathfinder.telling import show
from pathfinder.telling.quality_map import CELL, Map, quality_map, short
from pathfinder.telling.quoting import command
from pathfinder.types.estimates import DeviceMemory, Interval
from pathfinder.types.facts import Facts
from pathfinder.types.plans import Plan, Recommendation

LINE, TOP = 16, 112
BAR, ROW = 32, 46
WIDE = 128
"""Letters of a line of notes, and the width it is drawn in at the notes' size."""


class Part(NamedTuple):
    kind: str
    says: str
    start: int
    width: int


class Bar(NamedTuple):
    """One place that holds a part of the model."""

    parts: tuple[Part, ...]
    limit: int
    """Where what is there ends; 1000 unless it is too little."""
    says: str


class Speed(NamedTuple):
    start: int
    width: int
    likely: int
    says: str


class Row(NamedTuple):
    y: int
    rank: int | None
    name: str
    form: str
    mark: str
    bars: tuple[Bar, ...]
    speed: Speed | None
    proof: str
    notes: tuple[str, ...]
    lines: tuple[str, ...]
    """The notes, broken into lines of the SVG."""


class Picture(NamedTuple):
    model: str
    machine: str
    wish: str
    version: str
    rows: tuple[Row, ...]
    kinds: tuple[tuple[str, str], ...]
    """Parts of memory that occur: kind and name, in their order."""
    ticks: tuple[tuple[int, str], ...]
    map: Map | None
    commands: tuple[tuple[str, str], ...]
    first: str
    further: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    height: int


def picture(found: Recommendation, facts: Facts, qualities: Mapping[str, Decision], table: Mapping[str, Any], version: str) -> Picture:
    """`qualities` is what `by_quality` answers, `table` the order of plans, which says where a quality begins."""
    fastest = max((plan.estimate.speed.decode_tps.high or 0 for plan in found.candidates if plan.estimate), default=0.0)
    scale = round_up(fastest) if found.task in show.DECODES else 0.0
    rows, y = [], TOP
    for plan in found.candidates:
        rows.append(_row(plan, scale, y))
        y += _height(rows[-1])
    first = found.candidates[0] if found.candidates else None
    order = tuple(plan.runtime for plan in found.candidates) + found.further
    grid = quality_map(qualities, order, table, y + 74) if order and qualities else None
    rejected = tuple((", ".join(names), says) for says, names in show.grouped(found.rejected).items())
    end = grid.y + CELL * len(grid.lines) if grid else y + LINE * min(len(rejected), show.MOST_REJECTED) * (not rows)
    return Picture(
        model=found.model,
        machine=show.machine(facts),
        wish=show.wish(found),
        version=version,
        rows=tuple(rows),
        kinds=tuple((_kind(key), name) for key, _, name in PARTS if any(_holds(plan, key) for plan in found.candidates)),
        ticks=tuple((round(1000 * at / scale), f"{at:g}") for at in _ticks(scale)) if scale else (),
        map=grid,
        commands=tuple((step.title, command(step, first.os, first.root)) for step in (*first.install, *first.launch)) if first else (),
        first=f"{first.name} ({first.cell})" if first else "",
        further=found.further,
        rejected=rejected,
        height=end + 44,
    )


def render(format: str, drawn: Picture, folder: Path) -> str:
    """The text of `svg` or `html`. Whatever a name holds is text: Jinja escapes it, and what no document may hold becomes a space."""
    import jinja2

    made = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        finalize=printable,
        loader=jinja2.FileSystemLoader(folder),
    )
    return made.get_template(f"{format}.{format}.j2").render(picture=drawn)


def printable(value: Any) -> Any:
    """Text without control characters, lone surrogates and marks that turn the direction of writing; lines stay lines."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in value)


# --- plans -----------------------------------------------------------------------------------------------------------


def _row(plan: Plan, scale: float, y: int) -> Row:
    notes = tuple(show.notes(plan))
    return Row(
        y=y,
        rank=plan.rank,
        name=short(plan.name, 34),
        form=short(" · ".join(filter(None, (show.form(plan), show.where(plan)))), 44),
        mark=show.MARKS[plan.verdict].strip(),
        bars=tuple(_bars(plan)),
        speed=_speed(plan.estimate.speed.decode_tps, scale) if plan.estimate and scale else None,
        proof=show.proof(plan),
        notes=notes,
        lines=tuple(short(line, WIDE + 4) for note in notes for line in textwrap.wrap(note, WIDE, subsequent_indent="  ")),
    )


def _height(row: Row) -> int:
    return max(ROW, 14 + BAR * len(row.bars)) + LINE * len(row.lines) + (6 if row.lines else 0)


def _bars(plan: Plan) -> Iterator[Bar]:
    """A bar for each place, the fullest of those that are alike; system memory beside a device only where layers live in it."""
    rows = plan.estimate.memory.per_device if plan.estimate else ()
    alike: dict[tuple[bool, int | None], list[DeviceMemory]] = {}
    for row in rows:
        if row.device != "ram" or plan.placement != "whole" or len(rows) == 1:
            alike.setdefault((row.device == "ram", row.available_bytes), []).append(row)
    for same in alike.values():
        yield _bar(max(same, key=lambda row: row.total_bytes), len(same), len({row.total_bytes for row in same}) > 1)


def _bar(row: DeviceMemory, count: int, uneven: bool) -> Bar:
    room = row.available_bytes
    whole = max(room or 0, row.total_bytes) or 1
    parts, used = [], 0
    for key, _, name in PARTS:
        size = getattr(row, key)
        start = round(1000 * used / whole)
        used += size
        if size:
            parts.append(Part(_kind(key), f"{name} {spell_bytes(size)}", start, round(1000 * used / whole) - start))
    of = "" if room is None else f" of {spell_bytes(room)}"
    where = "system memory" if row.device == "ram" else f"on each of {count} devices" if count > 1 else "device memory"
    limit = 1000 if room is None else round(1000 * min(room, whole) / whole)
    return Bar(tuple(parts), limit, f"{'up to ' if uneven else ''}{spell_bytes(row.total_bytes)}{of} {where}")


def _speed(tps: Interval, scale: float) -> Speed | None:
    if tps.likely is None:
        return None
    low, high = (tps.likely if end is None else end for end in (tps.low, tps.high))
    start, end, likely = (round(1000 * at / scale) for at in (low, high, tps.likely))
    return Speed(start, max(end - start, 4), likely, show.interval(tps))


def _holds(plan: Plan, key: str) -> bool:
    return plan.estimate is not None and any(getattr(row, key) for row in plan.estimate.memory.per_device)


def _kind(key: str) -> str:
    return key.removesuffix("_bytes").replace("_", "-")


def round_up(most: float) -> float:
    """The end of an axis: the next of 1, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if most <= 0:
        return 0.0
    power = 10.0 ** (len(str(int(most))) - 1) if most >= 1 else 0.1 if most >= 0.1 else 0.01
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= most)


def _ticks(scale: float) -> tuple[float, ...]:
    return 0.0, scale / 2, scale
