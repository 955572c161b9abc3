"""/proc/cpuinfo of every architecture, taken apart."""

from typing import NamedTuple

CPUINFO_LIMIT = 4 << 20
"""Enough for more than two thousand processors."""
HEAD = 1 << 14
"""Enough for the first processor."""
_FEATURE_KEYS = ("flags", "Features", "features", "isa", "cpucaps", "CPU Flags")


class CpuInfo(NamedTuple):
    blocks: list[dict[str, str]]
    """One per `processor` entry; `processor` itself is a key."""
    common: dict[str, str]
    """Keys outside those blocks, and of the first block (first value wins)."""
    flags: list[str]
    """The distinct feature lines."""


def parse(text: str) -> CpuInfo:
    """Never raises; lines without a colon are passed over."""
    blocks: list[dict[str, str]] = []
    common: dict[str, str] = {}
    flags: dict[str, None] = {}
    block: dict[str, str] | None = None
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if not colon:
            if not line.strip():
                block = None
            continue
        key, value = key.strip(), value.strip()
        if key == "processor" and value.isdecimal():
            block = {"processor": value}
            blocks.append(block)
        elif key.startswith("processor ") and key[10:].isdecimal():
            blocks.append({"processor": key[10:]})
        elif block is not None:
            block[key] = value
        if key in _FEATURE_KEYS:
            flags[value] = None
        common.setdefault(key, value)
    return CpuInfo(blocks, common, list(flags))


def family(info: CpuInfo) -> str | None:
    """The instruction set family the file's own keys tell."""
    common = info.common
    vendor = common.get("vendor_id", "")
    isa = common.get("isa", "")
    if "flags" in common and ("cpu family" in common or "cpuid level" in common or vendor):
        return "x86"
    if "IBM/S390" in vendor or "# processors" in common:
        return "s390"
    if "CPU implementer" in common or "ARM" in common.get("Processor", "") or "AArch64" in common.get("Processor", ""):
        return "arm"
    if isa.startswith("rv") or common.get("mmu", "").startswith("sv"):
        return "riscv"
    if isa.startswith("loongarch") or "loongson-64bit" in (common.get("CPU Family") or common.get("cpu family", "")).lower():
        return "loongarch"
    if isa.startswith("mips") or "cpu model" in common:
        return "mips"
    if common.get("arch") == "IA-64":
        return "ia64"
    if "ncpus probed" in common or common.get("type", "").startswith("sun4"):
        return "sparc"
    if (
        "altivec" in common.get("cpu", "")
        or "timebase" in common
        or "POWER" in common.get("cpu", "")
        or "pvr" in common.get("revision", "")
    ):
        return "ppc"
    if "ARM" in common.get("model name", ""):
        return "arm"
    return "x86" if "cpu family" in common and "model name" in common else None
