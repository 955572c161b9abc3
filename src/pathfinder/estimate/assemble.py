"""Put weights, cache, buffers and speed together; choose how many layers go to the devices."""

from msgspec.structs import replace

from pathfinder.estimate import cache, memory, speed, typical
from pathfinder.estimate import weights as weights_
from pathfinder.estimate.recipe import named_bits
from pathfinder.estimate.tables import Tables
from pathfinder.estimate.weights import Weights
from pathfinder.types.estimates import DeviceMemory, Estimate, Interval, MemoryEstimate, SpeedEstimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact, Model

IN_RAM = "the rest in system memory."
LAYERS = f"A part of the layers on the device, {IN_RAM}"
STAND_IN = "The model's shape is not known: a usual one of as many parameters stands in, so KV cache and speed are rough."


def estimate(
    model: Model,
    artifact: Artifact | None,
    facts: Facts,
    devices: tuple[Device, ...],
    engine: str,
    rule: MemoryRule,
    context: int,
    parallel: int,
    gpu_layers: int | None,
    kv_type: str,
    backend: str | None,
    batch: int,
    offload: bool,
    expert_layers: int,
    tables: Tables,
) -> Estimate:
    weights = weights_.of(model, artifact)
    if weights is None:
        usual = typical.model(model)
        if usual is not None and weights_.of(usual, artifact) is not None:
            return rough(
                estimate(
                    usual, artifact, facts, devices, engine, rule, context, parallel, gpu_layers, kv_type, backend, batch, offload,
                    expert_layers, tables,
                ),
                gpu_layers,
            )  # fmt: skip
        return by_size(model, artifact, facts, devices, context, offload)
    wish = memory.Wish(
        context=context,
        parallel=parallel,
        kv_type=kv_type,
        batch=batch,
        expert_layers_on_cpu=expert_layers,
        projector=projector(model, artifact),
    )
    overhead = overhead_bytes(rule, backend, devices, tables)
    everything = len(weights.layers) + 1
    layers = 0 if not devices else min(gpu_layers, everything) if gpu_layers is not None else everything
    found = memory.estimate(model, weights, wish, facts, devices, rule, layers, overhead)
    if found.fits is False and wish.projector and devices and offload and rule.kind == "llama.cpp":
        wish = replace(wish, projector_in_ram=True)
        found = memory.estimate(model, weights, wish, facts, devices, rule, layers, overhead)
    if found.fits is False and gpu_layers is None and devices and offload and rule.kind != "utilisation":
        layers, found = fewer(
            model, weights, wish, facts, devices, rule, everything, overhead, int(tables.coefficients.get("margin_bytes", 0))
        )
    spoken, said = speed.estimate(
        speed.Plan(
            model=model,
            weights=weights,
            artifact=artifact,
            devices=devices,
            facts=facts,
            engine=engine,
            backend=backend_of(backend, devices),
            gpu_layers=layers,
            kv_type=kv_type,
            expert_layers=expert_layers,
            tensor_split=rule.kind == "utilisation",
        ),
        tables,
    )
    return Estimate(
        model=model.id,
        artifact=artifact,
        context=context,
        gpu_layers=layers if devices else None,
        expert_layers=expert_layers if devices else 0,
        memory=found,
        speed=spoken,
        assumed=(*assumptions(weights, wish, artifact, layers, everything, devices), *remaining(model, wish, found, rule, artifact), *said),
    )


def rough(found: Estimate, gpu_layers: int | None) -> Estimate:
    """An estimate of a stand-in: its number of layers is not the model's, and the interval is wider."""
    spoken = SpeedEstimate(decode_tps=wider(found.speed.decode_tps), prefill_tps=wider(found.speed.prefill_tps))
    said = tuple(LAYERS if sentence.endswith(IN_RAM) else sentence for sentence in found.assumed)
    return replace(found, gpu_layers=gpu_layers, speed=spoken, assumed=(STAND_IN, *said))


def wider(found: Interval) -> Interval:
    if found.likely is None or found.low is None or found.high is None:
        return found
    return Interval(low=round(found.low / 1.3, 2), likely=found.likely, high=round(found.high * 1.3, 2))


def projector(model: Model, artifact: Artifact | None) -> int:
    """Bytes of the part of a model that sees: the file beside its own, else 16 bits a parameter; 0 where none is loaded or known."""
    if artifact is not None and artifact.projector_bytes is not None:
        return artifact.projector_bytes
    if artifact is not None and artifact.path is not None:
        return 0
    return 2 * (model.projector_params or 0)


def remaining(model: Model, wish: memory.Wish, found: MemoryEstimate, rule: MemoryRule, artifact: Artifact | None) -> tuple[str, ...]:
    """What the KV cache of a runtime that claims a fixed fraction holds; and what is not in the figures."""
    said = []
    if rule.kind == "utilisation" and model.shape is not None and found.fits:
        each = sum(cache.per_layer(model.arch, model.shape, 4096, kv_type=wish.kv_type)) / 4096
        tokens = int(found.kv_cache_bytes / each) if each else 0
        users = tokens // max(1, wish.context // wish.parallel)
        if tokens:
            share = f"{(rule.utilisation or 0.9):.0%}"
            said.append(f"{share} of the memory is claimed; the KV cache holds {tokens} tokens, {users} sequences of this length.")
    if found.projector_bytes and wish.projector_in_ram:
        said.append("The part of the model that sees stays in system memory (llama.cpp's `--no-mmproj-offload`).")
    elif found.projector_bytes:
        said.append("With the part of the model that sees; an image takes some hundred megabytes more while it is looked at.")
    elif "vision" in model.features and (artifact is None or artifact.path is None):
        said.append("Without the part of the model that sees (a projector, 0.5 to 2 GiB more).")
    return tuple(said)


