"""What vendors' tools print, read: known outputs give known values; anything else raises nothing and invents nothing."""
# ruff: noqa: E501 (what tools print is long)

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathfinder.readers import (
    accelerators,
    adapters,
    device_query,
    indented,
    jsontext,
    lspci,
    nvidia_names,
    nvidia_proc,
    nvidia_smi,
    opencl,
    rocm,
    system_profiler,
    vulkaninfo,
    words,
    xpu_smi,
)

TABLE = """\
+-----------------------------------------------------------------------------------------+
| NVIDIA-SMI 610.57.04              KMD Version: 610.57.04      CUDA UMD Version: 13.3     |
|-----------------------------------------+------------------------+----------------------+
| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |
|=========================================+========================+======================|
|   0  NVIDIA H100 80GB HBM3          On  |   00000000:19:00.0 Off |                   On |
| N/A   29C    P0             72W /  700W |     500MiB /  81559MiB |     N/A      Default |
|                                         |                        |              Enabled |
|   1  NVIDIA GeForce RTX ...         Off |   00000000:1A:00.0  On |                  N/A |
| N/A   29C    P0             72W /  700W |      10MiB /  24564MiB |      0%      Default |
+-----------------------------------------+------------------------+----------------------+
| MIG devices:                                                                            |
| GPU  GI  CI  MIG |              Shared Memory-Usage |        Vol|        Shared           |
|==================+==================================+===========+=======================|
|  0    9   0   0  |              12MiB /  9984MiB    | 16      0 |  1   0    1    0    1 |
+------------------+----------------------------------+-----------+-----------------------+
"""
MIG_LIST = """\
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-513536b6-7d19-9063-b049-1e69664bb298)
  MIG 1g.10gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
"""
QUERY = """\

==============NVSMI LOG==============

Driver Version                            : 550.127.05
CUDA Version                              : ERR!

Attached GPUs                             : 1
GPU 00000000:4F:00.0
    Product Name                          : NVIDIA A40
    MIG Mode
        Current                           : N/A
    GPU UUID                              : GPU-4e65de01-972e-93cf-b077-181a5378972a
    PCI
        Device Id                         : 0x223510DE
        Bus Id                            : 00000000:4F:00.0
        GPU Link Info
            PCIe Generation
                Max                       : 4
            Link Width
                Max                       : 16x
    FB Memory Usage
        Total                             : 46068 MiB
        Free                              : 45403 MiB
"""


def test_plain_table_with_slices() -> None:
    log = nvidia_smi.table(TABLE)
    assert (log["driver_version"], log["cuda_version"]) == ("610.57.04", "13.3")
    first, second = log["devices"]
    assert first["name"] == "NVIDIA H100 80GB HBM3" and first["pci"] == "0000:19:00.0" and first["memory_bytes"] == 81559 << 20
    assert first["mig"] == {"enabled": True, "supported": True}
    assert "name" not in second and second["memory_free_bytes"] == 24554 << 20
    assert log["slices"][0]["gpu_instance"] == 9 and log["slices"][0]["memory_bytes"] == 9984 << 20
    listed = nvidia_smi.listing(MIG_LIST)
    assert listed["slices"] == [{"index": 0, "slot": 0, "profile": "1g.10gb", "uuid": "MIG-c7384736-a75d-5afc-978f-d2f1294409fd"}]


OLD_TABLE = """\
| NVIDIA-SMI 384.130                Driver Version: 384.130                   |
| GPU  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncorr. ECC |
|===============================+======================+======================|
|   0  GeForce GTX 108...  Off  | 00000000:01:00.0  On |                  N/A |
| 23%   38C    P8    17W / 250W |    371MiB / 11170MiB |      0%      Default |
|   1  GeForce GT 630      Off  | 0000:02:00.0     N/A |                  N/A |
| 40%   36C    P8    N/A /  N/A |    103MiB /  1023MiB |     N/A      Default |
|   2  ERR!                ERR! | 00000000:03:00.0 ERR!|                 ERR! |
|ERR!  ERR! ERR!    ERR! / ERR! |   Unable to determine| ERR!         Default |
"""


