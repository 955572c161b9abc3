"""The map of runtimes by quality of quantisation in a picture: which keeps how much of the model here, how fast, and what is too big."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pathfinder.deciding.decide import Decision
from pathfinder.telling import show
from pathfinder.types.plans import Plan

MOST_ROWS = 16
"""Runtimes in the map; the others are counted."""
CELL = 30
"""Height of a line on the canvas of the SVG."""


class Cell(NamedTuple):
    kind: str
    """`whole`, `split`, `integrated`, `cpu`: where the model lives; `big`: no room; `none`: no form of that quality it loads."""
    says: str
    title: str


class Line(NamedTuple):
    y: int
    name: str
    cells: tuple[Cell, ...]


class Column(NamedTuple):
    name: str
    says: str


class Map(NamedTuple):
    y: int
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    more: int


def quality_map(qualities: Mapping[str, Decision], order: tuple[str, ...], table: Mapping[str, Any], y: int) -> Map:
    """Runtimes in `order`, from `y` downwards. `qualities` is what `by_quality` answers, `table` says where a quality begins."""
    plans = {quality: {plan.runtime: plan for plan in decision.plans} for quality, decision in qualities.items()}
    lacking = {quality: {one.runtime for one in decision.rejected if _no_room(one.why)} for quality, decision in qualities.items()}
    lines = []
    for number, runtime in enumerate(order[:MOST_ROWS]):
        cells = tuple(_cell(plans[quality].get(runtime), runtime in lacking[quality]) for quality in qualities)
        lines.append(Line(y + CELL * number, short(_name(runtime, plans), 24), cells))
    columns = tuple(Column(quality.replace("-", " "), _bits(quality, table)) for quality in qualities)
    return Map(y, columns, tuple(lines), max(0, len(order) - MOST_ROWS))


def _name(runtime: str, plans: Mapping[str, Mapping[str, Plan]]) -> str:
    return next((found[runtime].name for found in plans.values() if runtime in found), runtime)


def _no_room(why: tuple[Any, ...]) -> bool:
    facts = {blocker.fact for blocker in why if blocker.holds is False}
    return "model.format" not in facts and bool(facts & {"device.memory_free_bytes", "memory.usable_bytes", "set.memory_bytes"})


def _cell(plan: Plan | None, too_big: bool) -> Cell:
    if plan is None:
        return Cell("big", "too big", "Does not fit here.") if too_big else Cell("none", "", "No form of this quality that it loads here.")
    tps = plan.estimate.speed.decode_tps.likely if plan.estimate else None
    quant = plan.artifact.quant if plan.artifact else ""
    facts = (show.form(plan), show.where(plan), show.memory(plan), show.speed(plan))
    return Cell(
        plan.placement,
        short(" · ".join(filter(None, (quant, f"{tps:.3g}/s" if tps is not None else ""))), 17),
        ", ".join(filter(None, facts)),
    )


def _bits(quality: str, table: Mapping[str, Any]) -> str:
    least = table["quality"][quality]
    above = [float(bits) for bits in table["quality"].values() if float(bits) > float(least)]
    return f"from {least} bits" if float(least) else f"below {min(above):g} bits"


def short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
