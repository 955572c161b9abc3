"""Memory of one model on one set of devices, by the rule of the runtime that claims it."""

from msgspec.structs import replace

from pathfinder.estimate import cache, compute, placement
from pathfinder.estimate.weights import Weights
from pathfinder.types.estimates import DeviceMemory, MemoryEstimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Model
from pathfinder.types.words import Frozen

MIB = 1 << 20
PREFILL_STEP = 2048
"""Tokens of a prompt that mlx-lm works on at once (`prefill_step_size`); transformers takes a short prompt whole."""
OVERHEAD = {"cuda": 420 * MIB, "rocm": 350 * MIB, "vulkan": 120 * MIB, "sycl": 300 * MIB, "metal": 60 * MIB}
"""Context and kernels of a backend on each device, beyond what the runtime itself counts; replaced by the coefficients where given."""


class Wish(Frozen, frozen=True, kw_only=True):
    """What is to be held: tokens for all sequences together, sequences, types and batch."""

    context: int
    parallel: int = 1
    kv_type: str = "f16"
    batch: int = 512
    expert_layers_on_cpu: int = 0
    """llama.cpp's `--n-cpu-moe`."""
    projector: int = 0
    """Bytes of the part of the model that sees."""
    projector_in_ram: bool = False
    """llama.cpp's `--no-mmproj-offload`."""


def estimate(
    model: Model, weights: Weights, wish: Wish, facts: Facts, devices: tuple[Device, ...], rule: MemoryRule, gpu_layers: int, overhead: int
) -> MemoryEstimate:
    """The memory of one placement. `gpu_layers` counts layers on devices and, last, the output; `overhead` is bytes a device."""
    if rule.kind == "utilisation" and devices:
        return _utilisation(model, weights, wish, devices, rule, overhead)
    if rule.kind in ("mlx", "torch") and devices:
        return _whole(model, weights, wish, facts, devices, overhead)
    return _layered(model, weights, wish, facts, devices, gpu_layers, overhead)