def test_plain_table_of_old_drivers_and_of_a_card_that_fails() -> None:
    rows = [(one.get("name"), one["pci"], one.get("memory_bytes", 0) >> 20) for one in nvidia_smi.table(OLD_TABLE)["devices"]]
    assert rows == [(None, "0000:01:00.0", 11170), ("GeForce GT 630", "0000:02:00.0", 1023), (None, "0000:03:00.0", 0)]


def test_slices_in_the_text_of_drivers_since_590() -> None:
    text = QUERY + "    MIG Device\n        Index                             : 0\n        GPU Instance ID                   : 2\n"
    text += "        Compute Instance ID               : 0\n        Shared FB Memory Usage\n"
    text += "            Total                         : 40448 MiB\n            Free                          : 29357 MiB\n"
    part = nvidia_smi.query(text)["slices"][0]
    assert (part["gpu_instance"], part["memory_bytes"], part["memory_free_bytes"]) == (2, 40448 << 20, 29357 << 20)


def test_query_text() -> None:
    log = nvidia_smi.query(QUERY)
    (card,) = log["devices"]
    assert "cuda_version" not in log and log["driver_version"] == "550.127.05"
    assert (card["pci"], card["device_id"], card["memory_bytes"]) == ("0000:4f:00.0", "2235", 46068 << 20)
    assert card["mig"] == {"enabled": False, "supported": False} and card["pcie"] == {"generation": 4, "width": 16}


@pytest.mark.parametrize("text", ["[N/A]", "N/A", "Not Supported", "[Not Supported]"])
def test_no_memory_of_its_own(text: str) -> None:
    (card,) = nvidia_smi.csv(f"0, NVIDIA GB10, {text}\n", ("index", "name", "memory.total"))
    assert card["memory"] == "unified" and "memory_bytes" not in card


@pytest.mark.parametrize("text", ["GPU is lost", "[GPU is lost]", "[Unknown Error]", "[Insufficient Permissions]", "ERR!"])
def test_a_failure_to_read_is_not_unified_memory(text: str) -> None:
    (card,) = nvidia_smi.csv(f"0, NVIDIA A100, {text}\n", ("index", "name", "memory.total"))
    assert "memory_bytes" not in card and card.get("memory") != "unified"


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        (9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "driver-not-loaded"),
        (0, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "driver-not-loaded"),
        (6, "No devices were found", "no-devices"),
        (18, "Failed to initialize NVML: Driver/library version mismatch", "version-mismatch"),
        (255, "Failed to initialize NVML: Unknown Error", "unknown-error"),
        (12, "", "library-missing"),
        (2, 'Field "compute_cap" is not a valid field to query.', None),
        (0, "<nvidia_smi_log><attached_gpus>2</attached_gpus><total>GPU is lost</total>", None),
    ],
)
def test_why_it_failed(code: int, text: str, status: str | None) -> None:
    assert nvidia_smi.status(code, text) == status


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("NVIDIA GeForce RTX 4090", "8.9"), ("GRID A100-4C", "8.0"), ("Orin (nvgpu)", "8.7"), ("NVIDIA GB10", "12.1"), ("Tesla K80", "3.7"),
        ("GeForce GTX TITAN X", "5.2"), ("NVIDIA TITAN X (Pascal)", "6.1"), ("GeForce GTX 960M", "5.0"), ("NVIDIA RTX 4000 SFF Ada Generation", "8.9"),
        ("NVIDIA RTX A2000 12GB", "8.6"), ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "12.0"), ("NVIDIA A10G", "8.6"), ("Quadro M2000", "5.2"),
        ("GeForce 210", None), ("AMD Radeon RX 7900 XTX", None), ("NVIDIA H900", None), ("", None),
    ],
)  # fmt: skip
def test_compute_capability_by_name(name: str, capability: str | None) -> None:
    assert nvidia_names.compute_capability(name) == capability


