"""What AMD's tools print: `rocminfo`, `rocm-smi` (JSON, CSV, text, table) and `amd-smi` (JSON, text). Partial `types.Device` records."""

import re
from typing import Any

from pathfinder.readers.indented import first, flatten, from_text, split
from pathfinder.readers.jsontext import first_value
from pathfinder.readers.jsontext import flatten as flatten_json
from pathfinder.readers.words import bdf, hex4, integer, known, size, version, word

Record = dict[str, Any]
_GFX = re.compile(r"gfx[0-9a-f]{3,5}\b")


def gfx(text: str | None) -> str | None:
    """`gfx942` from `amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-`."""
    match = _GFX.search((text or "").lower())
    return match[0] if match else None


def rocminfo(text: str) -> list[Record]:
    """GPU agents; an NPU (`Device Type: DSP`, or a name such as `aie2p`) comes out with kind `npu`, CPUs not at all."""
    if "HSA Agents" not in text:
        return []
    records = []
    blocks = re.split(r"^\*{3,}\s*\nAgent \d+\s*\n\*{3,}\s*\n", text, flags=re.MULTILINE)[1:]
    for block in blocks[:1024]:
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, colon, value = line.partition(":")
            if colon and len(name) - len(name.lstrip()) == 2:
                fields.setdefault(name.strip(), value.strip())
        kind = {"GPU": "gpu", "DSP": "npu"}.get(fields.get("Device Type", ""))
        if fields.get("Name", "").lower().startswith("aie"):
            kind = "npu"
        if kind:
            records.append(_agent(kind, fields, block))
    return records


def _agent(kind: str, fields: dict[str, str], block: str) -> Record:
    chip = re.search(r"\(0x([0-9a-fA-F]{1,8})\)", fields.get("Chip ID", ""))
    address = integer(fields.get("BDFID"))
    domain = integer(fields.get("Domain")) or 0
    apu = "APU" in fields.get("Memory Properties", "")
    pools = re.findall(r"Segment:\s+GLOBAL;.*\n\s+Size:\s+(\d{1,15})\b", block)
    return known(
        kind=kind,
        vendor="amd",
        name=word(fields.get("Marketing Name")),
        arch=gfx(fields.get("Name")) if kind == "gpu" else word(fields.get("Name")),
        device_id=hex4(chip[1].zfill(4)) if chip and kind == "gpu" else None,
        pci=f"{domain:04x}:{address >> 8 & 255:02x}:{address >> 3 & 31:02x}.{address & 7}" if address and kind == "gpu" else None,
        compute_units=integer(fields.get("Compute Unit")) or None,
        memory_bytes=int(pools[0]) * 1024 if pools and kind == "gpu" else None,
        integrated=True if apu else None,
        shared_memory=True if apu else None,
    )


def rocm_smi_json(text: str) -> list[Record]:
    """`rocm-smi ... --json`: `{"card0": {...}, "system": {...}}`; the keys' spelling changed between releases."""
    tree = first_value(text)
    if not isinstance(tree, dict):
        return []
    system = {str(k).lower(): v for k, v in tree["system"].items()} if isinstance(tree.get("system"), dict) else {}
    cards = [(name, card) for name, card in tree.items() if re.fullmatch(r"card\d{1,4}", str(name)) and isinstance(card, dict)]
    driver = version(str(system.get("driver version", "")))
    return [_card({str(key).lower(): str(value) for key, value in card.items()}, driver) for _, card in cards]


def rocm_smi_csv(text: str) -> list[Record]:
    rows = [line for line in text.splitlines() if line.startswith(("device,", "card"))]
    if len(rows) < 2 or not rows[0].startswith("device,"):
        return []
    head = [name.strip().lower() for name in rows[0].split(",")]
    cells = [row.split(",") for row in rows[1:]]
    return [_card(dict(zip(head, row, strict=True)), None) for row in cells if len(row) == len(head)]


def rocm_smi_text(text: str) -> list[Record]:
    """`rocm-smi -a` and `--show...`: lines `GPU[0]\t\t: Card series: \t\tname`."""
    cards: dict[int, dict[str, str]] = {}
    for number, name, value in re.findall(r"^GPU\[(\d{1,4})\]\s*: ([^:\n]{1,80}):[ \t]*(.*)$", text, flags=re.MULTILINE):
        cards.setdefault(int(number), {}).setdefault(name.strip().lower(), value.strip())
    driver = re.search(r"^Driver version: (\S+)", text, flags=re.MULTILINE)
    return [_card(cards[number], version(driver[1]) if driver else None) for number in sorted(cards)]


