"""GPUs, NPUs and what follows from them, on machines that are not there: whole detection, nothing mocked but the machine."""

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.fake_hosts import BUILDERS, FOLDER
from tests.fakes import GIB, MIB, FakeHost, linux, nvidia_kernel, nvml, nvml_device, pci, vulkan

from pathfinder.host import Answer, Ran
from pathfinder.host.open import open_host
from pathfinder.host.recording import RecordingHost
from pathfinder.host.sysroot import SysrootHost
from pathfinder.looking.observe import observe
from pathfinder.types.facts import Device, Facts

SYSTEM_TOTAL = 64 << 30


@cache
def facts(name: str) -> Facts:
    return observe(BUILDERS[name](), deadline=30)


def only(found: Facts, kind: str = "gpu") -> Device:
    (device,) = [one for one in found.devices or () if one.kind == kind and not one.parent]
    return device


def warned(found: Facts) -> set[str]:
    return {one.id for one in found.warnings}


def test_free_memory_is_what_is_free() -> None:
    found = facts("rtx-4090-900mib-free")
    card = only(found)
    assert (card.memory_bytes, card.memory_free_bytes) == (24564 * MIB, 900 * MIB)
    assert (card.compute_capability, card.arch, card.compute_units) == ("8.9", "sm_89", 128)
    assert card.bandwidth_bytes_per_second == pytest.approx(1008e9, rel=0.001)
    assert card.used_by is not None and card.used_by[0].memory_bytes == 23 * GIB
    assert found.backends["cuda"].usable is True and found.backends["cuda"].version == "13.0"
    assert card.apis["cuda"] == "13.0"
    assert found.why["devices.0.memory_bytes"].source == "NVML"


def test_two_unequal_cards_stay_two() -> None:
    found = facts("rtx-4090-gtx-1050-ti")
    assert [one.name for one in found.devices or ()] == ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce GTX 1050 Ti"]
    assert found.backends["cuda"].devices == ("0000:01:00.0", "0000:05:00.0")


def test_hidden_device_is_listed_and_never_planned_on() -> None:
    found = facts("rtx-4090-hidden")
    assert only(found).visible is False and only(found).memory_bytes
    assert found.backends["cuda"].usable is False and found.backends["cuda"].devices == ()
    assert "CUDA_VISIBLE_DEVICES" in (found.backends["cuda"].why or "")


def test_old_cards_on_their_last_drivers() -> None:
    pascal, kepler = only(facts("gtx-1080-ti")), facts("k80-driver-470")
    assert (pascal.compute_capability, pascal.memory_bytes) == ("6.1", 11264 * MIB)
    assert [one.compute_capability for one in kepler.devices or ()] == ["3.7", "3.7"]
    assert kepler.backends["cuda"].version == "11.4" and (kepler.devices or ())[0].driver_version == "470.256.02"


def test_mig_slice_is_a_device_and_its_card_is_not_used() -> None:
    found = facts("h100-mig-1g-10gb")
    card, part = sorted(found.devices or (), key=lambda one: bool(one.parent))
    assert part.parent == card.id and part.memory_bytes == 9984 * MIB and part.compute_units == 16
    assert part.bandwidth_bytes_per_second == pytest.approx(3352e9 / 8, rel=0.03) and card.compute_units == 132
    assert part.mig is not None and part.mig.profile == "1g.10gb" and part.compute_capability == "9.0"
    assert found.backends["cuda"].devices == (part.id,)


@pytest.mark.parametrize(("name", "capability", "integrated"), [("gb10", "12.1", True), ("gh200", "9.0", False)])
def test_memory_not_available_means_system_memory(name: str, capability: str, integrated: bool) -> None:
    found = facts(name)
    card = only(found)
    assert card.memory_bytes == found.memory.total_bytes and card.shared_memory is True
    assert (card.compute_capability, card.integrated, found.memory.unified) == (capability, integrated, True)
    assert found.backends["cuda"].usable is True


def test_driver_that_does_not_answer_leaves_the_card_and_names_the_fix() -> None:
    found = facts("driver-not-answering")
    assert only(found).vendor == "nvidia" and only(found).memory_bytes is None
    (warning,) = [one for one in found.warnings if one.id == "nvidia-driver-not-loaded"]
    assert "GPU present, driver not answering" in warning.says and warning.fix
    assert found.backends["cuda"].usable is False and "not loaded" in (found.backends["cuda"].why or "")


