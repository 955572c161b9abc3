"""How much memory a model takes, and how fast it is."""

from pathfinder.types.models import Artifact
from pathfinder.types.words import Frozen


class DeviceMemory(Frozen, frozen=True, kw_only=True):
    device: str
    """`Device.id`, or `ram`."""
    weights_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    overhead_bytes: int = 0
    projector_bytes: int = 0
    total_bytes: int
    available_bytes: int | None = None


class MemoryEstimate(Frozen, frozen=True, kw_only=True):
    weights_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    overhead_bytes: int = 0
    projector_bytes: int = 0
    """The part of the model that sees, on the first device."""
    total_bytes: int
    per_device: tuple[DeviceMemory, ...] = ()
    fits: bool | None = None
    headroom_bytes: int | None = None


class Interval(Frozen, frozen=True, kw_only=True):
    low: float | None = None
    likely: float | None = None
    high: float | None = None


class SpeedEstimate(Frozen, frozen=True, kw_only=True):
    prefill_tps: Interval = Interval()
    decode_tps: Interval = Interval()


class Choice(Frozen, frozen=True, kw_only=True):
    """One form of the model beside the others."""

    quant: str
    chosen: bool = False
    perplexity_added: float | None = None
    """Above the unquantised model, as llama.cpp states it of Llama 3 8B; larger models lose less."""
    total_bytes: int
    fits: bool | None = None
    gpu_layers: int | None = None
    decode_tps: float | None = None


class Estimate(Frozen, frozen=True, kw_only=True):
    """`pathfinder/estimate/v1`."""

    schema: str = "pathfinder/estimate/v1"
    model: str
    artifact: Artifact | None
    context: int
    gpu_layers: int | None = None
    expert_layers: int = 0
    """Leading layers whose routed experts stay in system memory."""
    memory: MemoryEstimate
    speed: SpeedEstimate = SpeedEstimate()
    assumed: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    """What would fit where this does not: sentences, each naming one change."""
    choices: tuple[Choice, ...] = ()
    """The quantisation taken and its neighbours, the smallest first."""
