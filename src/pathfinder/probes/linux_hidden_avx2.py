"""A processor whose chip has AVX2 while the kernel lists none: switched off in the firmware, or kept from the virtual machine."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes._cpuinfo import HEAD, parse
from pathfinder.probes._cpulist import parse_int

SOURCE = "/proc/cpuinfo"
INTEL_MODELS = frozenset(
    (
        0x3C, 0x3F, 0x45, 0x46, 0x3D, 0x47, 0x4F, 0x56, 0x4E, 0x5E, 0x55, 0x66, 0x8E, 0x9E, 0xA5, 0xA6, 0x6A, 0x6C, 0x7D, 0x7E, 0x8C, 0x8D,
        0xA7, 0x8F, 0xCF, 0xAD, 0xAE, 0x97, 0x9A, 0xBE, 0xB7, 0xBA, 0xBF, 0xAA, 0xAC, 0xBD, 0xB5, 0xC5, 0xC6, 0xAF, 0xDD,
    )
)  # fmt: skip
"""Family 6 from Haswell on: the Linux kernel's arch/x86/include/asm/intel-family.h."""
WITHOUT = ("pentium", "celeron")
"""Sold without AVX2 for years, from the same chips."""


def probe(host: Host) -> Iterator[Observation]:
    info = parse(host.read(SOURCE, HEAD).value or "")
    words = set(info.common.get("flags", "").split())
    if not words or "avx2" in words or not _chip_has_it(info.common):
        return
    virtual = "hypervisor" in words
    where = "the hypervisor hides it from this machine" if virtual else "the firmware has switched it off"
    fix = "Give the virtual machine the host's CPU model." if virtual else "Look for AVX or 'instruction sets' in the firmware's settings."
    says = f"The chip ({info.common.get('model name', 'this processor')}) has AVX2, but {where}: CPU inference is several times slower."
    yield Observation(path="warnings", value={"id": "avx2-hidden", "says": says, "facts": ("cpu.features",), "fix": fix}, source=SOURCE)


def _chip_has_it(common: dict[str, str]) -> bool:
    family, model = parse_int(common.get("cpu family")), parse_int(common.get("model"))
    vendor, name = common.get("vendor_id", ""), common.get("model name", "").lower()
    if vendor == "GenuineIntel":
        return family == 6 and model in INTEL_MODELS and not any(word in name for word in WITHOUT)
    return vendor in ("AuthenticAMD", "HygonGenuine") and family is not None and family >= 23
