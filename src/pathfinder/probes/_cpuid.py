"""What CPUID and XGETBV tell this process of an x86 processor, where no file lists what the system lets programs use."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.isa import features, levels, march

VENDORS = {"GenuineIntel": "intel", "AuthenticAMD": "amd", "HygonGenuine": "hygon"}


def observations(host: Host) -> Iterator[Observation]:
    """Family, vendor, model, features and their level; that the features are unknown where it cannot be asked."""
    answer = host.ask("cpuid")
    if not isinstance(answer.value, dict):
        yield Observation(path="cpu.features", value=None, source="cpuid", note=answer.note or answer.silence)
        return
    words, vendor = set(answer.value.get("features") or ()), str(answer.value.get("vendor") or "")
    found = {
        "family": "x86",
        "arch": "x86_64" if "lm" in words else "i686",
        "vendor": VENDORS.get(vendor, vendor.lower() or None),
        "model": answer.value.get("model"),
        "features": features.normal(words) if words else None,
        "level": levels.x86_level(words),
        "microarchitecture": march.x86(vendor, words),
    }
    for field, value in found.items():
        if value:
            yield Observation(path=f"cpu.{field}", value=value, source="cpuid", elapsed_seconds=answer.elapsed_seconds)
