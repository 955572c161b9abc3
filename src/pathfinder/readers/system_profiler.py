"""`system_profiler SPDisplaysDataType`, with `-json` and as text: GPUs of a Mac. Displays are nested in them and no GPUs."""

import re
from typing import Any

from pathfinder.readers.indented import Line, flatten, from_text
from pathfinder.readers.jsontext import first_value
from pathfinder.readers.words import hex4, integer, known, leading, size

Record = dict[str, Any]
_VENDORS = {
    "apple": "apple",
    "intel": "intel",
    "amd": "amd",
    "ati": "amd",
    "nvidia": "nvidia",
    "0x106b": "apple",
    "0x8086": "intel",
    "0x1002": "amd",
    "0x10de": "nvidia",
}


def json(output: str) -> list[Record]:
    tree = first_value(output)
    items = tree.get("SPDisplaysDataType") if isinstance(tree, dict) else None
    records = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            flat = {str(key).lower(): str(value) for key, value in item.items() if isinstance(value, (str, int))}
            records.append(_from_json(flat))
    return [record for record in records if record.get("name") or record.get("vendor")]


def _from_json(flat: dict[str, str]) -> Record:
    vendor = vendor_of(flat.get("spdisplays_vendor") or flat.get("sppci_vendor") or flat.get("sppci_model") or "")
    total, dynamic = flat.get("spdisplays_vram") or flat.get("_spdisplays_vram"), flat.get("spdisplays_vram_shared")
    metal = flat.get("spdisplays_mtlgpufamilysupport") or flat.get("spdisplays_metalfamily") or flat.get("spdisplays_metal")
    return _gpu(
        name=flat.get("sppci_model") or flat.get("_name"),
        vendor=vendor,
        device=flat.get("spdisplays_device-id"),
        cores=flat.get("sppci_cores"),
        total=total,
        dynamic=dynamic,
        metal=metal,
        builtin="builtin" in flat.get("sppci_bus", ""),
        width=flat.get("spdisplays_pcie_width"),
    )


def text(output: str) -> list[Record]:
    """A GPU is a block with `Chipset Model`."""
    lines = from_text(output)
    blocks: list[list[Line]] = []
    for at, (name, value, depth) in enumerate(lines):
        if name == "chipset_model" and value is not None:
            end = next((k for k in range(at + 1, len(lines)) if lines[k][2] < depth), len(lines))
            blocks.append(lines[at:end])
    records = []
    for block in blocks[:64]:
        flat = flatten(block)
        total = next((value for key, value in flat.items() if key.startswith("vram") and "dynamic" not in key), None)
        dynamic = next((value for key, value in flat.items() if key.startswith("vram_dynamic")), None)
        metal = next((value for key, value in flat.items() if key.startswith("metal")), None)
        records.append(
            _gpu(
                name=flat.get("chipset_model"),
                vendor=vendor_of(flat.get("vendor", "") or flat.get("chipset_model", "")),
                device=flat.get("device_id"),
                cores=flat.get("total_number_of_cores"),
                total=total,
                dynamic=dynamic,
                metal=metal,
                builtin=flat.get("bus", "").lower() == "built-in",
                width=flat.get("pcie_lane_width", "").removeprefix("x"),
            )
        )
    return records


def vendor_of(text: str) -> str | None:
    lower = text.lower()
    return next(
        (vendor for word, vendor in _VENDORS.items() if re.search(rf"(?<![a-z0-9]){word}(?![a-z0-9])", lower.replace("_", " "))), None
    )


def _gpu(
    *, name: str | None, vendor: str | None, device: str | None, cores: str | None, total: str | None, dynamic: str | None,
    metal: str | None, builtin: bool, width: str | None,
) -> Record:  # fmt: skip
    apple = vendor == "apple"
    shown = metal is not None and not re.search(r"no\b|unsupported|not supported|_no", metal.lower())
    number = re.search(r"metal ?(\d)", (metal or "").lower().replace("metal_", "metal"))
    return known(
        kind="gpu",
        vendor=vendor,
        name=name,
        device_id=hex4(device),
        compute_units=integer(cores),
        memory_bytes=None if apple else size(total or dynamic, "mb"),
        integrated=True if apple or vendor == "intel" else (False if vendor in ("amd", "nvidia") else True if builtin else None),
        shared_memory=True if apple or vendor == "intel" else (False if vendor in ("amd", "nvidia") else None),
        pcie=known(width=leading(width)) or None,
        metal=(number[1] if number else "") if shown else False,
    )


def chip(output: str) -> Record:
    """`system_profiler SPHardwareDataType`: `{model, chip, memory_bytes}`."""
    flat = {name: value for name, value, _ in from_text(output) if value}
    return known(
        model=flat.get("model_identifier"), chip=flat.get("chip") or flat.get("processor_name"), memory_bytes=size(flat.get("memory"))
    )
