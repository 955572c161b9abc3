"""What /proc/cpuinfo says of the processor: vendor, model, features, level, micro-architecture. Counts come from elsewhere."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.isa import features, levels, march
from pathfinder.probes._cpuinfo import CPUINFO_LIMIT, CpuInfo, family, parse

SOURCE = "/proc/cpuinfo"
X86_VENDORS = {
    "GenuineIntel": "intel",
    "AuthenticAMD": "amd",
    "HygonGenuine": "hygon",
    "CentaurHauls": "centaur",
    "Shanghai": "zhaoxin",
}


def probe(host: Host) -> Iterator[Observation]:
    answer = host.read(SOURCE, CPUINFO_LIMIT)
    if answer.value is None:
        yield Observation(path="cpu.features", value=None, source=SOURCE, note=answer.note or answer.silence)
        return
    info = parse(answer.value)
    kind = family(info)
    found: dict[str, Any] = {"family": kind}
    teller = {"x86": _x86, "arm": _arm, "ppc": _power, "riscv": _riscv, "s390": _s390, "loongarch": _loongarch}.get(kind or "")
    if teller is not None:
        found.update(teller(info, host))
    found.setdefault("model", info.common.get("model name") or info.common.get("cpu model") or info.common.get("cpu"))
    for field, said in found.items():
        value = " ".join(said.split()) or None if isinstance(said, str) else said
        if value is not None:
            yield Observation(path=f"cpu.{field}", value=value, source=SOURCE, elapsed_seconds=answer.elapsed_seconds)
    yield Observation(path="os.family", value="linux", source=SOURCE, trust="guess", note="only Linux has this file in this form")


def _common_words(lines: list[str]) -> set[str]:
    """The words every CPU that lists any has."""
    sets = [set(line.split()) for line in lines if line.strip()]
    return set.intersection(*sets) if sets else set()


def _x86(info: CpuInfo, host: Host) -> dict[str, Any]:
    words = _common_words(info.flags)
    vendor = info.common.get("vendor_id", "").strip()
    if not words:
        return {"vendor": X86_VENDORS.get(vendor, vendor.lower() or None)}
    return {
        "vendor": X86_VENDORS.get(vendor, vendor.lower() or None),
        "arch": "x86_64" if "lm" in words else "i686",
        "features": features.normal(words),
        "level": levels.x86_level(words),
        "microarchitecture": march.x86(vendor, words),
    }


def _arm(info: CpuInfo, host: Host) -> dict[str, Any]:
    words = _common_words(info.flags)
    cores = list(dict.fromkeys((one.get("CPU implementer", ""), one.get("CPU part", "")) for one in info.blocks if "CPU part" in one))
    cores = cores or [(info.common.get("CPU implementer", ""), info.common.get("CPU part", ""))]
    names = list(dict.fromkeys(march.ARM_PARTS[core] for core in cores if core in march.ARM_PARTS))
    chips = list(dict.fromkeys(filter(None, (march.arm(maker, part, words) for maker, part in cores))))
    wide = "asimd" in words or "AArch64" in info.common.get("Processor", "") + info.common.get("model name", "")
    architecture = info.common.get("CPU architecture", "")
    makers = dict.fromkeys(march.ARM_MAKERS.get(maker, maker).lower() for maker, _ in cores if maker)
    # a 32-bit process sees the 32-bit words only, and "8" then says what the silicon could do
    arch = "aarch64" if wide or architecture.startswith(("8", "AArch64")) else "armv7l" if architecture == "7" else None
    if "ARMv6" in info.common.get("model name", "") + info.common.get("Processor", ""):
        arch = None
    return {
        "vendor": "+".join(makers) or None,
        "arch": arch,
        "model": " + ".join(names) or info.common.get("model name") or info.common.get("Processor"),
        "features": features.normal(words) if words else None,
        "level": levels.arm_level(words) if wide else None,
        "microarchitecture": "+".join(chips) or None,
    }


def _power(info: CpuInfo, host: Host) -> dict[str, Any]:
    model = info.common.get("cpu", "")
    digits = model.partition("POWER")[2]
    generation = int(digits[0] + (digits[1:2] if digits[:1] == "1" and digits[1:2].isdigit() else "")) if digits[:1].isdigit() else 0
    uname = host.uname().value
    little = uname.machine.endswith("le") if uname else None
    found = {"altivec"} if "altivec supported" in model else set()
    vector = host.ask("auxv").value if host.live else None
    # PPC_FEATURE_HAS_VSX of asm/cputable.h
    if (isinstance(vector, dict) and int(vector.get("16", 0)) & 0x80) or (generation >= 7 and "altivec" in found):
        found.add("vsx")
    if little is None:
        little = True if "Little Endian" in _lscpu(host) else None
    return {
        "vendor": "ibm" if generation else None,
        "arch": "ppc64le" if little else None,
        "model": model.partition(",")[0],
        "features": features.normal(found),
        "microarchitecture": march.power(generation, little if little is not None else generation == 8),
    }


def _lscpu(host: Host) -> str:
    if host.live:
        return ""
    ran = host.run(("lscpu",)).value
    return ran.stdout if ran else ""


def _riscv(info: CpuInfo, host: Host) -> dict[str, Any]:
    lines = list(dict.fromkeys(one["isa"] for one in info.blocks if one.get("isa"))) or [info.common.get("isa", "")]
    sets = [features.riscv_words(line) for line in lines]
    uarch = info.common.get("uarch", "")
    return {
        "vendor": uarch.partition(",")[0] or None,
        "arch": "riscv64" if lines[0].startswith("rv64") else None,
        "model": info.common.get("model name") or uarch or None,
        "features": features.normal(set.intersection(*sets)),
        "level": lines[0].split("_")[0] or None,
        "microarchitecture": march.riscv(uarch, info.common.get("model name", "")),
    }


def _s390(info: CpuInfo, host: Host) -> dict[str, Any]:
    words = _common_words(info.flags)
    machine = next((part.partition("=")[2].strip() for part in _processor_line(info).split(",") if part.strip().startswith("machine")), "")
    return {"vendor": "ibm", "arch": "s390x", "model": f"IBM {machine}" if machine else None, "features": features.normal(words)}


def _processor_line(info: CpuInfo) -> str:
    return next((value for key, value in info.common.items() if key.startswith("processor ")), "")


def _loongarch(info: CpuInfo, host: Host) -> dict[str, Any]:
    words = set((info.common.get("features") or info.common.get("Features") or "").split())
    model = info.common.get("model name") or info.common.get("Model Name")
    return {"vendor": "loongson", "arch": "loongarch64", "model": model, "features": features.normal(words)}
