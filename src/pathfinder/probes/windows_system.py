"""Windows: version and processor from the registry, features by CPUID, wmic's list as the last resort."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.isa import features
from pathfinder.probes import _cpuid

WMIC = ("wmic", "cpu", "get", "Name,CurrentClockSpeed,L2CacheSize,L3CacheSize,Description,Caption,Manufacturer", "/format:list")
REGISTRY = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


def probe(host: Host) -> Iterator[Observation]:
    uname = host.uname().value
    if uname is not None and uname.sysname == "Windows":
        yield Observation(path="os.family", value="windows", source="uname")
        yield Observation(path="os.libc", value="msvcrt", source="uname")
        for path, value in {"os.arch": uname.machine, "os.process_arch": host.ask("process_word").value, "os.wsl": 0}.items():
            if value is not None and value != "":
                yield Observation(path=path, value=value, source="uname")
        yield from _version(host)
        yield from _processor(host, uname.machine)
    elif uname is None:
        yield from _wmic(host)


def _version(host: Host) -> Iterator[Observation]:
    answer = host.ask("windows_version")
    known = answer.value if isinstance(answer.value, dict) else {}
    build = str(known.get("CurrentBuild") or "")
    if not build:
        yield Observation(path="os.version", value=None, source=REGISTRY, note=answer.note or answer.silence)
        return
    server = "Server" in str(known.get("ProductName") or "")
    # Windows 11 still calls itself Windows 10 in ProductName; its builds begin at 22000
    number = "11" if build.isdigit() and int(build) >= 22000 else "10" if build.isdigit() and int(build) >= 10240 else None
    name = str(known.get("ProductName") or "Windows")
    if number == "11" and not server:
        name = name.replace("Windows 10", "Windows 11")
    found = {
        "id": "windows-server" if server else "windows",
        "name": "Windows",
        "pretty_name": name,
        "version_id": number if not server else name.partition("Server ")[2].split(" ")[0] or None,
        "version": ".".join(filter(None, ("10.0", build, str(known.get("UBR") or "")))),
        "kernel": f"10.0.{build}",
    }
    for field, value in found.items():
        if value:
            yield Observation(path=f"os.{field}", value=value, source=REGISTRY, elapsed_seconds=answer.elapsed_seconds)


def _processor(host: Host, machine: str) -> Iterator[Observation]:
    known = host.ask("windows_processor").value
    if isinstance(known, dict):
        yield from _named(known, r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0")
    if machine == "aarch64":
        flags = host.ask("windows_arm_features").value
        if isinstance(flags, list):
            yield from _said({"family": "arm", "arch": "aarch64", "features": features.normal(flags)}, "IsProcessorFeaturePresent")
        return
    yield from _cpuid.observations(host)


def _named(known: dict[str, Any], source: str) -> Iterator[Observation]:
    name, vendor = str(known.get("name") or ""), str(known.get("vendor") or "")
    yield from _said({"model": " ".join(name.split()) or None, "vendor": _cpuid.VENDORS.get(vendor)}, source)


def _said(found: dict[str, Any], source: str) -> Iterator[Observation]:
    for field, value in found.items():
        if value:
            yield Observation(path=f"cpu.{field}", value=value, source=source)


def _wmic(host: Host) -> Iterator[Observation]:
    ran = host.run(WMIC).value
    if ran is None or ran.code != 0:
        return
    known = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in ran.stdout.splitlines())}
    if not known.get("Name"):
        return
    vendor = known.get("Manufacturer", "")
    family = "arm" if "ARM" in known.get("Description", "") else "x86" if vendor in _cpuid.VENDORS or "Intel" in vendor else None
    yield Observation(path="os.family", value="windows", source="wmic cpu get", trust="guess")
    for field, value in {"model": " ".join(known["Name"].split()), "vendor": _cpuid.VENDORS.get(vendor), "family": family}.items():
        if value:
            yield Observation(path=f"cpu.{field}", value=value, source="wmic cpu get", trust="tool")
