"""What single families write their own way into a `config.json`; sources: llama.cpp's `conversion/` and the makers' configuration code."""

from collections.abc import Callable, Mapping
from typing import Any

from pathfinder.formats.hf_keys import Keys


def own(arch: str, keys: Keys, layers: int) -> dict[str, Any]:
    """Fields of the shape that only this architecture's configuration says; empty for the others."""
    read = FAMILIES.get(arch)
    return {name: value for name, value in read(keys, layers).items() if value is not None} if read else {}


def _llama4(keys: Keys, layers: int) -> dict[str, Any]:
    """`intermediate_size` is an expert's, and there is one shared expert beside the routed ones."""
    return {"ffn": keys.number("intermediate_size_mlp"), "expert_ffn": keys.number("intermediate_size"), "shared_experts": 1}


def _deci(keys: Keys, layers: int) -> dict[str, Any]:
    """Each block says for itself how many queries share a key and how wide its feed-forward is; either may be left out."""
    blocks, heads, hidden = keys.config.get("block_configs"), keys.known("heads"), keys.known("hidden")
    if not isinstance(blocks, list) or len(blocks) != layers or not heads or not hidden:
        return {}
    groups = [_inner(block, "attention").get("n_heads_in_group") for block in blocks]
    kv = tuple(heads // group if isinstance(group, int) and 0 < group <= heads else 0 for group in groups)
    linear = [_inner(block, "attention").get("replace_with_linear") is True for block in blocks]
    widths = tuple(_width(_inner(block, "ffn").get("ffn_mult"), hidden) for block in blocks)
    return {
        "kv_heads": max(kv) or None,
        "kv_heads_per_layer": kv,
        "heads_per_layer": tuple(heads if count or plain else 0 for count, plain in zip(kv, linear, strict=True)),
        "attention_layers": tuple(index for index, count in enumerate(kv) if count),
        "ffn": max(widths) or None,
        "ffn_per_layer": widths,
    }


def _width(multiple: object, hidden: int) -> int:
    """Two thirds of `multiple` times the hidden size, up to the next multiple of 256; nothing where the block has none."""
    if not isinstance(multiple, int | float) or not 0 <= multiple < 1024:
        return 0
    return -(-int(2 * multiple * hidden / 3) // 256) * 256


def _inner(block: object, name: str) -> Mapping[str, Any]:
    found = block.get(name) if isinstance(block, dict) else None
    return found if isinstance(found, dict) else {}


def _step(keys: Keys, layers: int) -> dict[str, Any]:
    """Window layers have a number of query heads of their own; routed layers are listed in a text: `3,4,5`."""
    kinds, heads = keys.config.get("layer_types"), keys.known("heads")
    window = _inner(keys.config, "attention_other_setting").get("num_attention_heads")
    found: dict[str, Any] = {}
    if isinstance(kinds, list) and len(kinds) >= layers and isinstance(window, int) and heads:
        found["heads_per_layer"] = tuple(window if kind == "sliding_attention" else heads for kind in kinds[:layers])
        found["heads"] = max(window, heads)
    first = str(keys.config.get("moe_layers_enum") or "").partition(",")[0]
    if first.isdecimal() and len(first) < 5:
        found["dense_layers"] = int(first)
    return found


def _mimo2(keys: Keys, layers: int) -> dict[str, Any]:
    """Layers marked 1 attend inside a window, with more key heads than the others."""
    marks, full, window = keys.row("hybrid_layer_pattern"), keys.number("num_key_value_heads"), keys.number("swa_num_key_value_heads")
    found: dict[str, Any] = {"value_head_dim": keys.number("v_head_dim"), "dense_layers": _leading(keys)}
    if marks is None or len(marks) < layers or full is None or window is None:
        return found
    marks = marks[:layers]
    return found | {
        "sliding_window": keys.number("sliding_window"),
        "sliding_layers": tuple(index for index, mark in enumerate(marks) if mark),
        "kv_heads": max(full, window),
        "kv_heads_per_layer": tuple(window if mark else full for mark in marks),
    }


def _minimax_m3(keys: Keys, layers: int) -> dict[str, Any]:
    """The leading layers are dense and attend to everything; the others have an indexer."""
    sparse, dense = Keys(_inner(keys.config, "sparse_attention_config")), _leading(keys)
    return {
        "ffn": keys.number("dense_intermediate_size"),
        "expert_ffn": keys.number("moe_intermediate_size", "intermediate_size"),
        "dense_layers": dense,
        "indexer_heads": sparse.number("sparse_num_index_heads"),
        "indexer_head_dim": sparse.number("sparse_index_dim"),
        "indexer_layers": None if dense is None else tuple(range(dense, layers)),
    }


def _kimi_delta(keys: Keys, layers: int) -> dict[str, Any]:
    """Layers of delta attention, and those of latent attention, are counted from one."""
    said = Keys(_inner(keys.config, "linear_attn_config"))
    full, delta = said.row("full_attn_layers"), said.row("kda_layers")
    return {
        "attention_layers": full and tuple(index - 1 for index in full if 0 < index <= layers),
        "recurrent_layers": delta and tuple(index - 1 for index in delta if 0 < index <= layers),
        "kda_head_dim": said.number("head_dim"),
        "conv_kernel": said.number("short_conv_kernel_size"),
    }


def _deepseek4(keys: Keys, layers: int) -> dict[str, Any]:
    """Ratios are listed for the layers that predict further tokens too."""
    ratios = keys.row("compress_ratios")
    return {
        "compress_ratios": ratios[:layers] if ratios and len(ratios) >= layers else None,
        "sliding_window": keys.number("sliding_window"),
        "q_lora_rank": keys.number("q_lora_rank"),
        "output_groups": keys.number("o_groups"),
        "output_lora_rank": keys.number("o_lora_rank"),
        "indexer_heads": keys.number("index_n_heads"),
        "indexer_head_dim": keys.number("index_head_dim"),
    }


def _leading(keys: Keys) -> int | None:
    """Layers before the first that routes."""
    routed = keys.row("moe_layer_freq")
    return routed.index(1) if routed and 1 in routed else keys.known("dense_layers")


FAMILIES: dict[str, Callable[[Keys, int], dict[str, Any]]] = {
    "llama4": _llama4, "deci": _deci, "step35": _step, "mimo2": _mimo2, "minimax-m3": _minimax_m3,
    "deepseek4": _deepseek4, "kimi-linear": _kimi_delta, "kimi-k3": _kimi_delta,
}  # fmt: skip
