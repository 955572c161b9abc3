"""deviceQuery of NVIDIA's CUDA samples."""

import re
from typing import Any

from pathfinder.readers.words import known

Record = dict[str, Any]


def cuda(text: str) -> list[Record]:
    """Compute capability, multiprocessors, PCI address and the memory that CUDA lets programs have, per device."""
    records = []
    for block in re.split(r"^Device \d{1,3}: ", text, flags=re.MULTILINE)[1:257]:
        name = re.match(r'"([^"\n]{1,120})"', block)
        capability = re.search(r"CUDA Capability Major/Minor version number:\s+(\d{1,2}\.\d)\b", block)
        units = re.search(r"\((\d{1,4})\) Multiprocessors", block)
        memory = re.search(r"Total amount of global memory:.*?\((\d{1,18}) bytes\)", block)
        place = re.search(r"PCI Domain ID / Bus ID / location ID:\s+(\d{1,5}) / (\d{1,3}) / (\d{1,3})", block)
        if name and place:
            address = f"{int(place[1]):04x}:{int(place[2]):02x}:{int(place[3]):02x}.0"
            records.append(
                known(
                    vendor="nvidia",
                    name=name[1],
                    pci=address,
                    compute_capability=capability[1] if capability else None,
                    arch="sm_" + capability[1].replace(".", "") if capability else None,
                    compute_units=int(units[1]) if units else None,
                    memory_bytes=int(memory[1]) if memory else None,
                )
            )
    return records


def driver(text: str) -> str | None:
    """The newest CUDA the driver supports: `12.4`."""
    match = re.search(r"CUDA Driver Version(?: / Runtime Version)?\s+(\d{1,3}\.\d{1,2})\b", text)
    return match[1] if match else None
