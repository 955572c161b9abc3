"""What `vulkaninfo` prints, from 1.0 to 1.4: `--summary`, plain text, `-j`/`--json` and profile exports. `types.ApiDevice` records."""

import re
from typing import Any

from pathfinder.readers.jsontext import first_value
from pathfinder.readers.words import known

Record = dict[str, Any]
TYPES = {0: "other", 1: "integrated", 2: "discrete", 3: "virtual", 4: "cpu"}
VENDORS = {
    0x10DE: "nvidia",
    0x1002: "amd",
    0x8086: "intel",
    0x106B: "apple",
    0x13B5: "arm",
    0x5143: "qualcomm",
    0x10005: "mesa",
    0x1010: "imagination",
}
_SOFTWARE = re.compile(r"llvmpipe|lavapipe|swiftshader|softpipe|basic render driver", re.IGNORECASE)
_FIELD = re.compile(r"\s*(apiVersion|driverVersion|vendorID|deviceID|deviceType|deviceName|driverName|driverInfo)\s*[=:]\s*(.*?)\s*$")


def is_software(name: str | None, kind: str | None, vendor: int | None) -> bool | None:
    """True for CPU renderers (llvmpipe, SwiftShader, WARP): type `cpu`, Mesa's or Google's software vendor id, or the name."""
    if kind == "cpu" or vendor in (0x10005, 0x1AE0) or (name and _SOFTWARE.search(name)):
        return True
    return False if kind or vendor or name else None


def api_version(value: Any) -> str | None:
    """`1.3.260` from that text, from 4206847 or from `0x403064 (1.3.100)`; variant bits are left out."""
    text = str(value)
    dotted = re.search(r"\b\d{1,3}\.\d{1,4}\.\d{1,5}\b", text)
    if dotted:
        return dotted[0]
    number = _number(text)
    return f"{number >> 22 & 127}.{number >> 12 & 1023}.{number & 4095}" if number is not None and number >= 1 << 22 else None


def _number(value: Any) -> int | None:
    text = str(value).strip().split(" ")[0]
    if re.fullmatch(r"0x[0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    return int(text) if re.fullmatch(r"\d{1,10}", text) else None


def _kind(value: Any) -> str | None:
    text = str(value).upper()
    for name in ("DISCRETE", "INTEGRATED", "VIRTUAL", "CPU", "OTHER"):
        if name in text:
            return name.lower()
    number = _number(value)
    return TYPES.get(number) if number is not None else None


def device(fields: dict[str, Any]) -> Record:
    name = str(fields["deviceName"]).strip() if fields.get("deviceName") else None
    vendor, device = _number(fields.get("vendorID", "")), _number(fields.get("deviceID", ""))
    kind = _kind(fields["deviceType"]) if "deviceType" in fields else None
    info = fields.get("driverInfo") or fields.get("driverVersion")
    return known(
        name=name,
        type=kind,
        api_version=api_version(fields.get("apiVersion")),
        driver_version=str(info) if info is not None else None,
        software=is_software(name, kind, vendor),
        vendor_id=f"{vendor:04x}" if vendor is not None else None,
        device_id=f"{device:04x}" if device is not None else None,
        memory_bytes=fields.get("memory_bytes"),
    )


def text(output: str) -> list[Record]:
    """Plain text and `--summary`: one record per `GPU0` block with properties; `GPU id` lines of surfaces are not devices."""
    records: dict[int, dict[str, Any]] = {}
    current: int | None = None
    for line in (long[:500] for long in output.splitlines()):
        header = re.match(r"\s*GPU(\d{1,3}):?\s*$", line)
        if header:
            current = int(header[1])
            continue
        listed = re.match(r"GPU id\s*[:=]\s*(\d{1,3}) \((.*)\):?\s*$", line)
        if listed:
            current = None
            records.setdefault(int(listed[1]), {}).setdefault("deviceName", listed[2])
            continue
        field = _FIELD.match(line)
        if field and current is not None:
            records.setdefault(current, {}).setdefault(field[1], field[2])
    return [record for record in (device(records[number]) for number in sorted(records)) if record.get("name") or record.get("vendor_id")]


def json(output: str) -> list[Record]:
    """`--json` of one device: the old devsim layout, the profiles layout, and exports that name the device only in a label."""
    tree = first_value(output)
    if not isinstance(tree, dict):
        return []
    old = tree.get("VkPhysicalDeviceProperties")
    if isinstance(old, dict):
        heaps = tree.get("VkPhysicalDeviceMemoryProperties")
        record = device({**old, "memory_bytes": _device_local(heaps)})
        return [record] if record.get("name") or record.get("vendor_id") else []
    capabilities = tree.get("capabilities")
    records = []
    for block in capabilities.values() if isinstance(capabilities, dict) else ():
        properties = block.get("properties") if isinstance(block, dict) else None
        found = properties.get("VkPhysicalDeviceProperties") if isinstance(properties, dict) else None
        if not isinstance(found, dict):
            continue
        record = device({**found, "deviceName": found.get("deviceName") or _label(tree)})
        if record.get("name") or record.get("vendor_id"):
            records.append(record)
    return records[:1]


def _label(tree: dict[str, Any]) -> str | None:
    profiles = tree.get("profiles")
    for profile in profiles.values() if isinstance(profiles, dict) else ():
        label = profile.get("label") if isinstance(profile, dict) else None
        if isinstance(label, str) and label:
            return re.split(r" driver \S+ on ", label)[0].strip() or None
    return None


def _device_local(heaps: Any) -> int | None:
    """The largest DEVICE_LOCAL heap, bytes."""
    items = heaps.get("memoryHeaps") if isinstance(heaps, dict) else None
    sizes = [
        item["size"]
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get("size"), int) and _is_local(item.get("flags"))
    ]
    return max(sizes, default=None)


def _is_local(flags: Any) -> bool:
    return bool(flags & 1) if isinstance(flags, int) else "DEVICE_LOCAL" in str(flags)
