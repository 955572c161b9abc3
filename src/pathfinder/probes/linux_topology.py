"""Sockets, cores, threads, clusters, NUMA nodes; which CPUs are offline, and which this process may use."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes._cgroup import allowed_cpus, cpu_quota, groups
from pathfinder.probes._cpuinfo import CPUINFO_LIMIT, HEAD, family, parse
from pathfinder.probes._cpulist import parse_int, parse_list
from pathfinder.probes._cpus import CPU, NODE, Cpus, clusters, in_cores, read_cpus, read_nodes

MISSING = "no topology in /sys"


def probe(host: Host) -> Iterator[Observation]:
    cpus = read_cpus(host)
    arm = host.read("/system/build.prop", 64).value is not None or family(parse(host.read("/proc/cpuinfo", HEAD).value or "")) == "arm"
    nodes = read_nodes(host)
    found: dict[str, Any] = _counts(host, cpus, arm) if cpus.online is not None else {}
    if arm and found.get("sockets") and (nodes is None or len(nodes.all) < 2):
        # kernels before 5.8 number the clusters of one chip as packages; a second socket would be a second NUMA node
        found["sockets"] = 1
    if cpus.online is None:
        yield from _listed(host)
    for field, value in found.items():
        if value is not None:
            yield Observation(path=f"cpu.{field}", value=value, source=f"{CPU}/cpu*/topology" if field in _FROM_TOPOLOGY else CPU)
    if nodes is not None:
        yield Observation(path="cpu.numa_nodes", value=len(nodes.all), source=NODE)
        yield Observation(path="cpu.numa_nodes_with_cpus", value=len(nodes.with_cpus), source=NODE)
    yield from _usable(host, cpus)


_FROM_TOPOLOGY = {"sockets", "cores"}


def _counts(host: Host, cpus: Cpus, arm: bool) -> dict[str, Any]:
    online, present = cpus.online or set(), cpus.present or set()
    offline = cpus.offline if cpus.offline is not None else present - online
    found: dict[str, Any] = {
        "threads": len(online),
        "threads_present": len(present | online),
        "offline": len(offline),
        "cores": len(cpus.cores) if cpus.cores else None,
        "sockets": len(cpus.packages) if cpus.packages else None,
    }
    if arm:
        found.update(_arm_counts(host, cpus))
    found.update(_hybrid(host, cpus))
    if cpus.cores and (len(cpus.cores) == len(online) or present <= online):
        found["cores_present"] = len(cpus.cores) + len(present - online)
    return found


def _listed(host: Host) -> Iterator[Observation]:
    """Without /sys: the processors /proc/cpuinfo lists, which are those online."""
    info = parse(host.read("/proc/cpuinfo", CPUINFO_LIMIT).value or "")
    threads = len(info.blocks) or parse_int(info.common.get("# processors")) or parse_int(info.common.get("ncpus active"))
    ids = [(one.get("physical id"), one.get("core id")) for one in info.blocks]
    known = bool(ids) and all(package is not None and core is not None for package, core in ids)
    found = {
        "threads": threads,
        "cores": len(set(ids)) if known else None,
        "sockets": len({package for package, _ in ids}) if known else None,
        "usable_cpus": threads,
    }
    for field, value in found.items():
        if value:
            yield Observation(path=f"cpu.{field}", value=value, source="/proc/cpuinfo", trust="guess")


def _arm_counts(host: Host, cpus: Cpus) -> dict[str, Any]:
    """On these the package number is often the cluster's, and no core has two threads unless the kernel says so."""
    found: dict[str, Any] = {}
    groups = clusters(host, cpus)
    found["clusters"] = len(groups) if groups else None
    if cpus.cores is None or all(len(core) == 1 for core in cpus.cores):
        found["cores"] = len(cpus.online or ())
        found["cores_present"] = len((cpus.present or set()) | (cpus.online or set()))
    return found


def _hybrid(host: Host, cpus: Cpus) -> dict[str, Any]:
    """Performance and efficiency cores: the kernel's own lists on x86, capacities where cores differ elsewhere."""
    cores = cpus.cores or []
    fast, slow = (host.read(f"/sys/devices/{name}/cpus").value for name in ("cpu_core", "cpu_atom"))
    if fast and slow and cores:
        low = host.read("/sys/devices/cpu_lowpower/cpus").value
        slow_set = (parse_list(slow) or set()) | ((parse_list(low) or set()) if low else set())
        return {"performance_cores": in_cores(cores, parse_list(fast) or set()), "efficiency_cores": in_cores(cores, slow_set)}
    if cores and host.access("/sys/devices/cpu", "f").value:  # of a hybrid x86 processor there are cpu_core and cpu_atom instead
        return _alike(cores)
    speeds: dict[int, set[int]] = {}
    for cpu in sorted(cpus.online or ()):
        text = host.read(f"{CPU}/cpu{cpu}/cpu_capacity").value
        if text is None or not text.strip().isdecimal():
            return {}
        speeds.setdefault(int(text), set()).add(cpu)
    if len(speeds) < 2:
        return _alike(cores) if speeds else {}
    # cores of one sort may clock, and so weigh, differently: those of the weakest one's sort are the efficient ones
    parts = {one["processor"]: one.get("CPU part") for one in parse(host.read("/proc/cpuinfo", CPUINFO_LIMIT).value or "").blocks}
    weakest = speeds[min(speeds)]
    sorts = {parts.get(str(cpu)) for cpu in weakest} - {None}
    online = cpus.online or set()
    small = {cpu for cpu in online if parts.get(str(cpu)) in sorts}
    small = small if small and small < online else weakest
    return {"performance_cores": in_cores(cores, online - small), "efficiency_cores": in_cores(cores, small)}


def _alike(cores: list[set[int]]) -> dict[str, Any]:
    return {"performance_cores": len(cores), "efficiency_cores": 0} if cores else {}


def _usable(host: Host, cpus: Cpus) -> Iterator[Observation]:
    allowed, sources = set(cpus.online) if cpus.online is not None else None, [CPU] if cpus.online is not None else []
    asked = host.ask("affinity")
    affinity = set(asked.value) if isinstance(asked.value, list) else _status_list(host)
    cgroup = groups(host)
    cpuset = allowed_cpus(host, cgroup)
    for limit, source in ((affinity, "sched_getaffinity"), (cpuset[0] if cpuset else None, cpuset[1] if cpuset else "")):
        if limit:
            narrowed = limit if allowed is None else allowed & limit
            if narrowed and narrowed != allowed:
                sources.append(source)
                allowed = narrowed
    quota = cpu_quota(host, cgroup)
    if allowed is None:
        return
    count: float = len(allowed)
    if quota.value is not None and quota.value < count:
        count = round(quota.value, 3)
        sources.append(quota.source or "")
    yield Observation(path="cpu.usable_cpus", value=count, source=sources[-1], note=" and ".join(sources) if len(sources) > 1 else None)
    cores = cpus.cores
    if cores is None and cpus.online is None:
        return
    if cores:
        yield Observation(path="cpu.usable_cores", value=in_cores(cores, allowed), source=sources[0])


def _status_list(host: Host) -> set[int] | None:
    for line in (host.read("/proc/self/status").value or "").splitlines():
        name, _, value = line.partition(":")
        if name == "Cpus_allowed_list":
            return parse_list(value)
    return None
