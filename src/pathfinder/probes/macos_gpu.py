"""GPUs of a Mac: Metal, system_profiler and sysctl; the working-set limit is Metal's, an estimate only where Metal cannot be asked."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes._typed import rows

Record = dict[str, Any]
METAL = {"name": str, "working_set_bytes": int, "unified": bool, "low_power": bool, "apple_family": int, "metal": str}
SYSCTL = ("sysctl", "hw.memsize", "iogpu.wired_limit_mb", "machdep.cpu.brand_string", "hw.optional.arm64")
PROFILER = (("system_profiler", "-json", "SPDisplaysDataType"), ("system_profiler", "SPDisplaysDataType"))
SMALL_BYTES, SMALL_SHARE, LARGE_SHARE = 36 << 30, 2 / 3, 3 / 4
"""Share of RAM Metal recommends at most. Measured by owners: 10.67 of 16 GiB (M4, macOS 15.6), 21.33 of 32 (M1 Max, M2 Max), 72 of 96
(M2 Max); newer systems allow more (11.84 of 16, M3 2026; 107.5 of 128, M5 Max, macOS 26): the older, smaller figures are used."""
FAMILIES = (
    ("M5", "apple10"),
    ("M4", "apple9"),
    ("M3", "apple9"),
    ("M2", "apple8"),
    ("M1", "apple7"),
    ("A19", "apple10"),
    ("A18", "apple9"),
    ("A17", "apple9"),
)


def probe(host: Host) -> Iterator[Observation]:
    limits = _sysctl(host)
    asked = host.ask("metal")
    told = rows(asked.value, METAL)
    for number, one in enumerate(told):
        value = _from_metal(one, number)
        yield Observation(path="devices", value=value, source="Metal", trust="driver", elapsed_seconds=asked.elapsed_seconds)
    listed, argv, elapsed = _profiled(host)
    for one in listed:
        yield Observation(path="devices", value=_listed(one), source=" ".join(argv), trust="tool", elapsed_seconds=elapsed)
    chip = limits.get("machdep.cpu.brand_string", "")
    if not told and not listed and chip.startswith("Apple"):
        value = {
            "id": "gpu0",
            "kind": "gpu",
            "vendor": "apple",
            "name": chip,
            "arch": family(chip),
            "integrated": True,
            "shared_memory": True,
        }
        yield Observation(path="devices", value=value, source="sysctl machdep.cpu.brand_string", trust="tool")
    apple = any(one.get("vendor") == "apple" for one in listed) or chip.startswith("Apple")
    if apple:
        yield from _limit(limits, told)
    if told or listed:
        metal = [one.get("metal") for one in told] + [
            one.get("metal") for one in listed if one.get("metal") is not False and "metal" in one
        ]
        value = {"usable": bool(metal), "version": next((one for one in metal if one), None)}
        yield Observation(
            path="backends.metal", value=value, source="Metal" if told else "system_profiler", trust="driver" if told else "tool"
        )


def _sysctl(host: Host) -> dict[str, str]:
    ran = host.run(SYSCTL).value
    pairs = (line.partition(": ") for line in (ran.stdout if ran else "").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def family(chip: str | None) -> str | None:
    """The GPU family of a chip, as Metal's feature tables name it; None for a chip not listed."""
    words = (chip or "").split()
    return next((arch for name, arch in FAMILIES if name in words), None)


def _from_metal(one: Record, number: int) -> Record:
    apple = one.get("apple_family")
    unified = one.get("unified")
    mine = isinstance(apple, int)
    return {
        "id": f"gpu{number}" if mine else None,
        "kind": "gpu",
        "vendor": "apple" if mine else _vendor(one.get("name")),
        "name": one.get("name"),
        "arch": f"apple{apple}" if mine else None,
        "memory_bytes": one.get("working_set_bytes") or None,
        "integrated": unified if isinstance(unified, bool) else one.get("low_power"),
        "shared_memory": unified,
        "apis": {"metal": one.get("metal")},
    }


def _vendor(name: Any) -> str | None:
    from pathfinder.readers.system_profiler import vendor_of

    return vendor_of(str(name or "").replace("Radeon", "AMD"))


def _profiled(host: Host) -> tuple[list[Record], tuple[str, ...], float]:
    for argv in PROFILER:
        answer = host.run(argv)
        if answer.value is None or answer.value.code:
            continue
        from pathfinder.readers import system_profiler

        records = system_profiler.json(answer.value.stdout) or system_profiler.text(answer.value.stdout)
        if records:
            return records, argv, answer.elapsed_seconds
    return [], PROFILER[0], 0.0


def _listed(record: Record) -> Record:
    value = {key: item for key, item in record.items() if key != "metal"}
    metal = record.get("metal")
    if metal is not None and metal is not False:
        value["apis"] = {"metal": metal or None}
    if record.get("vendor") == "apple":
        value |= {"id": "gpu0", "arch": family(record.get("name"))}
    return value


def _limit(limits: dict[str, str], told: list[Record]) -> Iterator[Observation]:
    """The GPU's share of memory where Metal did not say it."""
    total, wired = limits.get("hw.memsize", ""), limits.get("iogpu.wired_limit_mb", "")
    if told or not total.isdecimal():
        return
    device: Record = {"id": "gpu0", "kind": "gpu", "vendor": "apple"}
    if wired.isdecimal() and int(wired) > 0:
        yield Observation(
            path="devices", value=device | {"memory_bytes": int(wired) << 20}, source="sysctl iogpu.wired_limit_mb", trust="kernel"
        )
        return
    share = SMALL_SHARE if int(total) <= SMALL_BYTES else LARGE_SHARE
    note = f"estimate: {share:.0%} of the memory, as measured on other Macs; Metal could not be asked"
    yield Observation(
        path="devices", value=device | {"memory_bytes": int(int(total) * share)}, source="hw.memsize", trust="guess", note=note
    )
