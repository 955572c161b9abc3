"""macOS by sysctl: processor, memory, system version, Rosetta."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.isa import features, levels, march
from pathfinder.probes._cpulist import parse_int
from pathfinder.probes._sysctl import values

_ARM_TYPE, _X86_TYPE = 0x0100000C, (7, 0x01000007)


def probe(host: Host) -> Iterator[Observation]:
    known, source, seconds = values(host)
    if known.get("kern.ostype", "Darwin") != "Darwin" or not any(
        key.startswith(("hw.memsize", "hw.optional", "machdep.cpu.")) for key in known
    ):
        return
    apple = "Apple" in known.get("machdep.cpu.brand_string", "") or parse_int(known.get("hw.cputype")) == _ARM_TYPE or _arm_keys(known)
    uname = host.uname().value
    own = {"arm64": "aarch64"}.get(uname.machine, uname.machine) if uname is not None else None
    found = {
        **_os(known, apple),
        "os.process_arch": own,
        **_counts(known),
        **_memory(known, apple),
        **(_apple(known) if apple else _intel(known)),
    }
    for path, value in found.items():
        if value is not None:
            yield Observation(path=path, value=value, source=source, trust="tool", elapsed_seconds=seconds)


def _arm_keys(known: dict[str, str]) -> bool:
    return any(key.startswith("hw.optional.arm.") for key in known) and known.get("hw.optional.x86_64") != "1"


def _os(known: dict[str, str], apple: bool) -> dict[str, Any]:
    translated = known.get("sysctl.proc_translated")
    arch = "aarch64" if apple else "x86_64"
    return {
        "os.family": "macos",
        "os.id": "macos",
        "os.name": "macOS",
        "os.version": known.get("kern.osproductversion"),
        "os.version_id": known.get("kern.osproductversion"),
        "os.kernel": known.get("kern.osrelease"),
        "os.libc": "libSystem",
        "os.arch": arch,
        "os.translated": translated == "1" if translated in ("0", "1") else None if apple else False,
        "os.hypervisor": None if "kern.hv_vmm_present" not in known else "none" if known["kern.hv_vmm_present"] == "0" else "apple",
        "os.container": "none",
        "os.wsl": 0,
        "board.model": known.get("hw.model"),
    }


def _counts(known: dict[str, str]) -> dict[str, Any]:
    number = {key: parse_int(value) for key, value in known.items() if key.startswith("hw.") or key.startswith("machdep.cpu.")}
    most = number.get("hw.logicalcpu_max")
    threads = number.get("hw.logicalcpu") or number.get("hw.activecpu") or number.get("machdep.cpu.thread_count")
    levels_ = number.get("hw.nperflevels") or 0
    fast = number.get("hw.perflevel0.physicalcpu") if levels_ > 1 else None
    slow = sum(number.get(f"hw.perflevel{level}.physicalcpu") or 0 for level in range(1, levels_)) if levels_ > 1 else None
    return {
        "cpu.threads": threads,
        "cpu.threads_present": most or number.get("hw.ncpu"),
        "cpu.offline": most - threads if most and threads else None,
        "cpu.cores": number.get("hw.physicalcpu") or number.get("machdep.cpu.core_count"),
        "cpu.cores_present": number.get("hw.physicalcpu_max"),
        "cpu.sockets": number.get("hw.packages"),
        "cpu.performance_cores": fast,
        "cpu.efficiency_cores": slow,
        "cpu.usable_cpus": threads,
        "cpu.usable_cores": number.get("hw.physicalcpu"),
    }


def _memory(known: dict[str, str], apple: bool) -> dict[str, Any]:
    words = known.get("vm.swapusage", "").split()
    swap = None
    if words[:2] == ["total", "="] and len(words) > 2 and words[2].endswith("M"):
        try:
            swap = int(float(words[2][:-1]) * (1 << 20))
        except (ValueError, OverflowError):
            swap = None
    return {
        "memory.total_bytes": parse_int(known.get("hw.memsize")) or None,
        "memory.swap_bytes": swap,
        "memory.unified": True if apple else None,
        "memory.limited": False,
    }


def _apple(known: dict[str, str]) -> dict[str, Any]:
    words: set[str] = set()
    listed = False
    for key, value in known.items():
        name = key.removeprefix("hw.optional.arm.").removeprefix("hw.optional.")
        if key.startswith("hw.optional."):
            listed = True
            if value == "1":
                words.update(features.DARWIN_ARM.get(name, ()))
    if listed:
        # every Apple processor of this architecture has NEON; the key is missing from short listings
        words.add("neon")
    brand = known.get("machdep.cpu.brand_string", "")
    raw = words | {"asimd", "asimddp"} if "dotprod" in words else words | {"asimd"}
    return {
        "cpu.family": "arm",
        "cpu.arch": "aarch64",
        "cpu.vendor": "apple",
        "cpu.model": brand or None,
        "cpu.microarchitecture": march.apple(brand),
        "cpu.features": features.normal(words) if listed else None,
        "cpu.level": levels.arm_level(raw) if listed else None,
    }


def _intel(known: dict[str, str]) -> dict[str, Any]:
    keys = ("machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures")
    words = features.linux_words(" ".join(known.get(key, "") for key in keys).split())
    vendor = known.get("machdep.cpu.vendor", "")
    for name, word in features.DARWIN_OPTIONAL.items():
        if known.get(f"hw.optional.{name}") == "1":
            words.add(word)
        elif f"hw.optional.{name}" in known:
            words.discard(word)
    if "xsave" in words:
        # as archspec does: these words are never listed on macOS
        full = words | {"xsavec", "xsaveopt"}
    else:
        full = set(words)
    if "lzcnt" in words and "popcnt" in words:
        full.add("abm")
    return {
        "cpu.family": "x86",
        "cpu.arch": "x86_64",
        "cpu.vendor": {"GenuineIntel": "intel", "AuthenticAMD": "amd"}.get(vendor, vendor.lower() or None),
        "cpu.model": " ".join(known.get("machdep.cpu.brand_string", "").split()) or None,
        "cpu.features": features.normal(words) if words else None,
        "cpu.level": levels.x86_level(full) if words else None,
        "cpu.microarchitecture": march.x86(vendor, full) if words else None,
    }
