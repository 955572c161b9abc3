"""What NVML and nvidia-smi records have in common: unified memory, MIG slices, visibility, warnings."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation, Trust

Record = dict[str, Any]
SUPERCHIPS = ("GH200", "GB200", "GB300")
"""Grace with a GPU beside it: coherent memory, but no integrated GPU."""
FIX = {
    "driver-not-loaded": "Load the NVIDIA driver (`modprobe nvidia`); after a kernel update reboot, or rebuild its DKMS module.",
    "version-mismatch": "Reboot: the driver was updated while the old kernel module is still loaded.",
    "no-permission": "Give this user access to /dev/nvidia* (or start the container with `--gpus all`).",
    "library-missing": "Install the driver's user-space libraries that fit the kernel module.",
    "no-devices": "Look at `dmesg | grep -i nvrm`: the driver is loaded and drives no GPU (too old for it, or failed).",
    "timeout": "Look at `dmesg | grep -i xid`; a hung driver needs a reboot.",
    "gpu-lost": "The GPU fell off the bus: check power and seating, then reboot.",
    "blocked": "Windows blocks the GPU: update WSL (`wsl --update`) and the Windows driver.",
}
SAYS = {
    "driver-not-loaded": "the NVIDIA driver is not loaded",
    "version-mismatch": "the NVIDIA libraries and the loaded kernel module have different versions",
    "no-permission": "this user may not talk to the NVIDIA driver",
    "library-missing": "the NVIDIA management library is missing",
    "no-devices": "the NVIDIA driver finds no GPU",
    "timeout": "the NVIDIA driver does not answer",
    "gpu-lost": "a GPU fell off the bus",
    "blocked": "the operating system blocks access to the GPU",
}


def refused(status: str, source: str, there: bool) -> Iterator[Observation]:
    """CUDA is not usable, why, and the warning with its fix; a GPU the PCI bus shows stays a device."""
    says = SAYS.get(status, f"the NVIDIA driver answers with an error ({status})")
    value = {"usable": False, "why": f"{says} ({source})"}
    yield Observation(path="backends.cuda", value=value, source=source, trust="driver", note=status)
    present = "GPU present, driver not answering: " if there else ""
    warning = {
        "id": f"nvidia-{status}",
        "says": f"{present}{says}, says {source}.",
        "facts": ("backends.cuda.usable",),
        "fix": FIX.get(status),
    }
    yield Observation(path="warnings", value=warning, source=source, trust="driver")


def sharing(host: Host) -> Iterator[Observation]:
    """CUDA MPS: other processes may hold the GPU, and this one may be given only a share of it."""
    share = host.env("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE").value
    if share is None and not host.access((host.env("CUDA_MPS_PIPE_DIRECTORY").value or "/tmp/nvidia-mps") + "/control", "f").value:  # noqa: S108
        return
    says = f"CUDA MPS gives this user {share} % of the multiprocessors." if share else "A CUDA MPS server shares the GPU between processes."
    warning = {"id": "cuda-mps", "says": says, "facts": ("backends.cuda",), "fix": "`echo quit | nvidia-cuda-mps-control` ends it."}
    yield Observation(path="warnings", value=warning, source="CUDA MPS")


def lost(index: Any, status: str) -> Observation:
    says = f"NVIDIA GPU {index} does not answer ({status}); the others do."
    return Observation(
        path="warnings",
        value={"id": "nvidia-gpu-lost", "says": says, "facts": ("devices",), "fix": FIX["gpu-lost"]},
        source="NVML",
        trust="driver",
    )


def finish(host: Host, records: list[Record]) -> None:
    """A GPU that says it has no memory of its own shares the system's; compute capability from the name where the driver is silent."""
    for record in records:
        if record.get("memory") == "unified" and not record.get("memory_bytes"):
            total, available = system_memory(host)
            chip = not any(word in str(record.get("name")) for word in SUPERCHIPS)
            record |= {"memory_bytes": total, "memory_free_bytes": available, "integrated": chip, "shared_memory": True}
        elif record.get("memory_bytes"):
            record |= {"shared_memory": False, "integrated": False}


def system_memory(host: Host) -> tuple[int | None, int | None]:
    """MemTotal and MemAvailable, bytes."""
    found: dict[str, int] = {}
    for line in (host.read("/proc/meminfo").value or "").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdecimal():
            found[name] = int(words[0]) * 1024
    return found.get("MemTotal"), found.get("MemAvailable")


def observations(
    records: list[Record], slices: list[Record], source: str, trust: Trust, elapsed: float | None = None
) -> Iterator[Observation]:
    for record in records:
        value = {key: item for key, item in record.items() if key not in ("index", "memory")}
        value |= {"kind": "gpu", "vendor": "nvidia", "vendor_id": "10de"}
        if set_to_zero(value.get("uuid")):
            value.pop("uuid", None)
        cut = any(part.get("index") == record.get("index") for part in slices)
        if not value.get("pci") and (cut or record.get("memory") == "unified"):
            value["id"] = f"gpu{record.get('index') or 0}"  # as its slices call it; and the device tree the GPU of a system on a chip
        said = record.get("compute_capability")
        if said:
            value["arch"] = "sm_" + said.replace(".", "")
        yield Observation(path="devices", value=value, source=source, trust=trust, elapsed_seconds=elapsed)
        if not said:
            yield from _capability(value)
    for part in slices:
        yield Observation(path="devices", value=slice_of(part, records), source=source, trust=trust, elapsed_seconds=elapsed)


