"""What the Linux probes say of folders that look like machines: control groups, memory, processors, systems."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pathfinder.host.sysroot import SysrootHost
from pathfinder.looking.facts import merge
from pathfinder.looking.observe import observe
from pathfinder.types.facts import Facts

GIB = 1 << 30
Machine = Callable[[dict[str, str]], Facts]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Facts of a folder holding these files; a value that begins with `-> ` is a link."""

    def build(tree: dict[str, str]) -> Facts:
        for name, text in tree.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("-> "):
                path.symlink_to(text[3:])
            else:
                path.write_text(text)
        return observe(SysrootHost(str(tmp_path)))

    return build


CPUINFO = (
    "processor\t: {n}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: {model}\nmodel name\t: {name}\n"
    "physical id\t: 0\ncore id\t\t: {n}\nflags\t\t: {flags}\n\n"
)
HASWELL = (
    "fpu cx8 cmov lm fxsr mmx syscall sse sse2 pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm avx avx2 bmi1 bmi2 f16c fma abm movbe xsave "
    "aes pclmulqdq rdrand"
)
NO_AVX = "fpu cx8 cmov lm fxsr mmx syscall sse sse2 pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm"
MEMINFO = "MemTotal: 16777216 kB\nMemFree: 1048576 kB\nMemAvailable: 12582912 kB\nSwapTotal: 2097152 kB\n"


def cpus(count: int, flags: str = HASWELL, model: int = 60, name: str = "Intel(R) Core(TM) i7-4770") -> str:
    return "".join(CPUINFO.format(n=n, flags=flags, model=model, name=name) for n in range(count))


def v2(*, cpu: str | None = None, memory: str | None = None, path: str = "/box", **more: str) -> dict[str, str]:
    tree = {
        "/proc/self/cgroup": f"0::{path}\n",
        "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/sys/fs/cgroup/cgroup.controllers": "cpu memory cpuset",
        "/sys/devices/system/cpu/online": "0-7\n",
        "/sys/devices/system/cpu/present": "0-7\n",
        "/proc/meminfo": MEMINFO,
    }
    if cpu is not None:
        tree[f"/sys/fs/cgroup{path}/cpu.max"] = cpu
    if memory is not None:
        tree[f"/sys/fs/cgroup{path}/memory.max"] = memory
    return tree | {f"/sys/fs/cgroup{key}": value for key, value in more.items()}


def v1(quota: str, period: str, limit: str, usage: str = "0", stat: str = "") -> dict[str, str]:
    mounts = "".join(
        f"3{n} 23 0:2{n} / /sys/fs/cgroup/{names} rw - cgroup cgroup rw,{names}\n"
        for n, names in enumerate(("cpu,cpuacct", "memory", "cpuset"))
    )
    return {
        "/proc/self/cgroup": "5:memory:/box\n4:cpu,cpuacct:/box\n3:cpuset:/box\n",
        "/proc/self/mountinfo": mounts,
        "/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": quota,
        "/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": period,
        "/sys/fs/cgroup/memory/box/memory.limit_in_bytes": limit,
        "/sys/fs/cgroup/memory/box/memory.usage_in_bytes": usage,
        "/sys/fs/cgroup/memory/box/memory.stat": stat,
        "/sys/devices/system/cpu/online": "0-7\n",
        "/proc/meminfo": MEMINFO,
    }


def test_half_a_cpu_and_4_gib_in_version_2(machine: Machine) -> None:
    facts = machine(v2(cpu="50000 100000\n", memory=f"{4 * GIB}\n"))
    assert (facts.cgroup.version, facts.cgroup.cpu_quota_cpus, facts.cpu.usable_cpus) == (2, 0.5, 0.5)
    assert (facts.memory.limited, facts.memory.limit_bytes, facts.memory.usable_bytes) == (True, 4 * GIB, 4 * GIB)
    assert facts.why["memory.limit_bytes"].source == "/sys/fs/cgroup/box/memory.max"


def test_half_a_cpu_and_4_gib_in_version_1(machine: Machine) -> None:
    facts = machine(v1("50000", "100000", str(4 * GIB)))
    assert (facts.cgroup.version, facts.cgroup.cpu_quota_cpus, facts.cpu.usable_cpus) == (1, 0.5, 0.5)
    assert (facts.memory.limited, facts.memory.limit_bytes) == (True, 4 * GIB)