def test_kernel_files() -> None:
    line = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder)  Tue Sep 23 2025\nGCC version:  gcc 13.3.0\n"
    assert nvidia_proc.version(line) == "580.95.05"
    text = "Model: \t\t NVIDIA GeForce RTX 3090\nIRQ:   \t\t 77\nGPU UUID: \t GPU-????????-????-????-????-????????????\nBus Location: \t 0000:41:00.0\n"
    assert nvidia_proc.information(text) == {"name": "NVIDIA GeForce RTX 3090", "pci": "0000:41:00.0"}


def test_rocm_smi_with_warnings_before_json() -> None:
    text = (
        "WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status\n\n"
        '{"card0": {"Device Name": "AMD Radeon RX 7900 XTX", "Device ID": "0x744c", "PCI Bus": "0000:03:00.0", "VRAM Total Memory (B)": "25753026560", '
        '"VRAM Total Used Memory (B)": "1000", "GFX Version": "gfx1100"}, "system": {"Driver version": "6.12.12"}}'
    )
    (card,) = rocm.rocm_smi_json(text)
    assert (card["name"], card["device_id"], card["arch"]) == ("AMD Radeon RX 7900 XTX", "744c", "gfx1100")
    assert card["memory_free_bytes"] == 25753025560 and card["driver_version"] == "6.12.12"


@pytest.mark.parametrize("wrap", ["[%s]", '{"gpu_data": [%s]}'])
def test_amd_smi_json_of_rocm_6_and_7(wrap: str) -> None:
    one = (
        '{"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "device_id": "0x74a1", "num_compute_units": 304, "target_graphics_version": "gfx942"}, '
        '"bus": {"bdf": "0000:26:00.0"}, "vram": {"type": "HBM", "size": {"value": 196592, "unit": "MB"}}, "driver": {"version": "6.12.12"}}'
    )
    (card,) = rocm.amd_smi(wrap % one)
    assert card["memory_bytes"] == 196592 << 20 and card["arch"] == "gfx942" and card["compute_units"] == 304


def test_an_npu_among_hsa_agents_is_no_gpu() -> None:
    def agent(number: int, name: str, kind: str) -> str:
        fields = f"  Name:                    {name}\n  Marketing Name:          {name}\n  Device Type:             {kind}\n  BDFID:                   62464\n"
        return f"*******\nAgent {number}\n*******\n{fields}  Compute Unit:            40\n"

    text = "HSA Agents\n" + agent(1, "AMD RYZEN AI MAX+ 395", "CPU") + agent(2, "gfx1151", "GPU") + agent(3, "aie2p", "DSP")
    assert [(one["kind"], one.get("arch")) for one in rocm.rocminfo(text)] == [("gpu", "gfx1151"), ("npu", "aie2p")]


