"""Intel graphics device ids to architecture, integration and, where usual, a name (Linux include/drm/intel/pciids.h)."""

from typing import Any

_RANGES: tuple[tuple[int, int, str, bool], ...] = (
    (0x0BD0, 0x0BDB, "xe-hpc", False),
    (0x4F80, 0x4F88, "xe-hpg", False),
    (0x5690, 0x56C2, "xe-hpg", False),
    (0x4905, 0x4909, "xe-lp", False),
    (0xE202, 0xE2FF, "xe2", False),
    (0x6420, 0x6420, "xe2", True),
    (0x64A0, 0x64B0, "xe2", True),
    (0xB080, 0xB0B0, "xe3", True),
    (0xFD80, 0xFD81, "xe3", True),
    (0x7D40, 0x7DD5, "xe-lpg", True),
    (0x9A40, 0x9AFF, "xe-lp", True),
    (0x4C80, 0x4C9A, "xe-lp", True),
    (0x4680, 0x46D4, "xe-lp", True),
    (0x4626, 0x462A, "xe-lp", True),
    (0xA720, 0xA7AD, "xe-lp", True),
    (0x8A50, 0x8A71, "gen11", True),
    (0x4541, 0x4571, "gen11", True),
    (0x4E51, 0x4E71, "gen11", True),
    (0x1902, 0x193D, "gen9", True),
    (0x5902, 0x593B, "gen9", True),
    (0x87C0, 0x87CA, "gen9", True),
    (0x3E90, 0x3EA9, "gen9", True),
    (0x9B21, 0x9BF6, "gen9", True),
    (0x3184, 0x3185, "gen9", True),
    (0x0A84, 0x0A84, "gen9", True),
    (0x1A84, 0x1A85, "gen9", True),
    (0x5A84, 0x5A85, "gen9", True),
    (0x1602, 0x163E, "gen8", True),
    (0x22B0, 0x22B3, "gen8", True),
    (0x0F30, 0x0F33, "gen7", True),
    (0x0152, 0x016A, "gen7", True),
    (0x0402, 0x042E, "gen7", True),
    (0x0A02, 0x0A2E, "gen7", True),
    (0x0C02, 0x0C2E, "gen7", True),
    (0x0D02, 0x0D2E, "gen7", True),
    (0x0102, 0x0126, "gen6", True),
    (0x0042, 0x0046, "gen5", True),
)
NAMES = {
    0x56A0: ("Intel Arc A770", 32), 0x56A1: ("Intel Arc A750", 28), 0x56A2: ("Intel Arc A580", 24), 0x56A5: ("Intel Arc A380", 8),
    0x56A6: ("Intel Arc A310", 6), 0x5690: ("Intel Arc A770M", 32), 0x5691: ("Intel Arc A730M", 24), 0x5692: ("Intel Arc A550M", 16),
    0x5693: ("Intel Arc A370M", 8), 0x5694: ("Intel Arc A350M", 6), 0x56B1: ("Intel Arc Pro A40/A50", 8),
    0x56B3: ("Intel Arc Pro A60", 16),
    0x56C0: ("Intel Data Center GPU Flex 170", 32), 0x56C1: ("Intel Data Center GPU Flex 140", 8), 0xE20B: ("Intel Arc B580", 20),
    0xE20C: ("Intel Arc B570", 18), 0xE211: ("Intel Arc Pro B60", 20), 0xE212: ("Intel Arc Pro B50", 16),
    0x64A0: ("Intel Arc Graphics 130V/140V", None),
    0x0BD5: ("Intel Data Center GPU Max 1550", None), 0x0BDA: ("Intel Data Center GPU Max 1100", 56),
}  # fmt: skip
"""Marketing name; Xe cores where the id tells them (a core of these has 16 vector engines; Max: 8)."""


def chip(device_id: str | None) -> dict[str, Any]:
    """`{arch, integrated, shared_memory, name}` as far as the id tells; empty for an id newer than the table."""
    digits = device_id or ""
    number = int(digits, 16) if digits and len(digits) <= 8 and set(digits) <= set("0123456789abcdefABCDEF") else -1
    found: dict[str, Any] = {}
    for low, high, arch, integrated in _RANGES:
        if low <= number <= high:
            found = {"arch": arch, "integrated": integrated, "shared_memory": integrated}
            break
    name, _ = NAMES.get(number, (None, None))
    return found | ({"name": name} if name else {})
