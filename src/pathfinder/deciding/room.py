"""How much memory a plan may use on each device and in system memory: what is free, not what is installed."""

from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import Cell

RESERVE_SHARE = 0.9
"""Of a memory whose free part was not read, the part that is planned on."""


def usable_ram(facts: Facts) -> int | None:
    """Bytes of system memory: usable, else available, else most of the total."""
    memory = facts.memory
    if memory.usable_bytes is not None:
        return memory.usable_bytes
    if memory.available_bytes is not None:
        return min(memory.available_bytes, memory.limit_bytes or memory.available_bytes)
    return None if memory.total_bytes is None else int(memory.total_bytes * RESERVE_SHARE)


def free_on(device: Device, facts: Facts) -> int | None:
    """Bytes free on a device; a device without memory of its own takes from system memory."""
    if device.memory_free_bytes is not None:
        free = device.memory_free_bytes
    elif device.memory_bytes is not None:
        free = int(device.memory_bytes * RESERVE_SHARE)
    elif device.shared_memory or device.integrated or facts.memory.unified:
        return usable_ram(facts)
    else:
        return None
    ram = usable_ram(facts)
    return min(free, ram) if shares_ram(device, facts) and ram is not None else free


def shares_ram(device: Device, facts: Facts) -> bool:
    """Whether what the device holds is gone from system memory too."""
    return bool(device.shared_memory) or (bool(facts.memory.unified) and bool(device.integrated))


def utilisation(devices: tuple[Device, ...], cell: Cell) -> float | None:
    """The share of each device a server may claim at start: its own default, less where that much is not free."""
    share = cell.memory.utilisation
    if cell.memory.kind != "utilisation" or share is None:
        return None
    for device in devices:
        if device.memory_bytes and device.memory_free_bytes is not None:
            share = min(share, int(device.memory_free_bytes / device.memory_bytes * 50) / 50)
    return share


def room_on(device: Device, facts: Facts, cell: Cell) -> int | None:
    """Bytes of a device a plan may fill, after the runtime's own rule."""
    free = free_on(device, facts)
    share = utilisation((device,), cell)
    if free is None or share is None:
        return free
    return min(free, int((device.memory_bytes or free) * share))


def is_integrated(device: Device, facts: Facts) -> bool:
    """Whether a device counts as an integrated GPU or NPU and not as unified memory."""
    if device.kind == "npu":
        return True
    if not device.integrated:
        return False
    discrete = any(other.kind == "gpu" and other.integrated is False for other in facts.devices or ())
    return not facts.memory.unified or discrete
