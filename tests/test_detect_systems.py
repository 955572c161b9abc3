"""macOS, Windows, FreeBSD, Android and others from what their tools and calls say."""

from typing import Any, Literal

import pytest

from pathfinder.host import Answer, Ran, Uname
from pathfinder.looking.observe import observe
from pathfinder.types.facts import Facts

M2 = {
    "hw.memsize": 25769803776,
    "hw.logicalcpu": 8,
    "hw.logicalcpu_max": 8,
    "hw.physicalcpu": 8,
    "hw.physicalcpu_max": 8,
    "hw.packages": 1,
    "hw.nperflevels": 2,
    "hw.perflevel0.physicalcpu": 4,
    "hw.perflevel1.physicalcpu": 4,
    "hw.cputype": 16777228,
    "hw.optional.AdvSIMD": 1,
    "hw.optional.arm.FEAT_DotProd": 1,
    "hw.optional.arm.FEAT_FP16": 1,
    "hw.optional.arm.FEAT_I8MM": 1,
    "hw.optional.arm.FEAT_BF16": 1,
    "hw.optional.arm.FEAT_SME": 0,
    "machdep.cpu.brand_string": "Apple M2",
    "kern.osproductversion": "14.5",
    "vm.swapusage": "total = 2048.00M  used = 1.00M  free = 2047.00M",
}
INTEL = {
    "hw.memsize": 17179869184,
    "hw.cputype": 7,
    "hw.optional.x86_64": 1,
    "machdep.cpu.vendor": "GenuineIntel",
    "machdep.cpu.brand_string": "Intel(R) Core(TM) i5-8279U CPU @ 2.40GHz",
    "machdep.cpu.features": "FPU CX8 CMOV MMX FXSR SSE SSE2 SSE3 SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT XSAVE AVX1.0 F16C AES "
    "PCLMULQDQ RDRAND",
    "machdep.cpu.leaf7_features": "RDWRFSGS BMI1 AVX2 BMI2",
    "machdep.cpu.extfeatures": "SYSCALL EM64T LAHF LZCNT",
}


class Machine:
    """A host that only knows its name, some tools and some calls."""

    name = "machine"
    live = True

    def __init__(
        self, uname: Uname | None, tools: dict[str, str], calls: dict[str, Any] | None = None, files: dict[str, str] | None = None
    ) -> None:
        self.is_uname, self.tools, self.calls, self.files = uname, tools, calls or {}, files or {}

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        return Answer(value=self.files[path]) if path in self.files else Answer(silence="absent")

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return Answer(silence="absent")

    def readlink(self, path: str) -> Answer[str]:
        return Answer(silence="absent")

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return Answer(value=path in self.files)

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        return Answer(value=Ran(code=0, stdout=self.tools[argv[0]])) if argv[0] in self.tools else Answer(silence="absent")

    def env(self, name: str) -> Answer[str]:
        return Answer(silence="absent")

    def uname(self) -> Answer[Uname]:
        return Answer(value=self.is_uname) if self.is_uname else Answer(silence="not-recorded")

    def ask(self, name: str, *args: str) -> Answer[Any]:
        return Answer(value=self.calls[name]) if name in self.calls else Answer(silence="absent")


def sysctl(values: dict[str, Any], mark: str = ": ") -> dict[str, str]:
    return {"sysctl": "".join(f"{key}{mark}{value}\n" for key, value in values.items())}


def system(sysname: str, machine: str) -> Uname:
    return Uname(sysname=sysname, release="1", version="1", machine=machine)


def seen(host: Machine) -> Facts:
    return observe(host, deadline=10.0)


def test_apple_silicon() -> None:
    facts = seen(Machine(system("Darwin", "arm64"), sysctl(M2)))
    cpu = facts.cpu
    assert (cpu.vendor, cpu.arch, cpu.microarchitecture, cpu.cores, cpu.performance_cores, cpu.efficiency_cores) == (
        "apple", "aarch64", "m2", 8, 4, 4,
    )  # fmt: skip
    assert cpu.features is not None and {"neon", "fp16", "dotprod", "i8mm", "bf16"} <= set(cpu.features)
    assert not {"sme", "sve"} & set(cpu.features)
    assert (facts.os.family, facts.os.version, facts.memory.total_bytes, facts.memory.unified) == ("macos", "14.5", 25769803776, True)
    assert facts.memory.swap_bytes == 2 << 30


