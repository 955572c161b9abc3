"""Arrow 1: what is known of a host."""

from typing import Annotated, Literal

import msgspec

from pathfinder.types.words import Arch, DeviceKind, Fact, Frozen, OsFamily

Version = Annotated[str | None, Fact("version", "os")]


class Os(Frozen, frozen=True, kw_only=True):
    family: Annotated[OsFamily | None, Fact("word", "os")] = None
    id: Annotated[str | None, Fact("word", "os")] = None
    version_id: Version = None
    id_like: tuple[str, ...] | None = None
    """Families this distribution says it follows, nearest first (`ID_LIKE`)."""
    variant_id: Annotated[str | None, Fact("word", "os")] = None
    name: Annotated[str | None, Fact("text", "os")] = None
    pretty_name: Annotated[str | None, Fact("text", "os")] = None
    version: Annotated[str | None, Fact("text", "os")] = None
    kernel: Annotated[str | None, Fact("version", "reboot")] = None
    arch: Annotated[Arch | None, Fact("word")] = None
    process_arch: Annotated[Arch | None, Fact("word", "user")] = None
    translated: Annotated[bool | None, Fact("flag", "user")] = None
    libc: Annotated[str | None, Fact("word", "os")] = None
    """`glibc`, `musl`, `bionic`, `msvcrt`, `libSystem`."""
    libc_version: Version = None
    wsl: Annotated[int | None, Fact("number", "os")] = None
    """1 or 2 under the Windows Subsystem for Linux, 0 elsewhere."""
    container: Annotated[str | None, Fact("word", "user")] = None
    """`docker`, `podman`, `kubernetes`, `lxc`, ...; `none` outside."""
    hypervisor: Annotated[str | None, Fact("word")] = None
    """`kvm`, `hyper-v`, `vmware`, `xen`, ...; `none` on bare metal."""


class Cpu(Frozen, frozen=True, kw_only=True):
    vendor: str | None = None
    model: str | None = None
    arch: Arch | None = None
    family: str | None = None
    """Instruction set family whatever the width: `x86`, `arm`, `riscv`, `ppc`, `s390`, `loongarch`, `mips`, `sparc`, `ia64`."""
    microarchitecture: str | None = None
    level: str | None = None
    """`x86-64-v1` to `-v4`, `armv8.x-a`, ..."""
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    """Online logical CPUs."""
    threads_present: int | None = None
    cores_present: int | None = None
    """Cores the machine has, offline ones too."""
    offline: int | None = None
    clusters: int | None = None
    performance_cores: int | None = None
    efficiency_cores: int | None = None
    numa_nodes: int | None = None
    numa_nodes_with_cpus: int | None = None
    usable_cpus: Annotated[float | None, Fact("number", "user")] = None
    """min(affinity, cpuset, quota of every cgroup ancestor), with its fraction."""
    usable_cores: Annotated[int | None, Fact("number", "user")] = None
    """Cores with at least one CPU that affinity and cpuset allow."""
    features: tuple[str, ...] | None = None


class Memory(Frozen, frozen=True, kw_only=True):
    total_bytes: int | None = None
    available_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    limited: Annotated[bool | None, Fact("flag", "user")] = None
    limit_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    usable_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    swap_bytes: Annotated[int | None, Fact("bytes", "admin")] = None
    bandwidth_bytes_per_second: float | None = None
    unified: bool | None = None


class Cgroup(Frozen, frozen=True, kw_only=True):
    version: Annotated[int | None, Fact("number", "admin")] = None
    cpu_quota_cpus: Annotated[float | None, Fact("number", "user")] = None
    cpuset: Annotated[str | None, Fact("word", "user")] = None


class Disk(Frozen, frozen=True, kw_only=True):
    path: str
    free_bytes: Annotated[int | None, Fact("bytes", "user")] = None


class Board(Frozen, frozen=True, kw_only=True):
    model: str | None = None
    soc: str | None = None
    l4t: Annotated[str | None, Fact("version", "os")] = None
    """Release of Jetson Linux (`36.4.3`); `0` on what is no Jetson."""


class PciFunction(Frozen, frozen=True, kw_only=True):
    """One display, accelerator or processing-accelerator function of the PCI bus."""

    pci: str
    """`dddd:bb:dd.f`, lower case."""
    class_: str | None = msgspec.field(default=None, name="class")
    """Six hexadecimal digits, such as `030000`."""
    vendor_id: str | None = None
    device_id: str | None = None
    driver_module: Annotated[str | None, Fact("word", "admin")] = None
    compute: bool | None = None
    """False for a BMC's or a virtual machine's display-only adapter."""


class Pcie(Frozen, frozen=True, kw_only=True):
    generation: int | None = None
    width: int | None = None


class Mig(Frozen, frozen=True, kw_only=True):
    supported: bool | None = None
    enabled: bool | None = None
    profile: str | None = None
    compute_instance: int | None = None
    gpu_instance: int | None = None


class DeviceProcess(Frozen, frozen=True, kw_only=True):
    pid: int | None = None
    name: str | None = None
    memory_bytes: int | None = None


