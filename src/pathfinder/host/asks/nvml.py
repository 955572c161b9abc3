"""NVML by ctypes: `libnvidia-ml.so.1`, `nvml.dll`. Structures and codes as in NVIDIA's nvml.h.

Answers `{status, driver_version, cuda_version, devices: [...]}`; `status` is `ok`, or why NVML does not answer
(`driver-not-loaded`, `version-mismatch`, `no-permission`, `unknown-error`, ...). Sizes are bytes.
"""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# mypy: disable-error-code="attr-defined,no-any-return,unreachable"
# (a script of a throw-away process: `typing` costs start-up time there, and system libraries have no types)

# ruff: noqa: PTH118, SIM112 (pathlib costs start-up time; Windows spells its variables so)

import ctypes
import os
import sys

STATUS = {
    3: "not-supported", 4: "no-permission", 6: "no-devices", 9: "driver-not-loaded", 10: "interrupt-issue", 12: "library-missing",
    13: "function-not-found", 15: "gpu-lost", 16: "reset-required", 17: "blocked", 18: "version-mismatch", 26: "no-permission",
    999: "unknown-error",
}  # fmt: skip
U32, U64 = ctypes.c_uint, ctypes.c_ulonglong
WSL = "/usr/lib/wsl/lib/libnvidia-ml.so.1"


class Memory(ctypes.Structure):
    _fields_ = [("total", U64), ("free", U64), ("used", U64)]


class Memory2(ctypes.Structure):
    _fields_ = [("version", U32), ("total", U64), ("reserved", U64), ("free", U64), ("used", U64)]


class Pci(ctypes.Structure):
    _fields_ = [
        ("legacy", ctypes.c_char * 16),
        ("domain", U32),
        ("bus", U32),
        ("device", U32),
        ("pci_device_id", U32),
        ("subsystem_id", U32),
        ("bus_id", ctypes.c_char * 32),
    ]


class Process(ctypes.Structure):
    _fields_ = [("pid", U32), ("used", U64), ("gpu_instance", U32), ("compute_instance", U32)]


class Attributes(ctypes.Structure):
    _fields_ = [(name, U32) for name in ("sms", "copy", "decoder", "encoder", "jpeg", "ofa", "gpu_slices", "compute_slices")] + [
        ("memory_mb", U64)
    ]


def load():
    if os.name == "nt":
        folders = [os.path.join(os.environ.get("SystemRoot", r"C:\Windows"), "System32", "nvml.dll")]
        folders.append(os.path.join(os.environ.get("ProgramFiles", r"C:\Program Files"), "NVIDIA Corporation", "NVSMI", "nvml.dll"))
    elif sys.platform == "linux":
        folders = ["libnvidia-ml.so.1", WSL]
    else:
        raise FileNotFoundError("no NVML on this system")
    for path in folders:
        try:
            return ctypes.CDLL(path)
        except OSError as error:
            said = error
    if "cannot open shared object" in str(said) or os.name == "nt":
        raise FileNotFoundError("NVML is not installed")
    raise said


