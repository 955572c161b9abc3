"""Control groups: version, CPU quota, CPU set."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes._cgroup import allowed_cpus, cpu_quota, groups


def probe(host: Host) -> Iterator[Observation]:
    found = groups(host)
    if found.version is None:
        return
    yield Observation(path="cgroup.version", value=found.version, source="/proc/self/mountinfo")
    quota = cpu_quota(host, found)
    source = quota.source or (found.cpu or found.unified or ["/proc/self/cgroup"])[0]
    note = None if quota.value is not None else "no control group limits CPU time"
    value = round(quota.value, 3) if quota.value is not None else None
    yield Observation(path="cgroup.cpu_quota_cpus", value=value, source=source, note=note)
    allowed = allowed_cpus(host, found)
    if allowed is not None:
        yield Observation(path="cgroup.cpuset", value=allowed[2], source=allowed[1])
    for path in quota.bad:
        says = f"{path} could not be understood and is taken as no limit."
        yield Observation(path="warnings", value={"id": "cgroup-malformed", "says": says, "facts": ("cgroup.cpu_quota_cpus",)}, source=path)