def test_page_cache_is_not_used_memory(machine: Machine) -> None:
    stat = f"total_inactive_file {GIB}\ntotal_active_file {GIB}\ninactive_file 5\n"
    assert machine(v1("-1", "100000", str(4 * GIB), str(3 * GIB), stat)).memory.usable_bytes == 3 * GIB


def test_page_cache_and_slab_in_version_2(machine: Machine) -> None:
    current = {
        "/box/memory.current": str(3 * GIB),
        "/box/memory.stat": f"inactive_file {GIB}\nactive_file 0\nslab_reclaimable {GIB}\nanon 1\n",
    }
    assert machine(v2(memory=str(4 * GIB), **current)).memory.usable_bytes == 3 * GIB


def test_the_smallest_ancestor_counts(machine: Machine) -> None:
    above = {"/a/memory.max": str(2 * GIB), "/a/cpu.max": "150000 100000", "/cpu.max": "max 100000"}
    facts = machine(v2(cpu="max 100000", memory=str(8 * GIB), path="/a/b", **above))
    assert (facts.memory.limit_bytes, facts.cgroup.cpu_quota_cpus) == (2 * GIB, 1.5)
    assert facts.why["memory.limit_bytes"].source == "/sys/fs/cgroup/a/memory.max"


@pytest.mark.parametrize("limit", ["9223372036854771712", str(1 << 50)])
def test_no_limit_in_version_1(machine: Machine, limit: str) -> None:
    facts = machine(v1("-1", "100000", limit))
    assert (facts.memory.limited, facts.memory.limit_bytes, facts.cgroup.cpu_quota_cpus) == (False, None, None)
    assert facts.memory.usable_bytes == 12 * GIB


@pytest.mark.parametrize("content", ["", "x", "100000 0", "-5 100000", "9" * 400])
def test_a_malformed_quota_is_no_limit_and_a_warning(machine: Machine, content: str) -> None:
    facts = machine(v2(cpu=content, memory="max"))
    assert facts.cgroup.cpu_quota_cpus is None and facts.cpu.usable_cpus == 8
    assert [warning.id for warning in facts.warnings if warning.id == "cgroup-malformed"]


def test_memory_high_is_a_warning_not_a_limit(machine: Machine) -> None:
    facts = machine(v2(memory="max", **{"/box/memory.high": str(GIB)}))
    assert facts.memory.limited is False
    assert "memory-high" in [warning.id for warning in facts.warnings]


def test_a_private_namespace_is_clipped_at_the_mount(machine: Machine) -> None:
    facts = machine(v2(path="/../../box") | {"/sys/fs/cgroup/memory.max": str(GIB)})
    assert facts.memory.limit_bytes == GIB


def test_hybrid_hosts_are_limited_by_version_1(machine: Machine) -> None:
    tree = v1("200000", "100000", str(GIB))
    tree["/proc/self/cgroup"] += "0::/box\n"
    tree["/proc/self/mountinfo"] += "40 23 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    assert (machine(tree).cgroup.version, machine(tree).cgroup.cpu_quota_cpus) == (1, 2.0)


def test_usable_cpus_are_what_affinity_and_cpuset_leave(machine: Machine) -> None:
    facts = machine(
        v2(cpu="max 100000", **{"/box/cpuset.cpus.effective": "2-5\n"}) | {"/proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3\n"}
    )
    assert (facts.cpu.usable_cpus, facts.cgroup.cpuset) == (2, "2-5")


def test_reserved_huge_pages_are_said(machine: Machine) -> None:
    facts = machine({"/proc/meminfo": MEMINFO + "HugePages_Total: 4096\nHugepagesize: 2048 kB\n"})
    assert "hugepages" in [warning.id for warning in facts.warnings]


def test_an_old_kernel_has_its_available_memory_estimated(machine: Machine) -> None:
    facts = machine({"/proc/meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 200 kB\nShmem: 30 kB\n"})
    assert facts.memory.available_bytes == 320 * 1024
    assert "estimated" in (facts.why["memory.available_bytes"].note or "")