def test_discrete_radeon() -> None:
    found = facts("rx-7900-xtx")
    card = only(found)
    assert (card.name, card.arch, card.memory_bytes, card.integrated) == ("AMD Radeon RX 7900 XTX", "gfx1100", 25753026560, False)
    assert found.backends["rocm"].usable is True and found.backends["rocm"].version == "7.1.0"
    assert found.backends["vulkan"].devices == (card.id,) and found.memory.unified is False


def test_strix_halo_has_carve_out_and_gtt_and_an_npu_that_is_no_gpu() -> None:
    found = facts("strix-halo")
    card, npu = only(found), only(found, "npu")
    assert (card.carveout_bytes, card.gtt_bytes) == (512 * MIB, 67080122368)
    assert card.memory_bytes == 512 * MIB + 67080122368 and card.integrated is True and found.memory.unified is True
    assert (npu.arch, npu.driver_module) == ("aie2p", "amdxdna")
    assert found.backends["npu"].devices == (npu.id,)


def test_intel_cards() -> None:
    arc, lunar = facts("arc-a770"), facts("lunar-lake")
    assert (only(arc).memory_bytes, only(arc).arch, only(arc).integrated) == (17095983104, "xe-hpg", False)
    assert arc.backends["sycl"].usable is True and arc.backends["intel"].usable is True
    assert (only(lunar).arch, only(lunar).integrated, only(lunar, "npu").arch) == ("xe2", True, "npu4")
    assert lunar.backends["sycl"].usable is False and "libze_intel_gpu" in (lunar.backends["sycl"].why or "")


def test_raspberry_pi() -> None:
    found = facts("raspberry-pi-5")
    assert (only(found).vendor, only(found).integrated) == ("broadcom", True)
    assert found.backends["cuda"].usable is False


def test_macs() -> None:
    large, small = facts("apple-m4-max"), facts("apple-m2")
    assert (only(large).arch, only(large).compute_units, only(large).memory_bytes) == ("apple9", 40, 96 * GIB)
    assert "estimate" in (large.why["devices.0.memory_bytes"].note or "")
    assert (only(small).memory_bytes, small.why["devices.0.memory_bytes"].source) == (11453251584, "Metal")
    assert large.backends["metal"].usable is True and large.backends["cuda"].usable is False and large.memory.unified is True


def test_windows_sees_each_adapter_once_with_all_its_memory() -> None:
    found = facts("windows-rtx-3060-igpu")
    assert [(one.vendor, one.integrated) for one in found.devices or ()] == [("nvidia", False), ("intel", True)]
    assert (found.devices or ())[0].memory_bytes == 12288 * MIB
    assert set(found.backends["directml"].devices or ()) == {one.id for one in found.devices or ()}


def test_windows_npu_and_hip_and_a_card_that_copies_another() -> None:
    from pathfinder.probes import windows_gpu

    host = BUILDERS["windows-rtx-3060-igpu"]()
    virtual = {
        "name": "GameViewer Virtual Display Adapter",
        "vendor_id": "10de",
        "device_id": "2504",
        "software": False,
        "dedicated_bytes": 12706643968,
    }
    radeon = {
        "name": "AMD Radeon RX 7900 XTX",
        "vendor_id": "1002",
        "device_id": "744c",
        "software": False,
        "dedicated_bytes": 25_000_000_000,
    }
    host.asks["dxgi"] = [*host.asks["dxgi"], virtual, radeon]
    npu = {"0000": {"DriverDesc": "Intel(R) AI Boost", "MatchingDeviceId": "PCI\\VEN_8086&DEV_7D1D", "DriverVersion": "32.0.100.3104"}}
    host.asks["registry"] = lambda key, what: npu if key == windows_gpu.NPU_KEY else Answer(silence="absent")
    host.devices.add("C:/Windows/System32/amdhip64_6.dll")
    found = observe(host, deadline=30)
    assert [one.vendor for one in found.devices or () if one.kind == "gpu"].count("nvidia") == 1
    assert only(found, "npu").arch == "npu3" and found.backends["npu"].usable is None
    (card,) = [one for one in found.devices or () if one.vendor == "amd"]
    assert (card.arch, card.integrated) == ("gfx1100", False) and found.backends["rocm"].devices == (card.id,)


