"""The level a set of features reaches: x86-64-v1 to v4 (the psABI's), armv8.0-a to armv9.x-a (the Arm architecture's).

Words are as Linux lists them in /proc/cpuinfo.
"""

from collections.abc import Collection

X86: tuple[tuple[str, frozenset[str]], ...] = (
    ("x86-64-v1", frozenset({"lm", "sse2"})),
    ("x86-64-v2", frozenset({"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"})),
    ("x86-64-v3", frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"})),
    ("x86-64-v4", frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})),
)
ARM: tuple[tuple[str, frozenset[str]], ...] = (
    ("armv8.0-a", frozenset({"asimd"})),
    ("armv8.1-a", frozenset({"atomics", "asimdrdm", "crc32"})),
    ("armv8.2-a", frozenset({"dcpop"})),
    ("armv8.3-a", frozenset({"jscvt", "fcma", "lrcpc"})),
    ("armv8.4-a", frozenset({"asimddp", "flagm", "uscat", "ilrcpc"})),
    ("armv8.5-a", frozenset({"flagm2", "frint", "sb"})),
    ("armv8.6-a", frozenset({"i8mm", "bf16"})),
    ("armv8.7-a", frozenset({"wfxt", "afp"})),
)


def _reached(steps: tuple[tuple[str, frozenset[str]], ...], words: Collection[str]) -> str | None:
    have, level = set(words), None
    for name, needed in steps:
        if not needed <= have:
            break
        level = name
    return level


def x86_level(words: Collection[str]) -> str | None:
    """None for a 32-bit processor."""
    return _reached(X86, words)


def arm_level(words: Collection[str]) -> str | None:
    """None for a 32-bit processor; Armv9 is Armv8.5 with SVE2, and 9.2 with what Armv8.7 added (wfxt, afp)."""
    level = _reached(ARM, words)
    if level in ("armv8.5-a", "armv8.6-a", "armv8.7-a") and "sve2" in words:
        return "armv9.2-a" if {"wfxt", "afp"} <= set(words) else "armv9.0-a"
    return level