def test_gpu_memory_is_not_ram(machine: Machine) -> None:
    tree = {
        "/proc/meminfo": MEMINFO,
        "/proc/driver/nvidia/gpus/0004:04:00.0/numa_status": "Node: 255\nStatus: online\n",
        "/sys/devices/system/node/node255/meminfo": "Node 255 MemTotal:       4194304 kB\n",
    }
    assert machine(tree).memory.total_bytes == 12 * GIB


def test_nothing_there_is_unknown_everywhere(machine: Machine) -> None:
    facts = machine({})
    assert facts.devices is None and facts.pci is None and facts.disk is None
    assert all(getattr(facts.cpu, field) is None for field in facts.cpu.__struct_fields__)
    assert all(getattr(facts.memory, field) is None for field in facts.memory.__struct_fields__)
    assert facts.os.container is None and facts.os.family is None


def test_a_bus_that_cannot_be_read_whole_is_no_empty_bus(machine: Machine) -> None:
    bus = "/sys/bus/pci/devices"
    facts = machine({f"{bus}/0000:00:00.0/class": "0x060000\n", f"{bus}/0000:01:00.0/class": "", "/sys/bus/usb/x": ""})
    assert facts.pci is None and facts.devices is None


def test_an_empty_bus_has_no_devices(machine: Machine) -> None:
    facts = machine({"/sys/bus/pci/devices/0000:00:00.0/class": "0x060000\n"})
    assert facts.pci == () and facts.devices == ()


def test_a_cpu_without_avx(machine: Machine) -> None:
    facts = machine({"/proc/cpuinfo": cpus(2, NO_AVX, 42, "Intel(R) Pentium(R) CPU G640")})
    assert facts.cpu.level == "x86-64-v2" and facts.cpu.features is not None
    assert not [name for name in facts.cpu.features if name.startswith("avx")]
    assert not [warning for warning in facts.warnings if warning.id == "avx2-hidden"]


def test_hidden_avx2_is_a_warning(machine: Machine) -> None:
    facts = machine({"/proc/cpuinfo": cpus(2, NO_AVX)})
    assert [warning.id for warning in facts.warnings] == ["avx2-hidden"]
    assert facts.cpu.features is not None and "avx2" not in facts.cpu.features


def test_features_are_those_of_all_cpus(machine: Machine) -> None:
    facts = machine({"/proc/cpuinfo": cpus(1) + cpus(1, NO_AVX)})
    assert facts.cpu.features is not None and "sse4_2" in facts.cpu.features and "avx" not in facts.cpu.features


def test_cores_without_sys_come_from_cpuinfo(machine: Machine) -> None:
    facts = machine({"/proc/cpuinfo": cpus(4)})
    assert (facts.cpu.threads, facts.cpu.cores, facts.cpu.sockets, facts.cpu.family, facts.cpu.arch) == (4, 4, 1, "x86", "x86_64")


def hybrid() -> dict[str, str]:
    tree = {"/sys/devices/system/cpu/online": "0-11", "/sys/devices/system/cpu/present": "0-11", "/sys/devices/system/cpu/offline": "\n"}
    for cpu in range(12):
        mates = f"{cpu & ~1}-{cpu | 1}" if cpu < 8 else str(cpu)
        tree[f"/sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list"] = mates
        tree[f"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"] = "0"
        tree[f"/sys/devices/system/cpu/cpu{cpu}/topology/package_cpus_list"] = "0-11"
    return tree | {"/sys/devices/cpu_core/cpus": "0-7\n", "/sys/devices/cpu_atom/cpus": "8-11\n"}


def topology(*packages: tuple[int, str, str]) -> dict[str, str]:
    """One CPU for each of (package number, mates, CPUs of one clock)."""
    tree = {"/sys/devices/system/cpu/online": f"0-{len(packages) - 1}\n", "/sys/devices/system/cpu/present": f"0-{len(packages) - 1}\n"}
    for cpu, (package, mates, clock) in enumerate(packages):
        base = f"/sys/devices/system/cpu/cpu{cpu}"
        tree |= {
            f"{base}/topology/physical_package_id": f"{package}\n",
            f"{base}/topology/core_siblings_list": f"{mates}\n",
            f"{base}/topology/thread_siblings_list": f"{cpu}\n",
            f"{base}/cpufreq/related_cpus": f"{clock}\n",
        }
    return tree


ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd03\n"


