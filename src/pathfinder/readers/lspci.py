"""`lspci -vmmnD` and `-vmmnnD`: blocks of `Key:\tvalue`."""

import re
from typing import Any

from pathfinder.readers.words import bdf, known

Record = dict[str, Any]


def functions(output: str) -> list[Record]:
    """Every function, as a partial `types.PciFunction`."""
    records = []
    for block in re.split(r"\n\s*\n", output):
        fields = dict(re.findall(r"^(\w+):\s+(.+)$", block, flags=re.MULTILINE))
        place = bdf(fields.get("Slot"))
        if place:
            records.append(_function(place, fields))
    return records


def _function(place: str, fields: dict[str, str]) -> Record:
    def code(name: str) -> str | None:
        match = re.search(r"\[([0-9a-f]{4})\]\s*$|^([0-9a-f]{4})$", fields.get(name, "").strip().lower())
        return (match[1] or match[2]) if match else None

    kind = code("Class")
    interface = re.fullmatch(r"[0-9a-f]{2}", fields.get("ProgIf", "00").strip().lower())
    return known(**{"class": kind + (interface[0] if interface else "00") if kind else None}) | known(
        pci=place,
        vendor_id=code("Vendor"),
        device_id=code("Device"),
        driver_module=fields.get("Driver"),
    )
