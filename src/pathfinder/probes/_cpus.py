"""CPUs, cores, packages and NUMA nodes from /sys/devices/system/cpu and /sys/devices/system/node."""

from collections.abc import Iterable
from typing import NamedTuple

from pathfinder.host import Host
from pathfinder.probes._cpulist import parse_int, parse_list, parse_mask, parse_words

CPU = "/sys/devices/system/cpu"
NODE = "/sys/devices/system/node"


class Cpus(NamedTuple):
    online: set[int] | None
    present: set[int] | None
    offline: set[int] | None
    cores: list[set[int]] | None
    """Online CPUs grouped into cores."""
    packages: set[int] | None
    """Package numbers of online CPUs; None where the kernel does not know (-1)."""


def text(host: Host, path: str) -> str | None:
    value = host.read(path, 1 << 16).value
    return value.strip() if value is not None else None


def cpu_set(host: Host, name: str) -> set[int] | None:
    found = text(host, f"{CPU}/{name}")
    return None if found is None else parse_list(found)


def numbered(host: Host) -> set[int]:
    """The CPUs that have a folder."""
    paths = host.glob(f"{CPU}/cpu[0-9]*").value or ()
    return {int(name) for name in (path.rpartition("/cpu")[2] for path in paths) if name.isdecimal()}


def read_cpus(host: Host) -> Cpus:
    """What the kernel's files say; every part None where no file answers."""
    online, present, offline = cpu_set(host, "online"), cpu_set(host, "present"), cpu_set(host, "offline")
    folders = numbered(host) if not online or not present else set()
    if not present:
        present = cpu_set(host, "possible") if not folders else folders | (online or set())
    if not online:
        online = {cpu for cpu in folders if text(host, f"{CPU}/cpu{cpu}/online") != "0"} or None
    if online is None:
        return Cpus(None, present or None, offline, None, None)
    cores = _cores(host, online)
    return Cpus(online, present or online, offline, cores, _packages(host, online))


def _siblings(host: Host, cpu: int) -> set[int] | None:
    topology = f"{CPU}/cpu{cpu}/topology"
    for name in ("core_cpus_list", "thread_siblings_list"):
        found = text(host, f"{topology}/{name}")
        if found:
            return parse_list(found)
    for name in ("core_cpus", "thread_siblings"):
        found = text(host, f"{topology}/{name}")
        if found:
            return parse_mask(found)
    return None


def _cores(host: Host, online: set[int]) -> list[set[int]] | None:
    """Groups of sibling threads; one read a core, not one a thread. None when any CPU's siblings are unknown."""
    cores: list[set[int]] = []
    left = sorted(online)
    seen: set[int] = set()
    for cpu in left:
        if cpu in seen:
            continue
        siblings = _siblings(host, cpu)
        if siblings is None:
            return None
        core = (siblings & online) | {cpu}
        core -= seen
        seen |= core
        cores.append(core)
    return cores


def _packages(host: Host, online: set[int]) -> set[int] | None:
    found: set[int] = set()
    seen: set[int] = set()
    for cpu in sorted(online):
        if cpu in seen:
            continue
        package = parse_int(text(host, f"{CPU}/cpu{cpu}/topology/physical_package_id"))
        mates = text(host, f"{CPU}/cpu{cpu}/topology/package_cpus_list") or text(host, f"{CPU}/cpu{cpu}/topology/core_siblings_list")
        siblings = parse_list(mates) if mates else None
        if package is None and not siblings:
            return None
        # -1 or no file: the kernel does not number them; the sets of siblings still tell them apart
        found.add(package if package is not None and package >= 0 else -1 - cpu)
        seen |= siblings or {cpu}
    return found


def clusters(host: Host, cpus: Cpus) -> list[set[int]] | None:
    """Groups of CPUs that share a cluster or a frequency domain, covering all present CPUs; None where no file tells."""
    present = cpus.present or set()
    groups: list[set[int]] = []
    for cpu in sorted(present):
        if any(cpu in group for group in groups):
            continue
        mates = _cluster_of(host, cpu)
        if mates:
            groups.append((mates | {cpu}) & present)
    if not groups:
        return None
    left = present.difference(*groups)
    if all(len(group) == 1 for group in groups):
        # every core has a clock of its own: equal cores are one cluster, and those offline are taken to be like them
        return _equal(host, groups, left)
    return [*groups, left] if left else groups


def _equal(host: Host, groups: list[set[int]], left: set[int]) -> list[set[int]]:
    alike: dict[str | None, set[int]] = {}
    for group in groups:
        alike.setdefault(text(host, f"{CPU}/cpu{min(group)}/cpufreq/cpuinfo_max_freq"), set()).update(group)
    next(iter(alike.values())).update(left)
    return list(alike.values())


def _cluster_of(host: Host, cpu: int) -> set[int] | None:
    here = f"{CPU}/cpu{cpu}"
    found = text(host, f"{here}/topology/cluster_cpus_list")
    if found:
        return parse_list(found)
    if text(host, f"{here}/cache/index2/level") == "2":
        shared = text(host, f"{here}/cache/index2/shared_cpu_list")
        if shared and len(parse_list(shared) or ()) > 1:
            return parse_list(shared)
    for name in ("related_cpus", "affected_cpus"):
        found = text(host, f"{here}/cpufreq/{name}")
        if found:
            return parse_words(found)
    return None


class Nodes(NamedTuple):
    all: set[int]
    with_cpus: set[int]


def read_nodes(host: Host) -> Nodes | None:
    """NUMA nodes that are online; None on a kernel without them."""
    listed = text(host, f"{NODE}/online")
    found = parse_list(listed) if listed else None
    folders = host.glob(f"{NODE}/node[0-9]*").value
    names = {int(name) for name in (path.rpartition("/node")[2] for path in folders or ()) if name.isdecimal()}
    nodes = (found & names if names else found) if found else names
    if not nodes:
        return None
    having = text(host, f"{NODE}/has_cpu")
    with_cpus = parse_list(having) if having else None
    if with_cpus is None:
        with_cpus = {node for node in nodes if _node_cpus(host, node)}
    return Nodes(nodes, with_cpus & nodes)


def _node_cpus(host: Host, node: int) -> set[int] | None:
    listed = text(host, f"{NODE}/node{node}/cpulist")
    if listed is not None:
        return parse_list(listed)
    mask = text(host, f"{NODE}/node{node}/cpumap")
    return parse_mask(mask) if mask else None


def in_cores(cores: Iterable[set[int]], cpus: set[int]) -> int:
    """How many cores have a CPU among `cpus`."""
    return sum(1 for core in cores if core & cpus)