def backend_of(backend: str | None, devices: tuple[Device, ...]) -> str:
    """The backend asked for, else the native one of the first device's maker."""
    if backend is not None:
        return backend
    return {"nvidia": "cuda", "amd": "rocm", "apple": "metal", "intel": "sycl"}.get(devices[0].vendor or "", "vulkan") if devices else "cpu"


def fewer(
    model: Model,
    weights: Weights,
    wish: memory.Wish,
    facts: Facts,
    devices: tuple[Device, ...],
    rule: MemoryRule,
    everything: int,
    overhead: int,
    margin: int,
) -> tuple[int, MemoryEstimate]:
    """The most layers whose devices hold them and leave `margin` bytes free, by bisection; the rest stays in system memory."""
    low, high = 0, everything - 1
    while low < high:
        middle = (low + high + 1) // 2
        tried = memory.estimate(model, weights, wish, facts, devices, rule, middle, overhead)
        if _devices_fit(tried, margin):
            low = middle
        else:
            high = middle - 1
    return low, memory.estimate(model, weights, wish, facts, devices, rule, low, overhead)


def _devices_fit(found: MemoryEstimate, margin: int) -> bool:
    return all(
        row.available_bytes is None or row.total_bytes + margin <= row.available_bytes for row in found.per_device if row.device != "ram"
    )


def overhead_bytes(rule: MemoryRule, backend: str | None, devices: tuple[Device, ...], tables: Tables) -> int:
    if rule.overhead_bytes is not None:
        return rule.overhead_bytes
    return int(tables.coefficients.get("overhead_bytes", memory.OVERHEAD).get(backend_of(backend, devices), 0))


def by_size(model: Model, artifact: Artifact | None, facts: Facts, devices: tuple[Device, ...], context: int, offload: bool) -> Estimate:
    """Without a shape: the file's size, or its quantisation's bits a parameter, and a fifth more for what runs beside it. Where the
    runtime can `offload`, what a device does not hold waits in system memory."""
    known = (
        artifact.bytes if artifact is not None and artifact.bytes else round(bits(artifact) / 8 * model.params) if model.params else None
    )
    said = "The model's shape is not known: weights are taken from the size of the files and a fifth is added for the rest."
    if known is None:
        empty = MemoryEstimate(weights_bytes=0, kv_cache_bytes=0, compute_bytes=0, total_bytes=0, fits=None)
        return Estimate(
            model=model.id, artifact=artifact, context=context, memory=empty, assumed=("Neither shape nor size of the model is known.",)
        )
    rest = known // 5
    room = [memory.available(device, facts) for device in devices] or [facts.memory.usable_bytes]
    limit = None if any(size is None for size in room) else sum(size or 0 for size in room)
    place = devices[0].id if devices else "ram"
    held = known
    if devices and offload and limit is not None and known + rest > limit and limit - rest >= known * LEAST_HELD:
        held = limit - rest
    rows = [_by_size(place, held, rest, limit)]
    if held < known:
        rows.append(_by_size("ram", known - held, 0, facts.memory.usable_bytes))
        said += " A part of them waits in system memory."
    found = memory.total(tuple(rows), shared=False, facts=facts)
    return Estimate(model=model.id, artifact=artifact, context=context, memory=found, assumed=(said,))


LEAST_HELD = 0.25
"""The share of the weights a device must hold for the rest to be moved in and out; our own floor, about one part of a pipeline."""


def _by_size(place: str, weights: int, rest: int, limit: int | None) -> DeviceMemory:
    return DeviceMemory(
        device=place, weights_bytes=weights, kv_cache_bytes=0, compute_bytes=rest, total_bytes=weights + rest, available_bytes=limit
    )


def bits(artifact: Artifact | None) -> float:
    """Bits a parameter of a quantisation; 16 where nobody says."""
    return 16.0 if artifact is None else artifact.bits_per_weight or named_bits(artifact.quant) or 16.0


def assumptions(
    weights: Weights, wish: memory.Wish, artifact: Artifact | None, layers: int, everything: int, devices: tuple[Device, ...]
) -> tuple[str, ...]:
    types = " and ".join(dict.fromkeys(wish.kv_type.split(",")))
    said = [f"{wish.context} tokens of context for {wish.parallel} sequence{'s' if wish.parallel > 1 else ''}, KV cache in {types}."]
    if not weights.exact:
        said.append(
            "Weights follow from the model's shape and the quantisation"
            + (", scaled to the published size." if artifact and artifact.bytes else ".")
        )
    if devices and layers < everything:
        said.append(f"{layers} of {everything} layers (with the output) on the device, {IN_RAM}")
    return tuple(said)
