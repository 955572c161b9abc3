"""The matrices an architecture has, from its shape alone: name, rows, columns; as `llama.cpp/src/models/*.cpp` creates them."""

from collections.abc import Iterator

from pathfinder.estimate.cache import OVERLAPPING, attends, kv_heads, sliding, states
from pathfinder.types.models import Shape

UNGATED = {
    "gpt2", "gptneox", "gptj", "bloom", "falcon", "mpt", "starcoder", "starcoder2", "phi2", "opt", "nemotron", "bert",
    "nomic-bert-moe", "jina-bert-v3", "whisper", "codeshell", "jais", "refact", "nemotron_h", "nemotron_h_moe", "apertus", "arcee",
    "rwkv6", "rwkv7",
}  # fmt: skip
"""Feed-forward of two matrices instead of three."""
FUSED_QKV = {"phi3", "falcon", "gpt2", "gptneox", "bloom", "mpt", "starcoder", "phi2", "qwen", "codeshell", "dbrx", "jais", "chatglm"}
FUSED_UP = {"phi3", "chatglm", "glm4"}
GATED_ATTENTION = {"qwen3next", "qwen35", "qwen35moe"}
"""Queries carry an output gate of the same size."""
FULL_GATE = {"kimi-k3"}
"""Delta and latent attention are gated at their full width (Kimi Linear's gate is of low rank, too small to count)."""
CROSS_ATTENTION = {"mllama"}
"""Layers that keep no tokens attend to a picture instead."""
ONE_BLOCK = {"nemotron_h", "nemotron_h_moe"}
"""A layer is attention, or recurrence, or feed-forward."""
MERGED_MOE = {"llama4": 2}
"""Only every n-th layer routes (where the shape does not say which layers are dense)."""

Matrix = tuple[str, int, int]


def tensors(arch: str, shape: Shape) -> Iterator[tuple[int | None, Matrix]]:
    """(layer or None, (name, rows, columns)) of every matrix; norms and biases are left out (well under 0.1 % of the bytes)."""
    hidden, vocab = shape.hidden, shape.vocab or 0
    yield None, ("token_embd", vocab, hidden)
    if shape.per_layer_input:
        yield None, ("per_layer_token_embd", vocab, shape.per_layer_input * shape.layers)
    if not shape.tied_embeddings:
        yield None, ("output", vocab, hidden)
    recurrent = states(shape, 1)
    keeps, windows = queries(arch, shape), sliding(shape)
    for layer in range(shape.layers - shape.nextn_layers):
        if keeps[layer]:
            yield from ((layer, matrix) for matrix in attention(arch, shape, layer, windows[layer]))
        if recurrent[layer]:
            yield from ((layer, matrix) for matrix in recurrence(arch, shape))
        if arch in ONE_BLOCK and (keeps[layer] or recurrent[layer]):
            continue
        yield from ((layer, matrix) for matrix in feed_forward(arch, shape, layer))


def queries(arch: str, shape: Shape) -> tuple[bool, ...]:
    """Layers with attention, including those that borrow another layer's cache."""
    if shape.kv_layers is None and arch not in CROSS_ATTENTION:
        return attends(shape)
    return tuple(True for _ in range(shape.layers))


def attention(arch: str, shape: Shape, layer: int, window: bool) -> Iterator[Matrix]:
    hidden = shape.hidden
    heads = shape.heads_per_layer[layer] if shape.heads_per_layer else shape.heads or 1
    key = (shape.sliding_head_dim if window else None) or shape.head_dim or hidden // heads
    value = (shape.sliding_value_head_dim if window else None) or shape.value_head_dim or key
    if shape.kv_lora_rank:
        yield from latent(shape, heads)
        if arch in FULL_GATE:
            yield "attn_gate", heads * (shape.mla_value_dim or value), hidden
        return
    if shape.compress_ratios is not None:
        yield from compressed(shape, heads, shape.compress_ratios[layer])
        return
    kv = kv_heads(shape, layer)
    if heads == 0:
        return
    if arch in FUSED_QKV:
        yield "attn_qkv", heads * key + kv * (key + value), hidden
    else:
        yield "attn_q", heads * key * (2 if arch in GATED_ATTENTION else 1), hidden
        yield "attn_k", kv * key, hidden
        yield "attn_v", kv * value, hidden
    yield "attn_output", hidden, heads * value


def latent(shape: Shape, heads: int) -> Iterator[Matrix]:
    """Multi-head latent attention, absorbed: queries and the compressed KV are both low-rank."""
    rank, rope, hidden = shape.kv_lora_rank or 0, shape.rope_head_dim or 0, shape.hidden
    key = shape.mla_key_dim or shape.head_dim or 0
    value = shape.mla_value_dim or shape.value_head_dim or key
    if shape.q_lora_rank:
        yield "attn_q_a", shape.q_lora_rank, hidden
        yield "attn_q_b", heads * key, shape.q_lora_rank
    else:
        yield "attn_q", heads * key, hidden
    yield "attn_kv_a_mqa", rank + rope, hidden
    yield "attn_k_b", heads * rank, key - rope
    yield "attn_v_b", heads * value, rank
    yield "attn_output", hidden, heads * value