def _whole(model: Model, weights: Weights, wish: Wish, facts: Facts, devices: tuple[Device, ...], overhead: int) -> MemoryEstimate:
    """Everything on the devices, in equal parts; the cache grows as it is used and nothing is claimed before."""
    parts = len(devices)
    kv = cache.per_layer(model.arch, model.shape, wish.context, kv_type=wish.kv_type, parallel=wish.parallel) if model.shape else ()
    buffers = compute.activations(model, max(wish.batch, PREFILL_STEP))
    rows = tuple(
        _row(device.id, -(-weights.total // parts), -(-sum(kv) // parts), buffers, overhead, available(device, facts)) for device in devices
    )
    return total((_seeing(rows[0], wish), *rows[1:]), shared=_shared(devices), facts=facts)


def _layered(
    model: Model, weights: Weights, wish: Wish, facts: Facts, devices: tuple[Device, ...], gpu_layers: int, overhead: int
) -> MemoryEstimate:
    count = len(weights.layers)
    trunk = count - (model.shape.nextn_layers if model.shape else 0)
    places = placement.layers(trunk, gpu_layers, placement.shares(devices))
    kv = (
        cache.per_layer(model.arch, model.shape, wish.context, kv_type=wish.kv_type, parallel=wish.parallel, batch=wish.batch)
        if model.shape
        else ()
    )
    buffers = compute.buffers(model, wish.context, wish.kv_type, wish.parallel, wish.batch)
    rows = []
    for index, device in enumerate(devices):
        own = [layer for layer in range(trunk) if places[layer] == index]
        if not own and places[trunk] != index:
            continue
        held = sum(weights.layers[layer] for layer in own) - _moved(weights, own, wish)
        if places[trunk] == index:
            held += weights.head
        rows.append(_row(device.id, held, sum(kv[layer] for layer in own) if kv else 0, buffers, overhead, available(device, facts)))
    own = [layer for layer in range(trunk) if places[layer] == placement.RAM]
    held = sum(weights.layers[layer] for layer in own) + weights.input + (weights.output if places[trunk] == placement.RAM else 0)
    held += _moved(weights, [layer for layer in range(trunk) if places[layer] != placement.RAM], wish)
    host = compute.host_buffers(model, wish.context, wish.batch) if rows else buffers
    rows.append(_row("ram", held, sum(kv[layer] for layer in own) if kv else 0, host, 0, facts.memory.usable_bytes))
    at = -1 if wish.projector_in_ram else 0
    rows[at] = _seeing(rows[at], wish)
    return total(tuple(rows), shared=_shared(devices), facts=facts)


def _moved(weights: Weights, layers: list[int], wish: Wish) -> int:
    """Bytes of routed experts kept in system memory though their layer is on a device."""
    return sum(weights.experts[layer] for layer in layers if layer < wish.expert_layers_on_cpu)


def _utilisation(
    model: Model, weights: Weights, wish: Wish, devices: tuple[Device, ...], rule: MemoryRule, overhead: int
) -> MemoryEstimate:
    """A fixed fraction of every device is claimed; what weights and activations leave of it is KV cache."""
    parts = len(devices)
    needed = sum(cache.per_layer(model.arch, model.shape, wish.context, kv_type=wish.kv_type, parallel=wish.parallel)) if model.shape else 0
    activations = compute.activations(model, wish.batch) // parts
    each = -(-needed // parts)
    rows, spare = [], []
    for device in devices:
        size = device.memory_bytes
        own, sees = weights.total // parts, wish.projector // parts
        left = each if size is None else int(size * (rule.utilisation or 0.9)) - own - sees - activations - overhead
        spare.append(left - each)
        row = _row(device.id, own, max(left, each), activations, overhead, size)
        rows.append(replace(row, projector_bytes=sees, total_bytes=row.total_bytes + sees))
    found = total(tuple(rows), shared=False, facts=Facts())
    if any(device.memory_bytes is None for device in devices):
        return found
    least = min(spare)
    free = all(
        device.memory_free_bytes is None
        or device.memory_bytes is None
        or device.memory_free_bytes >= int(device.memory_bytes * (rule.utilisation or 0.9)) - 256 * MIB
        for device in devices
    )
    fits = free and least >= 0
    return MemoryEstimate(
        weights_bytes=found.weights_bytes,
        kv_cache_bytes=found.kv_cache_bytes,
        compute_bytes=found.compute_bytes,
        overhead_bytes=found.overhead_bytes,
        projector_bytes=found.projector_bytes,
        total_bytes=found.total_bytes,
        per_device=found.per_device,
        fits=fits,
        headroom_bytes=least * parts if fits else min(least * parts, found.headroom_bytes or 0),
    )


def _row(device: str, weights: int, kv: int, buffers: int, overhead: int, limit: int | None) -> DeviceMemory:
    return DeviceMemory(
        device=device,
        weights_bytes=weights,
        kv_cache_bytes=kv,
        compute_bytes=buffers,
        overhead_bytes=overhead,
        total_bytes=weights + kv + buffers + overhead,
        available_bytes=limit,
    )


def _seeing(row: DeviceMemory, wish: Wish) -> DeviceMemory:
    return replace(row, projector_bytes=wish.projector, total_bytes=row.total_bytes + wish.projector) if wish.projector else row


def available(device: Device, facts: Facts) -> int | None:
    """What a runtime may take: what is free, or all of it where nobody could tell; of shared memory no more than the system can give."""
    own = device.memory_free_bytes if device.memory_free_bytes is not None else device.memory_bytes
    if device.shared_memory and facts.memory.usable_bytes is not None:
        return facts.memory.usable_bytes if own is None else min(own, facts.memory.usable_bytes)
    return own


def _shared(devices: tuple[Device, ...]) -> bool:
    return bool(devices) and all(device.shared_memory for device in devices)


def total(rows: tuple[DeviceMemory, ...], *, shared: bool, facts: Facts) -> MemoryEstimate:
    """Sums, and whether everything fits: every row in its own place, and all rows together where the memory is one."""
    sums = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("weights_bytes", "kv_cache_bytes", "compute_bytes", "overhead_bytes", "projector_bytes", "total_bytes")
    }
    spare = [None if row.available_bytes is None else row.available_bytes - row.total_bytes for row in rows]
    if shared and facts.memory.usable_bytes is not None:
        spare.append(facts.memory.usable_bytes - sums["total_bytes"])
    known = [left for left in spare if left is not None]
    short = any(left < 0 for left in known)
    fits = False if short else None if len(known) < len(spare) else True
    return MemoryEstimate(**sums, per_device=rows, fits=fits, headroom_bytes=min(known) if known else None)
