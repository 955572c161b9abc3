"""Which layer lies on which device, as llama.cpp decides it (`llama_model_base::load_tensors`: get_layer_buft_list)."""

from functools import lru_cache

from pathfinder.types.facts import Device

RAM = -1


@lru_cache(256)
def layers(count: int, gpu_layers: int, shares: tuple[float, ...]) -> tuple[int, ...]:
    """For each of `count` layers and, last, the output: an index into `shares`, or RAM.

    The last `gpu_layers` of these `count + 1` go to the devices, in order, by cumulated share."""
    if not shares or gpu_layers <= 0:
        return (RAM,) * (count + 1)
    offloaded = min(gpu_layers, count + 1)
    start = count + 1 - offloaded
    total = sum(shares) or 1.0
    bounds, reached = [], 0.0
    for share in shares:
        reached += share
        bounds.append(reached / total)
    placed = []
    for index in range(count + 1):
        if index < start:
            placed.append(RAM)
            continue
        position = (index - start) / offloaded
        placed.append(next((device for device, bound in enumerate(bounds) if position < bound), len(shares) - 1))
    return tuple(placed)


def shares(devices: tuple[Device, ...]) -> tuple[float, ...]:
    """What llama.cpp splits by: the free memory of each device; equal parts where it is not known."""
    free = [device.memory_free_bytes or device.memory_bytes for device in devices]
    if any(size is None for size in free):
        return (1.0,) * len(devices)
    return tuple(float(size or 0) for size in free)
