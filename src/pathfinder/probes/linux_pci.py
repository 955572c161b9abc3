"""Display and accelerator functions of the PCI bus, and the devices behind them, whether or not a driver answers."""

import re
from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci

ACCELERATORS = {
    "1da3": ("accelerator", "gaudi"), "19e5": ("npu", "ascend"), "1d0f": ("accelerator", "neuron"), "1ae0": ("accelerator", "tpu"),
    "1e60": ("npu", "hailo"),
}  # fmt: skip
GAUDI = {"0001": "gaudi", "1000": "gaudi", "1010": "gaudi", "1020": "gaudi2", "1060": "gaudi3", "1061": "gaudi3", "1062": "gaudi3"}


def probe(host: Host) -> Iterator[Observation]:
    functions = _pci.functions(host)
    if functions is None:
        return
    source = _pci.source(host) if functions else _pci.FOLDER
    for one in functions:
        yield Observation(path="pci", value=one, source=source)
    if not functions:
        yield Observation(path="pci", value=(), source=source)
    devices = [device for device in map(device_of, functions) if device]
    for device in devices:
        yield Observation(path="devices", value=device, source=source)
    yield from _named(host, devices)
    on_chip = any(host.access(path, "f").value for path in ("/sys/firmware/devicetree/base/compatible", "/proc/device-tree/compatible"))
    if not devices and not on_chip and (_pci.has_bus(host) or _is_x86(host)):
        yield Observation(path="devices", value=(), source=source, note="no GPU, NPU or accelerator on the PCI bus")


LISTS = ("/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids")
"""The PCI ID Project's list, as distributions install it."""


def _named(host: Host, devices: list[dict[str, Any]]) -> Iterator[Observation]:
    """Names for GPUs that no driver names."""
    silent = [one for one in devices if one["kind"] == "gpu" and one["driver_module"] in ("none", "nouveau", "vfio-pci")]
    if not silent:
        return
    path, text = next(((path, text) for path in LISTS if (text := host.read(path, 4 << 20).value)), ("", ""))
    for one in silent:
        chips = text.partition(f"\n{one['vendor_id']}  ")[2]
        own = re.search(rf"^\t{one['device_id']}  (.+)$|^[0-9a-f]", chips, flags=re.MULTILINE)
        if own and own[1]:
            name = re.sub(r"^.*\[(.+)\].*$", r"\1", own[1])
            yield Observation(path="devices", value={"pci": one["pci"], "name": name}, source=path, trust="guess")


def _is_x86(host: Host) -> bool:
    """A running x86 machine without a PCI bus (a small virtual machine) has no place for a GPU, WSL's /dev/dxg apart."""
    uname = host.uname().value
    return uname is not None and uname.machine in ("x86_64", "i686") and not host.access("/dev/dxg", "f").value


def device_of(function: dict[str, Any]) -> dict[str, Any] | None:
    """The device behind a function, without any guess of its memory; None for what does not compute."""
    vendor_id, device_id = function.get("vendor_id") or "", function.get("device_id") or ""
    vendor = _pci.VENDORS.get(vendor_id)
    if function.get("compute") is not True or vendor is None:
        return None
    fields = {key: function.get(key) for key in ("pci", "vendor_id", "device_id", "driver_module")}
    place = f"{vendor_id}:{device_id}"
    if place in _pci.NPU_IDS:
        name = "Intel NPU" if vendor == "intel" else "AMD XDNA NPU"
        return {
            **fields,
            "kind": "npu",
            "vendor": vendor,
            "name": name,
            "arch": _pci.NPU_IDS[place],
            "integrated": True,
            "shared_memory": True,
        }
    if place in _pci.ACCELERATOR_IDS:
        arch = _pci.ACCELERATOR_IDS[place]
        memory = (
            {"memory_bytes": _pci.TPU_GIB[arch] << 30, "name": f"Google {arch.upper().replace('-V', ' v')}"} if arch in _pci.TPU_GIB else {}
        )
        return {**fields, "kind": "npu" if arch == "edge-tpu" else "accelerator", "vendor": vendor, "arch": arch} | memory
    if vendor_id in ("1d0f", "1022"):
        return None
    if vendor_id in ACCELERATORS:
        kind, arch = ACCELERATORS[vendor_id]
        return {**fields, "kind": kind, "vendor": vendor, "arch": GAUDI.get(device_id, arch) if vendor_id == "1da3" else arch}
    if function["class"][:2] == "03" or vendor_id in ("1002", "10de"):
        return {**fields, "kind": "gpu", "vendor": vendor}
    return {**fields, "kind": "npu" if vendor_id == "8086" and function["class"][:2] == "12" else "accelerator", "vendor": vendor}
