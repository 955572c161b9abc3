"""What a folder of tool outputs tells besides their own subject: which system prints them, and how much memory rocminfo saw.

Only where the machine cannot be asked itself (a folder of recorded outputs); on a live machine files and calls answer.
"""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes._cpulist import parse_int
from pathfinder.probes.lscpu import ARCHES

DEEP = True
MAC = (("system_profiler", "-json", "SPDisplaysDataType"), ("system_profiler", "SPDisplaysDataType"))
WINDOWS = (
    ("powershell", "Get-CimInstance", "Win32_VideoController", "|", "Select-Object", "Name,AdapterRAM", "|", "ConvertTo-Json", "-Compress"),
)


def probe(host: Host) -> Iterator[Observation]:
    if host.uname().value is not None:
        return
    for family, spellings in (("macos", MAC), ("windows", WINDOWS)):
        for argv in spellings:
            ran = host.run(argv).value
            if ran is not None and ran.code == 0 and ran.stdout.strip():
                yield Observation(path="os.family", value=family, source=argv[0], trust="guess")
                break
    yield from _system(host)
    yield from _nvidia_smi(host)
    yield from _rocminfo(host)


def _system(host: Host) -> Iterator[Observation]:
    """`uname -s` or `-a`, and macOS' `sw_vers`."""
    for argv in (("uname", "-a"), ("uname", "-s")):
        ran = host.run(argv).value
        words = ran.stdout.split() if ran is not None and ran.code == 0 else []
        family = {"Linux": "linux", "Darwin": "macos", "FreeBSD": "freebsd"}.get(words[0]) if words else None
        if family:
            arch = next((ARCHES[word][1] for word in words[:2:-1] if word in ARCHES), None)
            found = {"family": family, "kernel": words[2] if len(words) > 2 else None, "arch": arch}
            for field, value in found.items():
                if value:
                    yield Observation(path=f"os.{field}", value=value, source=" ".join(argv), trust="tool")
            break
    ran = host.run(("sw_vers",)).value
    for line in (ran.stdout if ran is not None and ran.code == 0 else "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "ProductVersion" and value.strip():
            yield Observation(path="os.family", value="macos", source="sw_vers", trust="tool")
            yield Observation(path="os.version", value=value.strip(), source="sw_vers", trust="tool")
            yield Observation(path="os.version_id", value=value.strip(), source="sw_vers", trust="tool")


def _nvidia_smi(host: Host) -> Iterator[Observation]:
    """The head of the table names the driver model on Windows and persistence mode elsewhere."""
    ran = host.run(("nvidia-smi",)).value
    head = ran.stdout[:2000] if ran is not None and ran.code == 0 else ""
    family = "windows" if "Driver-Model" in head or "TCC/WDDM" in head else "linux" if "Persistence-M" in head else None
    if family:
        yield Observation(path="os.family", value=family, source="nvidia-smi", trust="guess")


def _rocminfo(host: Host) -> Iterator[Observation]:
    """The first global pool of every CPU agent; its sizes are KB of 1024 bytes."""
    ran = host.run(("rocminfo",)).value
    total, cpu, counted = 0, False, False
    for line in (ran.stdout if ran is not None and ran.code == 0 else "").splitlines():
        name, _, value = line.strip().partition(":")
        if line.startswith("Agent "):
            cpu, counted = False, False
        elif name == "Device Type":
            cpu = value.strip() == "CPU"
        elif name == "Size" and cpu and not counted:
            counted = True
            total += (parse_int(value.strip().partition("(")[0]) or 0) * 1024
    if total:
        yield Observation(path="memory.total_bytes", value=total, source="rocminfo", trust="guess")
        yield Observation(path="os.family", value="linux", source="rocminfo", trust="guess")