def test_a_bmc_and_a_software_renderer_are_no_gpus() -> None:
    found = facts("bmc-and-llvmpipe")
    assert found.devices == () and [one.compute for one in found.pci or ()] == [False]
    assert found.backends["vulkan"].usable is False and "software" in (found.backends["vulkan"].why or "")
    assert all(found.backends[name].usable is False for name in ("cuda", "rocm", "sycl", "npu", "gaudi", "tpu"))


def test_nobody_answered_is_unknown_not_absent() -> None:
    found = observe(FakeHost(name="nothing"), deadline=30)
    assert found.devices is None and found.pci is None
    assert all(found.backends[name].usable is None for name in ("cuda", "rocm", "sycl", "npu"))


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_recording_replays_to_the_same_facts(name: str) -> None:
    recorder = RecordingHost(BUILDERS[name]())
    first = observe(recorder, deadline=30)
    path = FOLDER / name / "recording.json"
    assert path.exists(), "python -m tests.fake_hosts writes it"
    from pathfinder.host.recorded import load

    assert observe(load(recorder.tape(), name), deadline=30).devices == first.devices
    kept = observe(open_host(str(path)), deadline=30)
    same = ("pci", "kind", "vendor", "name", "memory_bytes", "compute_capability", "arch", "visible", "parent")
    assert [[getattr(one, key) for key in same] for one in kept.devices or ()] == [
        [getattr(one, key) for key in same] for one in first.devices or ()
    ]
    deciding = ("cuda", "rocm", "sycl", "vulkan", "npu")
    assert {key: kept.backends[key].usable for key in deciding} == {key: first.backends[key].usable for key in deciding}


# --- what a healthy host is not asked --------------------------------------------------------------------------------


def test_no_process_and_no_library_where_the_bus_shows_no_gpu() -> None:
    host = linux("plain")
    pci(host, "0000:00:1f.0", "060100", "8086", "7a84", None)
    observe(host, deadline=30)
    vendor = {
        "nvidia-smi",
        "rocm-smi",
        "amd-smi",
        "rocminfo",
        "nvml",
        "metal",
        "dxgi",
        "registry",
        "vulkan",
        "drm_regions",
        "vulkaninfo",
        "clinfo",
        "lspci",
    }
    assert not vendor & {argv[0] for argv in host.asked}


def test_amd_host_runs_no_amd_tool_when_the_kernel_answers() -> None:
    host = BUILDERS["rx-7900-xtx"]()
    host.commands[("rocm-smi",)] = Answer(silence="timeout", note="no answer within 2.5 s")
    found = observe(host, deadline=30)
    assert only(found).memory_bytes and not {argv[0] for argv in host.asked} & {"rocm-smi", "rocminfo", "amd-smi"}


# --- visible devices -------------------------------------------------------------------------------------------------


def pair(names: tuple[str, str], **environment: str) -> list[bool | None]:
    host = linux("pair")
    nvidia_kernel(host)
    devices = []
    for number, name in enumerate(names):
        address = f"0000:0{number + 1}:00.0"
        pci(host, address, "030000", "10de", "2204", "nvidia")
        devices.append(nvml_device(number, address, name, "8.6", 24576, 24000))
    host.asks["nvml"] = nvml(devices)
    host.environment = environment
    return [one.visible for one in observe(host, deadline=30).devices or ()]


EQUAL = ("NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 3090")
UNEQUAL = ("NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 3060")


@pytest.mark.parametrize(
    ("names", "environment", "expected"),
    [
        (EQUAL, {}, [True, True]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "1"}, [False, True]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "1,0"}, [True, True]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "0,-1,1"}, [True, False]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "-1"}, [False, False]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": ""}, [False, False]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, [False, False]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "7"}, [False, False]),
        (EQUAL, {"CUDA_VISIBLE_DEVICES": "GPU-00000001"}, [False, True]),
        (UNEQUAL, {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, [False, True]),
        (UNEQUAL, {"CUDA_VISIBLE_DEVICES": "0"}, [None, None]),
    ],
)
def test_cuda_visible_devices(names: tuple[str, str], environment: dict[str, str], expected: list[bool | None]) -> None:
    assert pair(names, **environment) == expected


