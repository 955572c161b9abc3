"""The trace of one decision: every cell of a runtime on every device set, every condition asked, what was needed and what was found."""

from collections.abc import Mapping
from typing import Any

from pathfinder.match import match, scopes
from pathfinder.types import Blocker, Candidate, CaveatHit, Demand, Facts, Frozen, Runtime, Verdict
from pathfinder.when import all_of, evaluate


class Asked(Frozen, frozen=True, kw_only=True):
    """One requirement and every fact it rests on."""

    id: str
    says: str
    holds: bool | None
    facts: tuple[Blocker, ...]


class Traced(Frozen, frozen=True, kw_only=True):
    cell: str
    devices: tuple[str, ...]
    verdict: Verdict | None
    """None: no."""
    requirements: tuple[Asked, ...]
    blockers: tuple[Blocker, ...]
    caveats: tuple[CaveatHit, ...]
    artifacts: tuple[str, ...]


class WhyDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/why/v1`."""

    schema: str = "pathfinder/why/v1"
    host: str
    runtime: str
    model: str
    decisions: tuple[Traced, ...]


def trace(facts: Facts, demand: Demand, runtime: Runtime, table: Mapping[str, Any], host: str) -> WhyDocument:
    """What `match` decides of each cell, and each requirement asked once more for its reasons."""
    decisions = tuple(_traced(candidate, facts, demand) for candidate in match(facts, demand, (runtime,), table))
    return WhyDocument(host=host, runtime=runtime.id, model=demand.model.id, decisions=decisions)


def _traced(candidate: Candidate, facts: Facts, demand: Demand) -> Traced:
    every = scopes(facts, demand, candidate.devices)
    return Traced(
        cell=candidate.cell.id,
        devices=tuple(device.id for device in candidate.devices),
        verdict=candidate.verdict,
        requirements=tuple(_asked(one.id, one.says, one.when, every) for one in candidate.cell.requires),
        blockers=candidate.blockers,
        caveats=candidate.caveats,
        artifacts=tuple(f"{one.format} {one.quant}" for one in candidate.artifacts),
    )


def _asked(id: str, says: str, when: dict[str, Any], every: tuple[dict[str, Any], ...]) -> Asked:
    answer = all_of(evaluate(when, scope) for scope in every)
    return Asked(id=id, says=says, holds=answer.holds, facts=tuple(dict.fromkeys(answer.reasons)))
