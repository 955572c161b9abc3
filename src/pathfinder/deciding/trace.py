"""The trace of one decision: every cell of a runtime on every device set, every condition asked, what was needed and what was found."""

from collections.abc import Mapping
from typing import Any

from pathfinder.deciding.match import match, scopes
from pathfinder.deciding.plan import plan
from pathfinder.deciding.rank import row_for, scored
from pathfinder.estimate import Tables
from pathfinder.language.when import all_of, evaluate
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Runtime
from pathfinder.types.models import Demand
from pathfinder.types.plans import Blocker, Candidate, CaveatHit, Plan
from pathfinder.types.words import Frozen, Verdict


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
    """None: no. A build that could run but has no room for the model is a no too."""
    requirements: tuple[Asked, ...]
    blockers: tuple[Blocker, ...]
    caveats: tuple[CaveatHit, ...]
    artifacts: tuple[str, ...]
    """Forms of the model it loads."""
    planned: str | None = None
    """The form that is planned."""
    reasons: tuple[str, ...] = ()
    ranks: dict[str, str] = {}  # noqa: RUF012
    """What its place in the order follows from, the first to differ decides."""


class WhyDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/why/v1`."""

    schema: str = "pathfinder/why/v1"
    host: str
    runtime: str
    model: str
    decisions: tuple[Traced, ...]


Table = Mapping[str, Any]


def trace(facts: Facts, demand: Demand, runtime: Runtime, table: Table, tables: Tables, host: str) -> WhyDocument:
    """What `match` and `plan` decide of each cell, and each requirement asked once more for its reasons."""
    decisions = tuple(_traced(candidate, facts, demand, table, tables) for candidate in match(facts, demand, (runtime,), table))
    return WhyDocument(host=host, runtime=runtime.id, model=demand.model.id, decisions=decisions)


def _traced(candidate: Candidate, facts: Facts, demand: Demand, table: Table, tables: Tables) -> Traced:
    every = scopes(facts, demand, candidate.devices)
    found = plan(candidate, facts, demand, table, tables)
    planned = scored(found, table, row_for(table, demand.prefer, demand.audience)) if isinstance(found, Plan) else None
    form = planned.artifact if planned else None
    return Traced(
        cell=candidate.cell.id,
        devices=tuple(device.id for device in candidate.devices),
        verdict=candidate.verdict if planned else None,
        requirements=tuple(_asked(one.id, one.says, one.when, every) for one in candidate.cell.requires),
        blockers=candidate.blockers if isinstance(found, Plan) else found,
        caveats=candidate.caveats,
        artifacts=tuple(f"{one.format} {one.quant}" for one in candidate.artifacts),
        planned=f"{form.format} {form.quant}" if form else None,
        reasons=planned.reasons if planned else (),
        ranks=planned.score if planned else {},
    )


def _asked(id: str, says: str, when: dict[str, Any], every: tuple[dict[str, Any], ...]) -> Asked:
    answer = all_of(evaluate(when, scope) for scope in every)
    return Asked(id=id, says=says, holds=answer.holds, facts=tuple(dict.fromkeys(answer.reasons)))
