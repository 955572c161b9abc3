"""Which form of a model serves a wish: the quality to try first, the context to plan, and what fits where."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pathfinder.estimate.recipe import named_bits
from pathfinder.types.estimates import Estimate
from pathfinder.types.models import Artifact, Demand
from pathfinder.types.words import Batching, Frozen

MIN_CONTEXT = 2048
"""Below this many tokens a default context is not shortened to make a model fit."""

LOSSY = ("lossy", "poor")

Length = tuple[int, int]
"""Tokens of context of one request, and requests of that length held at once."""
Predict = Callable[[Artifact, Length, bool], Estimate]
"""(artefact, length, may it be split with system memory) -> estimate."""


class Rooms(Frozen, frozen=True, kw_only=True):
    """Bytes at hand; None: not known."""

    whole: int | None
    """On the devices, or in system memory where there are none."""
    split: int | None
    """On the devices and in system memory together."""
    offload: bool = False
    poor: bool = False
    """Whether the poorest forms may be taken, as a last resort or because they were asked for."""


class Choice(Frozen, frozen=True, kw_only=True):
    artifact: Artifact
    context: int
    requests: int
    """Held at once; further ones wait."""
    estimate: Estimate
    split: bool = False


def quality_of(artifact: Artifact, params: int | None, table: Mapping[str, Any]) -> str | None:
    """The word of the table for what a quantisation keeps, from its bits per weight; None when they are not known."""
    bits = bits_per_weight(artifact, params)
    if bits is None:
        return None
    return next((word for word, least in table["quality"].items() if bits >= float(least)), None)


def bits_per_weight(artifact: Artifact, params: int | None) -> float | None:
    if artifact.bits_per_weight is not None:
        return artifact.bits_per_weight
    if artifact.bytes is not None and params:
        return 8 * artifact.bytes / params
    return named_bits(artifact.quant)


def tiers(demand: Demand, table: Mapping[str, Any]) -> tuple[str, ...]:
    """Qualities in the order in which they are tried for a wish."""
    rows = table["choose"]
    small = demand.model.params is not None and demand.model.params < int(rows["small_params"])
    if demand.prefer in rows:
        return tuple(rows[demand.prefer])
    return tuple(rows["small"] if small and demand.audience == "solo" else rows[demand.audience])


def ordered(artifacts: Sequence[Artifact], demand: Demand, table: Mapping[str, Any]) -> list[tuple[str | None, Artifact]]:
    """The artefacts in the order in which they are tried, each with its quality; of one quality, the runtime's own formats first."""
    params = demand.model.params
    sign = 1 if demand.prefer in table["choose"]["smallest_first"] else -1
    order = tiers(demand, table)
    rated = [(quality_of(artifact, params, table), artifact) for artifact in artifacts]
    formats = list(dict.fromkeys(artifact.format for artifact in artifacts))

    def place(rated_one: tuple[str | None, Artifact]) -> tuple[int, int, float]:
        quality, artifact = rated_one
        tier = order.index(quality) if quality in order else len(order)
        return tier, formats.index(artifact.format), sign * (bits_per_weight(artifact, params) or 0)

    return sorted(rated, key=place)


def contexts(demand: Demand, table: Mapping[str, Any]) -> tuple[int, ...]:
    """The contexts to try: the one asked for, or the stated default and, where it does not fit, halves of it."""
    if demand.context is not None:
        return (demand.context,)
    longest = demand.model.shape.context if demand.model.shape else None
    first = min(int(table["assume"]["context"]), longest or int(table["assume"]["context"]))
    found = [first]
    while found[-1] // 2 >= MIN_CONTEXT:
        found.append(found[-1] // 2)
    return tuple(found)


def users(demand: Demand, table: Mapping[str, Any]) -> int:
    """Concurrent requests planned for: those asked for, else the table's for the audience."""
    return demand.users if demand.users > 1 else int(table["assume"]["users"].get(demand.audience, 1))


def lengths(demand: Demand, table: Mapping[str, Any], batching: Batching) -> tuple[Length, ...]:
    """What to try to hold, most first. Slots divide one cache, so that all requests shorten before some have to wait; where requests
    share a cache as they need it, fewer at full length come before shorter ones."""
    sizes, wanted = contexts(demand, table), requests(demand, table, batching)
    fewer = [wanted >> step for step in range(wanted.bit_length())]
    if batching == "continuous":
        return (*((sizes[0], count) for count in fewer), *((size, 1) for size in sizes[1:]))
    return tuple((size, count) for count in fewer for size in sizes)


def requests(demand: Demand, table: Mapping[str, Any], batching: Batching) -> int:
    """Requests a server works on at once, if memory holds them."""
    return users(demand, table) if batching in ("slots", "continuous") else 1


def choose(
    artifacts: Sequence[Artifact], demand: Demand, table: Mapping[str, Any], rooms: Rooms, batching: Batching, predict: Predict
) -> Choice | Estimate | None:
    """The first form that fits in the order of the wish; else the estimate of the one that came closest; None without any form.

    Whole in fast memory comes first, a shortened default context and waiting requests before a lossy form; then split with system
    memory; the poorest forms only where they are allowed."""
    rated = ordered(artifacts, demand, table)
    sizes = lengths(demand, table, batching)
    params = demand.model.params
    if not rooms.poor:
        rated = [one for one in rated if one[0] != "poor"] or rated
    for artifact, length, split in _attempts(rated, sizes, rooms.offload):
        limit = rooms.split if split else rooms.whole
        if limit is not None and least_bytes(artifact, params) > limit:
            continue
        estimate = predict(artifact, length, split)
        if estimate.memory.fits is not False:
            return Choice(artifact=artifact, context=length[0], requests=length[1], estimate=estimate, split=split)
    if not rated:
        return None
    smallest = min((artifact for _, artifact in rated), key=lambda artifact: least_bytes(artifact, params))
    return predict(smallest, sizes[-1], False)


def least_bytes(artifact: Artifact, params: int | None) -> float:
    """What the weights take at the very least; 0 when nothing is known."""
    if artifact.bytes is not None:
        return artifact.bytes * 0.95
    return (params or 0) * (bits_per_weight(artifact, params) or 0) / 8 * 0.95


def _attempts(
    rated: list[tuple[str | None, Artifact]], sizes: tuple[Length, ...], offload: bool
) -> Iterator[tuple[Artifact, Length, bool]]:
    fair = [artifact for quality, artifact in rated if quality not in LOSSY]
    lossy = [artifact for quality, artifact in rated if quality == "lossy"]
    poor = [artifact for quality, artifact in rated if quality == "poor"]
    longest = [size for size in sizes if size[0] == sizes[0][0]]
    shortest = [size for size in sizes if size[0] == sizes[-1][0]]
    for forms in (fair, lossy):
        yield from ((artifact, size, False) for size in sizes for artifact in forms)
    if offload:
        yield from ((artifact, size, True) for artifact in (*fair, *lossy) for size in longest)
    yield from ((artifact, size, False) for size in sizes for artifact in poor)
    if offload:
        yield from ((artifact, size, True) for artifact in poor for size in shortest)