HL_SMI = """\
+-----------------------------------------------------------------------------+
| HL-SMI Version:                              hl-1.22.0-fw-61.3.2.0          |
| Driver Version:                                     1.22.0-f8cd9ef          |
|-------------------------------+----------------------+----------------------+
| AIP  Name        Persistence-M| Bus-Id        Disp.A | Volatile Uncor-Events|
| Fan  Temp  Perf  Pwr:Usage/Cap|         Memory-Usage | AIP-Util  Compute M. |
|===============================+======================+======================|
|   0  HL-325L             N/A  | 0000:97:00.0     N/A |                   0  |
| N/A   28C   P0   224W /  900W |   672MiB / 131072MiB |     0%            0% |
|-------------------------------+----------------------+----------------------+
|   1  HL-225              N/A  | 0000:33:00.0     N/A |                   0  |
| N/A   26C   P0    95W /  600W |  98304MiB / 98304MiB |     0%            0% |
"""
NPU_SMI = """\
| npu-smi 26.0.rc2                 Version: 26.0.rc2                                              |
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip  Phy-ID              | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     Ascend910           | OK            | 178.5       36                0    / 0             |
| 0     0                   | 0000:9D:00.0  | 0           0    / 0          3416 / 65536         |
| 0     Ascend910           | OK            | -           36                0    / 0             |
| 1     1                   | 0000:9F:00.0  | 0           0    / 0          3195 / 65536         |
+===========================+===============+====================================================+
| 4     310P3               | OK            | NA          46                0    / 0             |
| 0                         | 0000:xx:00.0  | 0           1500 / 21527                           |
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
| 0       0                 | 21180         | python                   | 3100                    |
"""
NEURON_LS = """\
instance-type: trn2n.48xlarge
+--------+--------+----------+--------+---------------+--------------+------+
| NEURON | NEURON |  NEURON  | NEURON |   CONNECTED   |     PCI      | NUMA |
| DEVICE | CORES  | CORE IDS | MEMORY |    DEVICES    |     BDF      | NODE |
+--------+--------+----------+--------+---------------+--------------+------+
| 0      | 4      | 0-3      | 96 GB  | 12, 3, 4, 1   | 0000:cc:00.0 | 0    |
| 1      | 4      | 4-7      | 96 GB  | 13, 0, 5, 2   | b5:00.0      | 0    |
"""


def test_gaudi_ascend_and_neuron_tools() -> None:
    gaudi = [(one["name"], one["arch"], one["pci"], one["memory_bytes"], one["memory_free_bytes"]) for one in accelerators.hl_smi(HL_SMI)]
    assert gaudi == [
        ("HL-325L", "gaudi3", "0000:97:00.0", 131072 << 20, (131072 - 672) << 20),
        ("HL-225", "gaudi2", "0000:33:00.0", 98304 << 20, 0),
    ]
    ascend = [
        (one["name"], one.get("pci"), one["memory_bytes"] >> 20, one["memory_free_bytes"] >> 20) for one in accelerators.npu_smi(NPU_SMI)
    ]
    assert ascend == [
        ("Ascend 910", "0000:9d:00.0", 65536, 65536 - 3416),
        ("Ascend 910", "0000:9f:00.0", 65536, 65536 - 3195),
        ("Ascend 310P3", None, 21527, 21527 - 1500),
    ]
    listed = (
        '[{"neuron_device": 0, "bdf": "00:1e.0", "connected_to": null, "nc_count": 2, "memory_size": 34359738368, "neuron_processes": []}]'
    )
    for text, expected in (
        (NEURON_LS, [("0000:cc:00.0", 4, 96 << 30), ("0000:b5:00.0", 4, 96 << 30)]),
        (listed, [("0000:00:1e.0", 2, 32 << 30)]),
    ):
        assert [(one["pci"], one["compute_units"], one["memory_bytes"]) for one in accelerators.neuron_ls(text)] == expected


def test_device_query_of_cuda_and_hip() -> None:
    text = 'Device 0: "NVIDIA GeForce RTX 4060 Ti"\n  CUDA Driver Version / Runtime Version          12.4 / 12.3\n'
    text += "  CUDA Capability Major/Minor version number:    8.9\n  Total amount of global memory:                 16076 MBytes (16857038848 bytes)\n"
    text += "  (34) Multiprocessors, (128) CUDA Cores/MP:     4352 CUDA Cores\n  Device PCI Domain ID / Bus ID / location ID:   0 / 3 / 0\n"
    card = device_query.cuda(text)[0]
    assert (card["pci"], card["compute_capability"], card["compute_units"], card["memory_bytes"]) == (
        "0000:03:00.0",
        "8.9",
        34,
        16857038848,
    )
    assert device_query.driver(text) == "12.4"
    hip = "[GPU 0] AMD Instinct MI300X\n[GPU 0] gfx942:sramecc+:xnack-: AMD GCN Arch Name\n"
    hip += "[GPU 0] 304: Number of multi-processors(Compute Units: CUs)\n[GPU 0] 196592: Total Global Memory (MB)\n[GPU 0] 5: PCI Bus ID\n"
    assert rocm.hip_device_query(hip) == [
        {
            "vendor": "amd",
            "name": "AMD Instinct MI300X",
            "arch": "gfx942",
            "compute_units": 304,
            "memory_bytes": 196592 << 20,
            "pci": "0000:05:00.0",
        }
    ]


