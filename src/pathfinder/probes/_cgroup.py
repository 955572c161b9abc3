"""Where this process's control groups lie, and what they and their ancestors allow. Versions 1, 2 and both at once."""

from collections.abc import Iterator
from typing import NamedTuple

from pathfinder.host import Host
from pathfinder.probes._cpulist import parse_int, parse_list

UNLIMITED = 1 << 60
"""Version 1 writes "no limit" as the largest multiple of the page size."""
_DEPTH = 64


class Mount(NamedTuple):
    kind: str
    """`cgroup` or `cgroup2`."""
    point: str
    root: str
    """The group the mount shows at its top."""
    options: tuple[str, ...]


class Groups(NamedTuple):
    """Folders from this process's group up to its mount, by controller; the controllers of version 2 share one list."""

    version: int | None
    unified: list[str]
    cpu: list[str]
    cpuset: list[str]
    memory: list[str]


class Limits(NamedTuple):
    """What one kind of file says over all ancestors; `bad` holds the files that could not be understood."""

    value: float | None
    source: str | None
    bad: list[str]


def mounts(host: Host) -> list[Mount]:
    text = host.read("/proc/self/mountinfo").value
    if text:
        return list(_from_mountinfo(text))
    found = []
    for line in (host.read("/proc/self/mounts").value or host.read("/proc/mounts").value or "").splitlines():
        words = line.split()
        if len(words) >= 4 and words[2] in ("cgroup", "cgroup2", "cpuset"):
            options = (*words[3].split(","), "cpuset") if words[2] == "cpuset" else tuple(words[3].split(","))
            found.append(Mount("cgroup2" if words[2] == "cgroup2" else "cgroup", _unescaped(words[1]), "/", options))
    return found


def _from_mountinfo(text: str) -> Iterator[Mount]:
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        words, rest = before.split(), after.split()
        if dash and len(words) >= 5 and len(rest) >= 1 and rest[0] in ("cgroup", "cgroup2"):
            yield Mount(rest[0], _unescaped(words[4]), _unescaped(words[3]), tuple(rest[2].split(",")) if len(rest) > 2 else ())


def _unescaped(path: str) -> str:
    return path.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def _paths(host: Host) -> dict[str, str]:
    """Controller to group; the key of version 2 is the empty word."""
    found: dict[str, str] = {}
    for line in (host.read("/proc/self/cgroup").value or "").splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for controller in parts[1].split(","):
                found[controller] = parts[2]
    old = host.read("/proc/self/cpuset").value
    if old and old.strip().startswith("/"):
        found.setdefault("cpuset", old.strip())
    return found


def _folders(mount: Mount, path: str) -> list[str]:
    """From the group up to the mount point. A path outside what the mount shows is clipped to the mount point."""
    inside = path
    if mount.root != "/":
        inside = path[len(mount.root) :] if path == mount.root or path.startswith(mount.root + "/") else "/"
    parts = [part for part in inside.split("/") if part and part != "."]
    if ".." in parts:
        parts = []
    parts = parts[:_DEPTH]
    point = mount.point.rstrip("/")
    return [point + "".join(f"/{part}" for part in parts[:depth]) or "/" for depth in range(len(parts), -1, -1)]


def groups(host: Host) -> Groups:
    """Empty lists and version None where the machine has none, or they cannot be seen."""
    where, seen = _paths(host), mounts(host)
    if not seen and host.read("/sys/fs/cgroup/cgroup.controllers").value is not None:
        seen = [Mount("cgroup2", "/sys/fs/cgroup", "/", ())]
    unified = next((_folders(mount, where.get("", "/")) for mount in seen if mount.kind == "cgroup2"), [])
    if unified and "" not in where and "cpuset" in where:
        # no /proc/self/cgroup, but /proc/self/cpuset names the same group
        unified = _folders(next(mount for mount in seen if mount.kind == "cgroup2"), where["cpuset"])

    def old(controller: str) -> list[str]:
        for mount in seen:
            if mount.kind == "cgroup" and controller in mount.options:
                return _folders(mount, where.get(controller, "/"))
        return []

    cpu, cpuset, memory = old("cpu"), old("cpuset"), old("memory")
    version = 1 if cpu or memory else 2 if unified else 1 if cpuset else None
    return Groups(version, unified, cpu, cpuset, memory)


