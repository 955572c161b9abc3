"""nvidia-smi, one spelling after the other, for hosts whose NVML cannot be asked. Stops at the first that hangs or names a fault."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation, Ran, Trust
from pathfinder.probes import _nvidia
from pathfinder.readers import nvidia_smi as reader

Record = dict[str, Any]
PROGRAMS = (
    "nvidia-smi",
    "/usr/lib/wsl/lib/nvidia-smi",
    r"C:\Windows\System32\nvidia-smi.exe",
    r"C:\Program Files\NVIDIA Corporation\NVSMI\nvidia-smi.exe",
)
CSV = "--format=csv,noheader,nounits"
FIELDS = (
    "index,name,uuid,pci.bus_id,pci.device_id,memory.total,memory.free,driver_version,compute_cap,mig.mode.current,pcie.link.gen.max,pcie.link.width.max",
    "index,name,uuid,pci.bus_id,memory.total,memory.free,driver_version",
    "index,name,memory.total,memory.used,memory.free",
)
"""From all there is to what drivers of 2013 know."""
CAPABILITY = ("pci.bus_id,compute_cap", "index,compute_cap")


class Hung(Exception):
    """nvidia-smi did not end in time; asking again would hang again."""


class Faulty(Exception):
    """nvidia-smi ended with a fault; the status word is the argument."""


def ask(host: Host, there: bool) -> Iterator[Observation]:
    program = _program(host)
    if program is None:
        return
    try:
        yield from _tell(host, program)
    except Hung:
        yield from _nvidia.refused("timeout", "nvidia-smi", there)
    except Faulty as fault:
        yield from _nvidia.refused(str(fault), "nvidia-smi", there)


def _program(host: Host) -> str | None:
    """The first nvidia-smi there is: on the search path, in WSL's folder, where Windows keeps it."""
    for name in PROGRAMS:
        outside = "/" in name or "\\" in name
        if (not outside or host.access(name, "x").value) and host.run((name, "-q", "-x")).silence != "absent":
            return name
    return None


def _run(host: Host, program: str, *arguments: str) -> Ran | None:
    """What it printed, None where this spelling is not understood or not recorded."""
    answer = host.run((program, *arguments))
    if answer.silence == "timeout":
        raise Hung
    ran = answer.value
    if ran is None:
        return None
    status = reader.status(ran.code, ran.stdout + ran.stderr)
    usable = ran.code == 0 or "<nvidia_smi_log" in ran.stdout or "NVSMI LOG" in ran.stdout or "| NVIDIA-SMI" in ran.stdout
    if status and not (status == "gpu-lost" and usable):
        raise Faulty(status)
    return ran if usable else None


def _tell(host: Host, program: str) -> Iterator[Observation]:
    log: Record = {}
    spelling = ""
    for arguments, read in ((("-q", "-x"), reader.xml), (("-q",), reader.query), (("-a",), reader.query)):
        ran = _run(host, program, *arguments)
        log = read(ran.stdout) if ran else {}
        if log.get("devices"):
            spelling = " ".join(("nvidia-smi", *arguments))
            break
    trust: Trust = "tool"
    if not log.get("devices"):
        log = _csv(host, program)
        spelling = "nvidia-smi --query-gpu"
    elif not all(record.get("compute_capability") for record in log["devices"]):
        _add_capability(host, program, log["devices"])
    if not log.get("devices") or any("memory_bytes" not in record and "memory" not in record for record in log["devices"]):
        ran = _run(host, program)
        table = reader.table(ran.stdout) if ran else {}
        if table.get("devices") and not log.get("devices"):
            log, spelling, trust = table, "nvidia-smi", "table"
        else:
            _fill(log.get("devices") or [], table.get("devices") or [])
    if not log.get("devices"):
        ran = _run(host, program, "-L")
        log, spelling, trust = (reader.listing(ran.stdout) if ran else {}), "nvidia-smi -L", "tool"
    if not log.get("devices"):
        return
    if "cuda_version" not in log:
        ran = _run(host, program)
        log |= {key: value for key, value in (reader.table(ran.stdout) if ran else {}).items() if key.endswith("_version")}
    records, slices = log["devices"], log.get("slices") or []
    _add_identity(host, program, records, slices)
    _nvidia.finish(host, records)
    _nvidia.apply_visible(host, records, slices)
    yield from _nvidia.observations(records, slices, spelling, trust)
    yield from _links(host, program, records)
    value = {"usable": True, "version": log.get("cuda_version")}
    yield Observation(path="backends.cuda", value=value, source=spelling, trust=trust)
    for record in records:
        if record.get("memory") == "lost":
            yield _nvidia.lost(record.get("index"), "lost")


def _links(host: Host, program: str, records: list[Record]) -> Iterator[Observation]:
    if len(records) < 2:
        return
    try:
        ran = _run(host, program, "topo", "-m")
    except (Hung, Faulty):
        return
    places = {record.get("index"): record.get("pci") for record in records}
    for a, b in reader.topology(ran.stdout) if ran else ():
        if places.get(a) and places.get(b):
            value = {"a": places[a], "b": places[b], "kind": "nvlink"}
            yield Observation(path="links", value=value, source="nvidia-smi topo -m", trust="tool")


def _csv(host: Host, program: str) -> Record:
    for fields in FIELDS:
        ran = _run(host, program, f"--query-gpu={fields}", CSV)
        devices = reader.csv(ran.stdout, tuple(fields.split(","))) if ran else []
        if devices:
            return {"devices": devices}
    return {} if host.uname().value is not None else {"devices": _columns(host, program)}


def _columns(host: Host, program: str) -> list[Record]:
    """Column by column: of another machine somebody may have kept any few."""
    devices: list[Record] = []
    for field in FIELDS[0].split(",")[1:]:
        ran = _run(host, program, f"--query-gpu={field}", "--format=csv")
        rows = reader.csv(ran.stdout, (field,)) if ran else []
        devices += [] if devices else rows
        _fill(devices, rows)
    return devices if any(set(one) - {"index", "name", "uuid"} for one in devices) else []


def _add_capability(host: Host, program: str, records: list[Record]) -> None:
    for fields in CAPABILITY:
        ran = _run(host, program, f"--query-gpu={fields}", CSV)
        if ran:
            return _fill(records, reader.csv(ran.stdout, tuple(fields.split(","))))


def _fill(records: list[Record], more: list[Record]) -> None:
    """Adds what is missing, by PCI address, else by index."""
    for record in records:
        key = "pci" if record.get("pci") and any(one.get("pci") for one in more) else "index"
        twin: Record = next((one for one in more if one.get(key) == record.get(key)), {})
        for name, value in twin.items():
            if name not in record and not (name == "memory" and "memory_bytes" in record):
                record[name] = value


def _add_identity(host: Host, program: str, records: list[Record], slices: list[Record]) -> None:
    """UUIDs and MIG profiles from `-L`, where the spelling that answered has none."""
    if all(record.get("uuid") and record.get("name") for record in records) and all(part.get("profile") for part in slices):
        return
    try:
        ran = _run(host, program, "-L")
    except (Hung, Faulty):
        return
    listed = reader.listing(ran.stdout) if ran else {}
    _fill(records, listed.get("devices") or [])
    for part in slices:
        twin: Record = next(
            (one for one in listed.get("slices") or () if (one["index"], one["slot"]) == (part.get("index"), part.get("slot"))), {}
        )
        for name, value in twin.items():
            part.setdefault(name, value)