class Device(Frozen, frozen=True, kw_only=True):
    id: str
    """Stable within a host and free of secrets: the PCI address where there is one, else `gpu0`, `npu0`, ..."""
    kind: Annotated[DeviceKind, Fact("word")] = "gpu"
    vendor: Annotated[str | None, Fact("word")] = None
    """`nvidia`, `amd`, `intel`, `apple`, `qualcomm`, ..."""
    name: str | None = None
    arch: Annotated[str | None, Fact("word")] = None
    """`sm_90`, `gfx1100`, `xe2`, `apple9`, ..."""
    pci: str | None = None
    uuid: str | None = None
    vendor_id: str | None = None
    device_id: str | None = None
    memory_bytes: int | None = None
    memory_free_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    visible_memory_bytes: Annotated[int | None, Fact("bytes", "reboot")] = None
    gtt_bytes: Annotated[int | None, Fact("bytes", "reboot")] = None
    """System memory an AMD GPU may map; for an integrated one part of `memory_bytes`."""
    carveout_bytes: Annotated[int | None, Fact("bytes", "reboot")] = None
    """System memory the firmware sets aside for an integrated GPU; part of `memory_bytes`."""
    shared_memory: bool | None = None
    integrated: bool | None = None
    bandwidth_bytes_per_second: float | None = None
    compute_units: int | None = None
    compute_capability: Annotated[str | None, Fact("version")] = None
    driver_module: Annotated[str | None, Fact("word", "admin")] = None
    driver_version: Annotated[str | None, Fact("version", "admin")] = None
    apis: Annotated[dict[str, str | None], Fact("version", "admin")] = {}
    """API name to the version this device offers: cuda, rocm, vulkan, metal, level_zero, opencl, directml."""
    virtualization: str | None = None
    mig: Mig | None = None
    parent: str | None = None
    visible: Annotated[bool | None, Fact("flag", "user")] = None
    """False where an environment variable hides the device from runtimes."""
    pcie: Pcie | None = None
    used_by: tuple[DeviceProcess, ...] | None = None


class Link(Frozen, frozen=True, kw_only=True):
    a: str
    b: str
    kind: Literal["nvlink", "xgmi", "c2c", "pcie"]


class ApiDevice(Frozen, frozen=True, kw_only=True):
    """A device as a graphics or compute API lists it, software renderers included."""

    name: str | None = None
    type: str | None = None
    api_version: str | None = None
    driver_version: str | None = None
    software: bool | None = None
    memory_bytes: int | None = None
    unified: bool | None = None
    api: str | None = None
    """Which interface of several listed it (`level_zero`, `opencl`, `cuda`, `hip` for SYCL)."""
    vendor: str | None = None
    vendor_id: str | None = None
    device_id: str | None = None
    device: str | None = None
    """`Device.id`, where it is one."""


class BackendFact(Frozen, frozen=True, kw_only=True):
    usable: Annotated[bool | None, Fact("flag", "admin")] = None
    version: Annotated[str | None, Fact("version", "admin")] = None
    devices: tuple[str, ...] | None = None
    why: str | None = None


class Toolkit(Frozen, frozen=True, kw_only=True):
    kind: Literal["cuda", "rocm", "oneapi"]
    version: Annotated[str | None, Fact("version", "admin")] = None
    path: str | None = None


class Tool(Frozen, frozen=True, kw_only=True):
    found: Annotated[bool | None, Fact("flag", "tool")] = None
    path: str | None = None
    version: Annotated[str | None, Fact("version", "tool")] = None


class Why(Frozen, frozen=True, kw_only=True):
    source: str
    """The file, command or library function that answered; or why none did."""
    elapsed_seconds: float | None = None
    note: str | None = None


class Warning_(Frozen, frozen=True, kw_only=True):
    id: str
    says: str
    facts: tuple[str, ...] = ()
    fix: str | None = None


class Collected(Frozen, frozen=True, kw_only=True):
    at: str | None = None
    by_version: str | None = None
    deadline_hit: bool | None = None


class Facts(Frozen, frozen=True, kw_only=True):
    """`pathfinder/facts/v1`. `devices: None` says that no enumerator answered, `()` that one answered "none"."""

    schema: str = "pathfinder/facts/v1"
    os: Os = Os()
    cpu: Cpu = Cpu()
    memory: Memory = Memory()
    cgroup: Cgroup = Cgroup()
    disk: tuple[Disk, ...] | None = None
    board: Board = Board()
    pci: tuple[PciFunction, ...] | None = None
    devices: tuple[Device, ...] | None = None
    links: tuple[Link, ...] | None = None
    vulkan: tuple[ApiDevice, ...] | None = None
    opencl: tuple[ApiDevice, ...] | None = None
    sycl: tuple[ApiDevice, ...] | None = None
    backends: dict[str, BackendFact] = {}
    toolkits: tuple[Toolkit, ...] | None = None
    tools: dict[str, Tool] = {}
    runtimes: dict[str, Tool] = {}
    why: dict[str, Why] = {}
    warnings: tuple[Warning_, ...] = ()
    collected: Collected = Collected()