class Nvml:
    def __init__(self, library):
        self.library = library

    def call(self, name, *arguments):
        """The return code; 13 where this NVML has no such function."""
        try:
            function = getattr(self.library, name)
        except AttributeError:
            return 13
        function.restype = ctypes.c_int
        return function(*arguments)

    def number(self, name, *arguments, kind=U32):
        value = kind()
        return value.value if self.call(name, *arguments, ctypes.byref(value)) == 0 else None

    def text(self, name, *arguments):
        buffer = ctypes.create_string_buffer(256)
        return buffer.value.decode("utf-8", "replace") if self.call(name, *arguments, buffer, U32(256)) == 0 else None

    def memory(self, handle):
        """Total and free bytes, or the code NVML refused with (3: the device has no memory of its own)."""
        second = Memory2(version=ctypes.sizeof(Memory2) | 2 << 24)
        if self.call("nvmlDeviceGetMemoryInfo_v2", handle, ctypes.byref(second)) == 0:
            return {"memory_bytes": second.total, "memory_free_bytes": second.free, "memory_reserved_bytes": second.reserved}
        plain = Memory()
        code = self.call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(plain))
        return {"memory_bytes": plain.total, "memory_free_bytes": plain.free} if code == 0 else {"memory_refused": code}

    def processes(self, handle):
        seen = {}
        for name in ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v3"):
            count = U32(128)
            rows = (Process * 128)()
            if self.call(name, handle, ctypes.byref(count), rows) == 0:
                for row in rows[: min(count.value, 128)]:
                    seen[row.pid] = None if row.used == 2**64 - 1 else row.used
        return [{"pid": pid, "memory_bytes": used} for pid, used in sorted(seen.items())]

    def mig(self, handle):
        current, pending = U32(), U32()
        code = self.call("nvmlDeviceGetMigMode", handle, ctypes.byref(current), ctypes.byref(pending))
        if code:
            return {"mig_supported": False} if code == 3 else {}
        found = {"mig_supported": True, "mig_enabled": current.value == 1}
        if current.value == 1:
            found["slices"] = self.slices(handle)
        return found

    def slices(self, handle):
        out = []
        for number in range(self.number("nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
            part = ctypes.c_void_p()
            if self.call("nvmlDeviceGetMigDeviceHandleByIndex", handle, U32(number), ctypes.byref(part)):
                continue
            told = Attributes()
            more = self.call("nvmlDeviceGetAttributes_v2", part, ctypes.byref(told)) == 0
            out.append(
                {
                    "slot": number,
                    "uuid": self.text("nvmlDeviceGetUUID", part),
                    "name": self.text("nvmlDeviceGetName", part),
                    "gpu_instance": self.number("nvmlDeviceGetGpuInstanceId", part),
                    "compute_instance": self.number("nvmlDeviceGetComputeInstanceId", part),
                    "compute_units": told.sms if more else None,
                    **self.memory(part),
                    "processes": self.processes(part),
                }
            )
        return out

    def links(self, handle):
        peers, switched = [], False
        for number in range(18):
            if self.number("nvmlDeviceGetNvLinkState", handle, U32(number)) != 1:
                continue
            kind = self.number("nvmlDeviceGetNvLinkRemoteDeviceType", handle, U32(number), kind=ctypes.c_int)
            place = Pci()
            if self.call("nvmlDeviceGetNvLinkRemotePciInfo_v2", handle, U32(number), ctypes.byref(place)) == 0:
                if kind == 2 or (kind is None and place.pci_device_id >> 16 in (0x1AC2, 0x1AF1, 0x22A3)):
                    switched = True
                elif kind in (0, None):
                    peers.append(place.bus_id.decode("ascii", "replace"))
        return {"nvlink_peers": sorted(set(peers)), "nvswitch": switched}

    def device(self, number):
        handle = ctypes.c_void_p()
        code = self.call("nvmlDeviceGetHandleByIndex_v2", U32(number), ctypes.byref(handle))
        if code:
            return {"index": number, "status": STATUS.get(code, f"code {code}")}
        place = Pci()
        has_place = self.call("nvmlDeviceGetPciInfo_v3", handle, ctypes.byref(place)) == 0
        major, minor, mode, pending = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        has_capability = self.call("nvmlDeviceGetCudaComputeCapability", handle, ctypes.byref(major), ctypes.byref(minor)) == 0
        has_model = self.call("nvmlDeviceGetDriverModel", handle, ctypes.byref(mode), ctypes.byref(pending)) == 0
        bar = Memory()
        return {
            "index": number,
            "status": "ok",
            "name": self.text("nvmlDeviceGetName", handle),
            "uuid": self.text("nvmlDeviceGetUUID", handle),
            "pci": place.bus_id.decode("ascii", "replace") if has_place else None,
            "device_id": f"{place.pci_device_id >> 16:04x}" if has_place and place.pci_device_id else None,
            "compute_capability": f"{major.value}.{minor.value}" if has_capability else None,
            "cores": self.number("nvmlDeviceGetNumGpuCores", handle),
            "pcie_generation": self.number("nvmlDeviceGetMaxPcieLinkGeneration", handle),
            "pcie_width": self.number("nvmlDeviceGetMaxPcieLinkWidth", handle),
            "virtualization": self.number("nvmlDeviceGetVirtualizationMode", handle, kind=ctypes.c_int),
            "bus_width_bits": self.number("nvmlDeviceGetMemoryBusWidth", handle),
            "memory_clock_mhz": self.number("nvmlDeviceGetMaxClockInfo", handle, ctypes.c_int(2)),
            "bar1_bytes": bar.total if self.call("nvmlDeviceGetBAR1MemoryInfo", handle, ctypes.byref(bar)) == 0 else None,
            "driver_model": ("wddm", "tcc", "mcdm")[mode.value] if has_model and 0 <= mode.value <= 2 else None,
            **self.memory(handle),
            **self.mig(handle),
            **self.links(handle),
            "processes": self.processes(handle),
        }


def ask():
    library = load()
    nvml = Nvml(library)
    code = nvml.call("nvmlInit_v2")
    if code:
        return {"status": STATUS.get(code, f"code {code}"), "driver_version": None, "cuda_version": None, "devices": []}
    try:
        buffer = ctypes.create_string_buffer(96)
        driver = buffer.value.decode("ascii", "replace") if nvml.call("nvmlSystemGetDriverVersion", buffer, U32(96)) == 0 else None
        cuda = nvml.number("nvmlSystemGetCudaDriverVersion_v2", kind=ctypes.c_int)
        count = nvml.number("nvmlDeviceGetCount_v2") or 0
        return {
            "status": "ok",
            "driver_version": driver,
            "cuda_version": f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
            "devices": [nvml.device(number) for number in range(min(count, 256))],
        }
    finally:
        nvml.call("nvmlShutdown")
