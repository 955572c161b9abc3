"""Hand-written machines decode into Facts and are consistent with themselves."""

from functools import cache
from pathlib import Path

import msgspec
import pytest
import yaml

from pathfinder.types.facts import Facts

FOLDER = Path(__file__).parents[1] / "matrix" / "profiles"
IDS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def facts(name: str) -> Facts:
    return msgspec.convert(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")), Facts, strict=True)


def known_fields(value: object, struct: type) -> set[str]:
    return set(value) - {field.encode_name for field in msgspec.structs.fields(struct)} if isinstance(value, dict) else set()


def test_there_are_machines_of_every_kind() -> None:
    families = {facts(name).os.family for name in IDS}
    vendors = {device.vendor for name in IDS for device in facts(name).devices or ()}
    assert len(IDS) >= 30
    assert {"linux", "macos", "windows", "android", "ios"} <= families
    assert {"nvidia", "amd", "intel", "apple", "qualcomm"} <= vendors


@pytest.mark.parametrize("name", IDS)
def test_no_misspelt_key(name: str) -> None:
    raw = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    assert not known_fields(raw, Facts)
    for field in msgspec.structs.fields(Facts):
        value = raw.get(field.encode_name)
        if isinstance(value, dict) and isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            assert not known_fields(value, field.type), field.encode_name
    from pathfinder.types.facts import BackendFact, Device, PciFunction, Tool

    for key, struct in (("devices", Device), ("pci", PciFunction)):
        for item in raw.get(key) or ():
            assert not known_fields(item, struct)
    for key, struct in (("backends", BackendFact), ("tools", Tool), ("runtimes", Tool)):
        for item in (raw.get(key) or {}).values():
            assert not known_fields(item, struct)


@pytest.mark.parametrize("name", IDS)
def test_machine_is_consistent(name: str) -> None:
    machine = facts(name)
    devices = {device.id: device for device in machine.devices or ()}
    assert len(devices) == len(machine.devices or ())
    for backend, fact in machine.backends.items():
        assert set(fact.devices or ()) <= set(devices), backend
        assert fact.usable or fact.why or fact.devices, backend
    for link in machine.links or ():
        assert {link.a, link.b} <= set(devices) and link.a != link.b
    functions = {function.pci for function in machine.pci or ()}
    for device in devices.values():
        if device.pci and machine.os.wsl == 0 and machine.os.family == "linux":
            assert device.pci in functions
        if device.memory_bytes is not None and device.memory_free_bytes is not None:
            assert 0 < device.memory_free_bytes <= device.memory_bytes
        if device.shared_memory and device.memory_bytes:
            assert machine.memory.total_bytes and device.memory_bytes <= machine.memory.total_bytes + (device.visible_memory_bytes or 0)
    assert machine.cpu.cores and machine.cpu.threads and machine.cpu.cores <= machine.cpu.threads
    assert machine.memory.usable_bytes and machine.memory.total_bytes and machine.memory.usable_bytes <= machine.memory.total_bytes
    assert machine.collected.by_version == "hand-written"
