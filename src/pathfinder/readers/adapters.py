"""Windows display adapters as WMI tells them (`Get-CimInstance Win32_VideoController`, `wmic`)."""

import re
from typing import Any

from pathfinder.readers.jsontext import first_value
from pathfinder.readers.words import integer, known

Record = dict[str, Any]
SATURATED = 4293918720
"""AdapterRAM is 32 bits wide: it shows 4095 MiB for every card of 4 GiB and more (Microsoft, Win32_VideoController)."""
VENDORS = {"10de": "nvidia", "1002": "amd", "1022": "amd", "8086": "intel", "5143": "qualcomm", "4d4f4351": "qualcomm"}
_VIRTUAL = re.compile(
    r"microsoft (basic|remote)|basic render|virtual|remote display|parsec|citrix|vmware|hyper-v|idd|meta monitor|displaylink|spacedesk",
    re.IGNORECASE,
)


def virtual(name: str) -> bool:
    """Adapters of remote desktops, hypervisors and capture tools; some copy the numbers of the real card beside them."""
    return _VIRTUAL.search(name) is not None


def ids(place: str) -> tuple[str | None, str | None]:
    """Vendor and device id of `PCI\\VEN_10DE&DEV_2684&...`, lower case."""
    match = re.search(r"VEN_([0-9A-F]{4,8})&DEV_([0-9A-F]{4})", place.upper())
    return (match[1].lower(), match[2].lower()) if match else (None, None)


def id_of(vendor: str) -> str:
    """The vendor id of a vendor's name."""
    return {"nvidia": "10de", "amd": "1002", "intel": "8086"}.get(vendor, "")


def cim(output: str) -> list[Record]:
    """`... | ConvertTo-Json`: one adapter is an object, several are a list."""
    tree = first_value(output)
    items = tree if isinstance(tree, list) else [tree]
    return _real([{str(k).lower(): str(v) for k, v in item.items() if v is not None} for item in items if isinstance(item, dict)])


def listing(output: str) -> list[Record]:
    """`Format-List` and `wmic ... /format:list` blocks (`Name : x`, `Name=x`), or wmic's CSV."""
    rows = [line for line in output.splitlines() if line.strip()]
    if rows and rows[0].startswith("Node,"):
        head = rows[0].lower().split(",")
        cells = [row.split(",") for row in rows[1:]]
        return _real([dict(zip(head, row, strict=True)) for row in cells if len(row) == len(head)])
    items: list[dict[str, str]] = []
    for line in rows:
        match = re.match(r"(\w{2,40})\s*[=:]\s*(.*?)\s*$", line)
        if match:
            if not items or match[1].lower() in items[-1]:
                items.append({})
            items[-1][match[1].lower()] = match[2]
    return _real(items)


def columns(output: str) -> list[Record]:
    """`wmic path win32_VideoController get AdapterRAM,Name`: a header and columns of fixed width."""
    rows = [line for line in output.splitlines() if line.strip()]
    if not rows or not re.search(r"\bName\b", rows[0]):
        return []
    starts = [(match.start(), match[0].lower()) for match in re.finditer(r"\S+", rows[0])]
    ends = [start for start, _ in starts[1:]] + [None]
    items = [{name: row[start:end].strip() for (start, name), end in zip(starts, ends, strict=True)} for row in rows[1:]]
    return _real(items)


def _real(items: list[dict[str, str]]) -> list[Record]:
    return [record for record in map(_adapter, items[:256]) if record]


def vendor_of(name: str) -> str | None:
    lower = name.lower()
    for words, vendor in (
        (("nvidia", "geforce", "quadro"), "nvidia"),
        (("amd", "radeon", "firepro"), "amd"),
        (("intel",), "intel"),
        (("adreno", "qualcomm"), "qualcomm"),
    ):
        if any(word in lower for word in words):
            return vendor
    return None


def _adapter(item: dict[str, str]) -> Record:
    name, place = item.get("name") or item.get("caption") or item.get("description") or "", item.get("pnpdeviceid", "")
    vendor_id, device_id = ids(place)
    vendor = VENDORS.get(vendor_id) if vendor_id else vendor_of(name)
    if not name or vendor is None or virtual(name) or place.upper().startswith(("ROOT\\", "SWD\\")):
        return {}
    ram = integer(item.get("adapterram"))
    return known(
        kind="gpu",
        vendor=vendor,
        name=name,
        vendor_id=vendor_id if vendor_id and len(vendor_id) == 4 else None,
        device_id=device_id,
        memory_bytes=ram if ram is not None and 0 < ram < SATURATED else None,
        driver_version=item.get("driverversion") or None,
    )
