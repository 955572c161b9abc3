"""KV cache and recurrent state, as llama.cpp allocates them (`llama-kv-cache*.cpp`, `llama-memory-recurrent.cpp`)."""

from functools import lru_cache

from pathfinder.formats.gguf_types import row_bytes
from pathfinder.types.models import Shape

PAD = 256
"""Cells of a cache are a multiple of this (`GGML_PAD(n_ctx, 256)` in `llama-context.cpp`)."""
NO_CACHE = {
    "bert", "jina-bert-v2", "jina-bert-v3", "nomic-bert", "nomic-bert-moe", "neo-bert", "eurobert", "modern-bert", "gemma-embedding",
    "dream", "llada", "llada-moe", "rnd1", "wavtokenizer-dec",
}  # fmt: skip
"""Architectures without any cache (`llama_model::create_memory`)."""


INDEXED = {"deepseek32": (1, 0), "glm-dsa": (1, 0), "hy_v4": (1, 0), "qwen4exp": (1, 0), "glm5-next": (3, 0), "minimax-m3": (1, 1)}
"""Architectures whose indexer keeps (keys, values) of its own, in head sizes: `llama_kv_cache_dsa`, `_msa`, `llama_memory_hybrid_idx`."""

OVERLAPPING = 4
"""Compression ratio whose blocks overlap, and which has an indexer (`DSV4_CSA_RATIO`)."""


