"""NVIDIA GPUs: NVML; where it is not to be had, nvidia-smi in its spellings; /proc/driver/nvidia; and what the environment hides."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci


def probe(host: Host) -> Iterator[Observation]:
    functions = _pci.functions(host)
    uname = host.uname().value
    if uname is not None and uname.sysname == "Darwin":
        return
    there = bool(_pci.of_vendor(host, "10de"))
    hints = there or _driver_hints(host)
    if functions is not None and not hints:
        return
    from pathfinder.probes import _nvidia, _nvml

    yield from _nvidia.sharing(host)
    yield from _nvml.from_proc(host)
    asked = host.ask("nvml") if hints or (uname is not None and uname.sysname == "Windows") else None
    if asked is not None and isinstance(asked.value, dict) and asked.value.get("status") == "ok":
        yield from _nvml.from_nvml(host, asked.value, asked.elapsed_seconds)
        return
    if asked is not None and isinstance(asked.value, dict):
        yield from _nvidia.refused(str(asked.value.get("status")), _nvml.NVML, there)
        return
    if asked is not None and asked.silence == "timeout":
        yield from _nvidia.refused("timeout", _nvml.NVML, there)
        return
    from pathfinder.probes import _nvidia_smi

    yield from _nvidia_smi.ask(host, there)


def _driver_hints(host: Host) -> bool:
    if any(
        host.access(path, "f").value
        for path in ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg", "/dev/nvhost-gpu", "/dev/nvmap")
    ):
        return True
    return "nvidia,tegra" in (host.read("/proc/device-tree/compatible", 4096).value or "")
