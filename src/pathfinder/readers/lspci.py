"""`lspci -vmmnD` and `-vmmnnD` (blocks of `Key:\tvalue`), `lspci -nn` (a line each)."""

import re
from typing import Any

from pathfinder.readers.words import bdf, known

Record = dict[str, Any]
_LINE = re.compile(r"(\S+) [^\n\[]*\[([0-9a-f]{4})\]: .*\[([0-9a-f]{4}):([0-9a-f]{4})\]")
"""`01:00.0 VGA compatible controller [0300]: NVIDIA Corporation AD102 [GeForce RTX 4090] [10de:2684] (rev a1)`"""


def functions(output: str) -> list[Record]:
    """Every function, as a partial `types.PciFunction`."""
    records = []
    for block in re.split(r"\n\s*\n", output):
        fields = dict(re.findall(r"^(\w+):\s+(.+)$", block, flags=re.MULTILINE))
        place = bdf(fields.get("Slot"))
        if place:
            records.append(_function(place, fields))
    return records or _lines(output)


def _lines(output: str) -> list[Record]:
    records: list[Record] = []
    for line in (long[:1000] for long in output.splitlines()):
        match = _LINE.match(line)
        place = bdf(match[1]) if match else None
        if match and place:
            records.append({"pci": place, "class": match[2] + "00", "vendor_id": match[3], "device_id": match[4]})
        elif records and line.strip().startswith("Kernel driver in use: "):
            records[-1]["driver_module"] = line.partition(": ")[2].strip()
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