def pad(cells: int) -> int:
    return -(-cells // PAD) * PAD


def types(kv_type: str) -> tuple[str, str]:
    """`q8_0` -> both Q8_0; `f16,q8_0` -> keys in F16, values in Q8_0 (llama.cpp's `-ctk` and `-ctv`)."""
    keys, _, values = kv_type.upper().partition(",")
    return keys, values or keys


def sliding(shape: Shape) -> tuple[bool, ...]:
    """For each layer, whether it only attends inside the window."""
    trunk = shape.layers - shape.nextn_layers
    if shape.sliding_window is None:
        return (False,) * shape.layers
    if shape.sliding_layers is not None:
        marked = set(shape.sliding_layers)
        return tuple(index in marked for index in range(shape.layers))
    period = shape.sliding_pattern
    if not period:
        return tuple(index < trunk for index in range(shape.layers))
    full = 0 if shape.sliding_first else period - 1
    return tuple(index < trunk and index % period != full for index in range(shape.layers))


def attends(shape: Shape) -> tuple[bool, ...]:
    """For each layer, whether it keeps keys and values of its own."""
    trunk = shape.layers - shape.nextn_layers
    marked = None if shape.attention_layers is None else set(shape.attention_layers)
    own = shape.layers if shape.kv_layers is None else shape.kv_layers
    return tuple(index < min(trunk, own) and (marked is None or index in marked) for index in range(shape.layers))


def kv_heads(shape: Shape, layer: int) -> int:
    if shape.kv_heads_per_layer is not None:
        return shape.kv_heads_per_layer[layer]
    return shape.kv_heads or shape.heads or 0


def row_elements(shape: Shape, layer: int, window: bool) -> tuple[int, int]:
    """Elements of one token's keys and values in one layer."""
    if shape.mla_key_dim is not None and shape.kv_lora_rank is not None:
        return shape.kv_lora_rank + (shape.rope_head_dim or 0), 0
    key = shape.head_dim or (shape.hidden // shape.heads if shape.heads else 0)
    value = shape.value_head_dim or key
    if window:
        key, value = shape.sliding_head_dim or key, shape.sliding_value_head_dim or value
    heads = kv_heads(shape, layer)
    return key * heads, value * heads


def indexer_elements(arch: str, shape: Shape, layer: int) -> tuple[int, int]:
    """Elements of one token's keys and values in a layer's indexer."""
    if arch not in INDEXED or not shape.indexer_head_dim or (shape.indexer_layers is not None and layer not in shape.indexer_layers):
        return 0, 0
    keys, values = INDEXED[arch]
    return keys * shape.indexer_head_dim, values * (shape.value_head_dim or shape.indexer_head_dim)


def cells(shape: Shape, context: int, parallel: int, batch: int, unified: bool) -> tuple[int, int]:
    """Cells of a full and of a window layer, of one stream."""
    full = pad(context) if unified else pad(-(-pad(context) // parallel))
    if shape.sliding_window is None:
        return full, full
    return full, pad(min(full, shape.sliding_window * (parallel if unified else 1) + batch))


@lru_cache(256)
def per_layer(
    arch: str, shape: Shape, context: int, *, kv_type: str = "f16", parallel: int = 1, batch: int = 512, unified: bool | None = None
) -> tuple[int, ...]:
    """Bytes of cache and state in each layer, `context` tokens shared by `parallel` sequences.

    `batch` is the micro-batch: a window layer keeps window + micro-batch cells. `unified` is llama.cpp's one cache for all sequences."""
    if arch in NO_CACHE:
        return (0,) * shape.layers
    one_stream = parallel == 1 if unified is None else unified
    streams = 1 if one_stream else parallel
    of_keys, of_values = types(kv_type)
    if shape.compress_ratios is not None:
        each = pad(context) if one_stream else pad(-(-pad(context) // parallel))
        kept = [compressed(shape, layer, each, batch, of_keys) if keeps else 0 for layer, keeps in enumerate(attends(shape))]
        return tuple(parallel * size for size in kept)
    full, window = cells(shape, context, parallel, batch, one_stream)
    found = []
    for layer, (keeps, slides, state) in enumerate(zip(attends(shape), sliding(shape), states(shape, parallel), strict=True)):
        size = state
        if keeps:
            key, value = row_elements(shape, layer, slides)
            rows = (window if slides else full) * streams
            size += rows * (row_bytes(of_keys, key) + row_bytes(of_values, value))
            key, value = indexer_elements(arch, shape, layer)
            size += rows * (row_bytes(of_keys, key) + row_bytes(of_values, value))
        found.append(size)
    return tuple(found)


def compressed(shape: Shape, layer: int, context: int, batch: int, of_keys: str) -> int:
    """Bytes of one sequence in one layer of DeepSeek V4: a window, one key for every 4 (with an indexer's) or 128 tokens beside it, and
    the F32 state that compresses the next (`llama-kv-cache-dsv4.cpp`, `llama_dsv4_comp_state`). Sequences never share cells."""
    key, ratio = shape.head_dim or 0, shape.compress_ratios[layer] if shape.compress_ratios else 0
    size = pad(min(context, (shape.sliding_window or context) + batch)) * row_bytes(of_keys, key)
    if ratio == OVERLAPPING:
        kept = (key, shape.indexer_head_dim or 0)
        return size + sum(pad(-(-context // ratio)) * row_bytes(of_keys, width) + 2 * 4 * 2 * width * 2 * ratio for width in kept)
    return size + (pad(-(-context // ratio)) * row_bytes(of_keys, key) + 2 * 4 * key * ratio if ratio > 0 else 0)


def states(shape: Shape, parallel: int) -> tuple[int, ...]:
    """Bytes of the recurrent state in each layer; always F32, one cell a sequence."""
    size = 4 * parallel * (convolution(shape) + state(shape))
    if size == 0:
        return (0,) * shape.layers
    trunk = shape.layers - shape.nextn_layers
    if shape.recurrent_layers is not None:
        marked = set(shape.recurrent_layers)
        return tuple(size if index in marked and index < trunk else 0 for index in range(shape.layers))
    own = attends(shape)
    return tuple(0 if own[index] or index >= trunk else size for index in range(shape.layers))


def convolution(shape: Shape) -> int:
    """Elements of the rolling (convolution or token-shift) state: `llama_hparams::n_embd_r`."""
    if shape.wkv_head_size:
        return (shape.token_shift or 2) * shape.hidden
    width = (shape.conv_kernel or 1) - 1
    if shape.kda_head_dim:
        return 3 * (width or 3) * (shape.heads or 0) * shape.kda_head_dim
    if shape.inner is None:
        return shape.hidden * width
    return width * (shape.inner + 2 * (shape.groups or 0) * (shape.state_size or 0))


def state(shape: Shape) -> int:
    """Elements of the recurrent state: `llama_hparams::n_embd_s`."""
    if shape.wkv_head_size:
        return shape.hidden * shape.wkv_head_size
    if shape.kda_head_dim:
        return shape.kda_head_dim**2 * (shape.heads or 0)
    return (shape.state_size or 0) * (shape.inner or 0)
