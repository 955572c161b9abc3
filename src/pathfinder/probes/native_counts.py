"""Memory and processor counts where no file answers (macOS, Windows, FreeBSD): the system's own calls, through psutil."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

PATHS = {
    "total_bytes": "memory.total_bytes",
    "available_bytes": "memory.available_bytes",
    "swap_bytes": "memory.swap_bytes",
    "threads": "cpu.threads",
    "cores": "cpu.cores",
    "usable_cpus": "cpu.usable_cpus",
}


def probe(host: Host) -> Iterator[Observation]:
    uname = host.uname().value
    if uname is None or uname.sysname in ("Linux", "Android"):
        return
    answer = host.ask("native_counts")
    found = answer.value if isinstance(answer.value, dict) else {}
    for name, path in PATHS.items():
        if found.get(name) is not None:
            yield Observation(path=path, value=found[name], source="psutil", trust="tool", elapsed_seconds=answer.elapsed_seconds)
    if found.get("available_bytes") is not None:
        yield Observation(
            path="memory.usable_bytes", value=found["available_bytes"], source="psutil", elapsed_seconds=answer.elapsed_seconds
        )
    if answer.value is None:
        yield Observation(path="memory.available_bytes", value=None, source="psutil", note=answer.note or answer.silence)
