"""GGUF metadata -> Shape, by the keys and defaults of llama.cpp's loader (`llama-model.cpp`, `models/*.cpp`)."""

from collections.abc import Mapping
from typing import Any

from pathfinder.types.models import Shape

SLIDING: dict[str, tuple[int, bool, int | None]] = {
    "afmoe": (4, False, None), "cohere2": (4, False, None), "cohere2moe": (4, True, None), "exaone-moe": (4, False, 128),
    "exaone4": (4, False, 4096), "gemma-embedding": (6, False, None), "gemma2": (2, False, 4096), "gemma3": (6, False, None),
    "gemma3n": (5, False, None), "gpt-oss": (2, False, None), "laguna": (4, True, None), "llama4": (4, False, 8192),
    "mellum": (4, False, None), "modern-bert": (3, True, None), "muse-glimmer": (4, False, None), "olmo2": (4, False, None),
    "plamo3": (8, False, None), "smallthinker": (4, True, 4096),
}  # fmt: skip
"""Architecture -> (period, does the full layer come first, the window where the file does not state one)."""
FROM_FILE = {"gemma4", "gemma4-assistant", "granite_swa", "mimo2", "step35", "maple", "spark2_5", "dots3note", "dflash", "deepseek4"}
"""Architectures whose layers with a window are only known from an array in the file."""
NO_WINDOW = {"phi3", "qwen2moe", "mistral3"}
"""A window may be stated and is ignored by the loader."""
OPTIONAL = {"gemma3", "afmoe", "laguna", "mellum", "modern-bert", "olmo2", "plamo3", "smallthinker", "exaone4"}
"""Architectures that use a window only where the file states one."""
CHUNKED = {"llama4"}
SYMMETRIC = {"gemma-embedding", "modern-bert"}
RECURRENT = {"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"}
GATED_DELTA = {"qwen3next", "qwen35", "qwen35moe", "qwen4exp", "minimax-01"}
BY_KV_HEADS = {"jamba", "plamo2", "granitehybrid", "lfm2", "lfm2moe", "kimi-linear", "bailingmoe3", "kimi-k3", "glm5-next"}
"""Hybrids that mark a recurrent layer by zero KV heads."""


class Keys:
    """Typed look-ups under `<architecture>.`; anything of another type counts as absent."""

    def __init__(self, metadata: Mapping[str, Any], arch: str) -> None:
        self.metadata = metadata
        self.arch = arch

    def any(self, name: str) -> Any:
        return self.metadata.get(f"{self.arch}.{name}")

    def number(self, name: str) -> int | None:
        value = self.any(name)
        return int(value) if isinstance(value, int) and 0 <= value < 1 << 40 else None

    def flags(self, name: str) -> tuple[int, ...] | None:
        """The indices that an array of truth values marks."""
        value = self.any(name)
        return tuple(index for index, on in enumerate(value) if on) if isinstance(value, tuple) else None

    def row(self, name: str, layers: int) -> tuple[int, ...] | None:
        """One integer a layer, whether the file states one for all or an array."""
        value = self.any(name)
        if isinstance(value, tuple):
            return tuple(int(item) for item in value[:layers]) + (int(value[-1]),) * (layers - len(value)) if value else None
        return None if not isinstance(value, int) else (value,) * layers


