"""Memory and speed of one candidate with one form of the model: what `estimate` says, after the runtime's rule and its caveats."""

import math

from msgspec.structs import replace

from pathfinder.deciding.choose import Length
from pathfinder.deciding.room import utilisation
from pathfinder.estimate import Tables, estimate
from pathfinder.estimate.experts import apart
from pathfinder.types.estimates import Estimate, Interval, SpeedEstimate
from pathfinder.types.facts import Facts
from pathfinder.types.models import Artifact, Demand
from pathfinder.types.plans import Candidate


def predict(
    candidate: Candidate, artifact: Artifact, facts: Facts, demand: Demand, length: Length, split: bool, tables: Tables | None
) -> Estimate:
    """`split`: layers may stay in system memory."""
    cell, devices = candidate.cell, candidate.devices
    context, streams = length
    share = utilisation(devices, cell)

    def one(expert_layers: int) -> Estimate:
        return estimate(
            demand.model,
            artifact,
            facts,
            devices,
            cell.engine or candidate.runtime.id,
            cell.memory if share is None else replace(cell.memory, utilisation=share),
            context * streams,
            streams,
            backend=cell.backend,
            offload=split,
            expert_layers=expert_layers,
            tables=tables,
        )

    found = one(0)
    layers = demand.model.shape.layers if demand.model.shape and demand.model.shape.experts else 0
    if split and cell.expert_offload and layers and found.gpu_layers is not None and found.gpu_layers <= layers:
        margin = int(tables.coefficients.get("margin_bytes", 0)) if tables else 0
        found = apart(found, layers, margin, one)
    if split and found.gpu_layers == 0:
        found = replace(found, memory=replace(found.memory, fits=False))
    return replace(found, context=context, speed=slowed(found.speed, slowness(candidate)))


def slowness(candidate: Candidate) -> float:
    """The product of the factors of the `slower` caveats that apply."""
    return math.prod(hit.factor for hit in candidate.caveats if hit.factor is not None and hit.effect == "slower" and hit.applies)


def slowed(speed: SpeedEstimate, factor: float) -> SpeedEstimate:
    if factor == 1:
        return speed

    def times(interval: Interval) -> Interval:
        return Interval(
            low=None if interval.low is None else interval.low * factor,
            likely=None if interval.likely is None else interval.likely * factor,
            high=None if interval.high is None else interval.high * factor,
        )

    return SpeedEstimate(prefill_tps=times(speed.prefill_tps), decode_tps=times(speed.decode_tps))
