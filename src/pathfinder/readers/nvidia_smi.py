"""What `nvidia-smi` prints: CSV, `-q -x`, `-q`, `-L` and the plain table. Devices come out as partial `types.Device` records.

Besides fields of `Device` a record may hold `memory` = `unified` (the tool says the GPU has no memory of its own) or `lost`.
"""

import re
from typing import Any

from pathfinder.readers.indented import Line, first, flatten, from_text, from_xml, split
from pathfinder.readers.words import bdf, hex4, integer, known, leading, size, supported, version, word

Record = dict[str, Any]

STATUS = {
    3: "not-supported", 4: "no-permission", 6: "no-devices", 8: "power-cable", 9: "driver-not-loaded", 10: "interrupt-issue",
    12: "library-missing", 13: "function-not-found", 14: "inforom-corrupted", 15: "gpu-lost", 18: "version-mismatch", 255: "unknown-error",
}  # fmt: skip
"""nvidia-smi(1), RETURN VALUE; 18 is what driver/library mismatch gives after an update without a reboot."""
_SAID = (
    ("couldn't communicate with the nvidia driver", "driver-not-loaded"),
    ("driver not loaded", "driver-not-loaded"),
    ("driver/library version mismatch", "version-mismatch"),
    ("no devices were found", "no-devices"),
    ("couldn't find libnvidia-ml", "library-missing"),
    ("insufficient permissions", "no-permission"),
    ("gpu is lost", "gpu-lost"),
    ("unable to determine the device handle", "gpu-lost"),
    ("failed to initialize nvml: unknown error", "unknown-error"),
    ("failed to initialize nvml", "unknown-error"),
    ("gpu access blocked by the operating system", "blocked"),
)


def status(code: int, text: str) -> str | None:
    """Why nvidia-smi failed, one word; None when it did not, or when it only did not understand the question."""
    head = text[:2000].lower()
    for said, name in _SAID:
        if said in head and (code or ("attached_gpus" not in head and "attached gpus" not in head)):
            return name
    return STATUS.get(code)


def csv(text: str, fields: tuple[str, ...]) -> list[Record]:
    """Rows of `--format=csv,noheader,nounits` (a header line and units are tolerated); rows of another width are left out."""
    rows = [[part.strip() for part in line.split(", ")] for line in text.splitlines() if line.strip()]
    rows = [row for row in rows if len(row) == len(fields) and row[0].split(" [")[0] != fields[0]]
    records = (_from_fields(dict(zip(fields, row, strict=True)), index) for index, row in enumerate(rows))
    return [record for record in records if record]


def _from_fields(row: dict[str, str], index: int) -> Record:
    memory = row.get("memory.total")
    pci_id = word(row.get("pci.device_id"))
    record = known(
        index=integer(row.get("index")) if "index" in row else index,
        name=word(row.get("name")),
        uuid=word(row.get("uuid")),
        pci=bdf(row.get("pci.bus_id")),
        device_id=hex4(pci_id[2:6]) if pci_id and len(pci_id) == 10 else None,
        memory_bytes=size(memory, "mib"),
        memory_free_bytes=size(row.get("memory.free"), "mib"),
        compute_capability=version(row.get("compute_cap")),
        driver_version=version(row.get("driver_version")),
        mig=_mig_mode(row.get("mig.mode.current")),
        pcie=_pcie(row.get("pcie.link.gen.max"), row.get("pcie.link.width.max")),
        memory=_kind_of_memory(memory),
    )
    return record if set(record) - {"index"} else {}


def xml(text: str) -> Record:
    """`-q -x`: `{driver_version, cuda_version, devices, slices}`; an empty record when it is not that."""
    lines = from_xml(text)
    return _log(lines, split(lines, "gpu")) if "<nvidia_smi_log" in text else {}


def query(text: str) -> Record:
    """`-q` and `-a`, the same record."""
    if "NVSMI LOG" not in text:
        return {}
    lines: list[Line] = []
    for name, value, depth in from_text(text):
        header = re.match(r"gpu_([0-9a-f]{4,8})_([0-9a-f]{2})$", name) if depth == 0 else None
        if header and value is not None:
            lines.append(("gpu", f"{header[1]}:{header[2]}:{value}", 0))
        elif depth == 0 and name.startswith("gpu_"):
            parts = name.split("_")[1:]
            lines.append(("gpu", ":".join(parts[:3]) + "." + "".join(parts[3:]), 0))
        else:
            lines.append((name, value, depth))
    return _log(lines, split(lines, "gpu"))