def test_rosetta_is_seen_through() -> None:
    facts = seen(Machine(system("Darwin", "x86_64"), sysctl(M2 | {"sysctl.proc_translated": 1})))
    assert (facts.os.translated, facts.os.arch, facts.os.process_arch, facts.cpu.arch) == (True, "aarch64", "x86_64", "aarch64")


def test_an_intel_mac() -> None:
    facts = seen(Machine(system("Darwin", "x86_64"), sysctl(INTEL)))
    assert (facts.cpu.level, facts.cpu.microarchitecture, facts.os.translated) == ("x86-64-v3", "haswell", False)
    assert facts.cpu.features is not None and {"avx", "avx2", "sse4_2", "fma"} <= set(facts.cpu.features)


def test_what_the_kernel_of_an_intel_mac_withholds_is_not_there() -> None:
    facts = seen(
        Machine(system("Darwin", "x86_64"), sysctl(INTEL | {"hw.optional.avx1_0": 0, "hw.optional.avx2_0": 0, "hw.optional.fma": 1}))
    )
    assert facts.cpu.features is not None and not {"avx", "avx2"} & set(facts.cpu.features) and "fma" in facts.cpu.features
    assert facts.cpu.level == "x86-64-v2"


def test_apple_silicon_on_macos_11() -> None:
    old = {"hw.optional.arm64": 1, "hw.optional.neon": 1, "hw.optional.neon_fp16": 1, "hw.optional.armv8_1_atomics": 1}
    old |= {"hw.optional.armv8_crc32": 1, "hw.optional.armv8_2_fhm": 1, "hw.optional.armv8_2_sha3": 1, "hw.optional.armv8_gpi": 1}
    facts = seen(Machine(system("Darwin", "arm64"), sysctl(old | {"machdep.cpu.brand_string": "Apple M1"})))
    assert facts.cpu.features == ("atomics", "crc32", "fhm", "fp16", "neon", "sha3")


def test_windows() -> None:
    calls = {
        "windows_version": {"ProductName": "Windows 10 Pro", "CurrentBuild": "22631", "UBR": 4317},
        "windows_processor": {"name": "AMD Ryzen 9 7950X 16-Core Processor   ", "vendor": "AuthenticAMD"},
        "cpuid": {"vendor": "AuthenticAMD", "model": "AMD Ryzen 9 7950X 16-Core Processor", "features": ["lm", "sse2", "pni", "avx2"]},
        "native_counts": {
            "total_bytes": 64 << 30,
            "available_bytes": 50 << 30,
            "swap_bytes": 0,
            "threads": 32,
            "cores": 16,
            "usable_cpus": 32,
        },
    }
    facts = seen(Machine(system("Windows", "x86_64"), {}, calls))
    assert (facts.os.family, facts.os.pretty_name, facts.os.version_id, facts.os.version) == (
        "windows",
        "Windows 11 Pro",
        "11",
        "10.0.22631.4317",
    )
    assert (facts.cpu.vendor, facts.cpu.threads, facts.cpu.cores, facts.cpu.usable_cpus) == ("amd", 32, 16, 32)
    assert facts.cpu.features == ("avx2", "lm", "sse2", "sse3") and facts.memory.usable_bytes == 50 << 30


def test_windows_whose_library_crashed_has_unknown_features() -> None:
    facts = seen(Machine(system("Windows", "x86_64"), {}))
    assert facts.cpu.features is None and facts.os.version is None and facts.os.family == "windows"


def test_freebsd() -> None:
    known = {
        "kern.ostype": "FreeBSD",
        "hw.machine_arch": "amd64",
        "hw.physmem": 8 << 30,
        "hw.ncpu": 4,
        "hw.pagesize": 4096,
        "vm.swap_total": 1 << 30,
    }
    known |= {"vm.stats.vm.v_inactive_count": 100, "vm.stats.vm.v_free_count": 156}
    boot = 'CPU: AMD Ryzen 5 (3600.00-MHz K8-class CPU)\n  Origin="AuthenticAMD"  Id=0x1\n  Features2=0x7<SSE3,SSSE3,SSE4.1,AVX>\n'
    files = {"/var/run/dmesg.boot": boot + "  AMD Features=0x1<SYSCALL,LM>\n"}
    calls = {"cpuid": {"vendor": "AuthenticAMD", "model": "AMD Ryzen 5", "features": ["lm", "sse2", "pni", "ssse3"]}}
    facts = seen(Machine(system("FreeBSD", "amd64"), sysctl(known), calls, files))
    assert (facts.os.family, facts.cpu.threads, facts.memory.total_bytes, facts.memory.available_bytes) == ("freebsd", 4, 8 << 30, 1 << 20)
    assert (facts.cpu.vendor, facts.cpu.model, facts.cpu.arch, facts.os.arch) == ("amd", "AMD Ryzen 5", "x86_64", "x86_64")
    assert facts.cpu.features == ("lm", "sse2", "sse3", "ssse3"), "what the kernel saves counts, not what the boot messages list"
    assert seen(Machine(None, {}, files=files)).cpu.features is None