def set_to_zero(uuid: Any) -> bool:
    """Recordings blank UUIDs; many GPUs with the same blank are not one GPU."""
    return isinstance(uuid, str) and not uuid.removeprefix("GPU-").strip("0-")


def _capability(value: Record) -> Iterator[Observation]:
    """By product name, where the driver is older than the question, dead or not asked."""
    from pathfinder.readers.nvidia_names import compute_capability

    found = compute_capability(value.get("name"))
    if found is not None:
        keys = {key: value[key] for key in ("pci", "uuid", "id", "name", "kind", "vendor") if value.get(key)}
        more = {"arch": "sm_" + found.replace(".", ""), "compute_capability": found}
        note = "by product name, from NVIDIA's list of CUDA GPUs"
        yield Observation(path="devices", value=keys | more, source="product name", trust="guess", note=note)


def slice_of(part: Record, records: list[Record]) -> Record:
    """A MIG slice as a device of its own, with its card's capability."""
    card = next((record for record in records if record.get("index") == part.get("index")), {})
    parent = card.get("pci") or part.get("parent") or f"gpu{part.get('index') or 0}"
    place = (
        f"gi{part.get('gpu_instance')}ci{part.get('compute_instance') or 0}"
        if part.get("gpu_instance") is not None
        else f"mig{part.get('slot')}"
    )
    mig = {
        "supported": True,
        "enabled": True,
        "profile": part.get("profile"),
        "gpu_instance": part.get("gpu_instance"),
        "compute_instance": part.get("compute_instance"),
    }
    keys = ("uuid", "memory_bytes", "memory_free_bytes", "compute_units", "visible", "used_by")
    from pathfinder.readers.nvidia_names import compute_capability

    capability = card.get("compute_capability") or compute_capability(card.get("name"))
    whole, own, rate = card.get("memory_bytes"), part.get("memory_bytes"), card.get("bandwidth_bytes_per_second")
    name = part.get("name") or (f"{card['name']} MIG {part['profile']}" if card.get("name") and part.get("profile") else card.get("name"))
    return {key: part.get(key) for key in keys} | {
        "id": f"{parent}/{place}",
        "parent": parent,
        "kind": "gpu",
        "vendor": "nvidia",
        "vendor_id": "10de",
        "name": name,
        "mig": mig,
        "shared_memory": False,
        "integrated": False,
        "compute_capability": capability,
        "arch": "sm_" + capability.replace(".", "") if capability else None,
        "driver_version": card.get("driver_version"),
        "virtualization": "mig",
        # a slice owns its memory's channels (NVIDIA, MIG user guide: memory slices)
        "bandwidth_bytes_per_second": rate * own / whole if rate and own and whole and own <= whole else None,
    }


def apply_visible(host: Host, records: list[Record], slices: list[Record]) -> None:
    """Marks what CUDA_VISIBLE_DEVICES hides; what cannot be told (indices in CUDA's own order of unequal GPUs) stays unknown."""
    wish = host.env("CUDA_VISIBLE_DEVICES")
    if wish.value is None:
        if wish.silence == "absent" and host.uname().value is not None:
            for one in [*records, *slices]:
                one["visible"] = True
        return
    order = host.env("CUDA_DEVICE_ORDER").value
    for one, seen in visible(wish.value, order, records, slices):
        one["visible"] = seen


def visible(wish: str, order: str | None, records: list[Record], slices: list[Record]) -> list[tuple[Record, bool | None]]:
    """CUDA programming guide, environment variables: a list of indices, `GPU-` or `MIG-` identifiers; the first invalid one ends it."""
    equal = len({(record.get("name"), record.get("memory_bytes")) for record in records}) <= 1
    ordered = equal or order == "PCI_BUS_ID" or len(records) == 1
    shown: list[Record] = []
    vague = False
    for token in map(str.strip, wish.split(",")):
        hit: list[Record] = []
        if token.isdecimal():
            if not ordered and int(token) < len(records):
                vague = True
                continue
            hit = [record for record in records if record.get("index") == int(token)]
        elif token.startswith(("GPU-", "MIG-")) and len(token) > 4:
            hit = [one for one in [*records, *slices] if str(one.get("uuid") or "").startswith(token)]
        if not hit:
            break
        shown += hit
    out: list[tuple[Record, bool | None]] = []
    for one in [*records, *slices]:
        card = next((record for record in records if record.get("index") == one.get("index")), one)
        seen = any(one is other or card is other for other in shown)
        parent_of_shown = one in records and any(part in slices and part.get("index") == one.get("index") for part in shown)
        out.append((one, True if seen or parent_of_shown else None if vague else False))
    return out
