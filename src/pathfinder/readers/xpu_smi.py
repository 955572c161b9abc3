"""What `xpu-smi discovery` prints: JSON (`-j`) and the table. Partial `types.Device` records."""

import re
from typing import Any

from pathfinder.readers.jsontext import first_value
from pathfinder.readers.words import bdf, hex4, integer, known, size, word

Record = dict[str, Any]


def json(text: str) -> list[Record]:
    """`{"device_list": [...]}`, or one device with `-d`."""
    tree = first_value(text)
    items = tree.get("device_list", [tree]) if isinstance(tree, dict) else None
    records = []
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and "device_name" in item:
            flat = {str(key): str(value) for key, value in item.items()}
            records.append(
                _device(
                    flat.get("device_name"), flat.get("pci_bdf_address"), flat.get("pci_device_id"), flat.get("memory_physical_size_byte")
                )
            )
    return records


def _device(name: str | None, place: str | None, device: str | None, memory: str | None) -> Record:
    return known(
        kind="gpu",
        vendor="intel",
        vendor_id="8086",
        name=word(name),
        pci=bdf(place),
        device_id=hex4(device),
        memory_bytes=integer(memory) or size(memory),
    )


def table(text: str) -> list[Record]:
    """A device begins with `Device Name:` in the right-hand column."""
    records: list[dict[str, str]] = []
    for name, value in re.findall(
        r"^\|[^|\n]{0,40}\|\s*(Device Name|PCI BDF Address|PCI Device ID|Memory Physical Size):\s*([^|\n]+?)\s*\|", text, flags=re.MULTILINE
    ):
        if name == "Device Name":
            records.append({})
        if records:
            records[-1].setdefault(name, value)
    return [
        _device(one.get("Device Name"), one.get("PCI BDF Address"), one.get("PCI Device ID"), one.get("Memory Physical Size"))
        for one in records
    ]
