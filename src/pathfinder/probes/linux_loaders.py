"""Which Vulkan, OpenCL and Level Zero drivers are installed, by their manifests and libraries; nothing is loaded."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci

VULKAN = (
    "/usr/share/vulkan/icd.d/*.json", "/etc/vulkan/icd.d/*.json", "/usr/local/share/vulkan/icd.d/*.json",
    "/usr/local/etc/vulkan/icd.d/*.json",
    "/run/opengl-driver/share/vulkan/icd.d/*.json", "/usr/lib/x86_64-linux-gnu/GL/vulkan/icd.d/*.json",
)  # fmt: skip
OPENCL = ("/etc/OpenCL/vendors/*.icd", "/usr/share/OpenCL/vendors/*.icd", "/run/opengl-driver/etc/OpenCL/vendors/*.icd")
LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib", "/run/opengl-driver/lib",
    "/usr/lib/wsl/lib", "/lib/x86_64-linux-gnu",
)  # fmt: skip
VENDORS = (
    ("radeon", "amd"), ("amd_icd", "amd"), ("amdocl", "amd"), ("amd_pro", "amd"), ("amdvlk", "amd"), ("nvidia", "nvidia"),
    ("nouveau", "nvidia"),
    ("intel", "intel"), ("neo", "intel"), ("broadcom", "broadcom"), ("freedreno", "qualcomm"), ("panfrost", "arm"), ("mali", "arm"),
    ("asahi", "apple"),
    ("powervr", "imagination"), ("dzn", "microsoft"),
)  # fmt: skip
VENDOR_IDS = {"10de": "nvidia", "1002": "amd", "8086": "intel"}


def probe(host: Host) -> Iterator[Observation]:
    gpus = [one for one in _pci.functions(host) or () if one["compute"] and one["class"][:2] == "03"]
    yield from _interface(host, "vulkan", VULKAN, "libvulkan.so.1", gpus)
    yield from _interface(host, "opencl", OPENCL, "libOpenCL.so.1", gpus)
    yield from _level_zero(host, [one for one in gpus if one["vendor_id"] == "8086"])


def _library(host: Host, name: str) -> str | None:
    return next((f"{folder}/{name}" for folder in LIBRARIES if host.access(f"{folder}/{name}", "f").value), None)


def vendor_of(manifest: str) -> str | None:
    """Whose driver a manifest names; None for a software renderer or a driver not listed."""
    name = manifest.rpartition("/")[2].lower()
    return next((vendor for word, vendor in VENDORS if word in name), None)


def _interface(host: Host, backend: str, patterns: tuple[str, ...], library: str, gpus: list[dict[str, Any]]) -> Iterator[Observation]:
    answers = [host.glob(pattern) for pattern in patterns]
    manifests = [path for answer in answers for path in answer.value or ()]
    if not manifests and not _pci.running(host):
        return
    source = patterns[0].rpartition("/")[0]
    vendors = {vendor_of(path) for path in manifests} - {None}
    mine = [one["pci"] for one in gpus if VENDOR_IDS.get(one["vendor_id"]) in vendors and one["driver_module"] != "none"]
    on_chip = sorted(str(vendor) for vendor in vendors & {"broadcom", "qualcomm", "arm", "apple", "imagination"})
    named = ", ".join(sorted(path.rpartition("/")[2] for path in manifests)[:8])
    state: dict[str, Any] = {"devices": tuple(mine)}
    if not vendors:
        state |= {"usable": False, "why": f"only software drivers are installed ({named})" if manifests else "no driver is installed"}
    elif not _library(host, library) and _pci.running(host):
        state |= {"usable": False, "why": f"drivers are installed ({named}), but the loader {library} is not"}
    elif mine or on_chip:
        state |= {"usable": True, "why": f"installed: {named}"}
    else:
        state |= {"usable": None if _pci.functions(host) is None else False, "why": f"no GPU for the installed drivers ({named})"}
    yield Observation(path=f"backends.{backend}", value=state, source=source)


def _level_zero(host: Host, gpus: list[dict[str, Any]]) -> Iterator[Observation]:
    """oneAPI needs the kernel driver, Intel's compute runtime and, unless a program brings it, the loader."""
    driven = tuple(one["pci"] for one in gpus if one["driver_module"] in ("i915", "xe"))
    if not driven:
        return
    runtime = _library(host, "libze_intel_gpu.so.1")
    if runtime is None and not _pci.running(host):
        return
    state: dict[str, Any] = {"devices": driven, "usable": runtime is not None}
    state["why"] = (
        f"installed: {runtime}" if runtime else "Intel's compute runtime (libze_intel_gpu.so.1, package libze-intel-gpu1) is not installed"
    )
    for backend in ("sycl", "intel"):
        yield Observation(path=f"backends.{backend}", value=state, source=runtime or "libze_intel_gpu.so.1")
