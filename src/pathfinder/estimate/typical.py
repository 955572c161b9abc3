"""A usual shape for a language model whose own is not known: what models of its number of parameters look like."""

from itertools import pairwise

from msgspec.structs import replace

from pathfinder.types.models import Model, Shape

USUAL = (
    (0.1e9, 30, 576), (0.36e9, 28, 960), (0.6e9, 28, 1024), (1.2e9, 20, 2048), (3e9, 28, 3072), (8e9, 32, 4096), (14e9, 40, 5120),
    (32e9, 64, 5120), (70e9, 80, 8192), (123e9, 88, 12288), (405e9, 126, 16384),
)  # fmt: skip
"""Parameters, layers, width: Llama, Qwen, Phi and Mistral models of 2024 and 2025."""
VOCABULARY = 128256
HEAD = 128
KV_HEADS = 8
EXPERTS = 128
LANGUAGE = {"chat", "completion"}


def model(known: Model) -> Model | None:
    """The same model with a usual shape, its matrices adding up to the published number; None where nothing can stand in."""
    if known.shape is not None or known.tensors or not known.params or not LANGUAGE & set(known.tasks):
        return None
    active = min(known.active_params or known.params, known.params)
    layers, hidden = size((known.params * active) ** 0.5)
    tied = known.params < 3e9
    heads = max(1, hidden // HEAD)
    kv_heads = next(count for count in (KV_HEADS, 4, 3, 2, 1) if heads % count == 0)
    rest = hidden * VOCABULARY * (1 if tied else 2) + layers * hidden * 2 * (heads + kv_heads) * HEAD
    feed = (known.params - rest) / (3 * layers * hidden)
    if feed < 256:
        return None
    shape = Shape(
        layers=layers, hidden=hidden, heads=heads, kv_heads=kv_heads, head_dim=HEAD, vocab=VOCABULARY, context=131072, tied_embeddings=tied,
        ffn=whole(feed),
    )  # fmt: skip
    if active == known.params:
        return replace(known, arch="llama", shape=shape)
    share = (active - rest) / (known.params - rest)
    used = max(1, min(EXPERTS - 1, round(EXPERTS * share)))
    width = whole(feed / EXPERTS)
    return replace(known, arch="qwen3moe", shape=replace(shape, ffn=width, experts=EXPERTS, experts_used=used, expert_ffn=width))


def size(params: float) -> tuple[int, int]:
    """Layers and width between the two nearest rows, by the logarithm's place; the width in whole blocks of 256."""
    if params <= USUAL[0][0]:
        return USUAL[0][1], 512
    for (low, layers, hidden), (high, more, wider) in pairwise(USUAL):
        if params <= high:
            part = (params - low) / (high - low)
            return round(layers + part * (more - layers)), whole(hidden + part * (wider - hidden))
    return USUAL[-1][1:]


def whole(width: float) -> int:
    return max(256, round(width / 256) * 256)
