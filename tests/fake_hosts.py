"""The machines of `tests/hosts/`, built from parts. `python -m tests.fake_hosts` writes their recordings anew."""
# ruff: noqa: E501 (what tools print is long)

from collections.abc import Callable
from pathlib import Path

from tests.fakes import GIB, FakeHost, amdgpu_memory, kfd_node, linux, nvidia_kernel, nvml, nvml_device, pci, vulkan

from pathfinder.host import Ran, Uname
from pathfinder.host.recording import RecordingHost
from pathfinder.looking.observe import observe

FOLDER = Path(__file__).parent / "hosts"
BUILDERS: dict[str, Callable[[], FakeHost]] = {}


def machine(build: Callable[[], FakeHost]) -> Callable[[], FakeHost]:
    BUILDERS[build.__name__.replace("_", "-")] = build
    return build


def _nvidia(name: str, cards: list[tuple[str, str, str, str, int | None, int]], driver: str = "580.95.05", cuda: str = "13.0") -> FakeHost:
    host = linux(name)
    nvidia_kernel(host, driver)
    vulkan(host, "nvidia_icd")
    devices = []
    for number, (address, device, product, capability, total, free) in enumerate(cards):
        pci(host, address, "030000", "10de", device, "nvidia")
        devices.append(nvml_device(number, address, product, capability, total, free))
    host.asks["nvml"] = nvml(devices, driver, cuda)
    return host


@machine
def rtx_4090_900mib_free() -> FakeHost:
    host = _nvidia("rtx-4090-900mib-free", [("0000:01:00.0", "2684", "NVIDIA GeForce RTX 4090", "8.9", 24564, 900)])
    host.asks["nvml"]["devices"][0] |= {
        "memory_clock_mhz": 10501,
        "bus_width_bits": 384,
        "cores": 16384,
        "processes": [{"pid": 4242, "memory_bytes": 23 * GIB}],
    }
    return host


@machine
def rtx_4090_gtx_1050_ti() -> FakeHost:
    cards = [
        ("0000:01:00.0", "2684", "NVIDIA GeForce RTX 4090", "8.9", 24564, 23900),
        ("0000:05:00.0", "1c82", "NVIDIA GeForce GTX 1050 Ti", "6.1", 4096, 4000),
    ]
    return _nvidia("rtx-4090-gtx-1050-ti", cards)


@machine
def rtx_4090_hidden() -> FakeHost:
    host = _nvidia("rtx-4090-hidden", [("0000:01:00.0", "2684", "NVIDIA GeForce RTX 4090", "8.9", 24564, 23900)])
    host.environment["CUDA_VISIBLE_DEVICES"] = "-1"
    return host


@machine
def gtx_1080_ti() -> FakeHost:
    return _nvidia("gtx-1080-ti", [("0000:01:00.0", "1b06", "NVIDIA GeForce GTX 1080 Ti", "6.1", 11264, 10900)])


@machine
def k80_driver_470() -> FakeHost:
    cards = [("0000:05:00.0", "102d", "Tesla K80", "3.7", 11441, 11438), ("0000:06:00.0", "102d", "Tesla K80", "3.7", 11441, 11438)]
    return _nvidia("k80-driver-470", cards, "470.256.02", "11.4")


@machine
def h100_mig_1g_10gb() -> FakeHost:
    host = _nvidia("h100-mig-1g-10gb", [("0000:19:00.0", "2330", "NVIDIA H100 80GB HBM3", "9.0", 81559, 81000)])
    part = {
        "slot": 0, "uuid": "MIG-11111111-2222-5333-8444-555555555555", "name": "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "gpu_instance": 9,
        "compute_instance": 0, "compute_units": 16, "memory_bytes": 9984 << 20, "memory_free_bytes": 9970 << 20, "processes": [],
    }  # fmt: skip
    host.asks["nvml"]["devices"][0] |= {
        "mig_supported": True,
        "mig_enabled": True,
        "slices": [part],
        "memory_clock_mhz": 2619,
        "bus_width_bits": 5120,
        "cores": 16896,
    }
    return host