def compressed(shape: Shape, heads: int, ratio: int) -> Iterator[Matrix]:
    """DeepSeek V4: one key that is the value too, queries and output of low rank, a compressor, an indexer where it compresses by 4."""
    hidden, key, rank = shape.hidden, shape.head_dim or 0, shape.q_lora_rank or 0
    groups, inner = shape.output_groups or 1, shape.output_lora_rank or 0
    yield "attn_q_a", rank, hidden
    yield "attn_q_b", heads * key, rank
    yield "attn_kv", key, hidden
    yield "attn_output_a", groups * inner, heads * key // groups
    yield "attn_output_b", hidden, groups * inner
    blocks = 2 if ratio == OVERLAPPING else 1
    if ratio:
        yield "attn_compressor_kv", blocks * key, hidden
        yield "attn_compressor_gate", blocks * key, hidden
    if ratio == OVERLAPPING:
        width = shape.indexer_head_dim or 0
        yield "indexer.proj", shape.indexer_heads or 0, hidden
        yield "indexer.attn_q_b", (shape.indexer_heads or 0) * width, rank
        yield "indexer_compressor_kv", blocks * width, hidden
        yield "indexer_compressor_gate", blocks * width, hidden


def recurrence(arch: str, shape: Shape) -> Iterator[Matrix]:
    """Projections of a state-space, delta-net or short-convolution layer."""
    hidden, inner = shape.hidden, shape.inner or 0
    if shape.wkv_head_size:
        for name in ("time_mix_receptance", "time_mix_key", "time_mix_value", "time_mix_output"):
            yield name, hidden, hidden
        if arch == "rwkv7":
            yield "time_mix_low_rank", 2 * hidden, low_rank(hidden)
        else:
            yield "time_mix_gate", hidden, hidden
            yield "channel_mix_receptance", hidden, hidden
    elif shape.kda_head_dim:
        width = (shape.heads or 0) * shape.kda_head_dim
        for name in ("attn_q", "attn_k", "attn_v"):
            yield name, width, hidden
        if arch in FULL_GATE:
            yield "ssm_g", width, hidden
        yield "attn_output", hidden, width
    elif not inner:
        yield "shortconv.in_proj", 3 * hidden, hidden
        yield "shortconv.out_proj", hidden, hidden
    elif arch in GATED_ATTENTION:
        yield "attn_qkv", inner + 2 * (shape.groups or 0) * (shape.state_size or 0), hidden
        yield "attn_gate", inner, hidden
        yield "ssm_out", hidden, inner
    else:
        mixed = 2 * inner + 2 * (shape.groups or 0) * (shape.state_size or 0)
        yield "ssm_in", mixed, hidden
        if arch == "mamba":
            step = -(-hidden // 16)
            yield "ssm_x", step + 2 * (shape.state_size or 0), inner
            yield "ssm_dt", inner, step
        yield "ssm_out", hidden, inner


def low_rank(hidden: int) -> int:
    """Ranks of RWKV-7's decay, in-context rate, value and gate together, each a multiple of 32 (of its checkpoints of 0.1B to 13B)."""
    return sum(32 * round(rank / 32) for rank in (1.8 * hidden**0.5, 1.8 * hidden**0.5, 1.3 * hidden**0.5, 0.6 * hidden**0.8))


def routes(arch: str, shape: Shape, layer: int) -> bool:
    """Whether a layer has routed experts."""
    if not shape.experts:
        return False
    if arch in MERGED_MOE and shape.dense_layers is None:
        return layer % MERGED_MOE[arch] == MERGED_MOE[arch] - 1 or shape.experts == 16
    return layer >= (shape.dense_layers or 0)


def feed_forward(arch: str, shape: Shape, layer: int) -> Iterator[Matrix]:
    hidden = shape.hidden
    if routes(arch, shape, layer):
        experts, width, inner = shape.experts or 0, shape.expert_ffn or shape.ffn or 0, shape.expert_hidden or hidden
        yield "ffn_gate_inp", experts, hidden
        if inner != hidden:
            yield "ffn_latent_down", inner, hidden
            yield "ffn_latent_up", hidden, inner
        if arch not in UNGATED:
            yield "ffn_gate_exps", experts * width, inner
        yield "ffn_up_exps", experts * width, inner
        yield "ffn_down_exps", experts * inner, width
        if shape.shared_experts:
            shared = shape.shared_experts * width
            if arch not in UNGATED:
                yield "ffn_gate_shexp", shared, hidden
            yield "ffn_up_shexp", shared, hidden
            yield "ffn_down_shexp", hidden, shared
        return
    width = shape.ffn_per_layer[layer] if shape.ffn_per_layer else shape.ffn or 0
    if not width:
        return
    if arch in FUSED_UP:
        yield "ffn_up", 2 * width, hidden
    else:
        if arch not in UNGATED:
            yield "ffn_gate", width, hidden
        yield "ffn_up", width, hidden
    yield "ffn_down", hidden, width


def parameters(arch: str, shape: Shape) -> int:
    """Elements of all matrices."""
    return sum(rows * columns for _, (_, rows, columns) in tensors(arch, shape))