def test_android_by_its_properties() -> None:
    props = "[ro.build.version.release]: [14]\n[ro.product.manufacturer]: [Google]\n[ro.product.model]: [Pixel 8]\n"
    props += "[ro.soc.model]: [Tensor G3]\n"
    facts = seen(Machine(None, {"getprop": props}))
    assert (facts.os.family, facts.os.version_id, facts.os.libc, facts.board.model, facts.board.soc) == (
        "android", "14", "bionic", "Google Pixel 8", "Tensor G3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("table", "cores", "sockets", "clusters", "model"),
    [
        ("Core(s) per cluster: 2\nSocket(s): 1\nCluster(s): 2\n", 4, 1, 2, None),
        (
            "Model name: Cortex-A510\nThread(s) per core: 1\nCore(s) per socket: 3\nSocket(s): 1\n"
            "Model name: Cortex-X3\nThread(s) per core: 1\nCore(s) per socket: 1\nSocket(s): 1\n",
            4, 1, None, "Cortex-A510 + Cortex-X3",
        ),
    ],
)  # fmt: skip
def test_lscpu_of_arm(table: str, cores: int, sockets: int, clusters: int | None, model: str | None) -> None:
    cpu = seen(Machine(None, {"lscpu": "Architecture: aarch64\nCPU(s): 4\nOn-line CPU(s) list: 0-3\n" + table})).cpu
    assert (cpu.cores, cpu.sockets, cpu.clusters, cpu.model) == (cores, sockets, clusters, model)


@pytest.mark.parametrize(
    ("said", "family", "kernel", "arch"),
    [
        ("Linux box 6.8.0-45-generic #45-Ubuntu SMP Fri Aug 30 2024 x86_64 x86_64 GNU/Linux", "linux", "6.8.0-45-generic", "x86_64"),
        ("Linux tegra 5.15.148-tegra #1 SMP Tue Jan 7 2025 aarch64 aarch64 GNU/Linux", "linux", "5.15.148-tegra", "aarch64"),
        ("Linux", "linux", None, None),
    ],
)  # fmt: skip
def test_uname_of_another_machine(said: str, family: str, kernel: str | None, arch: str | None) -> None:
    found = observe(Machine(None, {"uname": said + "\n"}), deep=True, deadline=10.0).os
    assert (found.family, found.kernel, found.arch) == (family, kernel, arch)


def test_freebsd_10_by_its_messages_alone() -> None:
    boot = 'CPU: Intel(R) Core(TM) i5-4440 CPU @ 3.10GHz (2993.39-MHz K8-class CPU)\n  Origin = "GenuineIntel"  Id = 0x306c3\n'
    facts = seen(Machine(None, {"dmesg": boot + "  AMD Features=0x2c100800<SYSCALL,NX,LM>\n"}))
    assert (facts.os.family, facts.cpu.vendor, facts.cpu.arch, facts.cpu.features) == ("freebsd", "intel", "x86_64", None)


def test_lscpu_is_read_where_no_file_answers() -> None:
    table = "Architecture: ppc64le\nCPU(s): 160\nOn-line CPU(s) list: 0,8,16,\n24\nOff-line CPU(s) list: 1-7\nThread(s) per core: 1\n"
    table += "Core(s) per socket: 2\nSocket(s): 2\nNUMA node(s): 3\nNUMA node0 CPU(s): 0,8\nNUMA node1 CPU(s):\nNUMA node2 CPU(s): 16,24\n"
    cpu = seen(Machine(None, {"lscpu": table})).cpu
    assert (cpu.arch, cpu.threads, cpu.cores, cpu.sockets, cpu.numa_nodes, cpu.numa_nodes_with_cpus) == ("ppc64le", 4, 4, 2, 3, 2)
