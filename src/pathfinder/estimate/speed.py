"""Prefill and decode from bytes moved, operations done and launches made: one place after the other, layer by layer.

decode: seconds a token = sum over places of (bytes of active weights and cache / (share x bandwidth) + layers x launch time), plus a switch
between places. prefill: operations over the share of the published compute. All shares and times are data (`matrix/estimate.yaml`)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pathfinder.estimate import cache, chips, placement
from pathfinder.estimate.layout import parameters, tensors
from pathfinder.estimate.tables import Tables
from pathfinder.estimate.weights import Weights
from pathfinder.types.estimates import Interval, SpeedEstimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.models import Artifact, Model
from pathfinder.types.words import Frozen

DEPTH = 512
"""Tokens already in the cache when a decode step is timed."""

BATCH = 512
"""Tokens of a prompt for which weights in system memory are copied to the device once, instead of being multiplied where they are."""


class Place(Frozen, frozen=True, kw_only=True):
    """Where layers run: bytes a second it delivers, operations a second, seconds a layer, and how sure that is."""

    bandwidth: float
    flops: float | None
    layer_seconds: float
    spread: float
    says: str


class Plan(Frozen, frozen=True, kw_only=True):
    """What is timed, and where it lies."""

    model: Model
    weights: Weights
    artifact: Artifact | None
    devices: tuple[Device, ...]
    facts: Facts
    engine: str
    backend: str
    gpu_layers: int
    kv_type: str = "f16"
    expert_layers: int = 0
    """Leading layers whose routed experts stay in system memory."""
    tensor_split: bool = False


def estimate(plan: Plan, tables: Tables) -> tuple[SpeedEstimate, tuple[str, ...]]:
    """The speed of one sequence and the sentences it rests on; unknown where a place's bandwidth is."""
    table = tables.coefficients
    if not table.get("decode"):
        return SpeedEstimate(), ()
    places = [place(plan, device, tables) for device in plan.devices]
    host = processor(plan, tables)
    shape = plan.model.shape
    if shape is None or any(found is None for found in places):
        return SpeedEstimate(), ("The bandwidth of the device is not known, so neither is the speed.",)
    known = tuple(found for found in places if found is not None)
    decode, prefill, spread = _times(plan, known, host, table)
    if decode <= 0:
        return SpeedEstimate(), ()
    said = tuple(dict.fromkeys([*(found.says for found in known), *((host.says,) if _on_host(plan) else ())]))
    wide = float(table["spread"]["prefill"])
    return (
        SpeedEstimate(
            decode_tps=interval(1 / decode, spread), prefill_tps=interval(1 / prefill, max(wide, spread)) if prefill else Interval()
        ),
        (*said, f"Decode at a depth of {DEPTH} tokens, one sequence; check it with `pathfinder bench`."),
    )


def interval(likely: float, spread: float) -> Interval:
    return Interval(low=_round(likely / (1 + spread)), likely=_round(likely), high=_round(likely * (1 + spread)))


def _round(value: float) -> float:
    return round(value, 1 if value >= 10 else 2)


def _on_host(plan: Plan) -> bool:
    return not plan.devices or plan.expert_layers > 0 or plan.gpu_layers < len(plan.weights.layers) + 1


