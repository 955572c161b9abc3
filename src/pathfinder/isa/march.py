"""The micro-architecture, found as archspec finds it: the most specific target whose features are all there.

A chip whose firmware hides a feature its target needs is named by the generic level it still reaches.
"""

from collections.abc import Collection
from functools import cache

from pathfinder.isa.targets import TARGETS


@cache
def features_of(name: str) -> frozenset[str]:
    parents, _, more, _ = TARGETS[name]
    found: set[str] = set()
    for parent in parents.split():
        found |= features_of(parent)
    for word in more.split():
        if word.startswith("-"):
            found.discard(word[1:])
        else:
            found.add(word)
    return frozenset(found)


@cache
def ancestors(name: str) -> frozenset[str]:
    parents = TARGETS[name][0].split()
    return frozenset(parents).union(*(ancestors(parent) for parent in parents)) if parents else frozenset()


def _best(names: Collection[str]) -> str:
    return max(names, key=lambda name: (len(ancestors(name)), len(features_of(name))))


def x86(vendor: str, words: Collection[str]) -> str | None:
    """`vendor` as CPUID spells it; `words` as Linux does. None for a 32-bit processor."""
    have = set(words)
    if "lm" not in have:
        return None
    # the kernel lists sse3 as pni; archspec asks for ssse3, its superset
    fits = [
        name
        for name, (_, maker, _, _) in TARGETS.items()
        if (name == "x86_64" or "x86_64" in ancestors(name)) and maker in (vendor, "generic") and features_of(name) <= have
    ]
    return _narrowed(fits) if fits else None


def _narrowed(fits: list[str], part: str = "") -> str:
    generic = _best([name for name in fits if TARGETS[name][1] == "generic"])
    chosen = [name for name in fits if part and TARGETS[name][3] == part] or fits
    chosen = [name for name in chosen if generic in ancestors(name)]
    return _best(chosen) if chosen else generic


def arm(maker: str, part: str, words: Collection[str]) -> str | None:
    """`maker` and `part` as /proc/cpuinfo gives them (`0x41`, `0xd0c`)."""
    have, vendor = set(words), ARM_MAKERS.get(maker, maker)
    fits = [
        name
        for name, (_, owner, _, _) in TARGETS.items()
        if (name == "aarch64" or "aarch64" in ancestors(name)) and (owner == vendor or name == "aarch64") and features_of(name) <= have
    ]
    found = _narrowed(fits, part) if fits else None
    known = ARM_PARTS.get((maker, part))
    if known and (found in (None, "aarch64") or (found is not None and TARGETS[found][3] != part)):
        return known.lower().replace("-", "_").replace(" ", "_")
    return None if found == "aarch64" else found


def apple(brand: str) -> str | None:
    """`Apple M2 Pro` is m2; a later chip than archspec knows keeps its own number."""
    words = brand.lower().split()
    return next((word for word in words if word[0] == "m" and word[1:].isdigit()), None) if "apple" in words else None


def power(generation: int, little_endian: bool | None) -> str | None:
    suffix = "le" if little_endian and generation >= 8 else ""
    name = f"power{generation}{suffix}"
    return name if name in TARGETS else f"power{generation}" if generation else None


def riscv(uarch: str, model: str) -> str | None:
    if uarch == "sifive,u74-mc":
        return "u74mc"
    if uarch == "spacemit,x60" or model == "Spacemit(R) X60":
        return "x60"
    return uarch.partition(",")[2].replace("-", "_") or None


ARM_MAKERS: dict[str, str] = {
    "0x41": "ARM",
    "0x42": "Broadcom",
    "0x43": "Cavium",
    "0x44": "DEC",
    "0x46": "Fujitsu",
    "0x48": "HiSilicon",
    "0x4d": "Motorola",
    "0x4e": "Nvidia",
    "0x50": "APM",
    "0x51": "Qualcomm",
    "0x53": "Samsung",
    "0x56": "Marvell",
    "0x61": "Apple",
    "0x66": "Faraday",
    "0x68": "HXT",
    "0x69": "Intel",
    "0x6d": "Microsoft",
    "0x70": "Phytium",
    "0xc0": "Ampere",
}

