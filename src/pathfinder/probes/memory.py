"""Memory totals from /proc/meminfo."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation


def probe(host: Host) -> Iterator[Observation]:
    answer = host.read("/proc/meminfo")
    for line in (answer.value or "").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemTotal" and rest.split()[1:] == ["kB"]:
            total = int(rest.split()[0]) * 1024
            yield Observation(path="memory.total_bytes", value=total, source="/proc/meminfo", elapsed_seconds=answer.elapsed_seconds)