@machine
def gb10() -> FakeHost:
    host = linux("gb10", "aarch64", cpus=20, memory_kib=127600748, kernel="6.11.0-1016-nvidia", parts=("0xd87", "0xd85"))
    nvidia_kernel(host)
    pci(host, "000f:01:00.0", "030000", "10de", "2e12", "nvidia")
    host.asks["nvml"] = nvml([nvml_device(0, "000f:01:00.0", "NVIDIA GB10", "12.1", None)])
    return host


@machine
def gh200() -> FakeHost:
    """Grace-Hopper as nvidia-smi tells it when its memory query answers "[N/A]" (old firmware); no NVML."""
    host = linux("gh200", "aarch64", cpus=72, memory_kib=480 * 10**9 // 1024, kernel="6.8.0-1036-nvidia-64k", parts=("0xd4f",))
    nvidia_kernel(host)
    pci(host, "0009:01:00.0", "030200", "10de", "2342", "nvidia")
    wide = "index,name,uuid,pci.bus_id,pci.device_id,memory.total,memory.free,driver_version,compute_cap,mig.mode.current,pcie.link.gen.max,pcie.link.width.max"
    row = "0, NVIDIA GH200 480GB, GPU-0badcafe-1111-2222-3333-444444444444, 00000009:01:00.0, 0x234210DE, [N/A], [N/A], 580.95.05, 9.0, Disabled, 5, 16"
    host.commands[("nvidia-smi", f"--query-gpu={wide}", "--format=csv,noheader,nounits")] = row + "\n"
    return host


@machine
def driver_not_answering() -> FakeHost:
    host = linux("driver-not-answering")
    pci(host, "0000:01:00.0", "030000", "10de", "2684", None)
    text = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n"
    host.commands[("nvidia-smi",)] = Ran(code=9, stdout=text)
    return host


@machine
def rx_7900_xtx() -> FakeHost:
    host = linux("rx-7900-xtx", kernel="6.14.0-33-generic")
    base = pci(host, "0000:03:00.0", "030000", "1002", "744c", "amdgpu")
    host.files[f"{base}/revision"] = "0xc8\n"
    host.files["/usr/share/libdrm/amdgpu.ids"] = "1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC,\tAMD Radeon RX 7900 XT\n"
    amdgpu_memory(host, base, 25753026560, 33 * GIB)
    kfd_node(host, 1, "0000:03:00.0", 110000, 96, 25753026560, "744c")
    host.files["/opt/rocm-7.1.0/.info/version"] = "7.1.0-54\n"
    vulkan(host, "radeon_icd.x86_64", "lvp_icd.x86_64")
    return host


@machine
def strix_halo() -> FakeHost:
    host = linux(
        "strix-halo", cpus=32, memory_kib=131015868, model="AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", kernel="6.17.4-200.fc43.x86_64"
    )
    base = pci(host, "0000:c4:00.0", "030000", "1002", "1586", "amdgpu")
    host.files[f"{base}/revision"] = "0xc1\n"
    host.files["/usr/share/libdrm/amdgpu.ids"] = "1.0.0\n1586,\tC1,\tAMD Radeon 8060S\n"
    amdgpu_memory(host, base, 512 << 20, 67080122368)
    kfd_node(host, 1, "0000:c4:00.0", 110501, 40, 67080122368, "1586")
    pci(host, "0000:c5:00.1", "118000", "1022", "17f0", "amdxdna")
    host.devices |= {"/dev/accel/accel0"}
    vulkan(host, "radeon_icd.x86_64")
    return host


@machine
def arc_a770() -> FakeHost:
    host = linux("arc-a770")
    base = pci(host, "0000:03:00.0", "030000", "8086", "56a0", "i915")
    host.files[f"{base}/drm/renderD128/dev"] = "226:128\n"
    host.asks["drm_regions"] = {"total_bytes": 17095983104, "free_bytes": 16900000000, "visible_bytes": 17095983104}
    vulkan(host, "intel_icd.x86_64", "lvp_icd.x86_64")
    host.files["/usr/lib/x86_64-linux-gnu/libze_intel_gpu.so.1"] = ""
    return host


@machine
def lunar_lake() -> FakeHost:
    host = linux("lunar-lake", cpus=8, memory_kib=32 << 20, model="Intel(R) Core(TM) Ultra 7 258V", kernel="6.17.0-6-generic")
    pci(host, "0000:00:02.0", "030000", "8086", "64a0", "xe")
    pci(host, "0000:00:0b.0", "120000", "8086", "643e", "intel_vpu")
    host.devices |= {"/dev/accel/accel0"}
    vulkan(host, "intel_icd.x86_64")
    return host


@machine
def raspberry_pi_5() -> FakeHost:
    host = linux("raspberry-pi-5", "aarch64", cpus=4, memory_kib=8245760, kernel="6.12.47+rpt-rpi-2712")
    host.files["/proc/device-tree/compatible"] = "raspberrypi,5-model-b\0brcm,bcm2712\0"
    host.files["/proc/device-tree/model"] = "Raspberry Pi 5 Model B Rev 1.0\0"
    pci(host, "0000:00:00.0", "060400", "14e4", "2712", "pcieport")
    host.files["/sys/class/drm/renderD128/device/uevent"] = "DRIVER=v3d\nOF_NAME=v3d\nOF_COMPATIBLE_0=brcm,2712-v3d\n"
    vulkan(host, "broadcom_icd.aarch64")
    return host


def _mac(name: str, chip: str, cores: int, memory: int) -> FakeHost:
    profiler = (
        '{"SPDisplaysDataType": [{"_name": "kHW_AppleM1Item", "spdisplays_mtlgpufamilysupport": "spdisplays_metal3", "spdisplays_vendor": "sppci_vendor_Apple", '
        f'"sppci_bus": "spdisplays_builtin", "sppci_cores": "{cores}", "sppci_device_type": "spdisplays_gpu", "sppci_model": "{chip}", '
        '"spdisplays_ndrvs": [{"_name": "Color LCD"}]}]}'
    )
    fast, slow = (12, 4) if "Max" in chip else (4, 4)
    features = (
        "FlagM FlagM2 FHM DotProd FP16 RDM LSE LSE2 LRCPC LRCPC2 FCMA JSCVT DPB DPB2 SB FRINTTS BF16 I8MM AES PMULL SHA256 SHA3 SHA512"
    )
    features += " SME SME2 WFxT AFP" if "M4" in chip else ""
    many = (
        f"hw.ncpu: {fast + slow}\nhw.activecpu: {fast + slow}\nhw.physicalcpu: {fast + slow}\nhw.physicalcpu_max: {fast + slow}\n"
        f"hw.logicalcpu: {fast + slow}\nhw.logicalcpu_max: {fast + slow}\nhw.nperflevels: 2\nhw.perflevel0.physicalcpu: {fast}\n"
        f"hw.perflevel1.physicalcpu: {slow}\nhw.packages: 1\nhw.cputype: 16777228\nhw.memsize: {memory}\nhw.pagesize: 16384\n"
        f"iogpu.wired_limit_mb: 0\nhw.optional.arm64: 1\nhw.optional.neon: 1\nhw.optional.AdvSIMD: 1\nhw.optional.armv8_crc32: 1\n"
        f"{''.join(f'hw.optional.arm.FEAT_{word}: 1{chr(10)}' for word in features.split())}machdep.cpu.brand_string: {chip}\nmachdep.cpu.core_count: {fast + slow}\n"
        "kern.ostype: Darwin\nkern.osrelease: 25.1.0\nkern.osproductversion: 26.1\nsysctl.proc_translated: 0\n"
    )
    return FakeHost(
        name=name,
        commands={
            ("sysctl",): many,
            ("system_profiler", "-json", "SPDisplaysDataType"): profiler,
        },
        asks={
            "statvfs": {"free_bytes": 300 * 10**9, "total_bytes": 10**12},
            "native_counts": {
                "total_bytes": memory,
                "available_bytes": memory * 3 // 4,
                "swap_bytes": 0,
                "cores": fast + slow,
                "threads": fast + slow,
                "usable_cpus": None,
            },
            "which": lambda *names: {one: f"/opt/homebrew/bin/{one}" for one in names if one in ("python3", "uv", "brew", "git")},
        },
        system=Uname(sysname="Darwin", release="25.1.0", version="Darwin Kernel Version 25.1.0", machine="arm64"),
    )


@machine
def apple_m4_max() -> FakeHost:
    return _mac("apple-m4-max", "Apple M4 Max", 40, 128 * GIB)


@machine
def apple_m2() -> FakeHost:
    host = _mac("apple-m2", "Apple M2", 10, 16 * GIB)
    host.asks["metal"] = [
        {"name": "Apple M2", "working_set_bytes": 11453251584, "unified": True, "low_power": False, "apple_family": 8, "metal": "3"}
    ]
    return host


@machine
def windows_rtx_3060_igpu() -> FakeHost:
    adapters = [
        {
            "name": "NVIDIA GeForce RTX 3060",
            "vendor_id": "10de",
            "device_id": "2504",
            "software": False,
            "dedicated_bytes": 12706643968,
            "shared_bytes": 17 * 10**9,
        },
        {
            "name": "Intel(R) UHD Graphics 770",
            "vendor_id": "8086",
            "device_id": "4680",
            "software": False,
            "dedicated_bytes": 134217728,
            "shared_bytes": 17 * 10**9,
        },
        {
            "name": "Microsoft Basic Render Driver",
            "vendor_id": "1414",
            "device_id": "008c",
            "software": True,
            "dedicated_bytes": 0,
            "shared_bytes": 17 * 10**9,
        },
    ]
    return FakeHost(
        name="windows-rtx-3060-igpu",
        devices={"C:/Windows/System32/vulkan-1.dll", "C:/Windows/System32/OpenCL.dll", "C:/Windows/System32/nvcuda.dll"},
        asks={
            "dxgi": adapters,
            "nvml": nvml(
                [nvml_device(0, "0000:01:00.0", "NVIDIA GeForce RTX 3060", "8.6", 12288, 11000, device_id="2504", driver_model="wddm")],
                "581.57",
            ),
            "statvfs": {"free_bytes": 300 * 10**9, "total_bytes": 10**12},
            "native_counts": {
                "total_bytes": 34 * 10**9,
                "available_bytes": 20 * 10**9,
                "swap_bytes": 0,
                "cores": 14,
                "threads": 20,
                "usable_cpus": 20,
            },
            "windows_version": {"CurrentBuild": "26200", "ProductName": "Windows 10 Pro", "UBR": 7000},
            "which": {"python": "C:\\Python312\\python.exe", "winget": "C:\\Windows\\winget.exe"},
        },
        system=Uname(sysname="Windows", release="10.0.26200", version="10.0.26200", machine="x86_64"),
    )


@machine
def bmc_and_llvmpipe() -> FakeHost:
    """A server without any GPU: a BMC's VGA, a software Vulkan driver."""
    host = linux("bmc-and-llvmpipe")
    pci(host, "0000:02:00.0", "030000", "1a03", "2000", "ast")
    vulkan(host, "lvp_icd.x86_64")
    return host


def record() -> None:
    for name, build in BUILDERS.items():
        host = RecordingHost(build())
        observe(host, deadline=30)
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "recording.json").write_bytes(host.tape())


if __name__ == "__main__":
    record()