def test_lspci_with_names_and_numbers() -> None:
    text = "00:02.0 VGA compatible controller [0300]: Intel Corporation Raptor Lake-S UHD Graphics [8086:a788] (rev 04)\n"
    text += "\tSubsystem: Device [1558:867c]\n\tKernel driver in use: i915\n\tKernel modules: i915, xe\n"
    text += "10000:01:00.0 3D controller [0302]: NVIDIA Corporation AD104M [GeForce RTX 4080 Max-Q / Mobile] [10de:27a0] (rev a1)\n"
    assert lspci.functions(text) == [
        {"pci": "0000:00:02.0", "class": "030000", "vendor_id": "8086", "device_id": "a788", "driver_module": "i915"},
        {"pci": "10000:01:00.0", "class": "030200", "vendor_id": "10de", "device_id": "27a0"},
    ]


def test_vulkan_software_renderers_are_marked() -> None:
    text = (
        "GPU0:\n\tapiVersion = 1.4.318\n\tvendorID = 0x1002\n\tdeviceID = 0x744c\n\tdeviceType = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU\n"
        "\tdeviceName = AMD Radeon RX 7900 XTX (RADV NAVI31)\nGPU1:\n\tapiVersion = 4210945 (1.4.257)\n\tvendorID = 0x10005\n\tdeviceID = 0x0\n"
        "\tdeviceType = PHYSICAL_DEVICE_TYPE_CPU\n\tdeviceName = llvmpipe (LLVM 19.1.7, 256 bits)\n"
    )
    assert [(one["software"], one["type"], one["api_version"]) for one in vulkaninfo.text(text)] == [
        (False, "discrete", "1.4.318"),
        (True, "cpu", "1.4.257"),
    ]


def test_sycl_devices() -> None:
    text = (
        "[level_zero:gpu][level_zero:0] Intel(R) oneAPI Unified Runtime over Level-Zero, Intel(R) Arc(TM) B580 Graphics 20.1.0 [1.6.31294]\n"
        "[opencl:gpu:2] Intel(R) OpenCL Graphics, Intel(R) Arc(TM) A770 Graphics OpenCL 3.0 NEO  [23.30.26918.9]\n"
        "[opencl:acc:0] Intel(R) FPGA Emulation Platform for OpenCL(TM), Intel(R) FPGA Emulation Device OpenCL 1.2  [2023.16]\n"
        "[opencl:cpu:1] Intel(R) OpenCL, 12th Gen Intel(R) Core(TM) i7-1280P OpenCL 3.0 (Build 0) [2023.16]\n"
    )
    assert [(one["name"], one["software"]) for one in opencl.sycl_ls(text)] == [
        ("Intel(R) Arc(TM) B580 Graphics", False),
        ("Intel(R) Arc(TM) A770 Graphics", False),
        ("Intel(R) FPGA Emulation Device", True),
        ("12th Gen Intel(R) Core(TM) i7-1280P", True),
    ]


