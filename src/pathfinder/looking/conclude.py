"""What follows from several facts together, after all sources were merged; pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from pathfinder.looking.backends import RULES
from pathfinder.looking.cautions import cautions
from pathfinder.types.facts import ApiDevice, BackendFact, Device, Facts, Warning_, Why

SOURCE = "from devices, drivers and the system"


def conclude(facts: Facts) -> Facts:
    """Facts with the conclusions added: backends, API devices joined to devices, and conflicts no single probe can see."""
    facts = _joined(facts)
    facts = _sized(facts)
    backends: dict[str, BackendFact] = {}
    why = dict(facts.why)
    for name, rule in RULES.items():
        said = facts.backends.get(name, BackendFact())
        backends[name] = rule(facts, said)
        why.setdefault(f"backends.{name}", Why(source=SOURCE))
    backends |= {name: fact for name, fact in facts.backends.items() if name not in backends}
    facts = _lone(_unified(_versioned(facts, backends)))
    warnings = (*facts.warnings, *cautions(facts, backends))
    return msgspec.structs.replace(facts, backends=backends, why=why, warnings=_unique(warnings))


def _unique(warnings: Iterable[Warning_]) -> tuple[Warning_, ...]:
    return tuple({(one.id, one.says): one for one in warnings}.values())


def _joined(facts: Facts) -> Facts:
    """API devices know which device they are; devices know the API versions they were listed with."""
    devices = list(facts.devices or ())
    changes: dict[str, Any] = {}
    for name in ("vulkan", "opencl"):
        listed = getattr(facts, name)
        if not listed:
            continue
        taken: set[str] = set()
        out = []
        for one in listed:
            at = _match(one, devices, taken) if one.software is False else None
            if at is None:
                out.append(one)
                continue
            taken.add(devices[at].id)
            devices[at] = msgspec.structs.replace(devices[at], apis={name: one.api_version, **devices[at].apis})
            out.append(msgspec.structs.replace(one, device=devices[at].id))
        changes[name] = tuple(out)
    if facts.devices is not None:
        changes["devices"] = tuple(devices)
    return msgspec.structs.replace(facts, **changes)


def _match(one: ApiDevice, devices: list[Device], taken: set[str]) -> int | None:
    places = [at for at, device in enumerate(devices) if device.kind == "gpu" and not device.parent and device.id not in taken]
    for test in (
        lambda device: one.device is not None and device.pci == one.device,
        lambda device: bool(one.device_id) and (device.vendor_id, device.device_id) == (one.vendor_id, one.device_id),
        lambda device: bool(one.name and device.name) and (str(device.name) in str(one.name) or str(one.name) in str(device.name)),
    ):
        found = [at for at in places if test(devices[at])]
        if found:
            return found[0]
    same = [at for at in places if one.vendor_id and devices[at].vendor_id == one.vendor_id]
    return same[0] if len(same) == 1 else None


def _sized(facts: Facts) -> Facts:
    """A GPU whose memory no driver told takes the figure of the API that lists it."""
    devices, why = list(facts.devices or ()), dict(facts.why)
    for name in ("vulkan", "opencl"):
        for one in getattr(facts, name) or ():
            at = next((at for at, device in enumerate(devices) if device.id == one.device), None)
            if at is not None and devices[at].memory_bytes is None and one.memory_bytes:
                devices[at] = msgspec.structs.replace(devices[at], memory_bytes=one.memory_bytes)
                note = "what this interface lets programs have, less than the card holds" if name == "opencl" else None
                why[f"devices.{at}.memory_bytes"] = Why(source=name, note=note)
    return msgspec.structs.replace(facts, devices=tuple(devices) if facts.devices is not None else None, why=why)


POOLS = frozenset(("gfx940", "gfx942", "gfx1151"))
"""AMD chips whose processor and GPU share one wide memory: MI300A, Strix Halo. Other integrated GPUs share an ordinary one."""


def _unified(facts: Facts) -> Facts:
    """Whether processor and GPU work on one memory made for both: Apple silicon, GB10 and Jetson, Grace, MI300A, Strix Halo."""
    if facts.memory.unified is not None or facts.devices is None:
        return facts
    pools = any(
        one.shared_memory and (one.vendor in ("apple", "nvidia") or one.arch in POOLS) for one in facts.devices if one.kind == "gpu"
    )
    return msgspec.structs.replace(facts, memory=msgspec.structs.replace(facts.memory, unified=pools))


def _lone(facts: Facts) -> Facts:
    """Fewer than two GPUs have no links between them."""
    if (
        facts.links is None
        and facts.devices is not None
        and len([one for one in facts.devices if one.kind != "npu" and not one.parent]) < 2
    ):
        return msgspec.structs.replace(facts, links=())
    return facts


def _versioned(facts: Facts, backends: dict[str, BackendFact]) -> Facts:
    """Devices carry the versions of the backends they answer to."""
    out = []
    for one in facts.devices or ():
        more = {}
        for name in ("cuda", "rocm"):
            fact = backends[name]
            if fact.usable and fact.version and one.id in (fact.devices or ()):
                more[name] = fact.version
        out.append(msgspec.structs.replace(one, apis={**more, **one.apis}) if more else one)
    return msgspec.structs.replace(facts, devices=tuple(out)) if out else facts