def rocm_smi_table(text: str) -> list[Record]:
    """The concise table: what is there, and the model where the table has it."""
    if "Concise Info" not in text:
        return []
    records: list[Record] = []
    for line in text.splitlines():
        model = re.match(r"\d{1,4}\s+(?:\d{1,4}\s+)?(?:\[0x([0-9a-f]{4}) : 0x[0-9a-f]+\]|0x([0-9a-f]{4}),)", line)
        name = re.match(r"\s{6,}((?:AMD|Radeon|Instinct)\S*(?: \S+){0,6})\s*$", line)
        old = re.match(r"\d{1,4}\s+\d+\.\d+\s?[°]?[cC]\s", line)
        if model or old:
            records.append(known(vendor="amd", device_id=(model[1] or model[2]) if model else None) or {"vendor": "amd"})
        elif name and records and "name" not in records[-1] and len(name[1]) < 20:
            records[-1]["name"] = name[1]
    return records


def _card(card: dict[str, str], driver: str | None) -> Record:
    total = size(first(card, "vram total memory (b)"))
    used = size(first(card, "vram total used memory (b)"))
    ids = [hex4(first(card, name)) for name in ("device id", "gpu id", "card model", "device name")]
    names = [word(first(card, name)) for name in ("card series", "device name", "card model")]
    return known(
        vendor="amd",
        name=next((name for name in names if name and not name.startswith("0x")), None),
        pci=bdf(first(card, "pci bus", "pci bus id")),
        device_id=next((one for one in ids if one), None),
        arch=gfx(first(card, "gfx version")),
        memory_bytes=total,
        memory_free_bytes=total - used if total is not None and used is not None and used <= total else None,
        visible_memory_bytes=size(first(card, "vis_vram total memory (b)")),
        gtt_bytes=size(first(card, "gtt total memory (b)")),
        driver_version=driver,
    )


def amd_smi(text: str) -> list[Record]:
    """`amd-smi static`, as text or with `--json` (ROCm 6: a list, ROCm 7: `{"gpu_data": [...]}`)."""
    tree = first_value(text)
    items = tree.get("gpu_data") if isinstance(tree, dict) else tree
    if isinstance(items, list):
        flats = [flatten_json(item) for item in items if isinstance(item, dict) and "gpu" in item]
    else:
        blocks = split(from_text(text), "gpu")
        flats = [{path.partition("/")[2]: value for path, value in flatten(block).items()} for block in blocks]
    return [record for record in map(_amd_smi_gpu, flats[:1024]) if set(record) > {"vendor"}]


def _amd_smi_gpu(flat: dict[str, str]) -> Record:
    device = first(flat, "asic/device_id")
    return known(
        vendor="amd",
        name=word(first(flat, "asic/market_name", "board/product_name")),
        arch=gfx(first(flat, "asic/target_graphics_version")),
        device_id=hex4(device),
        compute_units=integer(first(flat, "asic/num_compute_units")),
        pci=bdf(first(flat, "bus/bdf", "bdf")),
        uuid=word(first(flat, "uuid")),
        memory_bytes=size(first(flat, "vram/size"), "mb"),
        driver_version=version(first(flat, "driver/version", "driver/driver_version")),
    )


def amd_smi_table(text: str) -> list[Record]:
    """The table `amd-smi` prints without arguments (ROCm 7): a row with address and name, then one with the memory in use."""
    driver = re.search(r"amdgpu version: (\S+)", text)
    records: list[Record] = []
    for line in text.splitlines() if "AMD-SMI" in text else ():
        card = re.match(r"\|\s*([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])\s+(\S.*?)\s*\|", line)
        used = re.search(r"(\d{1,9})/(\d{1,9}) MB\s*\|\s*$", line)
        if card:
            name = word(card[2]) if not card[2].endswith("...") else None
            records.append(known(vendor="amd", pci=bdf(card[1]), name=name, driver_version=version(driver[1]) if driver else None))
        elif used and records and "memory_bytes" not in records[-1]:
            records[-1] |= {"memory_bytes": int(used[2]) << 20, "memory_free_bytes": max(0, int(used[2]) - int(used[1])) << 20}
    return records


def hip_device_query(text: str) -> list[Record]:
    """`deviceQuery` of HIP's samples: lines `[GPU 0] 196592: Total Global Memory (MB)`."""
    devices: dict[int, Record] = {}
    for number, said in re.findall(r"^\[GPU (\d{1,4})\] (.+)$", text, flags=re.MULTILINE):
        record = devices.setdefault(int(number), {"vendor": "amd"})
        value, colon, what = said.partition(": ")
        if not colon:
            record.setdefault("name", said.strip())
        elif "Arch Name" in what:
            record |= known(arch=gfx(value))
        elif what.startswith("Number of multi-processors"):
            record |= known(compute_units=integer(value))
        elif what.startswith("Total Global Memory"):
            record |= known(memory_bytes=size(value, "mib"))
        elif what == "PCI Bus ID" and integer(value) is not None:
            record["pci"] = f"0000:{integer(value):02x}:00.0"
    return [devices[number] for number in sorted(devices)]
