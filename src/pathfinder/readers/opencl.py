"""What `clinfo` and `sycl-ls` print. `types.ApiDevice` records: CPUs and emulators are listed as what they are, never as GPUs."""

import re
from typing import Any

from pathfinder.readers.jsontext import first_value
from pathfinder.readers.words import known

Record = dict[str, Any]
_LABELS = (
    r"Device Name|Device Vendor|Device Vendor ID|Device Version|Driver Version|Device Type|Global memory size|"
    r"Unified memory for Host and Device|Device Board Name \(AMD\)"
)
_PAIR = re.compile(rf"\s{{1,8}}(?:\[\S+\]\s+)?({_LABELS})\s{{2,}}(.*?)\s*$")
_EMULATED = re.compile(r"emulat|portable computing language|\bpocl\b|cpu device", re.IGNORECASE)


def kind(said: Any) -> str | None:
    """`gpu`, `cpu`, `accelerator` from `CL_DEVICE_TYPE_GPU`, `{"raw": 4, "type": [...]}`, `GPU`, ..."""
    words = str(said.get("type", said) if isinstance(said, dict) else said).upper()
    for name in ("GPU", "CPU", "ACCELERATOR"):
        if name in words:
            return name.lower()
    return None


def clinfo_json(output: str) -> list[Record]:
    """`clinfo --json`: devices of every platform, the same card once per platform."""
    tree = first_value(output)
    groups = tree.get("devices") if isinstance(tree, dict) else None
    records = []
    for group in groups if isinstance(groups, list) else ():
        online = group.get("online") if isinstance(group, dict) else None
        for device in online if isinstance(online, list) else ():
            records += [_device(device)] if isinstance(device, dict) else []
    return [record for record in records if record.get("name")]


def _device(fields: dict[str, Any]) -> Record:
    name = fields.get("CL_DEVICE_BOARD_NAME_AMD") or fields.get("CL_DEVICE_NAME")
    memory = fields.get("CL_DEVICE_GLOBAL_MEM_SIZE")
    what = kind(fields.get("CL_DEVICE_TYPE"))
    found = re.search(r"OpenCL (\d+\.\d+)", str(fields.get("CL_DEVICE_VERSION", "")))
    vendor = fields.get("CL_DEVICE_VENDOR_ID")
    return known(
        name=name.strip() if isinstance(name, str) else None,
        type=what,
        vendor=fields.get("CL_DEVICE_VENDOR") if isinstance(fields.get("CL_DEVICE_VENDOR"), str) else None,
        api_version=found[1] if found else None,
        driver_version=str(fields["CL_DRIVER_VERSION"]) if "CL_DRIVER_VERSION" in fields else None,
        memory_bytes=memory if isinstance(memory, int) and not isinstance(memory, bool) else None,
        unified=fields.get("CL_DEVICE_HOST_UNIFIED_MEMORY") if isinstance(fields.get("CL_DEVICE_HOST_UNIFIED_MEMORY"), bool) else None,
        software=_software(what, str(name)),
        vendor_id=f"{vendor:04x}" if isinstance(vendor, int) and 0 < vendor < 0x10000 else None,
    )


def _software(what: str | None, name: str) -> bool | None:
    if what is None:
        return None
    return what != "gpu" or bool(_EMULATED.search(name))


def clinfo_text(output: str) -> list[Record]:
    """`clinfo` and `clinfo -a` for people: `  Device Name      ...` pairs, a device per `Device Name`."""
    records: list[dict[str, str]] = []
    for line in output.splitlines():
        match = _PAIR.match(line[:500])
        if not match:
            continue
        if match[1] == "Device Name" and not (records and "Device Name" not in records[-1]):
            records.append({})
        if records:
            records[-1].setdefault(match[1], match[2])
    return [record for record in map(_from_text, records) if record.get("name")]


def _from_text(fields: dict[str, str]) -> Record:
    memory = re.match(r"(\d{1,18})", fields.get("Global memory size", ""))
    what = kind(fields["Device Type"]) if "Device Type" in fields else None
    found = re.search(r"OpenCL (\d+\.\d+)", fields.get("Device Version", ""))
    vendor = re.fullmatch(r"0x([0-9a-f]{4})", fields.get("Device Vendor ID", "").lower())
    unified = {"yes": True, "no": False}.get(fields.get("Unified memory for Host and Device", "").lower())
    name = fields.get("Device Board Name (AMD)") or fields.get("Device Name")
    return known(
        name=name,
        type=what,
        vendor=fields.get("Device Vendor"),
        api_version=found[1] if found else None,
        driver_version=fields.get("Driver Version"),
        memory_bytes=int(memory[1]) if memory else None,
        unified=unified,
        software=_software(what, str(name)),
        vendor_id=vendor[1] if vendor else None,
    )


def sycl_ls(output: str) -> list[Record]:
    """`[level_zero:gpu:0] Intel(R) Level-Zero, Intel(R) Arc(TM) A770 Graphics 12.55.8 [1.3.27642]`, one record per line."""
    records = []
    for backend, what, rest in re.findall(r"^\[(?:ext_oneapi_)?(\w+):(\w+)(?::\d+)?\](?:\[\S+\])?\s+(.+)$", output, flags=re.MULTILINE):
        _, comma, tail = rest.partition(", ")
        name = re.sub(
            r"\s+(?:(?:OpenCL )?\d+(?:\.\d+)+\s*(?:NEO)?|gfx[0-9a-f]+)\s*(?:\(.*?\))?\s*\[[^\]]*\]\s*$", "", tail if comma else rest
        )
        name = re.sub(r"\s+\[[^\]]*\]\s*$", "", name)
        driver = re.search(r"\[([^\]]+)\]\s*$", rest)
        records.append(
            known(
                name=name.strip() or None,
                type={"acc": "accelerator"}.get(what, what),
                api=backend,
                driver_version=driver[1] if driver else None,
                software=what != "gpu" or bool(_EMULATED.search(rest)),
            )
        )
    return records


def says_none(output: str) -> bool:
    """Whether clinfo itself says that there is no platform."""
    if "Number of platforms" in output:
        return re.search(r"Number of platforms\s+0\b", output) is not None
    tree = first_value(output)
    return isinstance(tree, dict) and tree.get("platforms") == []
