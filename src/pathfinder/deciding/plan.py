"""Arrow 4: a candidate made concrete: which form of the model, how much context, where it lives, and the exact steps."""

import math
from collections.abc import Mapping
from typing import Any

from pathfinder.deciding.choose import Choice, Length, Rooms, choose, quality_of, users
from pathfinder.deciding.forms import UNLISTED
from pathfinder.deciding.predict import predict
from pathfinder.deciding.room import is_integrated, room_on, shares_ram, usable_ram, utilisation
from pathfinder.deciding.steps import Places, effort
from pathfinder.estimate import Tables
from pathfinder.types.estimates import Estimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.models import Artifact, Demand
from pathfinder.types.plans import Blocker, Candidate, CaveatHit, Plan
from pathfinder.types.steps import Endpoint
from pathfinder.types.words import Placement

Table = Mapping[str, Any]
PROOF = ("run", "installed", "resolved", "read")


def plan(
    candidate: Candidate, facts: Facts, demand: Demand, table: Table, tables: Tables | None = None, poor: bool = False
) -> Plan | tuple[Blocker, ...]:
    """The plan without its steps (see `values.with_steps`), or what keeps the model from fitting. `tables`: see `estimate`; `poor`: the
    poorest quantisations may be taken, which nobody wants while anything else runs."""
    if candidate.verdict is None:
        return candidate.blockers
    cell, devices = candidate.cell, candidate.devices

    def one(artifact: Artifact, length: Length, split: bool) -> Estimate:
        return predict(candidate, artifact, facts, demand, length, split, tables)

    there = rooms(devices, facts, cell, poor or demand.quant is not None)
    chosen = choose(candidate.artifacts, demand, table, there, cell.batching, one)
    if not isinstance(chosen, Choice):
        return (_no_room(chosen, devices, facts, utilisation(devices, cell)),) if chosen else (_no_form(),)
    return _plan(candidate, facts, demand, table, chosen)


def rooms(devices: tuple[Device, ...], facts: Facts, cell: Cell, poor: bool = False) -> Rooms:
    """What there is to fill, on the devices and with system memory beside them."""
    ram = usable_ram(facts)
    own = [room_on(device, facts, cell) for device in devices] if devices else [ram]
    whole = None if None in own else sum(size or 0 for size in own)
    both = None if whole is None or ram is None else whole + (0 if not devices or is_integrated(devices[0], facts) else ram)
    return Rooms(whole=whole, split=both, offload=cell.offload and bool(devices), poor=poor)


def _plan(candidate: Candidate, facts: Facts, demand: Demand, table: Table, chosen: Choice) -> Plan:
    runtime, cell, devices = candidate.runtime, candidate.cell, candidate.devices
    unknown = tuple(blocker for blocker in candidate.blockers if blocker.holds is None) + _size_unknown(chosen.estimate, devices)
    return Plan(
        model=demand.model.id,
        runtime=runtime.id,
        name=runtime.name,
        cell=cell.id,
        backend=cell.backend,
        devices=tuple(device.id for device in devices),
        verdict="unknown" if unknown else candidate.verdict or "unknown",
        reasons=_reasons(candidate, chosen, table, demand),
        caveats=candidate.caveats + _too_long(demand) + _gated(chosen.artifact, demand),
        unknown=unknown,
        artifact=chosen.artifact if chosen.artifact.format != UNLISTED else None,
        estimate=chosen.estimate,
        endpoint=endpoint(cell, Places()),
        evidence=proof(cell),
        project=runtime.project.state,
        successor=runtime.project.successor,
        placement=placement(devices, facts, chosen.split),
        native=_native(cell, devices, table),
        quality=quality_of(chosen.artifact, demand.model.params, table),
        batching=cell.batching,
        requests=chosen.requests,
        room=_room(chosen.requests, users(demand, table)),
        effort=_effort(cell, facts, runtime),
        fit=getattr(runtime.fit, demand.audience),
        os=facts.os.family,
    )


def _size_unknown(estimate: Estimate, devices: tuple[Device, ...]) -> tuple[Blocker, ...]:
    """The question that is open when nobody can say whether the model fits."""
    if estimate.memory.fits is not None:
        return ()
    if not estimate.memory.total_bytes:
        return (
            Blocker(
                fact="model.params",
                needed="known",
                found=None,
                holds=None,
                says="Neither size nor shape of the model is known.",
                takes="wish",
            ),
        )
    fact = "device.memory_free_bytes" if devices else "memory.usable_bytes"
    return (Blocker(fact=fact, needed=f">= {spell_size(estimate.memory.total_bytes, up=True)}", found=None, holds=None),)


def _too_long(demand: Demand) -> tuple[CaveatHit, ...]:
    trained = demand.model.shape.context if demand.model.shape else None
    if demand.context is None or trained is None or demand.context <= trained:
        return ()
    says = f"{demand.context} tokens are more than the {trained} the model was trained for; answers degrade beyond them."
    return (CaveatHit(id="context", effect="partial", says=says, applies=True),)


def _gated(artifact: Artifact, demand: Demand) -> tuple[CaveatHit, ...]:
    model = demand.model
    if not model.gated or artifact.path is not None or artifact.repo is None or artifact.repo != model.repo:
        return ()
    says = f"{artifact.repo} is gated: accept its licence on Hugging Face and log in (hf auth login) before the first start."
    return (CaveatHit(id="gated", effect="needs-flag", says=says, applies=True),)


def _no_form() -> Blocker:
    return Blocker(fact="model.format", needed="a form of the model this runtime loads", found="none", holds=False, takes="wish")