def _log(lines: list[Line], gpus: list[list[Line]]) -> Record:
    top = {name: value for name, value, _ in lines[:12] if value}
    devices, slices = [], []
    for index, gpu in enumerate(gpus):
        flat = {path.partition("/")[2]: value for path, value in flatten(gpu).items()}
        device = _from_log(flat, index, gpu[0][1])
        device |= known(driver_version=version(top.get("kmd_version")) or version(top.get("driver_version")))
        devices.append(device)
        slices += [_slice(flatten(part), index, device.get("pci")) for part in split(gpu, "mig_device")]
    cuda = version(top.get("cuda_umd_version")) or version(top.get("cuda_version"))
    driver = version(top.get("kmd_version")) or version(top.get("driver_version"))
    return known(driver_version=driver, cuda_version=cuda) | {"devices": devices, "slices": [part for part in slices if part]}


def _from_log(flat: dict[str, str], index: int, identity: str | None) -> Record:
    memory = first(flat, "fb_memory_usage/total", "memory_usage/total")
    pci_id = first(flat, "pci/pci_device_id", "pci/device_id")
    ids = pci_id[2:] if pci_id and pci_id.startswith("0x") else pci_id
    virtual = first(flat, "gpu_virtualization_mode/virtualization_mode")
    link = "pci/pci_gpu_link_info/", "pci/gpu_link_info/"
    generation = first(flat, link[0] + "pcie_gen/max_link_gen", link[1] + "pcie_generation/max")
    width = first(flat, link[0] + "link_widths/max_link_width", link[1] + "link_width/max")
    return known(
        index=index,
        name=word(first(flat, "product_name")),
        uuid=word(first(flat, "uuid", "gpu_uuid")),
        pci=bdf(first(flat, "pci/pci_bus_id", "pci/bus_id")) or bdf(identity),
        device_id=hex4(ids[:4]) if ids and len(ids) == 8 else None,
        memory_bytes=size(memory),
        memory_free_bytes=size(first(flat, "fb_memory_usage/free", "memory_usage/free")),
        visible_memory_bytes=size(first(flat, "bar1_memory_usage/total")),
        mig=_mig_mode(first(flat, "mig_mode/current_mig", "mig_mode/current")),
        virtualization=virtual.lower() if virtual else None,
        pcie=_pcie(generation, width),
        memory=_kind_of_memory(memory),
    )


def _slice(flat: dict[str, str], index: int, parent: str | None) -> Record:
    bare = {path.removeprefix("mig_device/"): value for path, value in flat.items()}
    instance = integer(first(bare, "gpu_instance_id"))
    if instance is None:
        return {}
    return known(
        index=index,
        slot=integer(first(bare, "index")),
        parent=parent,
        gpu_instance=instance,
        compute_instance=integer(first(bare, "compute_instance_id")),
        memory_bytes=size(first(bare, "fb_memory_usage/total", "shared_fb_memory_usage/total")),
        memory_free_bytes=size(first(bare, "fb_memory_usage/free", "shared_fb_memory_usage/free")),
        compute_units=integer(first(bare, "device_attributes/shared/multiprocessor_count")),
    )


def _mig_mode(text: str | None) -> Record | None:
    """`N/A` is a GPU that cannot be partitioned."""
    if text is None:
        return None
    lower = text.strip().strip("[]").lower()
    return (
        {"enabled": lower == "enabled", "supported": True}
        if lower in ("enabled", "disabled")
        else ({"enabled": False, "supported": False} if lower == "n/a" else None)
    )


def _pcie(generation: str | None, width: str | None) -> Record | None:
    return known(generation=leading(generation), width=leading(width)) or None


def _kind_of_memory(text: str | None) -> str | None:
    if text is None or size(text, "mib") is not None:
        return None
    return "lost" if "lost" in text.lower() else "unified" if not supported(text) else None


