"""Mixtures of experts that do not fit: the routed experts of some layers in system memory, everything else on the devices."""

from collections.abc import Callable

from msgspec.structs import replace

from pathfinder.types.estimates import Estimate


def apart(whole: Estimate, layers: int, margin: int, one: Callable[[int], Estimate]) -> Estimate:
    """All layers on the devices but for the experts of the fewest leading ones, where that is faster than whole layers in system memory."""

    def held(found: Estimate) -> bool:
        rows = [row for row in found.memory.per_device if row.device != "ram"]
        return (found.gpu_layers or 0) > layers and all((row.available_bytes or 0) >= row.total_bytes + margin for row in rows)

    low, high = 1, layers
    while low < high:
        middle = (low + high) // 2
        if held(one(middle)):
            high = middle
        else:
            low = middle + 1
    found = one(low)
    faster = (found.speed.decode_tps.likely or 0) > (whole.speed.decode_tps.likely or 0)
    if not held(found) or not faster or found.memory.fits is False:
        return whole
    said = (
        f"The experts of {low} of {layers} layers stay in system memory (llama.cpp's `--n-cpu-moe {low}`), everything else on the device."
    )
    return replace(found, assumed=(said, *found.assumed))
