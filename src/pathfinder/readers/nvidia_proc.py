"""/proc/driver/nvidia."""

import re
from typing import Any

from pathfinder.readers.words import bdf, known, word


def version(text: str) -> str | None:
    """`535.54.03` from the NVRM line of `version`."""
    match = re.search(r"NVRM version:.*?\s(\d{3}\.\d{2,3}(?:\.\d{1,3})?)\s", text)
    return match[1] if match else None


def information(text: str) -> dict[str, Any]:
    """Name, UUID and PCI address from `gpus/<address>/information`; `?` marks what the driver has not read yet."""
    fields = dict(re.findall(r"^(Model|GPU UUID|Bus Location):\s*(.+?)\s*$", text, flags=re.MULTILINE))
    uuid = fields.get("GPU UUID", "")
    return known(
        name=word(fields.get("Model")) if fields.get("Model") != "Unknown" else None,
        uuid=uuid if uuid.startswith("GPU-") and "?" not in uuid else None,
        pci=bdf(fields.get("Bus Location")),
    )