def _no_room(closest: Estimate, devices: tuple[Device, ...], facts: Facts, share: float | None) -> Blocker:
    """The place that lacks most for the smallest form tried: what it would have to hold, and what is free there."""
    memory = closest.memory
    rows = [row for row in memory.per_device if row.available_bytes is not None]
    worst = min(rows, key=lambda row: (row.available_bytes or 0) - row.total_bytes, default=None)
    need, have = (worst.total_bytes, worst.available_bytes) if worst else (memory.total_bytes, None)
    on = next((device for device in devices if worst is not None and device.id == worst.device), None)
    if have is not None and have >= need and memory.headroom_bytes is not None:
        # Every place has room for its own part: what binds is a share of the device, or system memory that several places draw on.
        need, have = memory.total_bytes, max(0, memory.total_bytes + min(0, memory.headroom_bytes))
        on = devices[0] if devices and (share or not shares_ram(devices[0], facts)) else None
    installed = on.memory_bytes if on is not None else facts.memory.total_bytes
    quant = f"{closest.artifact.quant} " if closest.artifact else ""
    return Blocker(
        fact="device.memory_free_bytes" if on is not None else "memory.usable_bytes",
        needed=f">= {spell_size(need, up=True)}",
        found=None if have is None else spell_size(have),
        holds=False,
        says=f"The smallest form it loads here, {quant}with {closest.context} tokens, does not fit into what is free.",
        takes="user" if installed is not None and installed * 0.95 >= need else "hardware",
    )


def spell_size(size: int, up: bool = False) -> str:
    """A size in GiB with one digit, needs rounded up and what is there rounded down."""
    tenths = size * 10 / (1 << 30)
    return f"{(math.ceil(tenths) if up else math.floor(tenths)) / 10:.1f} GiB"


# --- what a plan says of itself --------------------------------------------------------------------------------------


def placement(devices: tuple[Device, ...], facts: Facts, split: bool) -> Placement:
    if not devices:
        return "cpu"
    if any(is_integrated(device, facts) for device in devices):
        return "integrated"
    return "split" if split else "whole"


def proof(cell: Cell) -> str:
    """The strongest kind of evidence and its month, `run 2026-11`; `inferred` without evidence of its own."""
    if cell.inferred_from or not cell.evidence:
        return "inferred" if cell.inferred_from else "none"
    kind = min((item.how for item in cell.evidence), key=PROOF.index)
    return f"{kind} {max(item.checked for item in cell.evidence if item.how == kind)[:7]}"


def _native(cell: Cell, devices: tuple[Device, ...], table: Table) -> str:
    rule = table["backends"][cell.backend]
    if any(device.vendor in rule.get("native_for", ()) for device in devices):
        return "native"
    return str(rule["native"])


def _effort(cell: Cell, facts: Facts, runtime: Runtime) -> int:
    there = facts.runtimes.get(runtime.id)
    install = 0 if there is not None and there.found else cell.install_effort or effort(cell.install)
    return install + (cell.launch_effort or effort(cell.launch))


def endpoint(cell: Cell, places: Places) -> Endpoint | None:
    server = cell.server
    if server is None or server.port is None:
        return None
    url = f"http://{places.host}:{places.port or server.port}"
    return Endpoint(url=url + (server.base or ""), api=server.api, health=url + server.health if server.health else None)


def _reasons(candidate: Candidate, chosen: Choice, table: Table, demand: Demand) -> tuple[str, ...]:
    found = [_where(candidate, chosen)]
    quality = quality_of(chosen.artifact, demand.model.params, table)
    if quality:
        found.append(f"{chosen.artifact.quant} keeps {quality.replace('-', ' ')} quality.")
    if demand.context is None and demand.task in ("chat", "completion", "embeddings", "rerank", "training"):
        found.append(f"Planned for {chosen.context} tokens of context; say --context for another length.")
    found += _at_once(chosen.requests, candidate.cell, users(demand, table))
    project = candidate.runtime.project
    if project.state != "active":
        instead = f"; its successor is {project.successor}" if project.successor else ""
        since = f" since {project.since}" if project.since else ""
        found.append(f"The project is {'in ' if project.state == 'maintenance' else ''}{project.state}{since}{instead}.")
    if candidate.cell.inferred_from:
        found.append(f"Untested here: inferred from {candidate.cell.inferred_from}.")
    return tuple(found)


def _at_once(held: int, cell: Cell, wanted: int) -> list[str]:
    if wanted == 1:
        return []
    if cell.batching not in ("slots", "continuous"):
        return ["Requests are answered one after the other."]
    if held == wanted:
        return [f"Planned for {wanted} requests at once."]
    return [f"Memory holds {held} of {wanted} requests at once; the others wait."]


def _room(held: int, wanted: int) -> str:
    return "all" if held >= wanted else "half" if 2 * held >= wanted else "few"


def _where(candidate: Candidate, chosen: Choice) -> str:
    devices = candidate.devices
    if not devices:
        return "The model runs on the CPU."
    names = list(dict.fromkeys(device.name or device.id for device in devices))
    what = names[0] if len(names) == 1 else " and ".join(names)
    what = f"{len(devices)}x {what}" if len(devices) > 1 and len(names) == 1 else what
    if chosen.split:
        layers, experts = chosen.estimate.gpu_layers, chosen.estimate.expert_layers
        if experts:
            return f"All layers on {what} through {candidate.cell.backend}, the experts of {experts} of them in system memory."
        return f"{layers if layers is not None else 'Some'} layers on {what} through {candidate.cell.backend}, the rest in system memory."
    return f"The whole model is on {what} through {candidate.cell.backend}."