def test_adapters_of_windows() -> None:
    saturated = '{"Name":"NVIDIA GeForce GTX 1660","AdapterRAM":4293918720,"PNPDeviceID":"PCI\\\\VEN_10DE&DEV_2184&SUBSYS_1"}'
    (card,) = adapters.cim(saturated)
    assert card["vendor"] == "nvidia" and card["device_id"] == "2184" and "memory_bytes" not in card
    several = (
        '[{"Name":"Microsoft Remote Display Adapter","AdapterRAM":null},{"Name":"GameViewer Virtual Display Adapter","AdapterRAM":1},'
        + saturated
        + "]"
    )
    assert [one["name"] for one in adapters.cim(several)] == ["NVIDIA GeForce GTX 1660"]
    columns = "AdapterRAM  Name                      \n536870912   AMD Radeon(TM) Graphics   \n"
    assert adapters.columns(columns) == [{"kind": "gpu", "vendor": "amd", "name": "AMD Radeon(TM) Graphics", "memory_bytes": 536870912}]
    assert adapters.listing("\r\n\r\nAdapterRAM=1073741824\r\r\nName=Intel(R) UHD Graphics 630\r\r\n") == [
        {"kind": "gpu", "vendor": "intel", "name": "Intel(R) UHD Graphics 630", "memory_bytes": 1 << 30}
    ]


def test_xpu_smi() -> None:
    table = (
        "| Device ID | Device Information                 |\n| 0         | Device Name: Intel(R) Arc(TM) B580 Graphics |\n"
        "|           | PCI BDF Address: 0000:03:00.0      |\n"
    )
    assert xpu_smi.table(table)[0]["pci"] == "0000:03:00.0"
    text = '{"device_list": [{"device_name": "Intel(R) Data Center GPU Flex 170", "pci_bdf_address": "0000:4d:00.0", "pci_device_id": "0x56c0"}]}'
    assert xpu_smi.json(text)[0]["device_id"] == "56c0"


# --- any text at all -------------------------------------------------------------------------------------------------

READERS: dict[str, Any] = {
    "smi xml": nvidia_smi.xml,
    "smi query": nvidia_smi.query,
    "smi table": nvidia_smi.table,
    "smi list": nvidia_smi.listing,
    "smi csv": lambda text: nvidia_smi.csv(text, ("index", "name", "memory.total", "memory.free", "compute_cap", "pci.bus_id")),
    "proc": nvidia_proc.information,
    "rocminfo": rocm.rocminfo,
    "rocm-smi json": rocm.rocm_smi_json,
    "rocm-smi csv": rocm.rocm_smi_csv,
    "rocm-smi text": rocm.rocm_smi_text,
    "rocm-smi table": rocm.rocm_smi_table,
    "amd-smi": rocm.amd_smi,
    "amd-smi table": rocm.amd_smi_table,
    "hip deviceQuery": rocm.hip_device_query,
    "cuda deviceQuery": device_query.cuda,
    "vulkan text": vulkaninfo.text,
    "vulkan json": vulkaninfo.json,
    "clinfo json": opencl.clinfo_json,
    "clinfo text": opencl.clinfo_text,
    "sycl": opencl.sycl_ls,
    "profiler json": system_profiler.json,
    "profiler text": system_profiler.text,
    "cim": adapters.cim,
    "wmic list": adapters.listing,
    "wmic columns": adapters.columns,
    "hl-smi": accelerators.hl_smi,
    "npu-smi": accelerators.npu_smi,
    "neuron-ls": accelerators.neuron_ls,
    "lspci": lspci.functions,
    "xpu json": xpu_smi.json,
    "xpu table": xpu_smi.table,
}
SEEDS = [
    HL_SMI,
    NPU_SMI,
    NEURON_LS,
    TABLE,
    MIG_LIST,
    QUERY,
    '<?xml version="1.0" ?><nvidia_smi_log><driver_version>535</driver_version><gpu id="00000000:01:00.0"><fb_memory_usage><total>1 MiB</total></gpu>',
    "0, NVIDIA A100, 40960 MiB, 40000 MiB, 8.0, 00000000:01:00.0\n",
    '{"card0": {"VRAM Total Memory (B)": "17163091968", "PCI Bus": "0000:04:00.0"}, "system": {}}',
    '{"SPDisplaysDataType": [{"_name": "Apple M1", "sppci_cores": "8", "spdisplays_vram": "4 GB"}]}',
    '{"devices": [{"online": [{"CL_DEVICE_NAME": "x", "CL_DEVICE_TYPE": {"raw": 4}, "CL_DEVICE_GLOBAL_MEM_SIZE": 1}]}]}',
    '{"capabilities": {"device": {"properties": {"VkPhysicalDeviceProperties": {"vendorID": 4318, "apiVersion": 4206847}}}}}',
    "GPU[0]\t\t: Card series: \t\tAMD Instinct MI300X\n",
    "GPU: 0\n    ASIC:\n        MARKET_NAME: AMD\n    VRAM:\n        SIZE: 1 MB\n",
    "Slot:\t0000:01:00.0\nClass:\t0300\nVendor:\t10de\nDevice:\t2684\n",
    "GPU0:\n\tapiVersion = 1.3.260\n\tdeviceName = x\n",
]
NUMBERS = ("memory_bytes", "memory_free_bytes", "visible_memory_bytes", "gtt_bytes", "compute_units")


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A real output with pieces cut out, doubled, swapped for noise."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(text))))
        to = min(len(text), at + draw(st.integers(0, 30)))
        noise = draw(
            st.one_of(
                st.just(""),
                st.just(text[at:to] * 2),
                st.text(max_size=8),
                st.sampled_from(["null", "{", "]", "-1", "9" * 400, "\x00", "1e999"]),
            )
        )
        text = text[:at] + noise + text[to:]
    return text