def shape(metadata: Mapping[str, Any], arch: str, vocab: int | None, tied: bool) -> Shape | None:
    """The shape a file states, or None where it states no layers (adapters, projectors)."""
    keys = Keys(metadata, arch)
    layers, hidden = keys.number("block_count"), keys.number("embedding_length")
    if not layers or not hidden or layers > 1024:
        return None
    heads_row = keys.row("attention.head_count", layers) or (0,) * layers
    kv_row = keys.row("attention.head_count_kv", layers) or heads_row
    heads, ffn_row = max(heads_row), keys.row("feed_forward_length", layers)
    head_dim = keys.number("attention.key_length") or (hidden // heads_row[0] if heads_row[0] else None)
    fields: dict[str, Any] = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads or None,
        "kv_heads": max(kv_row) or None,
        "head_dim": head_dim,
        "value_head_dim": keys.number("attention.value_length") or (hidden // heads_row[0] if heads_row[0] else None),
        "ffn": max(ffn_row) if ffn_row else None,
        "vocab": vocab,
        "context": keys.number("context_length"),
        "tied_embeddings": tied,
        "kv_heads_per_layer": _uneven(kv_row),
        "heads_per_layer": _uneven(heads_row),
        "ffn_per_layer": _uneven(ffn_row),
        "per_layer_input": keys.number("embedding_length_per_layer_input"),
        "nextn_layers": min(keys.number("nextn_predict_layers") or 0, layers - 1),
    }
    fields |= _experts(keys, layers) | _latent(keys, layers)
    fields |= _sliding(keys, layers, vocab) | _recurrent(keys, layers, heads_row, kv_row, ffn_row)
    return Shape(**fields)


def _uneven(row: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return row if row and len(set(row)) > 1 else None


def _experts(keys: Keys, layers: int) -> dict[str, Any]:
    if not keys.number("expert_count"):
        return {}
    used, ffn = keys.row("expert_used_count", layers), keys.row("expert_feed_forward_length", layers)
    return {
        "experts": keys.number("expert_count"),
        "experts_used": max(used) if used else None,
        "shared_experts": keys.number("expert_shared_count"),
        "expert_ffn": max(ffn) if ffn else keys.number("feed_forward_length"),
        "expert_hidden": keys.number("moe_latent_size") or keys.number("expert_latent_length"),
        "dense_layers": keys.number("leading_dense_block_count"),
    }


def _latent(keys: Keys, layers: int) -> dict[str, Any]:
    return {
        "kv_lora_rank": keys.number("attention.kv_lora_rank"),
        "q_lora_rank": keys.number("attention.q_lora_rank"),
        "rope_head_dim": keys.number("rope.dimension_count"),
        "mla_key_dim": keys.number("attention.key_length_mla"),
        "mla_value_dim": keys.number("attention.value_length_mla"),
        "indexer_heads": keys.number("attention.indexer.head_count"),
        "indexer_head_dim": keys.number("attention.indexer.key_length"),
        "indexer_layers": _indexed(keys, layers),
        "compress_ratios": keys.row("attention.compress_ratios", layers),
        "output_groups": keys.number("attention.output_group_count"),
        "output_lora_rank": keys.number("attention.output_lora_rank"),
    }


def _indexed(keys: Keys, layers: int) -> tuple[int, ...] | None:
    """Layers with an indexer of their own; GLM 5.2's first files leave its pattern to the loader (`models/glm-dsa.cpp`)."""
    if keys.arch == "minimax-m3":
        return tuple(range(keys.number("leading_dense_block_count") or 0, layers))
    marked = keys.flags("attention.indexer.types")
    if marked is None and keys.arch == "glm-dsa" and (keys.number("context_length") or 0) >= 1 << 20:
        return tuple(index for index in range(layers) if index < 2 or index % 4 == 2)
    return marked


def _sliding(keys: Keys, layers: int, vocab: int | None) -> dict[str, Any]:
    arch, stated = keys.arch, keys.number("attention.sliding_window")
    shared = keys.number("attention.shared_kv_layers") or 0
    found: dict[str, Any] = {}
    if arch == "gemma3n":
        found["kv_layers"] = min(20, layers)
    elif arch == "gemma4" and shared < layers:
        found["kv_layers"] = layers - shared
    if arch in NO_WINDOW or (arch in OPTIONAL | CHUNKED and stated == 0) or (arch in OPTIONAL and arch != "exaone4" and stated is None):
        return found
    if arch == "exaone4" and layers != 64 and stated is None:
        return found
    marked = keys.flags("attention.sliding_window_pattern")
    if arch in SLIDING:
        period, first, window = SLIDING[arch]
        found["sliding_window"] = window if arch in CHUNKED else (stated or window)
        found["sliding_pattern"] = keys.number("attention.sliding_window_pattern") or period
        found["sliding_first"] = first
    elif arch in FROM_FILE or (arch == "lfm2" and stated):
        found["sliding_window"] = stated
    else:
        return found
    if marked is not None:
        found["sliding_layers"], found["sliding_pattern"] = tuple(index for index in marked if index < layers), None
    found["window_kind"] = "chunked" if arch in CHUNKED else "symmetric" if arch in SYMMETRIC else "standard"
    found["sliding_head_dim"] = keys.number("attention.key_length_swa")
    found["sliding_value_head_dim"] = keys.number("attention.value_length_swa")
    return found


def _recurrent(keys: Keys, layers: int, heads: tuple[int, ...], kv: tuple[int, ...], ffn: tuple[int, ...] | None) -> dict[str, Any]:
    arch = keys.arch
    states = {
        "state_size": keys.number("ssm.state_size"),
        "conv_kernel": keys.number("ssm.conv_kernel") or keys.number("shortconv.l_cache"),
        "inner": keys.number("ssm.inner_size"),
        "groups": keys.number("ssm.group_count"),
        "wkv_head_size": keys.number("wkv.head_size"),
        "token_shift": (keys.number("token_shift_count") or 2) if keys.number("wkv.head_size") else None,
        "kda_head_dim": keys.number("kda.head_dim"),
    }
    every, trunk = tuple(range(layers)), layers - min(keys.number("nextn_predict_layers") or 0, layers - 1)
    if arch in RECURRENT:
        return states | {"attention_layers": (), "recurrent_layers": every}
    if arch == "falcon-h1":
        return states | {"recurrent_layers": every}
    if arch in ("nemotron_h", "nemotron_h_moe"):
        row = ffn or (0,) * layers
        return states | {
            "attention_layers": tuple(i for i in every if kv[i] and not row[i]),
            "recurrent_layers": tuple(i for i in every if not kv[i] and not row[i]),
        }
    if arch in GATED_DELTA:
        marked, period = keys.flags("attention.recurrent_layers"), keys.number("full_attention_interval") or 4
        recurrent = tuple(i for i in every if i < trunk and ((i in marked) if marked is not None else (i + 1) % period != 0))
    elif arch in BY_KV_HEADS:
        recurrent = tuple(i for i in every if not kv[i])
    else:
        return {}
    return states | {"attention_layers": tuple(i for i in every if i not in recurrent), "recurrent_layers": recurrent}
