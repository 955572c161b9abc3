"""FreeBSD: the boot messages list the processor's features; sysctl the counts and the memory."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.isa import features, levels, march
from pathfinder.probes._cpulist import parse_int
from pathfinder.probes._sysctl import values

BOOT = "/var/run/dmesg.boot"
_FEATURES = ("Features=", "Features2=", "AMD Features=", "AMD Features2=", "Structured Extended Features", "XSAVE Features=")


def probe(host: Host) -> Iterator[Observation]:
    messages, source = host.read(BOOT).value, BOOT
    known, _, _ = values(host)
    if known.get("kern.ostype") == "FreeBSD" or ("hw.physmem" in known and "hw.memsize" not in known):
        yield from _counts(known)
    elif messages is None:
        return
    if messages is None:
        ran = host.run(("dmesg", "-a")).value
        messages, source = ran.stdout if ran else "", "dmesg -a"
    if "Origin=" in messages:
        yield Observation(path="os.family", value="freebsd", source=source, trust="guess")
        yield from _cpu(messages, source)


def _cpu(messages: str, source: str) -> Iterator[Observation]:
    words: set[str] = set()
    vendor = model = ""
    for line in messages.splitlines():
        text = line.strip()
        if text.startswith("CPU: ") and not model:
            model = text[5:].partition(" (")[0]
        if text.startswith('Origin="') and not vendor:
            vendor = text[8:].partition('"')[0]
        if text.startswith(_FEATURES) and "<" in text:
            words |= features.linux_words(text.partition("<")[2].rstrip(">").split(","))
    if not words:
        return
    found = {
        "family": "x86",
        "arch": "x86_64" if "lm" in words else "i686",
        "vendor": {"GenuineIntel": "intel", "AuthenticAMD": "amd"}.get(vendor),
        "model": " ".join(model.split()) or None,
        "features": features.normal(words),
        "level": levels.x86_level(words),
        "microarchitecture": march.x86(vendor, words),
    }
    for field, value in found.items():
        if value is not None:
            yield Observation(path=f"cpu.{field}", value=value, source=source)


def _counts(known: dict[str, str]) -> Iterator[Observation]:
    number = {
        key: parse_int(known.get(key)) for key in ("hw.ncpu", "hw.physmem", "vm.swap_total", "hw.pagesize", "vm.stats.vm.v_page_size")
    }
    page = number["hw.pagesize"] or number["vm.stats.vm.v_page_size"]
    pages = [parse_int(known.get(f"vm.stats.vm.v_{name}_count")) for name in ("inactive", "cache", "laundry", "free")]
    free = sum(count or 0 for count in pages) * page if page and pages[0] is not None and pages[-1] is not None else None
    found = {
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