_ROW = re.compile(
    r"\|\s+(\d{1,3})\s+(\S.*?)\s+(?:On|Off|N/A|ERR!|WDDM|TCC|MCDM|WDDM/MCDM)\s*\|\s*([0-9A-Fa-f:.]+|N/A)\s+(?:On|Off|N/A|ERR!)\s*\|",
    re.IGNORECASE,
)
_USAGE = re.compile(r"\|\s*(\d+)MiB\s*/\s*(\d+)MiB\s*\|")
_MIG = re.compile(r"\|\s{20,}\|\s{10,}\|\s+(Enabled|Disabled|N/A)\s*\|\s*$")
_SLICE = re.compile(r"\|\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\|\s*(\d+)MiB\s*/\s*(\d+)MiB\s*\|\s*(\d+)\s")


def table(text: str) -> Record:
    """The plain table, made for people: the last resort. Names cut with `...` are left out."""
    if "NVIDIA-SMI" not in text:
        return {}
    driver = re.search(r"(?:KMD|Driver) Version: ?(\S+)", text)
    cuda = re.search(r"CUDA (?:UMD )?Version: ?(\S+)", text)
    devices: list[Record] = []
    slices: list[Record] = []
    for line in text.splitlines():
        if row := _ROW.match(line):
            name = row[2] if not row[2].endswith("...") else None
            devices.append(
                known(index=int(row[1]), name=word(name), pci=bdf(row[3]), driver_version=version(driver[1]) if driver else None)
            )
        elif part := _SLICE.match(line):
            slices.append(_table_slice(part, devices))
        elif devices and "memory_bytes" not in devices[-1] and "memory" not in devices[-1]:
            devices[-1] |= _usage(line)
        elif devices and "mig" not in devices[-1] and (mode := _MIG.match(line)):
            devices[-1] |= known(mig=_mig_mode(mode[1]))
    head = known(driver_version=version(driver[1]) if driver else None, cuda_version=version(cuda[1]) if cuda else None)
    return head | {"devices": devices, "slices": slices}


def _usage(line: str) -> Record:
    usage = _USAGE.search(line)
    if usage:
        return {"memory_bytes": int(usage[2]) << 20, "memory_free_bytes": max(0, int(usage[2]) - int(usage[1])) << 20}
    return {"memory": "unified"} if re.search(r"\|\s*Not Supported\s*\|", line) else {}


def _table_slice(part: re.Match[str], devices: list[Record]) -> Record:
    parent = next((device.get("pci") for device in devices if device["index"] == int(part[1])), None)
    return known(
        index=int(part[1]),
        slot=int(part[4]),
        parent=parent,
        gpu_instance=int(part[2]),
        compute_instance=int(part[3]),
        memory_bytes=int(part[6]) << 20,
        memory_free_bytes=max(0, int(part[6]) - int(part[5])) << 20,
        compute_units=int(part[7]),
    )


def topology(text: str) -> list[tuple[int, int]]:
    """`topo -m`: pairs of GPU indices joined by NVLink (`NV4`, `NV18`); PCIe paths (`PIX`, `NODE`, `SYS`) are none."""
    rows = [line.split() for line in text.splitlines()]
    head = next((row for row in rows if row and row[0] == "GPU0" and (len(row) < 2 or row[1] != "X")), [])
    columns = [name for name in head if re.fullmatch(r"GPU\d{1,3}", name)]
    pairs = set()
    for row in rows:
        if not row or row is head or row[0] not in columns:
            continue
        for name, cell in zip(columns, row[1:], strict=False):
            if re.fullmatch(r"NV\d{1,2}", cell) and name != row[0]:
                a, b = int(row[0][3:]), int(name[3:])
                pairs.add((min(a, b), max(a, b)))
    return sorted(pairs)


def listing(text: str) -> Record:
    """`-L`: names and UUIDs of GPUs, and under each its MIG slices with their profile."""
    devices: list[Record] = []
    slices: list[Record] = []
    for line in text.splitlines():
        gpu = re.match(r"GPU (\d{1,3}): (.+?) \(UUID: (GPU-[\w-]+)\)", line)
        part = re.match(r"\s+MIG (\S+)\s+Device\s+(\d+): \(UUID: (MIG-[\w/-]+)\)", line)
        if gpu:
            devices.append({"index": int(gpu[1]), "name": gpu[2], "uuid": gpu[3]})
        elif part and devices:
            devices[-1]["mig"] = {"supported": True, "enabled": True}
            slices.append({"index": devices[-1]["index"], "slot": int(part[2]), "profile": part[1], "uuid": part[3]})
    return {"devices": devices, "slices": slices}