def test_the_clusters_of_a_phone_are_not_its_sockets(machine: Machine) -> None:
    """Kernels before 5.8 number clusters as packages; here all cores share one clock."""
    cores = [(cpu // 4, "0-3" if cpu < 4 else "4-7", "0 1 2 3 4 5 6 7") for cpu in range(8)]
    cpu = machine(topology(*cores) | {"/proc/cpuinfo": ARM}).cpu
    assert (cpu.sockets, cpu.clusters, cpu.cores) == (1, 2, 8)


def test_two_arm_sockets_are_two_numa_nodes(machine: Machine) -> None:
    cores = [(cpu // 2, "0-1" if cpu < 2 else "2-3", f"{cpu}") for cpu in range(4)]
    nodes = {f"/sys/devices/system/node/node{n}/cpulist": f"{2 * n}-{2 * n + 1}\n" for n in (0, 1)}
    assert machine(topology(*cores) | nodes | {"/proc/cpuinfo": ARM}).cpu.sockets == 2


def test_packages_of_one_number_are_told_apart_by_their_mates(machine: Machine) -> None:
    assert machine(topology((0, "0", "0"), (0, "1", "1")) | {"/proc/cpuinfo": cpus(2)}).cpu.sockets == 2


def test_loongarch_in_the_spelling_of_todays_kernels(machine: Machine) -> None:
    block = (
        "system type\t\t: generic-loongson-machine\n\nprocessor\t\t: 0\npackage\t\t\t: 0\ncore\t\t\t: 0\nCPU Family\t\t: Loongson-64bit\n"
    )
    block += "Model Name\t\t: Loongson-3A6000\nISA\t\t\t: loongarch32 loongarch64\nFeatures\t\t: cpucfg lam ual fpu lsx lasx crc32\n"
    cpu = machine({"/proc/cpuinfo": block}).cpu
    assert (cpu.family, cpu.arch, cpu.vendor, cpu.model) == ("loongarch", "loongarch64", "loongson", "Loongson-3A6000")
    assert cpu.features is not None and {"lsx", "lasx"} <= set(cpu.features)


def test_performance_and_efficiency_cores(machine: Machine) -> None:
    cpu = machine(hybrid()).cpu
    assert (cpu.threads, cpu.cores, cpu.performance_cores, cpu.efficiency_cores, cpu.sockets) == (12, 8, 4, 4, 1)


@pytest.mark.parametrize(
    ("parts", "capacities", "mix"),
    [
        (("0xd85", "0xd85", "0xd87", "0xd87"), (1024, 1000, 750, 700), (2, 2)),
        (("0xd03", "0xd03", "0xd03", "0xd03"), (1024, 1024, 600, 600), (2, 2)),
        (("0xd03", "0xd03", "0xd03", "0xd03"), (1024, 1024, 1024, 1024), (4, 0)),
    ],
)
def test_arm_cores_of_the_weakest_sort_are_the_efficient_ones(
    machine: Machine, parts: tuple[str, ...], capacities: tuple[int, ...], mix: tuple[int, int]
) -> None:
    tree = topology(*[(0, "0-3", f"{cpu}") for cpu in range(4)])
    tree |= {f"/sys/devices/system/cpu/cpu{cpu}/cpu_capacity": f"{weight}\n" for cpu, weight in enumerate(capacities)}
    block = "processor\t: {}\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: {}\n\n"
    cpu = machine(tree | {"/proc/cpuinfo": "".join(block.format(n, part) for n, part in enumerate(parts))}).cpu
    assert (cpu.performance_cores, cpu.efficiency_cores) == mix


def test_equal_cores_are_no_efficiency_cores(machine: Machine) -> None:
    tree = topology((0, "0-1", "0"), (0, "0-1", "1")) | {"/sys/devices/cpu/type": "4\n", "/proc/cpuinfo": cpus(2)}
    assert (machine(tree).cpu.performance_cores, machine(tree).cpu.efficiency_cores) == (2, 0)


def test_offline_cpus_do_not_count_even_cpu_0(machine: Machine) -> None:
    tree = hybrid() | {"/sys/devices/system/cpu/online": "2-7", "/sys/devices/system/cpu/offline": "0-1,8-11"}
    cpu = machine(tree).cpu
    assert (cpu.threads, cpu.cores, cpu.threads_present, cpu.offline, cpu.usable_cpus) == (6, 3, 12, 6, 6)


def test_memory_only_numa_nodes(machine: Machine) -> None:
    node = "/sys/devices/system/node"
    tree = {
        f"{node}/online": "0-2",
        f"{node}/has_cpu": "0",
        f"{node}/node0/cpulist": "0-3",
        f"{node}/node1/cpulist": "\n",
        f"{node}/node2/cpulist": "\n",
    }
    cpu = machine(tree).cpu
    assert (cpu.numa_nodes, cpu.numa_nodes_with_cpus) == (3, 1)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/etc/os-release": 'NAME="Void"\nID=void\nPRETTY_NAME="Void \\"Linux\\""\n'}, ("void", None, "Void", 'Void "Linux"')),
        ({"/usr/lib/os-release": "ID='nixos'\nVERSION_ID='24.11'\nNAME=NixOS\n"}, ("nixos", "24.11", "NixOS", None)),
        ({"/etc/redhat-release": "CentOS release 6.10 (Final)\n"}, ("centos", "6.10", "CentOS", None)),
        (
            {"/etc/redhat-release": "Red Hat Enterprise Linux Server release 7.9 (Maipo)"},
            ("rhel", "7.9", "Red Hat Enterprise Linux Server", None),
        ),
        ({"/etc/debian_version": "9.4\n"}, ("debian", "9.4", "Debian GNU/Linux", None)),
        ({"/etc/os-release": "garbage \x00\n=\n"}, (None, None, None, None)),
    ],
)
def test_distributions(machine: Machine, files: dict[str, str], expected: tuple[Any, ...]) -> None:
    os_ = machine(files).os
    assert (os_.id, os_.version_id, os_.name, os_.pretty_name) == expected
    assert os_.family == "linux"


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({"/.dockerenv": ""}, "docker"),
        ({"/run/.containerenv": "engine=podman"}, "podman"),
        ({"/proc/1/cgroup": "0::/kubepods/burstable/pod1/x\n"}, "kubernetes"),
        ({"/run/systemd/container": "lxc\n"}, "lxc"),
        ({"/.flatpak-info": ""}, "flatpak"),
        ({"/proc/1/comm": "systemd\n"}, "none"),
        ({"/proc/1/comm": "python\n"}, None),
    ],
)
def test_containers(machine: Machine, files: dict[str, str], container: str | None) -> None:
    assert machine(files).os.container == container


