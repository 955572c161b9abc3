"""What has changed on a host since a recording of it: drivers, devices, memory, instructions; pure.

A fact that one side could not read is unknown, never a change. Amounts that breathe (free memory, free disk) are compared by halves;
everything else by value.
"""

from collections.abc import Iterator
from typing import Any

from pathfinder.language.compare import spell_bytes
from pathfinder.types.facts import Device, Facts
from pathfinder.types.results import CheckReport, CheckResult

PLAIN = (
    ("os", "family"), ("os", "id"), ("os", "version_id"), ("os", "kernel"), ("os", "arch"), ("os", "libc_version"), ("os", "container"),
    ("cpu", "model"), ("cpu", "cores"), ("cpu", "threads"), ("cpu", "usable_cpus"), ("memory", "limit_bytes"), ("memory", "swap_bytes"),
)  # fmt: skip
LOSSES = (("memory", "total_bytes"), ("memory", "available_bytes"))
"""Less than half of the recorded amount is a change; total memory differs by a little from boot to boot."""
OF_A_DEVICE = ("name", "driver_version", "driver_module", "memory_bytes", "compute_capability", "arch", "visible", "virtualization")


def drift(before: Facts, now: Facts, host: str) -> CheckReport:
    """One result a fact: `pass` unchanged, `fail` changed, `unknown` where one side does not know."""
    results = tuple(_results(before, now))
    words = ("pass", "fail", "unknown")
    return CheckReport(host=host, results=results, counts={word: sum(one.result == word for one in results) for word in words})


def _results(before: Facts, now: Facts) -> Iterator[CheckResult]:
    for group, name in PLAIN:
        yield _one(f"{group}.{name}", getattr(getattr(before, group), name), getattr(getattr(now, group), name), now)
    for group, name in LOSSES:
        yield _amount(f"{group}.{name}", getattr(getattr(before, group), name), getattr(getattr(now, group), name), now)
    yield from _features(before, now)
    yield from _devices(before, now)
    for backend in sorted(before.backends):
        yield _one(f"backends.{backend}.version", before.backends[backend].version, _version(now, backend), now)
        yield _one(f"backends.{backend}.usable", before.backends[backend].usable, _usable(now, backend), now)


def _one(path: str, was: Any, found: Any, now: Facts, device: str | None = None) -> CheckResult:
    result = "pass" if was == found else "unknown" if was is None or found is None else "fail"
    return _result(path, result, was, found, now, device)


def _amount(path: str, was: int | None, found: int | None, now: Facts) -> CheckResult:
    result = "unknown" if was is None or found is None else "fail" if found * 2 < was else "pass"
    return _result(path, result, was, found, now, None)


def _features(before: Facts, now: Facts) -> Iterator[CheckResult]:
    was, found = before.cpu.features, now.cpu.features
    if was is None or found is None:
        yield _result("cpu.features", "unknown" if was != found else "pass", was, found, now, None)
        return
    lost = sorted(set(was) - set(found))
    yield _result("cpu.features", "fail" if lost else "pass", None, f"without {', '.join(lost)}" if lost else "as recorded", now, None)


def _devices(before: Facts, now: Facts) -> Iterator[CheckResult]:
    if before.devices is None or now.devices is None:
        yield _one("devices", before.devices and len(before.devices), now.devices and len(now.devices), now)
        return
    here = {_key(device): device for device in now.devices}
    for device in before.devices:
        twin = here.pop(_key(device), None)
        label = device.name or device.id
        if twin is None:
            yield CheckResult(
                expectation=f"devices.{device.id} as recorded", result="fail", found="missing", device=label, fix=_missing(device)
            )
            continue
        for name in OF_A_DEVICE:
            yield _one(f"devices.{device.id}.{name}", getattr(device, name), getattr(twin, name), now, label)
    for device in here.values():
        yield CheckResult(expectation="no device beyond the recorded", result="fail", found=device.name or device.id, device=device.id)


def _key(device: Device) -> str:
    # A recording's UUIDs are pseudonyms, so a place on the bus is what tells devices apart.
    return device.pci or device.id


def _missing(device: Device) -> str:
    return f"It was at {device.pci or device.id}; look for it in the kernel's log and on the bus."


def _result(path: str, result: Any, was: Any, found: Any, now: Facts, device: str | None) -> CheckResult:
    why = now.why.get(path)
    return CheckResult(
        expectation=f"{path} as recorded" + (f" ({_say(path, was)})" if was is not None else ""),
        result=result,
        found=None if found is None else _say(path, found),
        source=why.source if why else None,
        device=device,
    )


def _say(path: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return spell_bytes(value) if path.endswith("_bytes") and isinstance(value, (int, float)) else str(value)


def _version(facts: Facts, backend: str) -> str | None:
    return facts.backends[backend].version if backend in facts.backends else None


def _usable(facts: Facts, backend: str) -> bool | None:
    return facts.backends[backend].usable if backend in facts.backends else None
