"""Merging observations: trust, conflicts, unknowns, and what is one device."""

from typing import Any

from pathfinder.host import Observation, Trust
from pathfinder.looking.facts import merge, pci_address


def seen(path: str, value: Any, source: str, trust: Trust = "kernel", note: str | None = None) -> Observation:
    return Observation(path=path, value=value, source=source, trust=trust, note=note)


def test_the_best_trusted_wins_and_the_source_is_kept() -> None:
    facts = merge([seen("cpu.threads", 2, "cpuinfo", "guess"), seen("cpu.threads", 8, "sysfs"), seen("cpu.threads", 4, "lscpu", "table")])
    assert facts.cpu.threads == 8
    assert facts.why["cpu.threads"].source == "sysfs"
    assert [warning.id for warning in facts.warnings] == ["conflict"]
    assert "sysfs says 8, lscpu says 4" in facts.warnings[0].says


def test_texts_cannot_move_the_cursor_and_empty_ones_are_unknown() -> None:
    zeros = {"id": "gpu0", "name": "\n" + "\0" * 4000}
    named = {"id": "gpu1", "name": "\x1b[2JRadeon\tRX\u202e 580"}
    facts = merge([seen("devices", zeros, "product_name"), seen("devices", named, "product_name"), seen("cpu.model", "\0", "registry")])
    assert [one.name for one in facts.devices or ()] == [None, "[2JRadeon RX 580"]
    assert facts.cpu.model is None


def test_a_guess_never_contradicts() -> None:
    facts = merge([seen("cpu.threads", 8, "sysfs"), seen("cpu.threads", 2, "cpuinfo", "guess")])
    assert facts.warnings == ()


def test_asked_in_vain_is_unknown_and_told() -> None:
    facts = merge([seen("memory.total_bytes", None, "/proc/meminfo", note="permission denied")])
    assert facts.memory.total_bytes is None
    assert "permission denied" in (facts.why["memory.total_bytes"].note or "")


def test_unknown_is_not_none() -> None:
    assert merge([]).devices is None
    assert merge([seen("devices", None, "nvidia-smi", note="timeout")]).devices is None
    assert merge([seen("devices", (), "the PCI bus")]).devices == ()
    assert merge([]).pci is None and merge([seen("pci", (), "the PCI bus")]).pci == ()


def test_one_device_per_address() -> None:
    facts = merge(
        [
            seen("devices", {"pci": "0000:01:00.0", "vendor": "nvidia", "device_id": "2684"}, "sysfs"),
            seen(
                "devices",
                {"pci": "0000:01:00.0", "uuid": "GPU-1", "name": "NVIDIA GeForce RTX 4090", "memory_bytes": 24 << 30},
                "nvml",
                "driver",
            ),
            seen("devices", {"uuid": "GPU-1", "driver_version": "570.1"}, "nvidia-smi -L", "table"),
            seen("devices", {"vendor": "nvidia", "name": "GeForce RTX 4090", "apis": {"vulkan": "1.3"}}, "vulkaninfo", "tool"),
            seen("devices", {"pci": "0000:02:00.0", "vendor": "nvidia", "device_id": "1c8d"}, "sysfs"),
        ]
    )
    assert facts.devices is not None
    assert [device.id for device in facts.devices] == ["0000:01:00.0", "0000:02:00.0"]
    first = facts.devices[0]
    assert (first.name, first.driver_version, first.device_id, first.apis) == (
        "NVIDIA GeForce RTX 4090",
        "570.1",
        "2684",
        {"vulkan": "1.3"},
    )
    assert facts.why["devices.0.memory_bytes"].source == "nvml"


def test_equal_cards_of_one_list_are_as_many_devices() -> None:
    cards = [seen("devices", {"pci": f"0000:0{n}:00.0", "vendor": "nvidia", "name": "H100"}, "sysfs") for n in (1, 2)]
    listed = [seen("devices", {"vendor": "nvidia", "name": "NVIDIA H100", "apis": {"cuda": "12.4"}}, "nvidia-smi", "table") for _ in (1, 2)]
    facts = merge([*cards, *listed])
    assert facts.devices is not None and [device.apis for device in facts.devices] == [{"cuda": "12.4"}, {"cuda": "12.4"}]


def test_slices_stay_devices_of_their_own() -> None:
    card = {"pci": "0000:01:00.0", "uuid": "GPU-1", "vendor": "nvidia"}
    slices = [
        {"parent": "0000:01:00.0", "uuid": f"MIG-{n}", "vendor": "nvidia", "pci": "0000:01:00.0", "memory_bytes": 10 << 30} for n in (1, 2)
    ]
    facts = merge([seen("devices", one, "nvml", "driver") for one in (card, *slices)])
    assert facts.devices is not None
    assert [(device.id, device.parent) for device in facts.devices] == [
        ("0000:01:00.0", None),
        ("0000:01:00.0/0", "0000:01:00.0"),
        ("0000:01:00.0/1", "0000:01:00.0"),
    ]


def test_a_device_without_address_has_a_stable_name() -> None:
    facts = merge(
        [seen("devices", {"kind": "npu", "vendor": "apple"}, "ioreg"), seen("devices", {"vendor": "apple", "name": "Apple M2"}, "metal")]
    )
    assert facts.devices is not None and [device.id for device in facts.devices] == ["gpu0", "npu0"]


def test_wrong_types_cost_only_their_own_field() -> None:
    facts = merge(
        [seen("memory.total_bytes", "many", "x"), seen("memory.swap_bytes", 5, "x"), seen("devices", {"pci": 7, "name": "ok"}, "x")]
    )
    assert facts.memory.total_bytes is None and facts.memory.swap_bytes == 5
    assert "left out" in (facts.why["memory.total_bytes"].note or "")


def test_lists_of_an_api_are_taken_from_one_source() -> None:
    facts = merge([seen("vulkan", {"name": "llvmpipe"}, "vulkaninfo", "table"), seen("vulkan", {"name": "RADV"}, "the loader", "driver")])
    assert facts.vulkan is not None and [one.name for one in facts.vulkan] == ["RADV"]


def test_tools_are_merged_by_name() -> None:
    facts = merge(
        [seen("tools.git", {"found": True, "path": "/usr/bin/git"}, "which"), seen("tools.git", {"version": "2.4"}, "git", "tool")]
    )
    assert facts.tools["git"].version == "2.4" and facts.tools["git"].found


def test_addresses() -> None:
    for text in ("00000000:01:00.0", "0000:01:00.0", "01:00.0", "0000:01:00.0\n"):
        assert pci_address(text) == "0000:01:00.0"
    assert pci_address("0000000F:01:00.0") == "000f:01:00.0"
    assert pci_address("N/A") is None
