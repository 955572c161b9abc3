"""GPUs and NPUs of systems on a chip, which sit on no PCI bus: device tree, DRM platform devices, Tegra, Rockchip, Hexagon."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation

DRIVERS = {
    "v3d": ("broadcom", "videocore"), "vc4": ("broadcom", "videocore"), "panfrost": ("arm", "mali"), "panthor": ("arm", "mali"),
    "lima": ("arm", "mali"),
    "mali": ("arm", "mali"), "msm": ("qualcomm", "adreno"), "msm_dpu": ("qualcomm", "adreno"), "etnaviv": ("vivante", "gc"),
    "powervr": ("imagination", "powervr"), "asahi": ("apple", "agx"), "adreno": ("qualcomm", "adreno"),
}  # fmt: skip
TEGRA = {
    "tegra264": ("NVIDIA Thor", "11.0"), "tegra234": ("Orin", "8.7"), "tegra194": ("Xavier", "7.2"),
    "tegra186": ("Tegra X2", "6.2"), "tegra210": ("Tegra X1", "5.3"),
}  # fmt: skip
"""NVIDIA, CUDA GPU compute capability: Jetson products by chip."""
TREE = ("/proc/device-tree", "/sys/firmware/devicetree/base")


def probe(host: Host) -> Iterator[Observation]:
    words, source = _compatible(host)
    chip = next((word.partition(",")[2] for word in words if word.startswith("nvidia,tegra")), None)
    if chip:
        yield from _tegra(host, chip, source)
        return
    yield from _render_nodes(host)
    yield from _npu(host, words, source)


def _compatible(host: Host) -> tuple[list[str], str]:
    for tree in TREE:
        text = host.read(tree + "/compatible", 4096).value
        if text:
            return [word for word in text.replace("\n", "\0").split("\0") if word], tree + "/compatible"
    return [], ""


def _tegra(host: Host, chip: str, source: str) -> Iterator[Observation]:
    from pathfinder.probes._nvidia import system_memory

    name, capability = TEGRA.get(chip, (None, None))
    total, available = system_memory(host)
    value: dict[str, Any] = {
        "id": "gpu0", "kind": "gpu", "vendor": "nvidia", "name": name, "compute_capability": capability, "integrated": True,
    "shared_memory": True,
        "memory_bytes": total, "memory_free_bytes": available, "arch": "sm_" + capability.replace(".", "") if capability else None,
    }  # fmt: skip
    yield Observation(path="devices", value=value, source=source, note="GPU of the chip: it shares the system memory")
    yield Observation(path="board.soc", value=chip, source=source)


def _render_nodes(host: Host) -> Iterator[Observation]:
    value: dict[str, Any]
    seen = 0
    for path in host.glob("/sys/class/drm/renderD*").value or ():
        text = host.read(path + "/device/uevent", 4096).value or ""
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        known = DRIVERS.get(fields.get("DRIVER", ""))
        if known is None or fields.get("PCI_SLOT_NAME"):
            continue
        vendor, arch = known
        value = {
            "id": f"gpu{seen}",
            "kind": "gpu",
            "vendor": vendor,
            "name": _name(fields, arch),
            "arch": arch,
            "integrated": True,
            "shared_memory": True,
        }
        value["driver_module"] = fields["DRIVER"]
        yield Observation(path="devices", value=value, source=path + "/device/uevent")
        seen += 1
    model = host.read("/sys/class/kgsl/kgsl-3d0/gpu_model", 128).value
    if model and not seen:
        value = {
            "id": "gpu0",
            "kind": "gpu",
            "vendor": "qualcomm",
            "name": model.strip(),
            "arch": "adreno",
            "integrated": True,
            "shared_memory": True,
        }
        yield Observation(path="devices", value=value, source="/sys/class/kgsl/kgsl-3d0/gpu_model")


def _name(fields: dict[str, str], arch: str) -> str:
    words = {"videocore": "VideoCore", "mali": "Mali", "adreno": "Adreno", "gc": "Vivante GC", "powervr": "PowerVR", "agx": "Apple AGX"}
    chip = fields.get("OF_COMPATIBLE_0", "").rpartition(",")[2]
    return f"{words.get(arch, arch)} ({chip})" if chip else words.get(arch, arch)


def _npu(host: Host, words: list[str], source: str) -> Iterator[Observation]:
    if any(word.startswith(("rockchip,rk3588", "rockchip,rk3576", "rockchip,rk3568", "rockchip,rk3566")) for word in words):
        value = {
            "id": "npu0",
            "kind": "npu",
            "vendor": "rockchip",
            "name": "Rockchip NPU",
            "arch": "rknpu",
            "integrated": True,
            "shared_memory": True,
        }
        yield Observation(path="devices", value=value, source=source)
    for path in ("/dev/fastrpc-cdsp", "/dev/adsprpc-smd", "/dev/fastrpc-cdsp-secure"):
        if host.access(path, "f").value:
            value = {
                "id": "npu0",
                "kind": "npu",
                "vendor": "qualcomm",
                "name": "Qualcomm Hexagon NPU",
                "arch": "hexagon",
                "integrated": True,
                "shared_memory": True,
            }
            yield Observation(path="devices", value=value, source=path)
            return
