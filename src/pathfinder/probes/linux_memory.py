"""Memory from /proc/meminfo and the NUMA nodes, with what control groups leave of it."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes._cgroup import groups, memory_limit, memory_room
from pathfinder.probes._cpulist import parse_int

SOURCE = "/proc/meminfo"


def meminfo(text: str) -> dict[str, int]:
    """Bytes by name. Lines of another form, such as the byte table old kernels print first, are passed over."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        number = parse_int(words[0]) if words else None
        if number is not None and number >= 0 and words[1:] in (["kB"], []):
            found[name.strip()] = number * 1024 if words[1:] else number
    return found


def probe(host: Host) -> Iterator[Observation]:
    answer = host.read(SOURCE)
    known = meminfo(answer.value or "")
    seconds = answer.elapsed_seconds

    def said(path: str, value: object, note: str | None = None) -> Observation:
        return Observation(path=f"memory.{path}", value=value, source=SOURCE, elapsed_seconds=seconds, note=note)

    if not known:
        yield said("total_bytes", None, answer.note or answer.silence or "no line could be understood")
    total = known.get("MemTotal")
    if total:
        on_gpus = _on_gpus(host)
        note = f"{on_gpus} bytes of it are GPU memory and left out" if on_gpus else None
        yield said("total_bytes", total - on_gpus if on_gpus < total else total, note)
    available, note = _available(known)
    if available is not None:
        yield said("available_bytes", available, note)
    if "SwapTotal" in known:
        yield said("swap_bytes", known["SwapTotal"])
    pages = known.get("HugePages_Total", 0) * known.get("Hugepagesize", 0)
    if pages and total and pages > total // 20:
        says = f"{pages >> 20} MiB of memory are reserved as huge pages, which ordinary programs cannot use."
        fix = "Write 0 to /proc/sys/vm/nr_hugepages if nothing needs them."
        yield Observation(
            path="warnings", value={"id": "hugepages", "says": says, "facts": ("memory.available_bytes",), "fix": fix}, source=SOURCE
        )
    yield from _limits(host, total, available)


def _available(known: dict[str, int]) -> tuple[int | None, str | None]:
    if "MemAvailable" in known:
        return known["MemAvailable"], None
    if "MemFree" not in known:
        return None, None
    estimate = known["MemFree"] + known.get("Buffers", 0) + known.get("Cached", 0) - known.get("Shmem", 0)
    return max(0, estimate), "estimated as MemFree + Buffers + Cached - Shmem: this kernel has no MemAvailable"


def _on_gpus(host: Host) -> int:
    """Bytes of NUMA nodes that are a GPU's own memory (POWER9 with V100, Grace Hopper)."""
    total = 0
    for path in host.glob("/proc/driver/nvidia/gpus/*/numa_status").value or ():
        for line in (host.read(path).value or "").splitlines():
            name, _, value = line.partition(":")
            node = parse_int(value)
            if name.strip() in ("Node", "Numa Node") and node is not None and node >= 0:
                text = host.read(f"/sys/devices/system/node/node{node}/meminfo").value or ""
                total += next((int(row.split()[3]) * 1024 for row in text.splitlines() if " MemTotal:" in row and len(row.split()) > 3), 0)
    return total


def _limits(host: Host, total: int | None, available: int | None) -> Iterator[Observation]:
    found = groups(host)
    limit = memory_limit(host, found)
    value = int(limit.value) if limit.value is not None else None
    if value is not None and total is not None and value >= total:
        value = None
    if found.version is not None:
        source = limit.source or (found.memory or found.unified or ["/proc/self/cgroup"])[0]
        yield Observation(path="memory.limited", value=value is not None, source=source)
        note = None if value is not None else "no control group limits memory"
        yield Observation(path="memory.limit_bytes", value=value, source=source, note=note)
    room = memory_room(host, found) if value is not None else None
    if room is not None and available is not None:
        source = room[1] if room[0] < available else SOURCE
        yield Observation(path="memory.usable_bytes", value=min(available, room[0]), source=source)
    elif available is not None:
        yield Observation(path="memory.usable_bytes", value=available, source=SOURCE)
    elif room is not None:
        yield Observation(path="memory.usable_bytes", value=room[0], source=room[1])
    yield from _warnings(host, limit.bad, found.unified)


def _warnings(host: Host, bad: list[str], folders: list[str]) -> Iterator[Observation]:
    for path in bad:
        says = f"{path} could not be understood and is taken as no limit."
        yield Observation(path="warnings", value={"id": "cgroup-malformed", "says": says, "facts": ("memory.limit_bytes",)}, source=path)
    for folder in folders:
        path = f"{folder}/memory.high"
        high = parse_int(host.read(path).value)
        if high is not None:
            says = f"Above {high >> 20} MiB the kernel slows this control group down (memory.high)."
            value = {"id": "memory-high", "says": says, "facts": ("memory.usable_bytes",), "fix": f"Raise {path}."}
            yield Observation(path="warnings", value=value, source=path)
            return
