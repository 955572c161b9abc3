"""NPUs and data-centre accelerators: whether the driver answers and this user may open the device."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci

FAMILIES = {
    "npu": (("8086", "1022"), ("/dev/accel/accel*",), "the accel driver (intel_vpu, amdxdna)"),
    "gaudi": (("1da3",), ("/dev/accel/accel*", "/dev/hl[0-9]*"), "habanalabs"),
    "neuron": (("1d0f",), ("/dev/neuron*",), "the Neuron driver (aws-neuronx-dkms)"),
    "tpu": (("1ae0",), ("/dev/accel[0-9]*", "/dev/vfio/[0-9]*"), "the TPU driver"),
    "ascend": (("19e5",), ("/dev/davinci[0-9]*",), "the Ascend driver"),
}
VERSIONS = {
    "gaudi": ("/sys/module/habanalabs/version", "/sys/class/accel/accel0/device/driver_ver"),
    "neuron": ("/sys/module/neuron/version",),
    "ascend": ("/usr/local/Ascend/driver/version.info",),
    "npu": (),
    "tpu": (),
}


def probe(host: Host) -> Iterator[Observation]:
    functions = _pci.functions(host)
    if not functions:
        return
    for backend, (vendors, nodes, driver) in FAMILIES.items():
        mine = [one for one in functions if one["vendor_id"] in vendors and one["compute"] and _belongs(backend, one)]
        if mine:
            yield Observation(path=f"backends.{backend}", value=_state(host, backend, mine, nodes, driver), source=_pci.source(host))


def _belongs(backend: str, function: dict[str, str]) -> bool:
    place = f"{function['vendor_id']}:{function['device_id']}"
    if backend == "npu":
        return place in _pci.NPU_IDS
    if backend in ("neuron", "tpu"):
        return place in _pci.ACCELERATOR_IDS
    return function["class"][:2] == "12" or backend == "gaudi"


def _state(host: Host, backend: str, mine: list[dict[str, str]], nodes: tuple[str, ...], driver: str) -> dict[str, object]:
    version = None
    for path in VERSIONS[backend]:
        text = (host.read(path, 256).value or "").strip()
        version = version or (text.split("=")[-1].split("-")[0].strip() or None if text else None)
    state: dict[str, object] = {"version": version, "devices": tuple(one["pci"] for one in mine)}
    if all(one["driver_module"] == "none" for one in mine):
        return state | {"usable": False, "why": f"no driver is bound: install {driver}"}
    found = [path for pattern in nodes for path in (host.glob(pattern).value or ())]
    if not found:
        return state | {"usable": False, "why": f"no device node ({nodes[0]}): load {driver}"} if _pci.running(host) else state
    if not any(host.access(path, "w").value for path in found):
        return state | {"usable": False, "why": f"this user may not open {found[0]} (group render)"}
    if backend == "npu":
        return state | {"usable": None, "why": "the driver answers; whether the vendor's runtime (OpenVINO, XRT) is installed is not read"}
    return state | {"usable": True}
