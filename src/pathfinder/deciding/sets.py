"""Device sets: which devices of a host one cell could use together."""

from collections.abc import Iterable, Mapping
from typing import Any

from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import Cell, SetFacts
from pathfinder.types.plans import Blocker
from pathfinder.types.words import Backend

JOINED = ("nvlink", "xgmi", "c2c")


def planable(facts: Facts) -> tuple[Device, ...]:
    """Devices that may be planned on: not hidden by the environment, and not a card that is cut into slices listed by themselves."""
    devices = facts.devices or ()
    cut = {device.parent for device in devices if device.parent}
    return tuple(device for device in devices if device.visible is not False and device.id not in cut)


def of_backend(devices: Iterable[Device], rule: Mapping[str, Any]) -> tuple[Device, ...]:
    """The devices a backend of `matrix/rank.yaml` drives; an unknown vendor is not ruled out."""
    return tuple(
        device
        for device in devices
        if device.kind in rule["kind"]
        and device.vendor not in rule.get("except", ())
        and ("vendor" not in rule or device.vendor is None or device.vendor in rule["vendor"])
    )


def device_sets(devices: tuple[Device, ...], cell: Cell) -> tuple[tuple[Device, ...], ...]:
    """Each distinct device alone; equal devices in twos, fours, eights...; all together where layers may be split unevenly."""
    groups = _equal(devices)
    found: dict[tuple[str, ...], tuple[Device, ...]] = {}
    for group in groups:
        _add(found, group[:1])
        size = 2
        while cell.split != "none" and size <= len(group):
            _add(found, group[:size])
            size *= 2
        if "layers" in cell.split:
            _add(found, group)
    if "layers" in cell.split:
        own = tuple(device for device in devices if device.kind != "npu" and not device.integrated)
        _add(found, own)
    return tuple(found.values())


def _add(found: dict[tuple[str, ...], tuple[Device, ...]], devices: tuple[Device, ...]) -> None:
    if devices:
        found.setdefault(tuple(sorted(device.id for device in devices)), devices)


def _equal(devices: tuple[Device, ...]) -> list[tuple[Device, ...]]:
    """Devices alike in vendor, name, architecture and memory, the one with most free memory first."""
    groups: dict[tuple[Any, ...], list[Device]] = {}
    for device in devices:
        groups.setdefault((device.kind, device.vendor, device.name, device.arch, device.memory_bytes), []).append(device)
    return [tuple(sorted(group, key=lambda device: -(device.memory_free_bytes or 0))) for group in groups.values()]


def set_facts(devices: tuple[Device, ...], facts: Facts) -> SetFacts:
    sizes = [device.memory_bytes for device in devices]
    known = [size for size in sizes if size is not None]
    whole = bool(sizes) and len(known) == len(sizes)
    return SetFacts(
        count=len(devices),
        same_arch=_same_arch(devices),
        memory_bytes=sum(known) if whole else None,
        smallest_memory_bytes=min(known) if whole else None,
        linked=_linked(devices, facts),
    )


def _same_arch(devices: tuple[Device, ...]) -> bool | None:
    archs = {device.arch for device in devices}
    return None if len(devices) > 1 and None in archs else len(archs) <= 1


def _linked(devices: tuple[Device, ...], facts: Facts) -> bool | None:
    if len(devices) < 2:
        return True
    if facts.links is None:
        return None
    joined = {frozenset((link.a, link.b)) for link in facts.links if link.kind in JOINED}
    ids = [device.id for device in devices]
    return all(frozenset((a, b)) in joined for index, a in enumerate(ids) for b in ids[index + 1 :])


# --- whether the backend answers ------------------------------------------------------------------------------------

SPOKEN = {
    "cuda": "an NVIDIA GPU",
    "rocm": "an AMD GPU",
    "metal": "a GPU with Metal",
    "sycl": "an Intel GPU",
    "openvino": "an Intel GPU or NPU",
    "gaudi": "an Intel Gaudi accelerator",
    "neuron": "an AWS Inferentia or Trainium accelerator",
    "tpu": "a Google TPU",
    "ascend": "a Huawei Ascend NPU",
    "npu": "an NPU",
}


def backend_blockers(backend: Backend, facts: Facts, rule: Mapping[str, Any]) -> tuple[Blocker, ...]:
    """Why a backend has no device here, or that nobody can say; `()` when it has one and answers."""
    if backend == "cpu":
        return ()
    needed = SPOKEN.get(backend, "a GPU")
    if not of_backend(planable(facts), rule):
        if facts.devices is None:
            return (Blocker(fact="devices", needed=needed, found=None, holds=None, takes="hardware"),)
        hidden = of_backend([device for device in facts.devices if device.visible is False], rule)
        if hidden:
            says = f"{hidden[0].name or hidden[0].id} is hidden from runtimes by an environment variable."
            return (Blocker(fact="device.visible", needed="yes", found="no", holds=False, says=says, takes="user"),)
        return (Blocker(fact="devices", needed=needed, found="none", holds=False, takes="hardware"),)
    return _usable(backend, facts)


def _usable(backend: Backend, facts: Facts) -> tuple[Blocker, ...]:
    said = facts.backends.get(backend)
    fact = f"backends.{backend}.usable"
    if said is None or said.usable is None:
        note = said.why if said else None
        return (Blocker(fact=fact, needed="yes", found=None, holds=None, says=note, takes="admin"),)
    if not said.usable:
        return (Blocker(fact=fact, needed="yes", found="no", holds=False, says=said.why, takes="admin"),)
    return ()


def answering(devices: tuple[Device, ...], backend: Backend, facts: Facts) -> tuple[Device, ...]:
    """The devices the backend itself lists, where it lists any; else all of them."""
    said = facts.backends.get(backend)
    if said is None or not said.usable or not said.devices:
        return devices
    listed = tuple(device for device in devices if device.id in said.devices or device.parent in said.devices)
    return listed or devices
