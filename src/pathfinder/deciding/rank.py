"""Arrow 5: plans in order. A plan's place is a tuple of small integers read off `matrix/rank.yaml`; nothing is weighed or added up."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pathfinder.types.plans import Plan

Table = Mapping[str, Any]
"""`matrix/rank.yaml` as loaded: `rows`, `ranks`, `quality`, `choose`, `assume`, `backends`."""

AUDIENCE_WORDS = {2: "made-for", 1: "usable", 0: "not-for"}
EFFECT_DOUBT = {"needs-flag": "needs-flag", "partial": "partial"}


def _state(plan: Plan) -> str:
    return plan.project


def _placement(plan: Plan) -> str:
    return plan.placement


def _effort(plan: Plan) -> int:
    return plan.effort


def _verdict(plan: Plan) -> str:
    """An open question does not hide that a part is known not to work, and a model nobody lists comes after those somebody does."""
    unlisted = any(blocker.fact == "model.arch" for blocker in plan.unknown)
    return "partial" if unlisted or any(hit.effect == "partial" and hit.applies for hit in plan.caveats) else plan.verdict


def _speed(plan: Plan) -> float | None:
    return plan.estimate.speed.decode_tps.likely if plan.estimate else None


def _batching(plan: Plan) -> str:
    return plan.batching


def _room(plan: Plan) -> str:
    return plan.room


def _peak(plan: Plan) -> float | None:
    """Share of the memory at hand, 0 to 1 and over."""
    if plan.estimate is None:
        return None
    rows = plan.estimate.memory.per_device
    have = [row.available_bytes for row in rows]
    if not rows or any(h is None for h in have):
        return None
    return sum(row.total_bytes for row in rows) / max(1, sum(h for h in have if h))


def _audience(plan: Plan) -> str:
    return AUDIENCE_WORDS[min(2, max(0, plan.fit))]


def _quality(plan: Plan) -> str | None:
    return plan.quality


def _settled(plan: Plan) -> str:
    return "open" if plan.unknown else "settled"


def _native(plan: Plan) -> str:
    return plan.native


def doubt(plan: Plan) -> str:
    """The worst open point of a plan: none, needs-flag, may-apply, partial, unknown."""
    found = ["none"]
    if plan.unknown or plan.verdict == "unknown":
        found.append("unknown")
    if plan.verdict == "partial":
        found.append("partial")
    found += ("may-apply" if hit.applies is None else EFFECT_DOUBT.get(hit.effect, "none") for hit in plan.caveats)
    return max(found, key=("none", "needs-flag", "may-apply", "partial", "unknown").index)


def _reach(plan: Plan) -> str:
    return plan.runtime


def _devices(plan: Plan) -> int:
    return len(plan.devices)


def _evidence(plan: Plan) -> str:
    return plan.evidence.partition(" ")[0] or "none"


MEASURES: dict[str, Callable[[Plan], Any]] = {
    "state": _state,
    "placement": _placement,
    "verdict": _verdict,
    "effort": _effort,
    "speed": _speed,
    "batching": _batching,
    "room": _room,
    "peak": _peak,
    "audience": _audience,
    "quality": _quality,
    "intact": _quality,
    "settled": _settled,
    "native": _native,
    "doubt": doubt,
    "reach": _reach,
    "devices": _devices,
    "evidence": _evidence,
}


def level(rule: Mapping[str, Any], value: Any) -> tuple[int, str]:
    """The integer of one measure under one rule of the table, and its name; smaller is better."""
    if "levels" in rule:
        return _word_level(rule, value)
    if value is None:
        return _worst(rule), "unknown"
    return BUCKETS[rule["buckets"]](rule, value)


def _word_level(rule: Mapping[str, Any], value: str | None) -> tuple[int, str]:
    words = list(rule["levels"])
    unknown = str(rule.get("unknown", "worst"))
    word = rule.get("also", {}).get(value, value)
    if word not in words:
        word = unknown if unknown in words else words[-1]
    return words.index(word), str(word if value is not None else "unknown")


def _worst(rule: Mapping[str, Any]) -> int:
    kind = rule["buckets"]
    if kind == "half-octaves":
        return _half_octaves(rule, float(rule["bottom"]))[0] + 1
    return 65 if kind == "eighths" else int(rule["most"]) + 1


def _half_octaves(rule: Mapping[str, Any], value: float) -> tuple[int, str]:
    inside = min(max(float(value), float(rule["bottom"])), float(rule["top"]))
    step = math.floor(2 * math.log2(inside) + 1e-9)
    low, high = 2 ** (step / 2), 2 ** ((step + 1) / 2)
    return math.floor(2 * math.log2(float(rule["top"]))) - step, f"{low:.3g} to {high:.3g}"


def _eighths(_rule: Mapping[str, Any], value: float) -> tuple[int, str]:
    eighths = min(64, max(0, math.ceil(8 * value - 1e-9)))
    return eighths, f"{eighths}/8"


def _count(rule: Mapping[str, Any], value: float) -> tuple[int, str]:
    number = min(int(rule["most"]), max(0, math.ceil(value / int(rule.get("per", 1)))))
    return number, str(number)


BUCKETS: dict[str, Callable[[Mapping[str, Any], float], tuple[int, str]]] = {
    "half-octaves": _half_octaves,
    "eighths": _eighths,
    "count": _count,
}


def row_for(table: Table, prefer: str | None, audience: str = "solo") -> tuple[str, ...]:
    """The ranks that count, in order, without the closing `id`: the row of the wish, else of the reader, else the default."""
    rows = table["rows"]
    row = rows.get(prefer) if prefer else rows.get(audience)
    return tuple(name for name in row or rows["default"] if name != "id")


def scored(plan: Plan, table: Table, row: tuple[str, ...]) -> Plan:
    """The plan with `score` (names) and `levels` (integers) filled."""
    score: dict[str, str] = {}
    levels: list[int] = []
    for name in row:
        number, word = level(table["ranks"][name], MEASURES[name](plan))
        levels.append(number)
        score[name] = word
    return replace(plan, score=score, levels=tuple(levels))


def key(plan: Plan) -> tuple[Any, ...]:
    """What plans are compared by, once scored."""
    return (*plan.levels, plan.runtime, plan.cell, plan.devices)


def rank(plans: Sequence[Plan], table: Table, prefer: str | None = None, audience: str = "solo") -> tuple[Plan, ...]:
    """Best first, `rank` counted from 1. Every plan must be one that can run; rejected candidates are not ranked."""
    row = row_for(table, prefer, audience)
    ordered = sorted((scored(plan, table, row) for plan in plans), key=key)
    return tuple(replace(plan, rank=place) for place, plan in enumerate(ordered, 1))


def best_per_runtime(plans: Sequence[Plan], table: Table, prefer: str | None = None, audience: str = "solo") -> tuple[Plan, ...]:
    """One plan per runtime, each runtime's best, best first."""
    seen: dict[str, Plan] = {}
    for plan in rank(plans, table, prefer, audience):
        seen.setdefault(plan.runtime, plan)
    return tuple(replace(plan, rank=place) for place, plan in enumerate(seen.values(), 1))


def best_per_cell(plans: Sequence[Plan], table: Table, prefer: str | None = None, audience: str = "solo") -> tuple[Plan, ...]:
    """One plan per build, each build's best device set, best first."""
    seen: dict[tuple[str, str], Plan] = {}
    for plan in rank(plans, table, prefer, audience):
        seen.setdefault((plan.runtime, plan.cell), plan)
    return tuple(replace(plan, rank=place) for place, plan in enumerate(seen.values(), 1))


def sure(plans: Sequence[Plan]) -> int | None:
    """Rank of the best plan that hangs on no unknown fact, when the first one does; None when the first is sure or none is."""
    if not plans or not plans[0].unknown:
        return None
    return next((plan.rank for plan in plans if not plan.unknown), None)
