"""lscpu's table, where a host's /sys has no topology and only the tool's output is at hand."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.isa import features
from pathfinder.probes._cpulist import parse_int, parse_list

ARCHES: dict[str, tuple[str, str | None]] = {
    "x86_64": ("x86", "x86_64"),
    "i686": ("x86", "i686"),
    "i386": ("x86", "i686"),
    "aarch64": ("arm", "aarch64"),
    "armv7l": ("arm", "armv7l"),
    "armv8l": ("arm", "armv7l"),
    "armv6l": ("arm", None),
    "riscv64": ("riscv", "riscv64"),
    "ppc64le": ("ppc", "ppc64le"),
    "ppc64": ("ppc", None),
    "ppc": ("ppc", None),
    "s390x": ("s390", "s390x"),
    "loongarch64": ("loongarch", "loongarch64"),
    "mips64": ("mips", None),
    "mips": ("mips", None),
    "ia64": ("ia64", None),
    "sparc64": ("sparc", None),
}
"""`uname -m` to family and the arch of the vocabulary."""


_EACH_SORT = ("Model name", "Thread(s) per core", "Core(s) per socket", "Core(s) per cluster", "Socket(s)", "Cluster(s)")


def probe(host: Host) -> Iterator[Observation]:
    if host.read("/sys/devices/system/cpu/online").value is not None:
        return
    answer = host.run(("lscpu",))
    if answer.value is None or answer.value.code != 0:
        return
    table = parse(answer.value.stdout)
    for path, value in {**_counts(table), **_names(table)}.items():
        if value is not None:
            yield Observation(path=path, value=value, source="lscpu", trust="table", elapsed_seconds=answer.elapsed_seconds)


def parse(text: str) -> dict[str, str]:
    """Left column to right column; a line without a colon continues the one before.

    What stands once for every sort of core is joined by ` + `.
    """
    table: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            last = name.strip()
            if last in _EACH_SORT and last in table:
                table[last] += " + " + value.strip()
            table.setdefault(last, value.strip())
        elif last and line.strip():
            table[last] += line.strip()
    return table


def _counts(table: dict[str, str]) -> dict[str, Any]:
    listed = parse_list(table.get("On-line CPU(s) list", ""))
    away = parse_list(table.get("Off-line CPU(s) list", "")) if "Off-line CPU(s) list" in table else set()
    total = parse_int(table.get("CPU(s)"))
    filled = [name for name in table if name.startswith("NUMA node") and name.endswith(" CPU(s)")]
    on_nodes = set().union(*(parse_list(table[name]) or set() for name in filled))
    online = len(listed) if listed else total or len(on_nodes) or None
    per_core, cores = parse_int(table.get("Thread(s) per core", "").split(" + ")[0]), _cores(table)
    if cores is not None and online is not None and (cores > online or (per_core == 1 and cores != online)):
        cores = None
    return {
        "cpu.threads": online,
        "cpu.threads_present": total,
        "cpu.offline": len(away) if away is not None else None,
        "cpu.sockets": parse_int(table.get("Socket(s)", "").split(" + ")[0]),
        "cpu.clusters": parse_int(table.get("Cluster(s)")),
        "cpu.cores": cores,
        "cpu.numa_nodes": parse_int(table.get("NUMA node(s)")),
        "cpu.numa_nodes_with_cpus": sum(1 for name in filled if table[name]) if filled else None,
    }


def _cores(table: dict[str, str]) -> int | None:
    """Of every sort of core, where there are several; Arm machines count them by cluster."""
    for each, groups in (("Core(s) per socket", "Socket(s)"), ("Core(s) per cluster", "Cluster(s)")):
        cores, number = ([parse_int(word) for word in table.get(name, "").split(" + ")] for name in (each, groups))
        counts = [a * b for a, b in zip(cores, number, strict=False) if a and b]
        if counts and len(counts) == len(cores):
            return sum(counts)
    return None


def _names(table: dict[str, str]) -> dict[str, Any]:
    machine = table.get("Architecture", "")
    family, arch = ARCHES.get(machine, (None, None))
    words = table.get("Flags", "").split()
    hypervisor = table.get("Hypervisor vendor", "").lower()
    return {
        "cpu.family": family,
        "cpu.arch": arch,
        "os.arch": arch,
        "os.family": "linux" if machine else None,
        "os.hypervisor": {"microsoft": "hyper-v"}.get(hypervisor, hypervisor) or None,
        "cpu.model": " ".join(table.get("Model name", "").split()) or None,
        "cpu.features": features.normal(words) if words else None,
    }