@pytest.mark.parametrize(
    ("files", "hypervisor"),
    [
        ({"/sys/class/dmi/id/sys_vendor": "VMware, Inc."}, "vmware"),
        ({"/sys/class/dmi/id/product_name": "Virtual Machine", "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation"}, "hyper-v"),
        ({"/sys/hypervisor/type": "xen\n"}, "xen"),
        ({"/sys/class/dmi/id/sys_vendor": "Amazon EC2", "/proc/cpuinfo": cpus(1, HASWELL + " hypervisor")}, "kvm"),
        ({"/sys/class/dmi/id/sys_vendor": "Amazon EC2", "/proc/cpuinfo": cpus(1)}, "none"),
        ({"/proc/cpuinfo": cpus(1, HASWELL + " hypervisor")}, None),
    ],
)
def test_hypervisors(machine: Machine, files: dict[str, str], hypervisor: str | None) -> None:
    assert machine(files).os.hypervisor == hypervisor


@pytest.mark.parametrize(
    ("release", "wsl"),
    [("4.4.0-19041-Microsoft", 1), ("5.15.153.1-microsoft-standard-WSL2", 2), ("6.8.0-40-generic", 0)],
)
def test_wsl(machine: Machine, release: str, wsl: int) -> None:
    facts = machine({"/proc/sys/kernel/osrelease": release + "\n"})
    assert (facts.os.wsl, facts.os.family, facts.os.kernel) == (wsl, "linux", release)


