"""Typed look-ups in a Hugging Face `config.json`, whose makers spell the same number in many ways."""

from collections.abc import Mapping
from typing import Any

ALIASES: dict[str, tuple[str, ...]] = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers", "decoder_layers"),
    "hidden": ("hidden_size", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads"),
    "kv_heads": (
        "num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", "num_attention_groups", "decoder_attention_heads",
    ),
    "ffn": ("intermediate_size", "n_inner", "d_ff", "ffn_hidden_size", "decoder_ffn_dim", "ffn_dim", "intermediate_size_mlp"),
    "context": ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_target_positions", "n_ctx"),
    "vocab": ("vocab_size", "padded_vocab_size"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "experts_used": ("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k", "moe_k"),
    "expert_ffn": ("moe_intermediate_size", "expert_ffn_hidden_size"),
    "shared_experts": ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts"),
    "shared_ffn": (
        "shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size", "share_expert_dim",
    ),
    "dense_layers": ("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index"),
}  # fmt: skip


class Keys:
    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def number(self, *names: str) -> int | None:
        for name in names:
            value = self.config.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40:
                return value
        return None

    def row(self, *names: str) -> tuple[int, ...] | None:
        for name in names:
            value = self.config.get(name)
            if isinstance(value, list) and value and len(value) <= 1024 and all(isinstance(item, int) for item in value):
                return tuple(value)
        return None

    def length(self, *names: str) -> int | None:
        """How many items the first list of these names has."""
        return next((len(value) for name in names if isinstance(value := self.config.get(name), list) and value), None)

    def known(self, field: str) -> int | None:
        return self.number(*ALIASES[field])