def records(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [*value.get("devices", []), *value.get("slices", []), value]
    return list(value)


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=120, deadline=None)
@given(text=st.one_of(damaged(), st.text(max_size=200)))
def test_never_raises_and_gives_plain_records(name: str, text: str) -> None:
    for record in records(READERS[name](text)):
        assert isinstance(record, dict)
        for key in NUMBERS:
            assert record.get(key) is None or (isinstance(record[key], int) and not isinstance(record[key], bool) and record[key] >= 0)
        if record.get("pci") is not None:
            assert words.bdf(record["pci"]) == record["pci"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Nd"]), max_size=200))
def test_no_number_comes_from_a_text_without_digits(text: str) -> None:
    for name, reader in READERS.items():
        for record in records(reader(text)):
            assert all(record.get(key) is None for key in NUMBERS), name


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_words(text: str) -> None:
    for reader in (
        words.word,
        words.size,
        words.integer,
        words.leading,
        words.bdf,
        words.hex4,
        words.version,
        nvidia_names.compute_capability,
    ):
        reader(text)
    value = words.size(text, "mib")
    assert value is None or any(character.isdigit() for character in text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24564 MiB", 24564 << 20),
        ("16 GB", 16 << 30),
        ("4096", 4096),
        ("[N/A]", None),
        ("GPU is lost", None),
        ("-5", None),
        ("", None),
        ("1.5 GiB", 3 << 29),
    ],
)
def test_sizes(text: str, value: int | None) -> None:
    assert words.size(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00000000:01:00.0", "0000:01:00.0"),
        ("0000000F:01:00.0", "000f:01:00.0"),
        ("65:00.0", "0000:65:00.0"),
        ("10000:E1:00.0", "10000:e1:00.0"),
        ("N/A", None),
    ],
)
def test_addresses(text: str, value: str | None) -> None:
    assert words.bdf(text) == value


def test_nested_entities_and_depth_cost_nothing() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><nvidia_smi_log>' + "<gpu>" * 5000 + "&c;" + "</gpu>" * 5000
    assert isinstance(nvidia_smi.xml(bomb)["devices"], list)
    assert jsontext.first_value("[" * 100_000) is None
    assert len(indented.flatten(indented.from_text("\n".join(" " * n + f"k{n}: v" for n in range(500))))) < 500


def test_topology() -> None:
    text = "\tGPU0\tGPU1\tGPU2\tCPU Affinity\nGPU0\t X \tNV4\tSYS\t0-31\nGPU1\tNV4\t X \tSYS\t0-31\nGPU2\tSYS\tSYS\t X \t32-63\n"
    assert nvidia_smi.topology(text) == [(0, 1)]
