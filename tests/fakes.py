"""Machines that are not there: a host made of dictionaries, and builders of the parts GPUs are recognised by."""
# ruff: noqa: E501 (what tools print is long)

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from pathfinder.host import Answer, Ran, Uname

GIB, MIB = 1 << 30, 1 << 20
ABSENT: Answer[Any] = Answer(silence="absent")


@dataclass(eq=False)
class FakeHost:
    """Files, links, commands, environment and libraries as given; everything else is absent, as on a running machine."""

    name: str = "fake"
    live: bool = False
    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    commands: dict[tuple[str, ...], Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    asks: dict[str, Any] = field(default_factory=dict)
    system: Uname | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def _paths(self) -> set[str]:
        found: set[str] = set()
        for path in [*self.files, *self.links, *self.devices]:
            parts = path.split("/")
            found.update("/".join(parts[:n]) for n in range(2, len(parts) + 1))
        return found

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        return Answer(value=self.files[path][:limit]) if path in self.files else ABSENT

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        parts = pattern.split("/")
        first = next(n for n, part in enumerate(parts) if "*" in part or "[" in part)
        paths = self._paths()
        if "/".join(parts[:first]) not in paths:
            return ABSENT
        depth = len(parts)
        hits = [path for path in paths if path.count("/") + 1 == depth and all(map(fnmatchcase, path.split("/"), parts))]
        return Answer(value=tuple(sorted(hits)))

    def readlink(self, path: str) -> Answer[str]:
        return Answer(value=self.links[path]) if path in self.links else ABSENT

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return Answer(value=path in self._paths() and not (mode in "rw" and path in self.denied))

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        self.asked.append(argv)
        said = self.commands.get(argv, self.commands.get(argv[:1]) if argv[:1] != argv else None)
        if said is None:
            known = any(known[0] == argv[0] for known in self.commands)
            return Answer(value=Ran(code=2, stdout="not a valid option\n")) if known else ABSENT
        return said if isinstance(said, Answer) else Answer(value=said if isinstance(said, Ran) else Ran(code=0, stdout=said))

    def env(self, name: str) -> Answer[str]:
        return Answer(value=self.environment[name]) if name in self.environment else ABSENT

    def uname(self) -> Answer[Uname]:
        return Answer(value=self.system) if self.system else Answer(silence="not-recorded")

    def ask(self, name: str, *args: str) -> Answer[Any]:
        self.asked.append((name, *args))
        said = self.asks.get(name, ABSENT)
        if isinstance(said, Callable):  # type: ignore[arg-type]
            said = said(*args)
        return said if isinstance(said, Answer) else Answer(value=said)


def linux(
    name: str,
    arch: str = "x86_64",
    *,
    cpus: int = 16,
    memory_kib: int = 64 << 20,
    model: str = "Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz",
    kernel: str = "6.8.0-85-generic",
    parts: tuple[str, ...] = ("0xd0b",),
) -> FakeHost:
    """Ubuntu 24.04 with an AVX2 processor, or an Arm one of these parts in equal shares, without any GPU."""
    flags = "fpu cx8 cmov mmx fxsr sse sse2 syscall lm pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm movbe xsave avx f16c fma bmi1 bmi2 avx2 abm aes"
    v8 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
    v9 = " jscvt fcma flagm uscat ilrcpc flagm2 frint sb i8mm bf16 sve sve2" if parts != ("0xd0b",) else ""
    blocks = [
        f"vendor_id\t: {'AuthenticAMD' if 'AMD' in model else 'GenuineIntel'}\nmodel name\t: {model}\nflags\t\t: {flags}\n"
        if arch == "x86_64"
        else f"CPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: {parts[number * len(parts) // cpus]}\nFeatures\t: {v8}{v9}\n"
        for number in range(cpus)
    ]
    release = 'NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\nVERSION="24.04.3 LTS (Noble Numbat)"\n'
    programs = {"python3": "/usr/bin/python3", "pip3": "/usr/bin/pip3", "git": "/usr/bin/git", "curl": "/usr/bin/curl", "cc": "/usr/bin/cc"}
    programs |= {"docker": "/usr/bin/docker", "uv": "/usr/local/bin/uv"}
    return FakeHost(
        name=name,
        files={
            "/proc/cpuinfo": "\n".join(f"processor\t: {number}\n{block}" for number, block in enumerate(blocks)),
            "/proc/meminfo": f"MemTotal:       {memory_kib} kB\nMemFree:  {memory_kib // 2} kB\nMemAvailable:   {memory_kib * 9 // 10} kB\nSwapTotal: 0 kB\n",
            "/etc/os-release": release,
            "/proc/sys/kernel/osrelease": kernel + "\n",
            "/sys/devices/system/cpu/online": f"0-{cpus - 1}\n",
            "/sys/devices/system/cpu/possible": f"0-{cpus - 1}\n",
            "/sys/devices/system/cpu/present": f"0-{cpus - 1}\n",
            "/usr/local/bin/uv": "",
        },
        asks={
            "statvfs": {"free_bytes": 500 * 10**9, "total_bytes": 10**12},
            "which": lambda *names: {one: programs[one] for one in names if one in programs},
            "process_machine": arch,
            "confstr": "glibc 2.39",
            "page_size": 4096,
            "affinity": list(range(cpus)),
        },
        system=Uname(sysname="Linux", release=kernel, version="#1 SMP", machine=arch),
    )


def pci(host: FakeHost, address: str, kind: str, vendor: str, device: str, driver: str | None) -> str:
    """Adds one function; returns its folder."""
    base = f"/sys/bus/pci/devices/{address}"
    host.files |= {f"{base}/class": f"0x{kind}\n", f"{base}/vendor": f"0x{vendor}\n", f"{base}/device": f"0x{device}\n"}
    host.files |= {f"{base}/max_link_speed": "16.0 GT/s PCIe\n", f"{base}/max_link_width": "16\n"}
    if driver:
        host.links[f"{base}/driver"] = f"../../../../bus/pci/drivers/{driver}"
    return base


def nvml_device(
    index: int, address: str, name: str, capability: str, total_mib: int | None, free_mib: int = 0, **more: Any
) -> dict[str, Any]:
    """One device as `host.ask("nvml")` tells it; `total_mib` None: NVML says "not supported", as on a chip that shares memory."""
    memory = {"memory_bytes": total_mib * MIB, "memory_free_bytes": free_mib * MIB} if total_mib is not None else {"memory_refused": 3}
    return {
        "index": index, "status": "ok", "name": name, "uuid": f"GPU-{index:08x}-1111-2222-3333-444444444444", "pci": address.upper().rjust(16, "0"),
        "device_id": None, "compute_capability": capability, "cores": None, "pcie_generation": 4, "pcie_width": 16, "virtualization": 0,
        "bus_width_bits": None, "memory_clock_mhz": None, "bar1_bytes": None, "driver_model": None, "mig_supported": False, "nvlink_peers": [],
        "nvswitch": False, "processes": [], **memory, **more,
    }  # fmt: skip


def nvml(devices: list[dict[str, Any]], driver: str = "580.95.05", cuda: str = "13.0") -> dict[str, Any]:
    return {"status": "ok", "driver_version": driver, "cuda_version": cuda, "devices": devices}


def nvidia_kernel(host: FakeHost, driver: str = "580.95.05") -> None:
    line = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  Wed Sep 10 00:00:00 UTC 2026\n"
    host.files["/proc/driver/nvidia/version"] = line
    host.devices |= {"/dev/nvidiactl", "/dev/nvidia0"}


def kfd_node(host: FakeHost, number: int, address: str, target: int, cus: int, bank_bytes: int, device: str) -> None:
    base = f"/sys/class/kfd/kfd/topology/nodes/{number}"
    bus, slot = address.split(":")[1], address.split(":")[2]
    place = int(bus, 16) << 8 | int(slot[:2], 16) << 3 | int(slot[3:])
    host.files[f"{base}/properties"] = (
        f"cpu_cores_count 0\nsimd_count {cus * 2}\nsimd_per_cu 2\nvendor_id 4098\ndevice_id {int(device, 16)}\nlocation_id {place}\ndomain 0\n"
        f"gfx_target_version {target}\nlocal_mem_size 0\n"
    )
    host.files[f"{base}/mem_banks/0/properties"] = f"heap_type 1\nsize_in_bytes {bank_bytes}\nflags 0\nwidth 256\nmem_clk_max 1249\n"
    host.files["/sys/class/kfd/kfd/topology/nodes/0/properties"] = "cpu_cores_count 16\nsimd_count 0\n"
    host.devices.add("/dev/kfd")


def amdgpu_memory(host: FakeHost, base: str, vram: int, gtt: int, visible: int | None = None) -> None:
    for name, value in (("vram_total", vram), ("vram_used", 0), ("vis_vram_total", visible or vram), ("gtt_total", gtt), ("gtt_used", 0)):
        host.files[f"{base}/mem_info_{name}"] = f"{value}\n"


def vulkan(host: FakeHost, *manifests: str) -> None:
    for name in manifests:
        host.files[f"/usr/share/vulkan/icd.d/{name}.json"] = "{}"
    host.files["/usr/lib/x86_64-linux-gnu/libvulkan.so.1"] = ""
