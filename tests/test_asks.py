"""Questions to vendors' libraries: the structures are the library's own, and a library that is missing, sick or deadly costs nothing."""

import ctypes
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pathfinder.host.asks as folder
from pathfinder.host.asking import Askers

FOLDER = Path(folder.__file__).parent
MINE = ("nvml", "vulkan", "metal", "dxgi", "drm_regions", "registry")


def script(name: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile((FOLDER / f"{name}.py").read_text(), name, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("name", MINE)
def test_standard_library_only(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"exec(open({str(FOLDER / (name + '.py'))!r}).read(), {{'__name__': 'x'}})"],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name", [name for name in MINE if name not in ("nvml", "vulkan", "drm_regions")])
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="these systems have some of the libraries")
def test_a_library_of_another_system_is_absent(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        script(name).ask(*(["key"] if name == "registry" else []))


def layout(kind: Any) -> list[tuple[int, int]]:
    return [(getattr(kind, name).offset, getattr(kind, name).size) for name, *_ in kind._fields_]


def test_nvml_structures_are_those_of_nvidia() -> None:
    pynvml = pytest.importorskip("pynvml")
    mine = script("nvml")
    for ours, theirs in (
        (mine.Memory2, pynvml.c_nvmlMemory_v2_t),
        (mine.Memory, pynvml.c_nvmlMemory_t),
        (mine.Pci, pynvml.nvmlPciInfo_t),
        (mine.Process, pynvml.c_nvmlProcessInfo_v2_t),
        (mine.Attributes, pynvml.c_nvmlDeviceAttributes),
    ):
        assert ctypes.sizeof(ours) == ctypes.sizeof(theirs)
        assert layout(ours) == layout(theirs), ours


def test_nvml_functions_and_codes_are_those_of_nvidia() -> None:
    pynvml = pytest.importorskip("pynvml")
    source = inspect.getsource(pynvml)
    mine = script("nvml")
    for name in set(re.findall(r'"(nvml[A-Z]\w+)"', (FOLDER / "nvml.py").read_text())):
        assert name in source or name == "nvmlInit_v2", name  # NVIDIA's binding starts with flags
    for word, constant in {
        "driver-not-loaded": "DRIVER_NOT_LOADED",
        "version-mismatch": "LIB_RM_VERSION_MISMATCH",
        "gpu-lost": "GPU_IS_LOST",
    }.items():
        assert mine.STATUS[getattr(pynvml, f"NVML_ERROR_{constant}")] == word


LIBRARY = r"""
#include <string.h>
#include <stdlib.h>
typedef struct { char legacy[16]; unsigned domain, bus, device, id, sub; char bus_id[32]; } pci;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory2;
typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } process;
int nvmlInit_v2(void) { char *how = getenv("FAKE_NVML"); if (how && !strcmp(how, "crash")) abort(); return how ? atoi(how) : 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *out, unsigned n) { strcpy(out, "580.95.05"); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *out) { *out = 13000; return 0; }
int nvmlDeviceGetCount_v2(unsigned *out) { *out = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **out) { *out = (void *)(unsigned long)(i + 1); return i == 1 ? 15 : 0; }
int nvmlDeviceGetName(void *d, char *out, unsigned n) { strcpy(out, "NVIDIA GeForce RTX 4090"); return 0; }
int nvmlDeviceGetUUID(void *d, char *out, unsigned n) { strcpy(out, "GPU-1"); return 0; }
int nvmlDeviceGetPciInfo_v3(void *d, pci *out) { strcpy(out->bus_id, "00000000:01:00.0"); out->id = 0x268410DE; return 0; }
int nvmlDeviceGetMemoryInfo_v2(void *d, memory2 *out) {
    if (out->version != (sizeof(memory2) | 2 << 24)) return 25;
    out->total = 25757220864ull; out->free = 943718400ull; out->reserved = 1; return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *d, int *a, int *b) { *a = 8; *b = 9; return 0; }
int nvmlDeviceGetMigMode(void *d, unsigned *a, unsigned *b) { return 3; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *d, unsigned *n, process *p) { *n = 1; p->pid = 42; p->used = 7; return 0; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler to build a stand-in for the driver's library")
    place = tmp_path_factory.mktemp("nvml")
    (place / "nvml.c").write_text(LIBRARY)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(place / "libnvidia-ml.so.1"), str(place / "nvml.c")], check=True)
    return place


def asked(library: Path, monkeypatch: pytest.MonkeyPatch, how: str | None) -> Any:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    if how:
        monkeypatch.setenv("FAKE_NVML", how)
    askers = Askers()
    try:
        return askers.ask("nvml", (), 10.0)
    finally:
        askers.close()


def test_nvml_through_a_real_library(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = asked(library, monkeypatch, None).value
    first, second = told["devices"]
    assert (told["status"], told["driver_version"], told["cuda_version"]) == ("ok", "580.95.05", "13.0")
    assert (first["memory_bytes"], first["memory_free_bytes"], first["compute_capability"]) == (25757220864, 943718400, "8.9")
    assert first["pci"] == "00000000:01:00.0" and first["device_id"] == "2684" and first["mig_supported"] is False
    assert first["processes"] == [{"pid": 42, "memory_bytes": 7}] and second == {"index": 1, "status": "gpu-lost"}


@pytest.mark.parametrize(("code", "status"), [("9", "driver-not-loaded"), ("18", "version-mismatch"), ("999", "unknown-error")])
def test_nvml_that_refuses(library: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: str) -> None:
    assert asked(library, monkeypatch, code).value == {"status": status, "driver_version": None, "cuda_version": None, "devices": []}


def test_nvml_that_crashes_takes_nobody_along(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asked(library, monkeypatch, "crash")
    assert answer.value is None and answer.silence == "failed" and "down" in answer.note


@pytest.mark.skipif(os.name == "nt", reason="DRM is Linux'")
def test_drm_regions_asks_only_render_nodes() -> None:
    with pytest.raises(FileNotFoundError):
        script("drm_regions").ask("/etc/passwd", "i915")


def region(kind: int, size: int, second: int, third: int, xe: bool) -> bytes:
    import struct

    head = struct.pack("<HHIQQQ", kind, 0, 0, size, second, third)
    return head + bytes(88 - len(head))


@pytest.mark.skipif(sys.platform != "linux", reason="ioctl numbers are Linux'")
@pytest.mark.parametrize("driver", ["i915", "xe"])
def test_drm_regions_are_read_as_the_kernel_lays_them_out(driver: str) -> None:
    """The kernel's part is played by a function that writes what include/uapi/drm says where the request points."""
    import struct

    module: Any = script("drm_regions")
    body = region(0, 64 << 30, 0, 0, driver == "xe") + region(1, 16 << 30, 1 << 30, 256 << 20, driver == "xe")
    head = struct.pack("<IIII", 2, 0, 0, 0) if driver == "i915" else struct.pack("<II", 2, 0)

    def kernel(descriptor: int, request: int, data: bytes) -> bytes:
        if driver == "i915":
            assert request == module.I915_QUERY
            place = struct.unpack("<IIQ", data)[2]
            item = (ctypes.c_char * 24).from_address(place)
            _, length, _, target = struct.unpack("<QiIQ", item.raw)
            if length:
                ctypes.memmove(target, head + body, len(head + body))
            item[8:12] = struct.pack("<i", len(head + body))
            return data
        assert request == module.XE_DEVICE_QUERY
        words = list(struct.unpack("<QIIQQQ", data))
        if words[3]:
            ctypes.memmove(words[3], head + body, len(head + body))
        words[2] = len(head + body)
        return struct.pack("<QIIQQQ", *words)

    module.call = kernel
    free = 1 << 30 if driver == "i915" else 15 << 30
    assert getattr(module, driver)(3) == (16 << 30, free, 256 << 20)
