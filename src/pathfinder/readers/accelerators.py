"""What data-centre accelerators' tools print: hl-smi (Gaudi), npu-smi (Ascend), neuron-ls (AWS). Partial `types.Device` records."""

import re
from typing import Any

from pathfinder.readers.jsontext import first_value
from pathfinder.readers.words import bdf, integer, known, size, version

Record = dict[str, Any]
_GAUDI = {"HL-1": "gaudi", "HL-2": "gaudi2", "HL-3": "gaudi3"}
"""Boards by the beginning of their names (Intel Gaudi documentation, Support Matrix)."""
_CARD = re.compile(r"\|\s+(\d{1,3})\s+(HL-\S+)\s+\S+\s*\|\s*([0-9A-Fa-f:.]+)\s")
_USED = re.compile(r"\|\s*(\d{1,9})MiB\s*/\s*(\d{1,9})MiB\s*\|")
_NPU = re.compile(r"\|\s*\d{1,3}\s+(?:Ascend\s?)?(\d{2,4}\S*)\s*\|")
_CHIP = re.compile(r"\|\s*\d{1,3}(?:\s+\d{1,3})?\s*\|\s*((?:[0-9A-Fa-f]{4}:)?\w{2}:\w{2}\.\w|NA)\s*\|(.*)\|")


def hl_smi(text: str) -> list[Record]:
    """A row that names a card, then one with its memory in MiB."""
    driver = re.search(r"Driver Version:\s+(\S+)", text)
    records: list[Record] = []
    for line in (long[:400] for long in text.splitlines()):
        card, used = _CARD.match(line), _USED.search(line)
        if card:
            arch = _GAUDI.get(card[2][:4], "gaudi")
            record = {"vendor": "intel", "vendor_id": "1da3", "name": card[2], "arch": arch, "pci": bdf(card[3])}
            records.append(known(**record, driver_version=version(driver[1]) if driver else None))
        elif used and records and "memory_bytes" not in records[-1]:
            total, busy = int(used[2]) << 20, int(used[1]) << 20
            records[-1] |= {"memory_bytes": total, "memory_free_bytes": max(0, total - busy)}
    return records


def npu_smi(text: str) -> list[Record]:
    """A row that names a card, then one for each of its chips: bus address, and used / total in MB, HBM last where there is any."""
    driver = re.search(r"npu-smi\s+(\d\S*)", text)
    name, records = "", []
    for line in (long[:400] for long in text.splitlines()):
        chip, card = _CHIP.match(line), _NPU.match(line)
        if chip and name:
            pairs = [(int(a), int(b)) for a, b in re.findall(r"(\d{1,9})\s*/\s*(\d{1,9})", chip[2])]
            used, total = max(pairs, key=lambda pair: pair[1], default=(0, 0))
            memory = {"memory_bytes": total << 20, "memory_free_bytes": max(0, total - used) << 20} if total else {}
            record = {"kind": "npu", "vendor": "huawei", "vendor_id": "19e5", "name": name, "arch": "ascend", "pci": bdf(chip[1])}
            records.append(known(**record, driver_version=driver[1] if driver else None) | memory)
        elif card:
            name = f"Ascend {card[1]}"
    return records


def neuron_ls(text: str) -> list[Record]:
    """`neuron-ls -j`, else the table with its heading in two lines."""
    tree = first_value(text)
    rows = tree if isinstance(tree, list) else next((item for item in tree.values() if isinstance(item, list)), []) if tree else []
    found = [
        _neuron(str(row.get("bdf")), integer(str(row.get("nc_count"))), integer(str(row.get("memory_size"))))
        for row in rows[:256]
        if isinstance(row, dict) and "bdf" in row
    ]
    return found or _neuron_table(text)


def _neuron(place: str, cores: int | None, memory: int | None) -> Record:
    return known(vendor="aws", vendor_id="1d0f", pci=bdf(place), compute_units=cores, memory_bytes=memory)


def _neuron_table(text: str) -> list[Record]:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()[:2000] if line.startswith("|")]
    if len(rows) < 2 or rows[0][0] != "NEURON":
        return []
    head = [" ".join(words) for words in zip(*rows[:2], strict=False)]
    listed = [dict(zip(head, row, strict=False)) for row in rows[2:] if row[0].isdecimal()]
    return [_neuron(row.get("PCI BDF", ""), integer(row.get("NEURON CORES")), size(row.get("NEURON MEMORY"))) for row in listed[:256]]