ARM_PARTS: dict[tuple[str, str], str] = {
    **{
        ("0x41", part): name
        for part, name in {
            "0xb76": "ARM1176",
            "0xc05": "Cortex-A5",
            "0xc07": "Cortex-A7",
            "0xc08": "Cortex-A8",
            "0xc09": "Cortex-A9",
            "0xc0d": "Cortex-A12",
            "0xc0e": "Cortex-A17",
            "0xc0f": "Cortex-A15",
            "0xd01": "Cortex-A32",
            "0xd02": "Cortex-A34",
            "0xd03": "Cortex-A53",
            "0xd04": "Cortex-A35",
            "0xd05": "Cortex-A55",
            "0xd06": "Cortex-A65",
            "0xd07": "Cortex-A57",
            "0xd08": "Cortex-A72",
            "0xd09": "Cortex-A73",
            "0xd0a": "Cortex-A75",
            "0xd0b": "Cortex-A76",
            "0xd0c": "Neoverse-N1",
            "0xd0d": "Cortex-A77",
            "0xd0e": "Cortex-A76AE",
            "0xd40": "Neoverse-V1",
            "0xd41": "Cortex-A78",
            "0xd42": "Cortex-A78AE",
            "0xd43": "Cortex-A65AE",
            "0xd44": "Cortex-X1",
            "0xd46": "Cortex-A510",
            "0xd47": "Cortex-A710",
            "0xd48": "Cortex-X2",
            "0xd49": "Neoverse-N2",
            "0xd4a": "Neoverse-E1",
            "0xd4b": "Cortex-A78C",
            "0xd4c": "Cortex-X1C",
            "0xd4d": "Cortex-A715",
            "0xd4e": "Cortex-X3",
            "0xd4f": "Neoverse-V2",
            "0xd80": "Cortex-A520",
            "0xd81": "Cortex-A720",
            "0xd82": "Cortex-X4",
            "0xd83": "Neoverse-V3AE",
            "0xd84": "Neoverse-V3",
            "0xd85": "Cortex-X925",
            "0xd87": "Cortex-A725",
            "0xd8e": "Neoverse-N3",
        }.items()
    },
    ("0x43", "0x0a1"): "ThunderX",
    ("0x43", "0x0af"): "ThunderX2",
    ("0x46", "0x001"): "A64FX",
    ("0x48", "0xd01"): "TaiShan-v110",
    ("0x48", "0xd02"): "TaiShan-v120",
    ("0x48", "0xd40"): "Cortex-A76",
    ("0x4e", "0x000"): "Denver",
    ("0x4e", "0x003"): "Denver-2",
    ("0x4e", "0x004"): "Carmel",
    ("0x50", "0x000"): "X-Gene",
    ("0x51", "0x06f"): "Krait",
    ("0x51", "0x201"): "Kryo",
    ("0x51", "0x205"): "Kryo",
    ("0x51", "0x211"): "Kryo",
    ("0x51", "0x800"): "Kryo-2xx-Gold",
    ("0x51", "0x801"): "Kryo-2xx-Silver",
    ("0x51", "0x802"): "Kryo-3xx-Gold",
    ("0x51", "0x803"): "Kryo-3xx-Silver",
    ("0x51", "0x804"): "Kryo-4xx-Gold",
    ("0x51", "0x805"): "Kryo-4xx-Silver",
    ("0x51", "0x001"): "Oryon",
    ("0x51", "0xc00"): "Falkor",
    ("0x53", "0x001"): "Exynos-M1",
    ("0x53", "0x002"): "Exynos-M3",
    ("0x53", "0x003"): "Exynos-M4",
    ("0x53", "0x004"): "Exynos-M5",
    ("0x61", "0x022"): "Apple-M1-Icestorm",
    ("0x61", "0x023"): "Apple-M1-Firestorm",
    ("0x61", "0x032"): "Apple-M2-Blizzard",
    ("0x61", "0x033"): "Apple-M2-Avalanche",
    ("0xc0", "0xac3"): "Ampere-1",
    ("0xc0", "0xac4"): "Ampere-1a",
}
"""MIDR implementer and part to the core's name, as the Linux kernel's arch/arm64/include/asm/cputype.h and lscpu spell them."""