def test_mig_identifier_shows_one_slice() -> None:
    host = BUILDERS["h100-mig-1g-10gb"]()
    first = host.asks["nvml"]["devices"][0]["slices"][0]
    host.asks["nvml"]["devices"][0]["slices"] = [
        first,
        {**first, "slot": 1, "uuid": "MIG-99999999-2222-5333-8444-555555555555", "gpu_instance": 10},
    ]
    host.environment["CUDA_VISIBLE_DEVICES"] = first["uuid"]
    found = observe(host, deadline=30)
    assert [(one.id, one.visible) for one in found.devices or () if one.parent] == [
        ("0000:19:00.0/gi10ci0", False),
        ("0000:19:00.0/gi9ci0", True),
    ] or {one.id: one.visible for one in found.devices or () if one.parent} == {"0000:19:00.0/gi9ci0": True, "0000:19:00.0/gi10ci0": False}
    assert found.backends["cuda"].devices == ("0000:19:00.0/gi9ci0",)


def test_rocr_and_hip_visible_devices() -> None:
    host = BUILDERS["rx-7900-xtx"]()
    host.environment["ROCR_VISIBLE_DEVICES"] = "-1"
    found = observe(host, deadline=30)
    assert only(found).visible is False and found.backends["rocm"].usable is False


# --- sick drivers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["driver-not-loaded", "version-mismatch", "no-permission", "no-devices", "unknown-error"])
def test_nvml_that_refuses(status: str) -> None:
    host = linux("sick")
    nvidia_kernel(host)
    pci(host, "0000:01:00.0", "030000", "10de", "2684", "nvidia")
    host.asks["nvml"] = {"status": status, "driver_version": None, "cuda_version": None, "devices": []}
    found = observe(host, deadline=30)
    assert only(found).vendor == "nvidia" and found.backends["cuda"].usable is False
    assert f"nvidia-{status}" in warned(found)


def test_one_lost_gpu_leaves_the_others() -> None:
    host = BUILDERS["rtx-4090-gtx-1050-ti"]()
    host.asks["nvml"]["devices"][1] = {"index": 1, "status": "gpu-lost"}
    found = observe(host, deadline=30)
    assert [one.memory_bytes for one in found.devices or ()] == [24564 * MIB, None]
    assert "nvidia-gpu-lost" in warned(found)


def test_card_the_driver_does_not_list() -> None:
    host = BUILDERS["rtx-4090-900mib-free"]()
    pci(host, "0000:08:00.0", "030000", "10de", "102d", "nvidia")
    assert "nvidia-gpu-not-listed" in warned(observe(host, deadline=30))


@pytest.mark.parametrize(
    ("driver", "warning"), [("nouveau", "nvidia-nouveau"), (None, "nvidia-no-driver"), ("vfio-pci", "gpu-passed-through")]
)
def test_card_without_its_driver(driver: str | None, warning: str) -> None:
    host = linux("bare")
    pci(host, "0000:01:00.0", "030000", "10de", "2684", driver)
    found = observe(host, deadline=30)
    assert warning in warned(found) and found.backends["cuda"].usable is False


def test_a_card_without_a_driver_has_the_name_of_the_list_of_ids() -> None:
    host = linux("undriven")
    pci(host, "0000:01:00.0", "030000", "10de", "2684", None)
    pci(host, "0000:02:00.0", "030000", "10de", "ffff", None)
    host.files["/usr/share/misc/pci.ids"] = (
        "1002  AMD\n\t2684  Wrong\n10de  NVIDIA Corporation\n\t2204  GA102\n\t2684  AD102 [GeForce RTX 4090]\n\t\t1043 88e2  TUF\n"
        "10df  Emulex\n\tffff  Wrong\n"
    )
    assert [(one.pci, one.name) for one in observe(host, deadline=30).devices or ()] == [
        ("0000:01:00.0", "GeForce RTX 4090"), ("0000:02:00.0", None),
    ]  # fmt: skip


def test_amd_device_without_permission() -> None:
    host = BUILDERS["rx-7900-xtx"]()
    host.denied.add("/dev/kfd")
    found = observe(host, deadline=30)
    assert found.backends["rocm"].usable is False and "kfd-no-permission" in warned(found)


