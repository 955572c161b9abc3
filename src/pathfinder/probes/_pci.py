"""The PCI bus from sysfs (from lspci where there is none), read once per host and shared by the probes that decide by it."""

import threading
from typing import Any
from weakref import WeakKeyDictionary

from pathfinder.host import Host

Function = dict[str, Any]
FOLDER = "/sys/bus/pci/devices"
_LOCK = threading.Lock()
_SEEN: "WeakKeyDictionary[Host, list[Function] | None]" = WeakKeyDictionary()

VENDORS = {
    "10de": "nvidia", "1002": "amd", "1022": "amd", "8086": "intel", "106b": "apple", "17cb": "qualcomm", "1da3": "intel",
    "19e5": "huawei",
    "1d0f": "aws", "1ae0": "google", "1ac1": "google", "1e60": "hailo", "1e52": "tenstorrent", "1ed5": "moore-threads",
    "cabc": "cambricon",
    "1bcf": "nec", "1e36": "enflame", "1d22": "baidu", "1e3e": "iluvatar", "1d94": "hygon", "1eff": "rebellions", "1ed2": "furiosa",
    "1fe9": "memryx", "1d95": "graphcore", "1de0": "groq",
}  # fmt: skip
DISPLAY_ONLY = frozenset(
    # BMCs: ASPEED, Matrox, XGI, Silicon Motion, Nuvoton; virtual machines: Cirrus, QEMU, VirtIO, QXL, VMware, VirtualBox, Xen, Hyper-V
    ("1a03", "102b", "18ca", "126f", "1050", "1013", "1234", "1af4", "1b36", "15ad", "80ee", "5853", "1414")
)
BMC_IDS = frozenset(("1002:515e", "1002:5969", "1002:4752", "1002:5159", "19e5:1711"))
"""ATI ES1000, Rage XL and RV100 on server boards; HiSilicon Hi1711."""
NPU_IDS = {
    "8086:7d1d": "npu3", "8086:ad1d": "npu3", "8086:643e": "npu4", "8086:b03e": "npu5", "8086:fd3e": "npu5",
    "1022:1502": "aie2", "1022:17f0": "aie2p", "1022:17f1": "aie2p",
}  # fmt: skip
"""Intel NPU (kernel: drivers/accel/ivpu) and AMD XDNA (drivers/accel/amdxdna; its PCI class is signal processing)."""
ACCELERATOR_IDS = {
    "1d0f:7064": "inferentia", "1d0f:7164": "trainium", "1d0f:7264": "inferentia2", "1d0f:7364": "trainium2",
    "1ae0:0027": "tpu", "1ae0:005e": "tpu-v4", "1ae0:0062": "tpu-v5p", "1ae0:0063": "tpu-v5e", "1ae0:006f": "tpu-v6e",
    "1ae0:0076": "tpu-7x", "1ac1:089a": "edge-tpu",
}  # fmt: skip
"""AWS Neuron (aws-neuronx-dkms), Google TPU (AI-Hypercomputer/cloud-accelerator-diagnostics, tpu_info/device.py), Coral: their PCI
class says little (system peripheral, unassigned)."""
TPU_GIB = {"tpu-v4": 32, "tpu-v5e": 16, "tpu-v5p": 95, "tpu-v6e": 32}
"""HBM of a chip (the same file); the others show several functions a chip."""


def functions(host: Host) -> list[Function] | None:
    """Every display, accelerator and co-processor function; `[]` when the bus is there without any, None when it cannot be read whole."""
    with _LOCK:
        if host not in _SEEN:
            _SEEN[host] = _read(host)
        return _SEEN[host]


def of_vendor(host: Host, *vendors: str) -> list[Function]:
    """The display and accelerator functions of these vendor ids (four hexadecimal digits)."""
    return [one for one in functions(host) or () if one["vendor_id"] in vendors and one["compute"] is not False]