def _times(plan: Plan, places: tuple[Place, ...], host: Place, table: Mapping[str, Any]) -> tuple[float, float | None, float]:
    shape, weights = plan.model.shape, plan.weights
    assert shape is not None
    trunk = shape.layers - shape.nextn_layers
    order = placement.layers(trunk, plan.gpu_layers if places else 0, placement.shares(plan.devices))
    kv = cache.per_layer(plan.model.arch, shape, DEPTH, kv_type=plan.kv_type)
    kernels = float(table.get("layers", {}).get(plan.model.arch, 1.0))
    quant = float(table.get("quant", {}).get((plan.artifact.quant if plan.artifact else "").upper(), 1.0))
    routed = float(table["experts"].get(plan.backend, table["experts"]["default"]))
    operations = 2 * active_parameters(plan.model)
    link = float(table["link_bytes_per_second"])
    decode = prefill = 0.0
    unknown_flops, apart = False, 0
    for layer, where in enumerate(order):
        at = host if where == placement.RAM else places[where]
        size = float(weights.head) if layer == trunk else weights.active(layer) + kv[layer]
        away = 0.0
        if layer < min(trunk, plan.expert_layers) and where != placement.RAM:
            away = weights.experts[layer] * weights.used_share
            apart += 1
        size -= away
        spent = away / (host.bandwidth * quant) + size / (at.bandwidth * quant) + (0.0 if layer == trunk else at.layer_seconds * kernels)
        decode += spent * (routed if shape.experts and layer < trunk else 1.0)
        if at.flops is None:
            unknown_flops = True
        elif layer < trunk:
            computed = operations / trunk / at.flops
            if where == placement.RAM and places and places[0].flops is not None:
                computed = min(computed, operations / trunk / places[0].flops + weights.layers[layer] / link / BATCH)
            prefill += computed + (weights.experts[layer] / link / BATCH if away else 0.0)
    changes = sum(1 for a, b in pairwise(order) if a != b) + 2 * apart
    decode += changes * float(table["switch_microseconds"]) * 1e-6
    used = set(order)
    if plan.tensor_split and len(places) > 1 and placement.RAM not in used:
        decode = decode / len(places) + trunk * 2 * 25e-6
        prefill /= len(places)
    spread = max([places[where].spread for where in used if where != placement.RAM] + ([host.spread] if placement.RAM in used else []))
    if apart:
        spread = max(spread, host.spread)
    if apart or (placement.RAM in used and len(used) > 1):
        spread = max(spread, float(table["spread"]["split"]))
    return decode, None if unknown_flops else prefill, spread


def active_parameters(model: Model) -> float:
    if model.active_params:
        return float(model.active_params)
    shape = model.shape
    if shape is None:
        return float(model.params or 0)
    total = float(model.params or parameters(model.arch, shape))
    if not shape.experts or not shape.experts_used:
        return total
    routed = sum(rows * columns for _, (name, rows, columns) in tensors(model.arch, shape) if name.endswith("_exps"))
    return total - min(total, routed) * (1 - shape.experts_used / shape.experts)


def row(engine: str, table: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], float]:
    """(decode row, prefill row, factor) of an engine; the default row for one nobody measured."""
    alias = table.get("engines", {}).get(engine)
    name, factor = (str(alias["like"]), float(alias["factor"])) if alias else (engine, 1.0)
    decode = table["decode"].get(name) or table["decode"]["default"]
    return decode, table.get("prefill", {}).get(name) or table.get("prefill", {}).get("default", {}), factor


def place(plan: Plan, device: Device, tables: Tables) -> Place | None:
    """A device with its published figures; None when nothing says its bandwidth."""
    table = tables.coefficients
    decode, prefill, factor = row(plan.engine, table)
    chip = chips.find(device, tables.chips) or chips.relative(device, tables.chips)
    bandwidth = device.bandwidth_bytes_per_second or (chip.bandwidth if chip else None)
    if bandwidth is None and (device.shared_memory or device.integrated):
        host = chips.processor(plan.facts.cpu, plan.facts.board.model, tables.chips)
        bandwidth = plan.facts.memory.bandwidth_bytes_per_second or (host.bandwidth if host else None)
    if bandwidth is None:
        return None
    arch = device.arch or (chip.arch if chip else None)
    found, basis = coefficients(decode, plan.backend, arch, chip.name if chip else None)
    flops = None
    if chip is not None and (chip.fp16_flops or chip.fp32_flops) and plan.backend in prefill:
        flops = float(prefill[plan.backend]) * float(chip.fp16_flops or chip.fp32_flops or 0) * factor
    name = chip.name if chip is not None else device.name or device.id
    return Place(
        bandwidth=float(found["share"]) * bandwidth * factor,
        flops=flops,
        layer_seconds=float(found["layer_microseconds"]) * 1e-6 / factor,
        spread=float(table["spread"][basis if chip is not None else "guess"]),
        says=f"{name}: {bandwidth / 1e9:.0f} GB/s published, {float(found['share']) * factor:.0%} of it used.",
    )