def test_dropped_amd_generation() -> None:
    from tests.fakes import amdgpu_memory, kfd_node

    host = linux("polaris")
    amdgpu_memory(host, pci(host, "0000:01:00.0", "030000", "1002", "67df", "amdgpu"), 8 * GIB, 8 * GIB, 256 * MIB)
    kfd_node(host, 1, "0000:01:00.0", 80003, 36, 8 * GIB, "67df")
    vulkan(host, "radeon_icd.x86_64")
    found = observe(host, deadline=30)
    assert only(found).arch == "gfx803" and found.backends["rocm"].usable is False and found.backends["vulkan"].usable is True


def test_gaudi_neuron_tpu_ascend_are_accelerators() -> None:
    host = linux("zoo")
    for number, (vendor, device, kind) in enumerate(
        (("1da3", "1020", "120000"), ("1d0f", "7264", "088000"), ("1ae0", "0063", "ff0000"), ("19e5", "d802", "120000"))
    ):
        pci(host, f"0000:0{number + 1}:00.0", kind, vendor, device, "driver")
    pci(host, "0000:09:00.0", "020000", "1ae0", "0042", "gve")
    listed = '[{"neuron_device": 0, "bdf": "02:00.0", "nc_count": 2, "memory_size": 34359738368}]'
    host.commands[("neuron-ls", "-j")] = Ran(code=0, stdout=listed)
    found = observe(host, deadline=30)
    memory = {one.arch: one.memory_bytes for one in found.devices or ()}
    assert memory == {"gaudi2": None, "inferentia2": 32 << 30, "tpu-v5e": 16 << 30, "ascend": None}
    assert all(one.kind != "gpu" for one in found.devices or ()) and len(found.devices or ()) == 4
    assert {name: len(found.backends[name].devices or ()) for name in ("gaudi", "neuron", "tpu", "ascend")} == dict.fromkeys(
        ("gaudi", "neuron", "tpu", "ascend"), 1
    )


# --- tools that hang, as real processes ------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    """An alternative root with one GPU, and a folder of commands."""
    root, programs = tmp_path / "root", tmp_path / "bin"
    programs.mkdir()

    def build(vendor: str, device: str, **scripts: str) -> SysrootHost:
        base = root / "sys/bus/pci/devices/0000:01:00.0"
        base.mkdir(parents=True)
        (base / "class").write_text("0x030000\n")
        (base / "vendor").write_text(f"0x{vendor}\n")
        (base / "device").write_text(f"0x{device}\n")
        (root / "proc").mkdir()
        (root / "proc/meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n")
        for name, body in scripts.items():
            path = programs / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
        return SysrootHost(str(root), str(programs))

    return build


@pytest.mark.skipif(os.name == "nt", reason="shell scripts as commands")
@pytest.mark.parametrize(("vendor", "device", "tool"), [("10de", "2684", "nvidia_smi"), ("1002", "744c", "rocm_smi")])
def test_hung_tool_costs_only_its_own_facts(folder: Any, vendor: str, device: str, tool: str) -> None:
    host = folder(vendor, device, **{tool: "exec /bin/sleep 6"})
    began = time.monotonic()
    found = observe(host)
    assert time.monotonic() - began < 4
    assert found.memory.total_bytes == 16 * GIB and [one.pci for one in found.devices or ()] == ["0000:01:00.0"]
    culprit = tool.replace("_", "-")
    told = " ".join(f"{key} {why.source} {why.note}" for key, why in found.why.items()) + " ".join(one.says for one in found.warnings)
    assert culprit in told or culprit.partition("-")[0] in " ".join(key for key in found.why if key.startswith("probes."))


@pytest.mark.skipif(os.name == "nt", reason="shell scripts as commands")
def test_a_tool_that_says_no_architecture_says_the_chip(tmp_path: Path) -> None:
    card = '{"card0": {"VRAM Total Memory (B)": "34342961152", "PCI Bus": "0000:1E:00.0", "Card model": "0x738c"}}'
    program = tmp_path / "rocm-smi"
    program.write_text(f"#!/bin/sh\ncase $* in *json) echo '{card}';; *) exit 127;; esac\n")
    program.chmod(0o755)
    found = only(observe(SysrootHost(str(tmp_path / "root"), str(tmp_path))))
    assert (found.pci, found.arch, found.memory_bytes, found.integrated) == ("0000:1e:00.0", "gfx908", 34342961152, False)