def _read(host: Host) -> list[Function] | None:
    found = host.glob(FOLDER + "/*")
    if found.value is None:
        others = host.glob("/sys/bus/*").value or host.glob("/sys/class/drm/card*").value
        return [] if found.silence == "absent" and others else _listed(host)
    functions = [one for one in (_function(host, path) for path in found.value) if one]
    if not functions and any(_word(host, path + "/class") is None for path in found.value):
        return None
    return functions


def _listed(host: Host) -> list[Function] | None:
    for flags in (("-vmmnnkD",), ("-vmmnD",), ("-nnk",), ("-nn",)):
        ran = host.run(("lspci", *flags)).value
        if ran is not None and ran.code == 0:
            from pathfinder.readers import lspci

            keys = ("class", "vendor_id", "device_id")
            found = [dict.fromkeys((*keys, "driver_module")) | one for one in lspci.functions(ran.stdout)]
            wanted = [one for one in found if interesting(*(one[key] or "" for key in keys))]
            return [one | {"compute": computes(one["vendor_id"] or "", one["device_id"] or "")} for one in wanted]
    return None


def running(host: Host) -> bool:
    """Whether a running system answers (live, or a recording of one), where what is missing is not there; a folder may be incomplete."""
    return host.uname().value is not None


def source(host: Host, place: str = "") -> str:
    """Where the functions, or the one at an address, were read."""
    return f"{FOLDER}/{place}".rstrip("/") if has_bus(host) else "lspci"


def has_bus(host: Host) -> bool:
    """Whether the machine has a PCI bus at all; without one the list says nothing of GPUs on the chip."""
    return host.glob(FOLDER + "/*").value is not None


_HEXADECIMAL = frozenset("0123456789abcdef")


def _word(host: Host, path: str) -> str | None:
    """A hexadecimal number without its `0x`; None for anything else."""
    text = (host.read(path, 64).value or "").strip().lower().removeprefix("0x")
    return text if text and set(text) <= _HEXADECIMAL else None


def interesting(kind: str, vendor: str, device: str) -> bool:
    """Display (03), accelerator (12), co-processor (0b40; not nForce's power controller), and what hides behind other classes."""
    return (
        kind[:2] in ("03", "12")
        or (kind[:4] == "0b40" and vendor != "10de")
        or f"{vendor}:{device}" in NPU_IDS
        or f"{vendor}:{device}" in ACCELERATOR_IDS
    )


def _function(host: Host, path: str) -> Function | None:
    kind = _word(host, path + "/class")
    if kind is None:
        return None
    kind = kind.zfill(6)
    if kind[:2] not in ("03", "12", "0b", "11", "08", "ff", "00"):
        return None
    vendor, device = _word(host, path + "/vendor") or "", _word(host, path + "/device") or ""
    if not interesting(kind, vendor, device):
        return None
    driver = host.readlink(path + "/driver")
    module = driver.value.rstrip("/").rpartition("/")[2] if driver.value else "none" if driver.silence in ("absent", "failed") else None
    return {
        "pci": path.rpartition("/")[2].lower(),
        "class": kind,
        "vendor_id": vendor or None,
        "device_id": device or None,
        "driver_module": module,
        "compute": computes(vendor, device),
    }


def computes(vendor: str, device: str) -> bool | None:
    """False for display-only adapters, True for vendors of GPUs and accelerators, None for anybody else."""
    if vendor in DISPLAY_ONLY or f"{vendor}:{device}" in BMC_IDS:
        return False
    return True if vendor in VENDORS else None


GENERATIONS = {"2.5": 1, "5.0": 2, "8.0": 3, "16.0": 4, "32.0": 5, "64.0": 6}


def link(host: Host, base: str) -> dict[str, int] | None:
    """Generation and lanes a card and its slot can do at most."""
    speed = (host.read(base + "/max_link_speed", 64).value or "").split(" ")[0].strip()
    lanes = (host.read(base + "/max_link_width", 64).value or "").strip()
    width = int(lanes) if lanes.isdecimal() and len(lanes) < 4 else None
    found = {"generation": GENERATIONS.get(speed), "width": width if width and width <= 32 else None}
    return {key: value for key, value in found.items() if value is not None} or None