def coefficients(decode: Mapping[str, Any], backend: str, arch: str | None, chip: str | None) -> tuple[Mapping[str, Any], str]:
    """The nearest row: this chip, its architecture, its backend; and which of them it is."""
    for key, name in (("chip", chip), ("arch", arch)):
        found = decode.get(key, {}).get(name) if name else None
        if found is not None:
            return found, key
    backends = decode["backend"]
    return backends.get(backend) or next(iter(backends.values())), "backend"


def processor(plan: Plan, tables: Tables) -> Place:
    """The CPU: memory bandwidth or what its cores unpack, whichever is less."""
    table, facts = tables.coefficients, plan.facts
    decode, prefill, factor = row(plan.engine, table)
    chip = chips.processor(facts.cpu, facts.board.model or facts.board.soc, tables.chips)
    measured = facts.memory.bandwidth_bytes_per_second
    bandwidth = measured or (chip.bandwidth if chip else None)
    share = float((decode["backend"].get("cpu") or table["decode"]["default"]["backend"]["cpu"])["share"])
    core = core_rate(facts, table["cpu"], "core_bytes_per_second")
    cores, sockets = cores_of(facts), max(1, facts.cpu.sockets or 1)
    if bandwidth is not None:
        bandwidth *= (1 + float(table["cpu"]["further_socket"]) * (sockets - 1)) / (sockets if measured else 1)
    if (cores or 0) > float(table["cpu"]["many_cores"]):
        share *= float(table["cpu"]["many_cores_share"])
    limit = (bandwidth or float(table["cpu"]["fallback_bandwidth"])) * share
    if cores is not None:
        limit = min(limit, cores * core)
    flops = None if cores is None else cores * core_rate(facts, table["cpu"], "core_flops") * float(prefill.get("cpu", 0.3))
    seconds = float((decode["backend"].get("cpu") or {"layer_microseconds": 40})["layer_microseconds"]) * 1e-6
    named = chip.name if chip else facts.cpu.model or "the processor"
    known = f"{bandwidth / 1e9:.0f} GB/s" if bandwidth else "bandwidth not known, 51 GB/s assumed"
    return Place(
        bandwidth=limit * factor,
        flops=flops,
        layer_seconds=seconds,
        spread=float(table["spread"]["cpu" if bandwidth else "guess"]),
        says=f"{named}: {known}, about {limit / 1e9:.0f} GB/s of it used.",
    )


def core_rate(facts: Facts, table: Mapping[str, Any], what: str) -> float:
    """What one core does a second with a 4-bit model, `core_bytes_per_second` unpacked and multiplied or `core_flops` of a prompt: the
    first row whose instructions it has."""
    by_feature, features = table[what], facts.cpu.features
    if features is None:
        return float(by_feature["dotprod" if facts.cpu.arch == "aarch64" else "avx2"])
    return float(next((rate for name, rate in by_feature.items() if name in features), table[f"small_{what}"]))


def cores_of(facts: Facts) -> float | None:
    """Physical cores a process may really use."""
    cpu = facts.cpu
    if cpu.usable_cpus is not None and cpu.cores and cpu.threads:
        return min(float(cpu.cores), cpu.usable_cpus * cpu.cores / cpu.threads if cpu.usable_cpus >= cpu.threads else cpu.usable_cpus)
    if cpu.cores is not None:
        return float(cpu.cores)
    return None if cpu.usable_cpus is None else float(cpu.usable_cpus)
