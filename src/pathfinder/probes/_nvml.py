"""NVML's answer and /proc/driver/nvidia as observations."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes import _nvidia
from pathfinder.probes._typed import rows, typed

NVML = "NVML"
CORES_PER_SM = {3: 192, 5: 128, 7: 64}
"""CUDA cores per multiprocessor by major compute capability; 6.0 and 8.0 have 64, everything else 128 (CUDA programming guide)."""
PROCESS = {"pid": int, "memory_bytes": int}
SLICE = {
    "slot": int, "uuid": str, "name": str, "gpu_instance": int, "compute_instance": int, "compute_units": int, "memory_bytes": int,
    "memory_free_bytes": int, "processes": list,
}  # fmt: skip
DEVICE = SLICE | {
    "index": int, "status": str, "pci": str, "device_id": str, "compute_capability": str, "cores": int, "pcie_generation": int,
    "pcie_width": int, "virtualization": int, "bus_width_bits": int, "memory_clock_mhz": int, "bar1_bytes": int,
    "memory_refused": int, "mig_supported": bool, "mig_enabled": bool, "slices": list, "nvlink_peers": list, "nvswitch": bool,
}  # fmt: skip
VIRTUALIZATION = ("none", "pass-through", "vgpu", "host-vgpu", "host-vsga")


def from_proc(host: Host) -> Iterator[Observation]:
    version = host.read("/proc/driver/nvidia/version", 4096)
    if not version.value:
        return
    from pathfinder.readers import nvidia_proc

    driver = nvidia_proc.version(version.value)
    for path in host.glob("/proc/driver/nvidia/gpus/*/information").value or ():
        told = nvidia_proc.information(host.read(path, 8192).value or "")
        if told.get("pci"):
            value = {**told, "kind": "gpu", "vendor": "nvidia", "driver_version": driver}
            yield Observation(path="devices", value=value, source=path, elapsed_seconds=version.elapsed_seconds)


def from_nvml(host: Host, told: dict[str, Any], elapsed: float) -> Iterator[Observation]:
    records, slices = [], []
    versions = typed(told, {"driver_version": str, "cuda_version": str})
    listed = rows(told.get("devices"), DEVICE)
    for raw in listed:
        if raw.get("status") == "ok":
            record = _device(raw, versions.get("driver_version"))
            records.append(record)
            slices += [_slice(part, record) for part in rows(raw.get("slices"), SLICE)]
    _nvidia.finish(host, records)
    _nvidia.apply_visible(host, records, slices)
    yield from _nvidia.observations(records, slices, NVML, "driver", elapsed)
    yield from _links(listed)
    value = {"usable": True, "version": versions.get("cuda_version")}
    yield Observation(path="backends.cuda", value=value, source=NVML, trust="driver", elapsed_seconds=elapsed)
    for raw in listed:
        if raw.get("status") not in (None, "ok"):
            yield _nvidia.lost(raw.get("index"), raw["status"])


def _device(raw: dict[str, Any], driver: Any) -> dict[str, Any]:
    from pathfinder.readers.words import bdf

    capability = raw.get("compute_capability")
    clock, width = raw.get("memory_clock_mhz"), raw.get("bus_width_bits")
    mode = raw.get("virtualization")
    record = {
        "index": raw.get("index"),
        "name": raw.get("name"),
        "uuid": raw.get("uuid"),
        "pci": bdf(raw.get("pci")),
        "device_id": raw.get("device_id"),
        "memory_bytes": raw.get("memory_bytes"),
        "memory_free_bytes": raw.get("memory_free_bytes"),
        "visible_memory_bytes": raw.get("bar1_bytes"),
        "compute_capability": capability,
        "compute_units": multiprocessors(raw.get("cores"), capability),
        # DDR: two transfers a clock; the formula of NVIDIA's deviceQuery sample
        "bandwidth_bytes_per_second": 2.0 * clock * 1e6 * width / 8 if clock and width else None,
        "driver_version": driver,
        "virtualization": VIRTUALIZATION[mode] if isinstance(mode, int) and 0 <= mode < len(VIRTUALIZATION) else None,
        "mig": {"supported": raw["mig_supported"], "enabled": bool(raw.get("mig_enabled"))} if "mig_supported" in raw else None,
        "pcie": {"generation": raw.get("pcie_generation"), "width": raw.get("pcie_width")},
        "memory": "unified" if raw.get("memory_refused") == 3 else None,
        "used_by": rows(raw.get("processes"), PROCESS) if "processes" in raw else None,
    }
    return {key: value for key, value in record.items() if value is not None}


def multiprocessors(cores: Any, capability: Any) -> int | None:
    """Streaming multiprocessors from CUDA cores."""
    if not isinstance(cores, int) or not isinstance(capability, str) or not cores:
        return None
    each = (
        64
        if capability in ("6.0", "8.0")
        else CORES_PER_SM.get(int(capability.partition(".")[0]) if capability[:1].isdecimal() else 0, 128)
    )
    return cores // each if cores % each == 0 else None


def _slice(part: dict[str, Any], parent: dict[str, Any]) -> dict[str, Any]:
    keys = ("slot", "uuid", "name", "gpu_instance", "compute_instance", "compute_units", "memory_bytes", "memory_free_bytes")
    name = str(part.get("name") or "")
    return {key: part.get(key) for key in keys} | {
        "parent": parent.get("pci"),
        "index": parent.get("index"),
        "profile": name.rpartition(" MIG ")[2] if " MIG " in name else None,
        "used_by": rows(part.get("processes"), PROCESS) if "processes" in part else None,
    }


def _links(devices: list[dict[str, Any]]) -> Iterator[Observation]:
    from pathfinder.readers.words import bdf

    places = [place for place in (bdf(raw.get("pci")) for raw in devices) if place]
    switched = [place for raw in devices if raw.get("nvswitch") and (place := bdf(raw.get("pci")))]
    pairs = {(a, b) for number, a in enumerate(switched) for b in switched[number + 1 :]}
    for raw in devices:
        here = bdf(raw.get("pci"))
        for peer in raw.get("nvlink_peers") or ():
            there = bdf(peer) if isinstance(peer, str) else None
            if here and there in places and there != here:
                pairs.add((min(here, str(there)), max(here, str(there))))
    for a, b in sorted(pairs):
        yield Observation(path="links", value={"a": a, "b": b, "kind": "nvlink"}, source=NVML, trust="driver")
    if not pairs:
        yield Observation(path="links", value=(), source=NVML, trust="driver", note="no active NVLink")
