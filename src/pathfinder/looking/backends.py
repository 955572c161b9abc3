"""Which backends a host can use, on which devices, and why: rules over the merged facts; pure."""

from collections.abc import Callable, Iterable

import msgspec

from pathfinder.types.facts import ApiDevice, BackendFact, Device, Facts


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
        and not bare(one)
    )


def bare(device: Device) -> bool:
    """A card in MIG mode without a slice runs nothing."""
    return device.parent is None and device.mig is not None and device.mig.enabled is True


def ids(devices: Iterable[Device]) -> tuple[str, ...]:
    return tuple(one.id for one in devices)


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
        uncut = any(bare(one) for one in cards)
        return _fact(said, False, (), "the GPU is in MIG mode without a slice" if uncut else "CUDA_VISIBLE_DEVICES hides every GPU")
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
    known = said.usable if said.usable is not None else True if facts.board.l4t not in (None, "0") and toolkit else None
    return _fact(said, known, ids(mine), said.why if known else said.why or "neither NVML nor nvidia-smi answered")


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
    return _fact(said, said.usable, ids(mine), said.why or (None if said.usable else "no AMD compute driver (KFD) or tool answered"))


def _metal(facts: Facts, said: BackendFact) -> BackendFact:
    if facts.os.family not in (None, "macos", "ios"):
        return _fact(said, False, (), "Metal exists on macOS and iOS only")
    mine = [one for one in usable(facts) if "metal" in one.apis]
    if not mine and facts.os.family is None:
        return _fact(said, said.usable, (), "the system is not known")
    return _fact(said, said.usable if said.usable is not None else bool(mine) or None, ids(mine), said.why)


def _intel(facts: Facts, said: BackendFact) -> BackendFact:
    mine = usable(facts, "intel")
    if not mine:
        return _absent(facts, said, "Intel GPU")
    if said.usable is None and any(one.software is False and one.api == "level_zero" for one in facts.sycl or ()):
        return _fact(said, True, ids(mine), "listed by sycl-ls")
    return _fact(
        said,
        said.usable,
        said.devices if said.devices is not None else ids(mine),
        said.why or "whether Level Zero is installed is not known",
    )


def _api(name: str) -> Rule:
    def rule(facts: Facts, said: BackendFact) -> BackendFact:
        listed: tuple[ApiDevice, ...] | None = getattr(facts, name)
        if listed is None:
            mine = {one.id: one for one in usable(facts)}
            here = [one for one in said.devices or () if one in mine]
            if said.usable and not said.devices:  # None: a loader that serves whatever is there; (): the GPU of a system on a chip
                here = [one.id for one in mine.values() if said.devices is None or one.pci is None]
            if said.usable and said.devices and not here:
                return _fact(said, False, (), "the GPU is hidden, or cut into slices that have no such interface")
            return _fact(
                said, said.usable, None if said.usable is None else here, said.why or (None if said.usable else "not asked: --deep asks")
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
        said, known, ids(mine) if facts.devices is not None else None, None if known else "the system or its adapters are not known"
    )


def _openvino(facts: Facts, said: BackendFact) -> BackendFact:
    intel = [*usable(facts, "intel"), *usable(facts, "intel", "npu")]
    where = facts.os.family in ("linux", "windows", "macos") and facts.os.arch in ("x86_64", "aarch64")
    if facts.os.family is None or facts.os.arch is None:
        return _fact(said, None, ids(intel), "the system is not known")
    return _fact(said, where, ids(intel), None if intel else "its CPU plug-in only" if where else "no OpenVINO for this system")


def _family(name: str, what: str, tests: tuple[str, ...]) -> Rule:
    def rule(facts: Facts, said: BackendFact) -> BackendFact:
        mine = [one for one in facts.devices or () if one.kind in ("npu", "accelerator") and (one.arch or "").startswith(tests)]
        if name == "npu":
            mine = [one for one in facts.devices or () if one.kind == "npu"]
        if not mine:
            return _absent(facts, said, what)
        return _fact(said, said.usable, ids(mine), said.why or (None if said.usable else "whether its runtime is installed is not known"))

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