@pytest.mark.skipif(os.name == "nt", reason="shell scripts as commands")
def test_whatever_columns_somebody_kept_are_read(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\ncase $1 in\n--query-gpu=name) printf 'name\\nNVIDIA L4\\nNVIDIA A10G\\n';;\n"
        "--query-gpu=memory.total) printf 'memory.total [MiB]\\n23034 MiB\\n22528 MiB\\n';;\n"
        "--query-gpu=compute_cap) printf 'compute_cap\\n8.9\\n8.6\\n';;\n*) exit 127;; esac\n"
    )
    program.chmod(0o755)
    found = observe(SysrootHost(str(tmp_path / "root"), str(tmp_path))).devices or ()
    assert [(one.name, one.compute_capability, one.driver_version) for one in found] == [
        ("NVIDIA L4", "8.9", None), ("NVIDIA A10G", "8.6", None),
    ]  # fmt: skip
    assert found[0].memory_bytes == 23034 * MIB


@pytest.mark.skipif(os.name == "nt", reason="shell scripts as commands")
def test_a_list_of_names_is_enough_to_enumerate(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        '#!/bin/sh\n[ "$*" = -L ] || exit 127\necho "GPU 0: NVIDIA H200 (UUID: GPU-513536b6-7d19-9063-b049-1e69664bb298)"\n'
        'echo "  MIG 1g.18gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)"\n'
    )
    program.chmod(0o755)
    found = observe(SysrootHost(str(tmp_path / "root"), str(tmp_path)))
    card, part = found.devices or ()
    assert (card.name, card.compute_capability, part.parent, part.name) == ("NVIDIA H200", "9.0", card.id, "NVIDIA H200 MIG 1g.18gb")


@pytest.mark.skipif(os.name == "nt", reason="shell scripts as commands")
def test_lspci_stands_in_for_a_bus_that_is_not_there(tmp_path: Path) -> None:
    program = tmp_path / "lspci"
    program.write_text(
        '#!/bin/sh\n[ "$*" = -nn ] || exit 127\necho "03:00.0 VGA compatible controller [0300]: Intel Corporation DG2 [8086:56a0]"\n'
        'echo "04:00.0 VGA compatible controller [0300]: ASPEED Graphics Family [1a03:2000]"\n'
    )
    program.chmod(0o755)
    found = observe(SysrootHost(str(tmp_path / "root"), str(tmp_path)))
    assert [(one.pci, one.compute) for one in found.pci or ()] == [("0000:03:00.0", True), ("0000:04:00.0", False)]
    assert [(one.name, one.arch, one.integrated, one.memory_bytes) for one in found.devices or ()] == [
        ("Intel Arc A770", "xe-hpg", False, None)
    ]
    assert found.why["devices.0.pci"].source == "lspci"


@pytest.mark.skipif(os.name == "nt", reason="shell scripts as commands")
def test_exit_9_of_a_real_process(folder: Any) -> None:
    host = folder(
        "10de", "2684", nvidia_smi='echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9'
    )
    found = observe(host)
    assert "nvidia-driver-not-loaded" in warned(found) and only(found).memory_bytes is None


def test_hang_is_named_where_the_door_gives_up() -> None:
    host = linux("hang")
    pci(host, "0000:01:00.0", "030000", "10de", "2684", "nvidia")
    host.asks["nvml"] = Answer(silence="timeout", note="no answer within 2.5 s")
    found = observe(host, deadline=30)
    assert "nvidia-timeout" in warned(found) and found.backends["cuda"].usable is False
    assert any("nvml" in key for key in found.why)


def test_garbage_from_every_tool_invents_nothing() -> None:
    host = FakeHost(
        name="garbage",
        commands={
            (name,): Ran(code=0, stdout="\x00\x1b[31m???{[<gpu>\n" * 50)
            for name in (
                "nvidia-smi",
                "rocm-smi",
                "rocminfo",
                "amd-smi",
                "system_profiler",
                "powershell",
                "wmic",
                "vulkaninfo",
                "clinfo",
                "sycl-ls",
            )
        },
    )
    found = observe(host, deep=True, deadline=30)
    assert not found.devices and not found.vulkan and not found.opencl


