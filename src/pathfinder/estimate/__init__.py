"""What a model needs and how fast it will be, before anything is downloaded. Pure: all data come as arguments."""

from pathfinder.estimate.tables import Tables
from pathfinder.types.estimates import Estimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact, Model

__all__ = ["Tables", "estimate"]


def estimate(
    model: Model,
    artifact: Artifact | None,
    facts: Facts,
    devices: tuple[Device, ...],
    engine: str,
    rule: MemoryRule,
    context: int,
    parallel: int = 1,
    gpu_layers: int | None = None,
    kv_type: str = "f16",
    *,
    backend: str | None = None,
    batch: int = 512,
    offload: bool = True,
    expert_layers: int = 0,
    tables: Tables | None = None,
) -> Estimate:
    """Memory and speed of `model` in `artifact`'s form under `engine`.

    `context` is tokens for all `parallel` sequences together, `batch` the micro-batch in tokens; no devices means the CPU.
    `gpu_layers` is llama.cpp's `-ngl` (all layers and the output: layers + 1); None lets it be chosen: everything when it fits,
    else, where the cell can `offload`, as many as fit. `backend` names the row of the overhead and speed coefficients.
    The routed experts of the first `expert_layers` layers stay in system memory (llama.cpp's `--n-cpu-moe`).
    Without `tables` the speed is unknown. A model without a known shape gets the artefact's size and says so in `assumed`."""
    from pathfinder.estimate import assemble

    return assemble.estimate(
        model,
        artifact,
        facts,
        devices,
        engine,
        rule,
        context,
        parallel,
        gpu_layers,
        kv_type,
        backend,
        batch,
        offload,
        expert_layers,
        tables or Tables(),
    )