def test_jetson_board(machine: Machine) -> None:
    facts = machine(
        {
            "/proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\x00",
            "/proc/device-tree/compatible": "nvidia,p3737-0000+p3701-0000\x00nvidia,tegra234\x00",
            "/etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic, EABI: aarch64, DATE: x\n",
        }
    )
    assert (facts.board.model, facts.board.soc, facts.board.l4t) == ("NVIDIA Jetson AGX Orin Developer Kit", "tegra234", "36.4.3")


DMI = "/sys/class/dmi/id"


@pytest.mark.parametrize(
    ("files", "l4t"),
    [
        ({f"{DMI}/sys_vendor": "NVIDIA", f"{DMI}/product_name": "NVIDIA_DGX_Spark"}, "0"),
        ({f"{DMI}/sys_vendor": "ASUSTeK COMPUTER INC.", f"{DMI}/product_name": "Ascent GX10"}, "0"),
        ({"/proc/device-tree/compatible": "raspberrypi,5-model-b\0brcm,bcm2712\0"}, "0"),
        ({f"{DMI}/sys_vendor": "NVIDIA", f"{DMI}/product_name": "NVIDIA Jetson AGX Orin Developer Kit"}, None),
        ({f"{DMI}/sys_vendor": "Seeed", f"{DMI}/product_name": "reComputer", "/dev/nvmap": ""}, None),
        ({"/proc/device-tree/compatible": "nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0"}, None),
        ({"/proc/cpuinfo": ""}, None),
    ],
)
def test_what_is_no_jetson_says_so(machine: Machine, files: dict[str, str], l4t: str | None) -> None:
    """On a Jetson whose release file is hidden, as in a container, it is unknown."""
    assert machine(files).board.l4t == l4t


def test_musl_and_glibc_by_their_loaders(machine: Machine, tmp_path: Path) -> None:
    assert machine({"/lib/ld-musl-x86_64.so.1": ""}).os.libc == "musl"


def test_arm_by_its_parts(machine: Machine) -> None:
    block = (
        "processor\t: {n}\nFeatures\t: fp asimd aes pmull crc32 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp\n"
        "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: {part}\n\n"
    )
    facts = machine({"/proc/cpuinfo": "".join(block.format(n=n, part="0xd0b" if n else "0xd05") for n in range(4))})
    assert facts.cpu.features is not None and {"neon", "fp16", "dotprod"} <= set(facts.cpu.features) and "i8mm" not in facts.cpu.features
    assert (facts.cpu.model, facts.cpu.arch, facts.cpu.level) == ("Cortex-A55 + Cortex-A76", "aarch64", "armv8.2-a")
    assert facts.cpu.microarchitecture == "cortex_a55+cortex_a76"


@pytest.mark.parametrize(
    ("isa", "rvv"), [("rv64imafdcv_zicsr_zvfh", True), ("rv64imafdc", False), ("rv64imafdc_zve32x", False), ("rv64imafdcsu_v", True)]
)
def test_riscv_vectors(machine: Machine, isa: str, rvv: bool) -> None:
    facts = machine({"/proc/cpuinfo": f"processor\t: 0\nhart\t: 0\nisa\t: {isa}\nmmu\t: sv39\n"})
    assert facts.cpu.arch == "riscv64" and ("rvv" in (facts.cpu.features or ())) is rvv


def test_observations_of_no_probe_make_empty_facts() -> None:
    assert merge([]).why == {}


def test_enormous_files_are_read_in_part_and_in_time(machine: Machine) -> None:
    huge = cpus(1) * 40_000
    meminfo, release = MEMINFO + "x: 1 kB\n" * 500_000, "ID=x\n" + "#\n" * 1_000_000
    facts = machine({"/proc/cpuinfo": huge, "/proc/meminfo": meminfo, "/etc/os-release": release})
    assert facts.cpu.features is not None and facts.memory.total_bytes == 16 * GIB and facts.os.id == "x"
    assert not [path for path in facts.why if path.startswith("probes.")]
