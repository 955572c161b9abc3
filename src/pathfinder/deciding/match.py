"""Arrow 3: every runtime's cells on every device set of a host, each yes, no or unknown, with the reasons of the same call."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pathfinder.deciding.forms import loads, no_format, offered, reaches, runs_model
from pathfinder.deciding.sets import answering, backend_blockers, device_sets, of_backend, planable, set_facts
from pathfinder.deciding.unlock import ask, smallest
from pathfinder.language.when import scope_of
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import Cell, ModelFacts, Requirement, Runtime, WantFacts
from pathfinder.types.models import Artifact, Demand, Model
from pathfinder.types.plans import Blocker, Candidate, CaveatHit
from pathfinder.types.words import Takes, Verdict, When

Scope = dict[str, Any]
ANY_MODEL = Model(id="", name="any model", family="", arch="")
"""For asking whether a runtime runs at all: neither weights nor task are looked at."""
PHONES = ("ios", "android")
NO_STATUS = ("broken", "unsupported")


def match(
    facts: Facts, demand: Demand, runtimes: Sequence[Runtime], table: Mapping[str, Any], here: bool | None = None
) -> tuple[Candidate, ...]:
    """Unordered candidates; `verdict: None` is a no whose blockers say why. A runtime's cell appears once per device set.

    `here`: only cells for this system and architecture, or only the others, which are all a no."""
    return tuple(
        candidate
        for runtime in runtimes
        for cell in runtime.cells
        if here is None or here is is_here(facts, cell)
        for candidate in _cell(facts, demand, runtime, cell, table["backends"])
    )


def is_here(facts: Facts, cell: Cell) -> bool:
    """Whether a cell is for this system and architecture, as far as they are known."""
    family, arch = facts.os.family, facts.os.arch or facts.cpu.arch
    return (family is None or not cell.os or family in cell.os) and (arch is None or not cell.arch or arch in cell.arch)


def scopes(facts: Facts, demand: Demand, devices: tuple[Device, ...], artifact: Artifact | None = None) -> tuple[Scope, ...]:
    """What a condition is asked of: one scope per device of the set, one without a device for the CPU."""
    shared = scope_of(
        facts,
        set=set_facts(devices, facts),
        model=model_facts(demand, artifact),
        want=WantFacts(task=demand.task, audience=demand.audience, context=demand.context, users=demand.users),
    )
    return tuple(shared | {"device": device} for device in devices) or (shared,)


def model_facts(demand: Demand, artifact: Artifact | None = None) -> ModelFacts:
    model, shape = demand.model, demand.model.shape
    return ModelFacts(
        id=model.id,
        arch=model.arch or None,
        heads=shape.heads if shape else None,
        kv_heads=shape.kv_heads if shape else None,
        format=artifact.format if artifact else None,
        quant=artifact.quant if artifact else None,
        params=model.params,
        local=demand.artifact is not None and demand.artifact.path is not None,
    )


def ask_all(when: When | None, every: tuple[Scope, ...]) -> tuple[bool | None, tuple[Blocker, ...]]:
    """Whether a condition holds for every device of a set; the blockers of the first device that keeps it from holding."""
    unknown: tuple[Blocker, ...] = ()
    for scope in every:
        holds, blockers = ask(when, scope)
        if holds is False:
            return False, blockers
        if holds is None:
            unknown = unknown or blockers
    return (None, unknown) if unknown else (True, ())


def ask_any(when: When | None, every: tuple[Scope, ...]) -> bool | None:
    """Whether a condition holds for any device of a set."""
    answers = {ask(when, scope)[0] for scope in every}
    return True if True in answers else None if None in answers else False


# --- one cell --------------------------------------------------------------------------------------------------------


def _cell(facts: Facts, demand: Demand, runtime: Runtime, cell: Cell, backends: Mapping[str, Any]) -> Iterator[Candidate]:
    common = _common(facts, demand, runtime, cell)
    if any(blocker.fact == "want.task" for blocker in common):
        yield Candidate(runtime=runtime, cell=cell, blockers=common)
        return
    rule = backends[cell.backend]
    common += backend_blockers(cell.backend, facts, rule)
    if not rule["kind"]:
        yield _candidate(facts, demand, runtime, cell, (), common)
        return
    devices = answering(of_backend(planable(facts), rule), cell.backend, facts)
    sets = device_sets(devices, cell)
    if not sets:
        yield Candidate(runtime=runtime, cell=cell, blockers=common or (_no_device(),))
    for devices in sets:
        yield _candidate(facts, demand, runtime, cell, devices, common)


def _no_device() -> Blocker:
    return Blocker(fact="devices", needed="a device", found="none", holds=False)


def _common(facts: Facts, demand: Demand, runtime: Runtime, cell: Cell) -> tuple[Blocker, ...]:
    """What does not depend on the device: the system, the task, the model's architecture, the cell's own status."""
    found = [
        _in("os.family", facts.os.family, cell.os, _os_takes(facts, cell)),
        _in("os.arch", facts.os.arch or facts.cpu.arch, cell.arch, "hardware"),
    ]
    if demand.model is not ANY_MODEL:
        found.append(_in("want.task", demand.task, cell.tasks, "wish"))
        found.append(runs_model(demand, runtime))
    if cell.status in NO_STATUS:
        says = next((caveat.says for caveat in cell.caveats if caveat.effect == "broken"), None)
        found.append(Blocker(fact="cell.status", needed="works", found=cell.status, holds=False, says=says, takes="hardware"))
    return tuple(blocker for blocker in found if blocker is not None)


def _os_takes(facts: Facts, cell: Cell) -> Takes:
    """A phone keeps its system, and Apple's run on Apple's machines."""
    fixed = facts.os.family in PHONES or set(cell.os) <= {"macos", *PHONES}
    return "hardware" if fixed else "os"


def _in(fact: str, found: str | None, allowed: Sequence[str], takes: Takes) -> Blocker | None:
    if not allowed or found in allowed:
        return None
    needed = allowed[0] if len(allowed) == 1 else f"one of {', '.join(allowed[:6])}{', ...' if len(allowed) > 6 else ''}"
    return Blocker(fact=fact, needed=needed, found=found, holds=None if found is None else False, takes=takes)


def _candidate(
    facts: Facts, demand: Demand, runtime: Runtime, cell: Cell, devices: tuple[Device, ...], common: tuple[Blocker, ...]
) -> Candidate:
    every = scopes(facts, demand, devices)
    blockers = list(common)
    other_system = any(blocker.fact == "os.family" for blocker in common)
    for requirement in cell.requires:
        blockers += (one for one in _requirement(requirement, every) if not (other_system and one.fact.startswith("os.")))
    artifacts, format_blockers = _artifacts(facts, demand, runtime, cell, devices)
    if not artifacts:
        blockers += format_blockers
    caveats, broken = _caveats(cell, every)
    blockers += broken
    verdict = _verdict(cell, blockers, caveats)
    unique = tuple(dict.fromkeys(blockers))
    return Candidate(
        runtime=runtime,
        cell=cell,
        devices=devices,
        verdict=verdict,
        artifacts=artifacts,
        caveats=caveats,
        blockers=unique,
    )


def _requirement(requirement: Requirement, every: tuple[Scope, ...]) -> list[Blocker]:
    holds, blockers = ask_all(requirement.when, every)
    return [] if holds else [replace(blocker, says=requirement.says) for blocker in blockers]


def _verdict(cell: Cell, blockers: Sequence[Blocker], caveats: Sequence[CaveatHit]) -> Verdict | None:
    """None: no. Unknown: a fact that decides is not known, or the cell rests on no evidence of its own."""
    if any(blocker.holds is False for blocker in blockers):
        return None
    if blockers or cell.status == "untested" or cell.inferred_from:
        return "unknown"
    partial = cell.status == "partial" or any(hit.effect == "partial" and hit.applies for hit in caveats)
    return "partial" if partial else "works"


def _caveats(cell: Cell, every: tuple[Scope, ...]) -> tuple[tuple[CaveatHit, ...], list[Blocker]]:
    """The caveats that apply or may apply; those that break it are blockers instead."""
    hits: list[CaveatHit] = []
    broken: list[Blocker] = []
    for caveat in cell.caveats:
        applies = ask_any(caveat.when, every)
        if applies is False:
            continue
        if caveat.effect == "broken" and applies:
            broken += _broken(caveat.when, caveat.says, every)
            continue
        hits.append(
            CaveatHit(id=caveat.id, effect=caveat.effect, says=caveat.says, applies=applies, factor=caveat.factor, evidence=caveat.evidence)
        )
    return tuple(hits), broken


def _broken(when: When | None, says: str, every: tuple[Scope, ...]) -> list[Blocker]:
    if when is None:
        return [Blocker(fact="cell.status", needed="works", found="broken", holds=False, says=says)]
    _, blockers = ask_all({"not": when}, every)
    return [replace(blocker, says=says) for blocker in blockers]


# --- artefacts -------------------------------------------------------------------------------------------------------


def _artifacts(
    facts: Facts, demand: Demand, runtime: Runtime, cell: Cell, devices: tuple[Device, ...]
) -> tuple[tuple[Artifact, ...], tuple[Blocker, ...]]:
    """The forms of the model a cell loads on these devices; when there is none, the way out that takes least."""
    wanted = tuple(artifact for artifact in offered(demand) if reaches(runtime, artifact))
    if not cell.formats or demand.model is ANY_MODEL:
        return wanted, ()
    good: list[Artifact] = []
    maybe: list[Artifact] = []
    ways: list[tuple[Blocker, ...]] = []
    for artifact in wanted:
        for support in cell.formats:
            if not loads(support, artifact):
                continue
            holds, blockers = ask_all(support.requires, scopes(facts, demand, devices, artifact)) if support.requires else (True, ())
            if holds:
                good.append(artifact)
            elif holds is None:
                maybe.append(artifact)
            else:
                ways.append(tuple(replace(blocker, says=support.says) for blocker in blockers))
    if good or maybe:
        own = [support.format for support in cell.formats]
        return tuple(
            sorted(dict.fromkeys(good or maybe), key=lambda artifact: own.index(artifact.format) if artifact.format in own else 0)
        ), ()
    return (), smallest(ways) if ways else (no_format(cell, wanted),)
