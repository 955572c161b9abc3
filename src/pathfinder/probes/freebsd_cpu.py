"""FreeBSD: the boot messages name the processor, CPUID its features, sysctl the counts and the memory."""

import re
from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes import _cpuid
from pathfinder.probes._cpulist import parse_int
from pathfinder.probes._sysctl import values
from pathfinder.probes.lscpu import ARCHES

MACHINES = {"amd64": "x86_64", "powerpc64le": "ppc64le"}
BOOT = "/var/run/dmesg.boot"


def probe(host: Host) -> Iterator[Observation]:
    messages, source = host.read(BOOT).value, BOOT
    known, _, _ = values(host)
    here = known.get("kern.ostype") == "FreeBSD" or ("hw.physmem" in known and "hw.memsize" not in known)
    if here:
        yield from _counts(known)
    if messages is None and (here or host.uname().value is None):
        ran = host.run(("dmesg", "-a")).value
        messages, source = ran.stdout if ran else None, "dmesg -a"
    origin = re.search(r'^\s*Origin ?= ?"(\w{1,16})"', messages or "", flags=re.MULTILINE)
    if messages and origin:
        yield Observation(path="os.family", value="freebsd", source=source, trust="guess")
        yield from _cpu(messages, origin[1], source)
        here = True
    if here:
        yield from _cpuid.observations(host)


def _cpu(messages: str, vendor: str, source: str) -> Iterator[Observation]:
    """What kind of processor it is. Its features as listed here are the chip's; which of them the kernel saves is not said."""
    lines = [line.strip() for line in messages.splitlines()]
    model = next((line[5:].partition(" (")[0] for line in lines if line.startswith("CPU: ")), "")
    wide = any(line.startswith("AMD Features=") and "LM" in line.partition("<")[2].rstrip(">").split(",") for line in lines)
    found = {"family": "x86", "arch": "x86_64" if wide else "i686", "vendor": _cpuid.VENDORS.get(vendor), "model": " ".join(model.split())}
    for field, value in found.items():
        if value:
            yield Observation(path=f"cpu.{field}", value=value, source=source)


def _counts(known: dict[str, str]) -> Iterator[Observation]:
    number = {
        key: parse_int(known.get(key)) for key in ("hw.ncpu", "hw.physmem", "vm.swap_total", "hw.pagesize", "vm.stats.vm.v_page_size")
    }
    page = number["hw.pagesize"] or number["vm.stats.vm.v_page_size"]
    pages = [parse_int(known.get(f"vm.stats.vm.v_{name}_count")) for name in ("inactive", "cache", "laundry", "free")]
    free = sum(count or 0 for count in pages) * page if page and pages[0] is not None and pages[-1] is not None else None
    family, arch = ARCHES.get(MACHINES.get(known.get("hw.machine_arch", ""), known.get("hw.machine_arch", "")), (None, None))
    found = {
        "cpu.family": family,
        "cpu.arch": arch,
        "os.arch": arch,
        "cpu.threads": number["hw.ncpu"],
        "cpu.model": known.get("hw.model"),
        "memory.total_bytes": number["hw.physmem"],
        "memory.available_bytes": free,
        "memory.swap_bytes": number["vm.swap_total"],
        "os.family": "freebsd" if known.get("kern.ostype") == "FreeBSD" else None,
        "os.kernel": known.get("kern.osrelease"),
    }
    for path, value in found.items():
        if value is not None:
            yield Observation(path=path, value=value, source="sysctl", trust="tool")