def test_links_are_none_where_the_driver_says_so_and_nvlink_where_it_does() -> None:
    assert facts("rtx-4090-gtx-1050-ti").links == () and facts("rx-7900-xtx").links == () and facts("bmc-and-llvmpipe").links == ()
    host = BUILDERS["rtx-4090-gtx-1050-ti"]()
    for device, peer in zip(host.asks["nvml"]["devices"], ("00000000:05:00.0", "00000000:01:00.0"), strict=True):
        device["nvlink_peers"] = [peer]
    assert [(one.a, one.b, one.kind) for one in observe(host, deadline=30).links or ()] == [("0000:01:00.0", "0000:05:00.0", "nvlink")]


def test_nvswitch_joins_every_pair() -> None:
    host = linux("switched")
    nvidia_kernel(host)
    places = [f"0000:{bus}:00.0" for bus in ("1b", "43", "52")]
    for place in places:
        pci(host, place, "030200", "10de", "2330", "nvidia")
    host.asks["nvml"] = nvml(
        [nvml_device(n, place, "NVIDIA H100 80GB HBM3", "9.0", 81559, 81000, nvswitch=True) for n, place in enumerate(places)]
    )
    assert len(observe(host, deadline=30).links or ()) == 3


def test_sharing_is_told() -> None:
    host = BUILDERS["rtx-4090-900mib-free"]()
    host.environment["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = "25"
    assert "cuda-mps" in warned(observe(host, deadline=30))


def test_wsl_sees_the_card_without_a_bus_and_says_whose_memory_it_is() -> None:
    host = linux("wsl", kernel="6.6.87.2-microsoft-standard-WSL2")
    host.files["/proc/version"] = "Linux version 6.6.87.2-microsoft-standard-WSL2\n"
    host.devices |= {"/dev/dxg"}
    pci(host, "3b5c:00:00.0", "030200", "1414", "008e", "dxgkrnl")
    host.asks["nvml"] = nvml([nvml_device(0, "0000:01:00.0", "NVIDIA GeForce RTX 4090", "8.9", 24564, 22000)])
    found = observe(host, deadline=30)
    assert only(found).name == "NVIDIA GeForce RTX 4090" and found.backends["cuda"].usable is True and found.os.wsl == 2
    assert "wsl-memory" in warned(found)


def test_jetson_is_one_device_however_many_sources_tell_of_it() -> None:
    host = linux("orin", "aarch64", cpus=12, memory_kib=64349652, kernel="5.15.148-tegra")
    host.files["/proc/device-tree/compatible"] = "nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0"
    host.files["/etc/nv_tegra_release"] = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n"
    host.files["/usr/local/cuda-12.6/version.json"] = '{"cuda": {"name": "CUDA SDK", "version": "12.6.11"}}'
    host.asks["nvml"] = nvml([nvml_device(0, "0", "Orin (nvgpu)", "8.7", None, pci=None)], "540.4.0", "12.6")
    found = observe(host, deadline=30)
    card = only(found)
    assert (card.name, card.compute_capability, card.memory_bytes) == ("Orin (nvgpu)", "8.7", 64349652 * 1024)
    assert found.backends["cuda"].usable is True and found.memory.unified is True
    host.asks["nvml"] = Answer(silence="absent")
    quiet = observe(host, deadline=30)
    assert only(quiet).compute_capability == "8.7" and quiet.backends["cuda"].usable is True


def test_toolkits_need_a_version_file_and_are_no_driver() -> None:
    host = linux("toolkit")
    pci(host, "0000:00:1f.0", "060100", "8086", "7a84", None)
    host.files["/usr/local/cuda-12/bin/nvcc"] = ""
    assert observe(host, deadline=30).toolkits == ()
    for folder in ("cuda", "cuda-12.6"):
        host.files[f"/usr/local/{folder}/version.json"] = '{"cuda": {"version": "12.6.3"}}'
    found = observe(host, deadline=30)
    assert [(one.kind, one.version, one.path) for one in found.toolkits or ()] == [("cuda", "12.6.3", "/usr/local/cuda-12.6")]
    assert found.backends["cuda"].usable is False


def test_an_x86_machine_without_a_pci_bus_has_no_gpu() -> None:
    host = linux("microvm")
    host.files["/sys/bus/virtio/devices/virtio0/modalias"] = "virtio:d00000002v554D4551"
    assert observe(host, deadline=30).devices == ()
    arm = linux("board", "aarch64")
    arm.files["/sys/bus/platform/devices/soc/modalias"] = "of:Nsoc"
    assert observe(arm, deadline=30).devices is None