def cpu_quota(host: Host, found: Groups) -> Limits:
    """CPUs' worth of time, the smallest of all ancestors."""
    if found.cpu:
        return _smallest(_old_quota(host, folder) for folder in found.cpu)
    return _smallest(_new_quota(host, folder) for folder in found.unified)


def _new_quota(host: Host, folder: str) -> tuple[float | None, str, bool]:
    path = f"{folder}/cpu.max"
    text = host.read(path).value
    if text is None:
        return None, path, False
    words = text.split()
    if words[:1] == ["max"]:
        return None, path, len(words) > 1 and not parse_int(words[1])
    quota = parse_int(words[0]) if words else None
    period = parse_int(words[1]) if len(words) > 1 else 100_000
    if quota is None or not period or quota <= 0 or period < 0:
        return None, path, True
    return quota / period, path, False


def _old_quota(host: Host, folder: str) -> tuple[float | None, str, bool]:
    path = f"{folder}/cpu.cfs_quota_us"
    text = host.read(path).value
    if text is None:
        return None, path, False
    quota = parse_int(text)
    if quota is not None and quota < 0:
        return None, path, False
    period = parse_int(host.read(f"{folder}/cpu.cfs_period_us").value)
    if quota is None or not period or quota == 0 or period < 0:
        return None, path, True
    return quota / period, path, False


def memory_limit(host: Host, found: Groups) -> Limits:
    """Bytes, the smallest of all ancestors."""
    names = ("memory.limit_in_bytes", found.memory) if found.memory else ("memory.max", found.unified)
    return _smallest(_bytes(host, f"{folder}/{names[0]}") for folder in names[1])


def _bytes(host: Host, path: str) -> tuple[float | None, str, bool]:
    text = host.read(path).value
    if text is None or text.strip() in ("max", "-1"):
        return None, path, False
    value = parse_int(text)
    if value is None or value < 0:
        return None, path, True
    return (None if value >= UNLIMITED else value), path, False


def _smallest(files: Iterator[tuple[float | None, str, bool]]) -> Limits:
    best: float | None = None
    source: str | None = None
    bad = []
    for value, path, broken in files:
        if broken:
            bad.append(path)
        if value is not None and (best is None or value < best):
            best, source = value, path
    return Limits(best, source, bad)


def memory_room(host: Host, found: Groups) -> tuple[int, str] | None:
    """Bytes left under the tightest ancestor: limit minus what is in use and cannot be reclaimed."""
    old = bool(found.memory)
    best: tuple[int, str] | None = None
    for folder in found.memory or found.unified:
        limit, path, _ = _bytes(host, f"{folder}/{'memory.limit_in_bytes' if old else 'memory.max'}")
        used = parse_int(host.read(f"{folder}/{'memory.usage_in_bytes' if old else 'memory.current'}").value)
        if limit is None:
            continue
        room = max(0, int(limit) - max(0, (used or 0) - _reclaimable(host, folder, old)))
        if best is None or room < best[0]:
            best = (room, path)
    return best


def _reclaimable(host: Host, folder: str, old: bool) -> int:
    """Page cache and slab the kernel gives back under pressure."""
    names = ("total_inactive_file", "total_active_file") if old else ("inactive_file", "active_file", "slab_reclaimable")
    total = 0
    for line in (host.read(f"{folder}/memory.stat").value or "").splitlines():
        name, _, value = line.partition(" ")
        if name in names:
            total += parse_int(value) or 0
    return total


def allowed_cpus(host: Host, found: Groups) -> tuple[set[int], str, str] | None:
    """CPUs the cpuset allows, the file that says it and its own words; None where no file does."""
    for folders, names in (
        (found.cpuset, ("cpuset.effective_cpus", "cpuset.cpus", "cpus")),
        (found.unified, ("cpuset.cpus.effective", "cpuset.cpus")),
    ):
        for folder in folders:
            for name in names:
                text = host.read(f"{folder}/{name}").value
                cpus = parse_list(text) if text else None
                if text and cpus:
                    return cpus, f"{folder}/{name}", text.strip()
    return None
