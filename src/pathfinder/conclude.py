"""What follows from several facts together, after all sources were merged; pure."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pathfinder.types import ApiDevice, BackendFact, Device, Facts, Warning_, Why

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
    warnings = (*facts.warnings, *_warnings(facts, backends))
    return msgspec.structs.replace(facts, backends=backends, why=why, warnings=_unique(warnings))


def _unique(warnings: Iterable[Warning_]) -> tuple[Warning_, ...]:
    return tuple({(one.id, one.says): one for one in warnings}.values())


# --- devices ---------------------------------------------------------------------------------------------------------


def usable(facts: Facts, vendor: str | None = None, kind: str = "gpu") -> tuple[Device, ...]:
    """Devices a runtime may use: not hidden, and of a partitioned card its slices."""
    devices = facts.devices or ()
    carved = {one.parent for one in devices if one.parent}
    return tuple(
        one
        for one in devices
        if one.kind == kind
        and (vendor is None or one.vendor == vendor)
        and one.visible is not False
        and one.id not in carved
        and not _bare(one)
    )


def _bare(device: Device) -> bool:
    """A card in MIG mode without a slice runs nothing."""
    return device.parent is None and device.mig is not None and device.mig.enabled is True


def _ids(devices: Iterable[Device]) -> tuple[str, ...]:
    return tuple(one.id for one in devices)


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


# --- backends --------------------------------------------------------------------------------------------------------

Rule = Callable[[Facts, BackendFact], BackendFact]


def _fact(said: BackendFact, usable_: bool | None, devices: Iterable[str] | None, why: str | None) -> BackendFact:
    return BackendFact(usable=usable_, version=said.version, devices=None if devices is None else tuple(devices), why=why)


def _absent(facts: Facts, said: BackendFact, what: str) -> BackendFact:
    """No device of this sort: no where an enumerator answered, unknown where none did."""
    if said.usable is False:
        return said
    if facts.devices is None:
        return _fact(said, None, None, "no enumerator of devices answered")
    return _fact(said, False, (), f"no {what}")


def _cuda(facts: Facts, said: BackendFact) -> BackendFact:
    cards = [one for one in facts.devices or () if one.vendor == "nvidia" and one.kind == "gpu"]
    if not cards:
        return _absent(facts, said, "NVIDIA GPU")
    if said.usable is False:
        return _fact(said, False, (), said.why)
    mine = usable(facts, "nvidia")
    if not mine:
        bare = any(_bare(one) for one in cards)
        return _fact(said, False, (), "the GPU is in MIG mode without a slice" if bare else "CUDA_VISIBLE_DEVICES hides every GPU")
    other = {one.driver_module for one in mine if one.driver_module and one.driver_module not in ("nvidia", "nvgpu")}
    if said.usable is None and other and facts.os.family in (None, "linux"):
        names = ", ".join(sorted(other))
        return _fact(
            said,
            False,
            (),
            "no driver is bound to the GPU" if other == {"none"} else f"the GPU is driven by {names}; CUDA needs NVIDIA's driver",
        )
    toolkit = any(one.kind == "cuda" for one in facts.toolkits or ())
    known = said.usable if said.usable is not None else True if facts.board.l4t and toolkit else None
    return _fact(said, known, _ids(mine), said.why if known else said.why or "neither NVML nor nvidia-smi answered")


def _rocm(facts: Facts, said: BackendFact) -> BackendFact:
    cards = [one for one in facts.devices or () if one.vendor == "amd" and one.kind == "gpu"]
    if not cards:
        return _absent(facts, said, "AMD GPU")
    if facts.os.family == "macos":
        return _fact(said, False, (), "ROCm does not exist on macOS")
    version = said.version or next((one.version for one in facts.toolkits or () if one.kind == "rocm"), None)
    said = msgspec.structs.replace(said, version=version)
    if said.usable is False:
        return _fact(said, False, (), said.why)
    mine = usable(facts, "amd")
    if not mine:
        return _fact(said, False, (), "ROCR_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES hides every GPU")
    return _fact(said, said.usable, _ids(mine), said.why or (None if said.usable else "no AMD compute driver (KFD) or tool answered"))


def _metal(facts: Facts, said: BackendFact) -> BackendFact:
    if facts.os.family not in (None, "macos", "ios"):
        return _fact(said, False, (), "Metal exists on macOS and iOS only")
    mine = [one for one in usable(facts) if "metal" in one.apis]
    if not mine and facts.os.family is None:
        return _fact(said, said.usable, (), "the system is not known")
    return _fact(said, said.usable if said.usable is not None else bool(mine) or None, _ids(mine), said.why)


def _intel(facts: Facts, said: BackendFact) -> BackendFact:
    mine = usable(facts, "intel")
    if not mine:
        return _absent(facts, said, "Intel GPU")
    if said.usable is None and any(one.software is False and one.api == "level_zero" for one in facts.sycl or ()):
        return _fact(said, True, _ids(mine), "listed by sycl-ls")
    return _fact(
        said,
        said.usable,
        said.devices if said.devices is not None else _ids(mine),
        said.why or "whether Level Zero is installed is not known",
    )


def _api(name: str) -> Rule:
    def rule(facts: Facts, said: BackendFact) -> BackendFact:
        listed: tuple[ApiDevice, ...] | None = getattr(facts, name)
        if listed is None:
            mine = {one.id: one for one in usable(facts)}
            ids = [one for one in said.devices or () if one in mine]
            if said.usable and not said.devices:  # None: a loader that serves whatever is there; (): the GPU of a system on a chip
                ids = [one.id for one in mine.values() if said.devices is None or one.pci is None]
            if said.usable and said.devices and not ids:
                return _fact(said, False, (), "the GPU is hidden, or cut into slices that have no such interface")
            return _fact(
                said, said.usable, None if said.usable is None else ids, said.why or (None if said.usable else "not asked: --deep asks")
            )
        real = [one for one in listed if one.software is False]
        version = max((one.api_version for one in real if one.api_version), default=None, key=_number)
        told = msgspec.structs.replace(said, version=version or said.version)
        if real:
            return _fact(told, True, [one.device for one in real if one.device], None)
        return _fact(told, False, (), "only software devices" if listed else "no device")

    return rule


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _directml(facts: Facts, said: BackendFact) -> BackendFact:
    if facts.os.family not in (None, "windows"):
        return _fact(said, False, (), "DirectML exists on Windows only")
    mine = usable(facts)
    known = True if mine and facts.os.family == "windows" else None
    return _fact(
        said, known, _ids(mine) if facts.devices is not None else None, None if known else "the system or its adapters are not known"
    )


def _openvino(facts: Facts, said: BackendFact) -> BackendFact:
    intel = [*usable(facts, "intel"), *usable(facts, "intel", "npu")]
    where = facts.os.family in ("linux", "windows", "macos") and facts.os.arch in ("x86_64", "aarch64")
    if facts.os.family is None or facts.os.arch is None:
        return _fact(said, None, _ids(intel), "the system is not known")
    return _fact(said, where, _ids(intel), None if intel else "its CPU plug-in only" if where else "no OpenVINO for this system")


def _family(name: str, what: str, tests: tuple[str, ...]) -> Rule:
    def rule(facts: Facts, said: BackendFact) -> BackendFact:
        mine = [one for one in facts.devices or () if one.kind in ("npu", "accelerator") and (one.arch or "").startswith(tests)]
        if name == "npu":
            mine = [one for one in facts.devices or () if one.kind == "npu"]
        if not mine:
            return _absent(facts, said, what)
        return _fact(said, said.usable, _ids(mine), said.why or (None if said.usable else "whether its runtime is installed is not known"))

    return rule


def _cpu(facts: Facts, said: BackendFact) -> BackendFact:
    return _fact(said, True, (), None)


def _webgpu(facts: Facts, said: BackendFact) -> BackendFact:
    return _fact(said, None, None, "the browser decides")


RULES: dict[str, Rule] = {
    "cpu": _cpu,
    "cuda": _cuda,
    "rocm": _rocm,
    "metal": _metal,
    "sycl": _intel,
    "intel": _intel,
    "vulkan": _api("vulkan"),
    "opencl": _api("opencl"),
    "directml": _directml,
    "openvino": _openvino,
    "npu": _family("npu", "NPU", ()),
    "gaudi": _family("gaudi", "Gaudi accelerator", ("gaudi",)),
    "neuron": _family("neuron", "AWS Neuron device", ("inferentia", "trainium", "neuron")),
    "tpu": _family("tpu", "TPU", ("tpu",)),
    "ascend": _family("ascend", "Ascend NPU", ("ascend",)),
    "webgpu": _webgpu,
}


# --- warnings --------------------------------------------------------------------------------------------------------


def _warnings(facts: Facts, backends: dict[str, BackendFact]) -> Iterable[Warning_]:
    told = {one.id for one in facts.warnings}
    for card in facts.devices or ():
        if card.parent or card.kind != "gpu":
            continue
        if card.vendor == "nvidia" and card.driver_module in ("nouveau", "none") and not any(one.startswith("nvidia-") for one in told):
            yield _undriven(card)
        if card.vendor == "amd" and card.driver_module == "none":
            says = f"AMD GPU {card.id} is on the PCI bus, but no driver is bound to it."
            yield Warning_(
                id="amd-no-driver",
                says=says,
                facts=(f"devices.{card.id}",),
                fix="Load amdgpu (`modprobe amdgpu`), or install a newer kernel.",
            )
        if card.vendor == "nvidia" and card.driver_module == "vfio-pci":
            says = f"NVIDIA GPU {card.id} is passed to a virtual machine (vfio-pci); this host cannot use it."
            yield Warning_(id="gpu-passed-through", says=says, facts=(f"devices.{card.id}",))
    if backends["cuda"].usable:
        yield from _silent(facts)
        if facts.os.wsl:
            says = "Under WSL the GPU's memory is shared with Windows, and the RAM told is the virtual machine's."
            fix = "Set `memory=` in %UserProfile%\\.wslconfig for more RAM; close programs on Windows that use the GPU."
            yield Warning_(id="wsl-memory", says=says, facts=("memory.total_bytes", "devices"), fix=fix)
    yield from _unordered(facts)


def _undriven(card: Device) -> Warning_:
    if card.driver_module == "none":
        says = f"NVIDIA GPU {card.id} is on the PCI bus, but no driver is bound to it."
        return Warning_(
            id="nvidia-no-driver", says=says, facts=(f"devices.{card.id}",), fix="Install NVIDIA's driver, or load it: `modprobe nvidia`."
        )
    says = f"NVIDIA GPU {card.id} is driven by nouveau, which has no CUDA."
    return Warning_(
        id="nvidia-nouveau", says=says, facts=(f"devices.{card.id}",), fix="Install NVIDIA's driver (it blacklists nouveau), then reboot."
    )


def _silent(facts: Facts) -> Iterable[Warning_]:
    """A card on the bus that the answering driver does not list: too old for this driver branch, or fallen off."""
    cards = [one for one in facts.devices or () if one.vendor == "nvidia" and one.kind == "gpu" and not one.parent and one.pci]
    answered = [one for one in cards if one.driver_version]
    if not answered:
        return
    for card in cards:
        if card.driver_version is None and card.driver_module == "nvidia":
            says = f"The PCI bus shows NVIDIA GPU {card.id}, the driver does not list it."
            fix = "An old card needs an older driver branch (Kepler: 470, Maxwell to Volta: 580); else see `dmesg | grep -i nvrm`."
            yield Warning_(id="nvidia-gpu-not-listed", says=says, facts=(f"devices.{card.id}",), fix=fix)


def _unordered(facts: Facts) -> Iterable[Warning_]:
    cards = [one for one in facts.devices or () if one.vendor == "nvidia" and one.kind == "gpu" and not one.parent]
    unequal = len(cards) > 1 and len({one.name for one in cards}) > 1
    if unequal and all(one.visible is None for one in cards) and any(one.driver_version for one in cards) and facts.os.kernel:
        says = "CUDA_VISIBLE_DEVICES names indices, and CUDA counts unequal GPUs fastest first."
        yield Warning_(id="cuda-device-order", says=says, facts=("devices",), fix="Set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name GPUs by UUID.")
