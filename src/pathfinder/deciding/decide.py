"""Arrows 3 to 5 in one call: from facts and a demand to ranked plans and the rejected with what would unlock them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from pathfinder.deciding.match import ANY_MODEL, match
from pathfinder.deciding.plan import plan, rooms, spell_size
from pathfinder.deciding.rank import best_per_cell, best_per_runtime, rank, sure
from pathfinder.deciding.steps import Places
from pathfinder.deciding.unlock import ORDER, unlock, weight
from pathfinder.deciding.values import with_steps
from pathfinder.estimate import Tables
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Runtime
from pathfinder.types.models import Demand
from pathfinder.types.plans import Blocker, Candidate, Plan, Recommendation, Rejected
from pathfinder.types.results import CheckResult

Blockers = tuple[Blocker, ...]
WholeNo = Callable[[Candidate, Blockers], Blockers]
FEWEST_BITS = 4
HARDWARE = ORDER.index("hardware")
Key = tuple[str, str, tuple[str, ...]]


class Rules(NamedTuple):
    """The data a decision rests on, as loaded."""

    runtimes: Sequence[Runtime]
    table: Mapping[str, Any]
    """`matrix/rank.yaml`."""
    tables: Tables | None = None
    whole: Callable[[str], Runtime] | None = None
    """A runtime with its recipes by id, where `runtimes` leaves them out."""


class Decision(NamedTuple):
    """Ranked plans without steps, and everything needed to spell them."""

    plans: tuple[Plan, ...]
    candidates: dict[Key, Candidate]
    rejected: tuple[Rejected, ...]


def decide(facts: Facts, demand: Demand, rules: Rules, every_cell: bool = False) -> Decision:
    """Every runtime's best plan, best first, and every runtime that has none. Of one runtime asked for, every build's best plan; with
    `every_cell`, every plan.

    The poorest quantisations are planned only when nothing else runs."""
    found = _decide(facts, demand, rules, every_cell, demand.prefer == "memory")
    return found if found.plans else _decide(facts, demand, rules, every_cell, True)


def _decide(facts: Facts, demand: Demand, rules: Rules, every_cell: bool, poor: bool) -> Decision:
    plans: list[Plan] = []
    origin: dict[Key, Candidate] = {}
    ways: dict[str, list[tuple[Candidate, Blockers]]] = {}
    for candidate in match(facts, demand, rules.runtimes, rules.table, here=True):
        found = plan(candidate, facts, demand, rules.table, rules.tables, poor)
        if isinstance(found, Plan):
            plans.append(found)
            origin[key(found)] = candidate
        else:
            ways.setdefault(candidate.runtime.id, []).append((candidate, found))
    best = rank if every_cell else best_per_cell if demand.runtime else best_per_runtime
    ranked = best(plans, rules.table, demand.prefer, demand.audience)
    running = {one.runtime: one for one in reversed(ranked)}
    idle = [runtime for runtime in rules.runtimes if runtime.id not in running]
    for candidate in match(facts, demand, idle, rules.table, here=False):
        ways.setdefault(candidate.runtime.id, []).append((candidate, candidate.blockers))

    def whole_no(candidate: Candidate, blockers: Blockers) -> Blockers:
        return blockers + memory_too(candidate, facts, demand, rules)

    return Decision(ranked, origin, rejected(rules.runtimes, ways, running, whole_no))


def key(plan: Plan) -> Key:
    return plan.runtime, plan.cell, plan.devices


def memory_too(candidate: Candidate, facts: Facts, demand: Demand, rules: Rules) -> Blockers:
    """What a candidate that is a no for another reason would lack in memory, so that its unlock is the whole truth."""
    if candidate.verdict is not None:
        return ()
    if not candidate.artifacts:
        return size_too(candidate, facts, demand)
    found = plan(replace(candidate, verdict="unknown"), facts, demand, rules.table, rules.tables)
    return () if isinstance(found, Plan) else found


def size_too(candidate: Candidate, facts: Facts, demand: Demand) -> Blockers:
    """Memory that a form nobody has made yet would need, at the fewest bits that are any good."""
    need = int((demand.model.params or 0) * FEWEST_BITS / 8)
    there = rooms(candidate.devices, facts, candidate.cell)
    have = there.split if there.offload else there.whole
    if have is None or need <= have:
        return ()
    fact = "device.memory_free_bytes" if candidate.devices else "memory.usable_bytes"
    return (Blocker(fact=fact, needed=f">= {spell_size(need, up=True)}", found=spell_size(have), holds=False),)


def rejected(
    runtimes: Sequence[Runtime], ways: Mapping[str, list[tuple[Candidate, Blockers]]], running: Mapping[str, Plan], whole_no: WholeNo
) -> tuple[Rejected, ...]:
    """One entry a runtime without a plan: the no that takes least to turn, those nearest to a yes first, those for other work last.

    A runtime that only runs on the CPU while its GPU build lacks no hardware has an entry as well: a driver may be all it takes."""
    found = []
    for runtime in runtimes:
        known = ways.get(runtime.id, [])
        if runtime.id not in running and known:
            found.append(_rejected(runtime, runtime.name, known, whole_no))
        elif runtime.id in running and running[runtime.id].placement == "cpu":
            found += _faster(runtime, [way for way in known if way[0].devices], whole_no)
    return tuple(sorted(found, key=lambda one: (_other_work(one), weight(one.why), one.runtime)))


def _other_work(one: Rejected) -> bool:
    return any(blocker.fact == "want.task" for blocker in one.why)


def _faster(runtime: Runtime, ways: list[tuple[Candidate, Blockers]], whole_no: WholeNo) -> list[Rejected]:
    if not ways:
        return []
    backend = min(ways, key=lambda way: _far(*way))[0].cell.backend
    one = _rejected(runtime, f"{runtime.name} on {backend}", [way for way in ways if way[0].cell.backend == backend], whole_no)
    return [one] if one.unlock is not None and one.unlock.takes != "hardware" else []


def _rejected(runtime: Runtime, name: str, ways: list[tuple[Candidate, Blockers]], whole_no: WholeNo) -> Rejected:
    left = [(candidate, blockers, False) for candidate, blockers in ways]
    while True:
        index = min(range(len(left)), key=lambda at: _far(left[at][0], left[at][1]))
        candidate, blockers, complete = left[index]
        if complete or weight(blockers)[0] == HARDWARE:
            return Rejected(runtime=runtime.id, cell=candidate.cell.id, why=blockers, unlock=unlock(blockers, name))
        left[index] = (candidate, whole_no(candidate, blockers), True)


def _far(candidate: Candidate, blockers: Blockers) -> tuple[int, int, int, bool, int]:
    """How far a no is from a yes; of equals, the way that uses the devices there are."""
    worst, absent, moves, size = weight(blockers)
    return worst, absent, moves, not candidate.devices, size


def spelt(plan: Plan, decision: Decision, facts: Facts, demand: Demand, rules: Rules, places: Places) -> Plan:
    """A plan of a decision with its steps."""
    candidate = decision.candidates[key(plan)]
    runtime = rules.whole(plan.runtime) if rules.whole else candidate.runtime
    return with_steps(plan, candidate, runtime, facts, demand, rules.table, places)


def recommend(facts: Facts, demand: Demand, rules: Rules, places: Places, host: str, top: int | None = None) -> Recommendation:
    """`pathfinder/recommendation/v1`: the first `top` plans (all of them without), spelt out, and the rejected."""
    decision = decide(facts, demand, rules)
    shown = decision.plans if top is None else decision.plans[:top]
    first = sure(decision.plans)
    if first is not None and top is not None and first > top:
        shown = (*shown, decision.plans[first - 1])
    return Recommendation(
        host=host,
        model=demand.model.id,
        task=demand.task,
        audience=demand.audience,
        prefer=demand.prefer,
        alternatives=demand.alternatives,
        candidates=tuple(spelt(one, decision, facts, demand, rules, places) for one in shown),
        further=tuple(one.runtime for one in decision.plans if one not in shown),
        sure=first,
        rejected=decision.rejected,
    )


# --- yes or no, for `check` ------------------------------------------------------------------------------------------


def runs(facts: Facts, runtime: Runtime, table: Mapping[str, Any]) -> CheckResult:
    """Whether a runtime has a cell that runs on this host, whatever the model: pass, fail or unknown, with the way out."""
    found = match(facts, Demand(model=ANY_MODEL, asked=""), (runtime,), table)
    open_ones = [candidate for candidate in found if candidate.verdict is not None]
    known = [candidate for candidate in open_ones if not candidate.blockers]
    if known:
        return CheckResult(expectation="", result="pass", found=_cells(known), source=f"matrix {runtime.id}")
    if open_ones:
        asks = open_ones[0].blockers[0]
        return CheckResult(expectation="", result="unknown", found=_cells(open_ones), fix=f"{asks.fact} could not be read")
    least = min((candidate.blockers for candidate in found), key=weight, default=())
    way = unlock(least, runtime.name)
    return CheckResult(
        expectation="", result="fail", found="no build for this host", source=f"matrix {runtime.id}", fix=way.says if way else None
    )


def _cells(candidates: Sequence[Candidate]) -> str:
    return ", ".join(dict.fromkeys(candidate.cell.id for candidate in candidates))


def fits(facts: Facts, demand: Demand, rules: Rules) -> CheckResult:
    """Whether any runtime has a plan for a model on this host."""
    decision = decide(facts, demand, rules)
    if decision.plans:
        first = next((one for one in decision.plans if not one.unknown), decision.plans[0])
        form = f" {first.artifact.quant}" if first.artifact else ""
        found = f"{first.name} ({first.cell}){form}"
        return CheckResult(
            expectation="", result="unknown" if first.unknown else "pass", found=found, device=next(iter(first.devices), None)
        )
    if any(all(blocker.holds is not False for blocker in one.why) for one in decision.rejected):
        return CheckResult(expectation="", result="unknown", fix="facts that decide could not be read")
    way = decision.rejected[0].unlock if decision.rejected else None
    return CheckResult(expectation="", result="fail", found="nothing runs it here", fix=way.says if way else None)
