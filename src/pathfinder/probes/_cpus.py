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
    """The first online CPU of every package; None where the kernel says nothing of packages."""


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
    """The threads of its core."""
    return _topology(host, cpu, ("core_cpus_list", "thread_siblings_list"), ("core_cpus", "thread_siblings"))


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
    """The first CPU of every package. Some kernels do not number packages (-1), some give several one number: the sets of mates tell."""
    found: set[int] = set()
    numbered: set[int] = set()
    seen: set[int] = set()
    for cpu in sorted(online):
        if cpu in seen:
            continue
        mates = _mates(host, cpu)
        if mates:
            found.add(cpu)
            seen |= mates
            continue
        package = parse_int(text(host, f"{CPU}/cpu{cpu}/topology/physical_package_id"))
        if package is None:
            return None
        if package not in numbered:
            found.add(cpu)
            numbered.add(package)
    return found


def _mates(host: Host, cpu: int) -> set[int] | None:
    """The CPUs of its package."""
    return _topology(host, cpu, ("package_cpus_list", "core_siblings_list"), ("package_cpus", "core_siblings"))


def _topology(host: Host, cpu: int, lists: tuple[str, ...], masks: tuple[str, ...]) -> set[int] | None:
    """The first of these files of a CPU's topology that says something."""
    for names, parse in ((lists, parse_list), (masks, parse_mask)):
        for name in names:
            found = text(host, f"{CPU}/cpu{cpu}/topology/{name}")
            if found:
                return parse(found)
    return None


def clusters(host: Host, cpus: Cpus) -> list[set[int]] | None:
    """Groups of CPUs that share a cluster or a frequency domain, covering all present CPUs; None where no file tells."""
    present = cpus.present or set()
    groups: list[set[int]] = []
    for cpu in sorted(present):
        if any(cpu in group for group in groups):
            continue
        mates = _cluster_of(host, cpu, present)
        if mates:
            groups.append(mates & present)
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


def _cluster_of(host: Host, cpu: int, present: set[int]) -> set[int] | None:
    here = f"{CPU}/cpu{cpu}"
    found = text(host, f"{here}/topology/cluster_cpus_list")
    if found:
        return parse_list(found)
    if text(host, f"{here}/cache/index2/level") == "2":
        shared = text(host, f"{here}/cache/index2/shared_cpu_list")
        if shared and len(parse_list(shared) or ()) > 1:
            return parse_list(shared)
    # kernels before 5.8 number clusters as packages; all of one clock may still be several of those
    package = _mates(host, cpu)
    if package and len(package) > 1 and package < present:
        return package
    for name in ("related_cpus", "affected_cpus"):
        found = text(host, f"{here}/cpufreq/{name}")
        clock = parse_words(found) if found else None
        if clock and cpu in clock:
            return clock
        if clock:
            return package
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
