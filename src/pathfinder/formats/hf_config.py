"""Hugging Face `config.json` -> architecture and Shape, in GGUF's spelling; MLX and other quantisation blocks -> quantisation."""

from collections.abc import Mapping
from typing import Any

from pathfinder.formats import hf_families
from pathfinder.formats.gguf_shape import CHUNKED, FROM_FILE, SLIDING, SYMMETRIC
from pathfinder.formats.hf_architectures import ARCHITECTURES
from pathfinder.formats.hf_keys import ALIASES, Keys
from pathfinder.types.models import Shape
from pathfinder.types.words import Frozen, Task

NEMOTRON_LAYERS = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
NEMOTRON_LAYERS |= {word: word for word in NEMOTRON_LAYERS.values()}
"""A layer's kind, in `hybrid_override_pattern` (2025) and `layers_block_type` (2026)."""
FOUR_TIMES = {"gpt2", "gptj", "bloom", "falcon", "gptneox", "starcoder", "mpt", "opt"}
"""Where no feed-forward size is stated it is four times the hidden size."""
TIED = {
    "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "gpt2", "bloom", "falcon", "starcoder", "mpt", "opt", "command-r", "cohere2", "t5",
    "whisper", "bert", "nomic-bert", "gemma-embedding",
}  # fmt: skip
"""Input and output matrices are one where the file does not say otherwise."""


EMBEDDERS = {
    "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "modern-bert", "neo-bert", "eurobert", "gemma-embedding", "llama-embed",
    "t5encoder",
}  # fmt: skip
HEADLESS = {"LlamaModel", "Qwen2Model", "Qwen3Model", "Lfm2Model", "Lfm2BidirectionalModel"}
"""Classes of a language model without its last matrix: they embed."""


class Reading(Frozen, frozen=True, kw_only=True):
    arch: str
    hf_arch: str | None
    shape: Shape | None
    quant: str | None
    """`4bit` for MLX, `AWQ`, `GPTQ`, `FP8`, ... or the floating type; None when the file does not say."""
    format: str
    tasks: tuple[Task, ...]


def read(config: Mapping[str, Any]) -> Reading:
    """What a `config.json` says. Unknown keys and values of another type are left out, never guessed."""
    text = _text(config)
    hf_arch = _class(config)
    arch = next((ARCHITECTURES[name] for name in (hf_arch, _class(text)) if name in ARCHITECTURES), hf_arch)
    arch = arch or str(config.get("model_type") or "unknown")
    quant, form = quantisation(config)
    if arch == "nemotron_h" and text.get("n_routed_experts"):
        arch = "nemotron_h_moe"
    return Reading(arch=arch, hf_arch=hf_arch, shape=shape(arch, text), quant=quant, format=form, tasks=tasks(hf_arch, arch))


def _class(config: Mapping[str, Any]) -> str | None:
    named = config.get("architectures")
    return named[0] if isinstance(named, list) and named and isinstance(named[0], str) else None


def tasks(hf_arch: str | None, arch: str) -> tuple[Task, ...]:
    if arch == "whisper":
        return ("transcribe",)
    if hf_arch is not None and hf_arch.endswith("ForSequenceClassification"):
        return ("rerank",)
    if arch in EMBEDDERS or hf_arch in HEADLESS:
        return ("embeddings",)
    return ("chat", "completion")


def quantisation(config: Mapping[str, Any]) -> tuple[str | None, str]:
    """(quantisation, format): MLX keeps `{group_size, bits}`, others a method of their own."""
    block = config.get("quantization_config")
    mlx = config.get("quantization")
    if isinstance(mlx, dict) and isinstance(mlx.get("bits"), int):
        return f"{mlx['bits']}bit", "mlx"
    if isinstance(block, dict):
        method, bits = str(block.get("quant_method") or "").lower(), block.get("bits")
        if not method and isinstance(bits, int):
            return f"{bits}bit", "mlx"
        names = {"awq": "AWQ", "gptq": "GPTQ", "fp8": "FP8", "mxfp4": "MXFP4", "exl2": "EXL2", "exl3": "EXL3", "bitsandbytes": "NF4"}
        for key, name in names.items():
            if key in method:
                return name, key if key not in ("mxfp4", "bitsandbytes") else "safetensors"
        if method == "compressed-tensors":
            return str(block.get("format") or "W4A16").upper(), "compressed-tensors"
        return method.upper() or None, "safetensors"
    kind = config.get("torch_dtype") or config.get("dtype") or _text(config).get("torch_dtype") or _text(config).get("dtype")
    return {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}.get(str(kind)), "safetensors"


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The language model's part of a multimodal configuration."""
    for key in ("text_config", "llm_config", "language_config"):
        inner = config.get(key)
        if isinstance(inner, dict) and any(name in inner for name in ALIASES["layers"]):
            return {**{name: value for name, value in config.items() if name == "tie_word_embeddings"}, **inner}
    return config


def shape(arch: str, config: Mapping[str, Any]) -> Shape | None:
    """The numbers of one language model; None where layers or width are not stated."""
    keys = Keys(config)
    layers, hidden = keys.known("layers") or keys.length("layers_block_type"), keys.known("hidden")
    if not layers or not hidden or layers > 1024:
        return None
    heads = keys.known("heads")
    rows = keys.row("intermediate_size")
    head_dim = keys.number("head_dim", "d_kv") or (hidden // heads if heads else None)
    ffn = max(rows) if rows else keys.known("ffn") or (4 * hidden if arch in FOUR_TIMES else None)
    fields: dict[str, Any] = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": _kv_heads(keys, arch, heads),
        "head_dim": head_dim,
        "value_head_dim": head_dim,
        "ffn": ffn,
        "ffn_per_layer": rows if rows and len(set(rows)) > 1 and len(rows) == layers else None,
        "vocab": keys.known("vocab"),
        "context": keys.known("context"),
        "tied_embeddings": _tied(config, arch),
        "encoder_layers": keys.number("encoder_layers") or (keys.number("num_layers") if arch == "t5" else None),
    }
    if config.get("use_double_wide_mlp") is True and ffn and keys.number("num_kv_shared_layers"):
        own = layers - (keys.number("num_kv_shared_layers") or 0)
        fields["ffn_per_layer"] = tuple(ffn if index < own else 2 * ffn for index in range(layers))
    fields["per_layer_input"] = keys.number("hidden_size_per_layer_input") or None
    fields |= _experts(keys, ffn) | _latent(keys, heads) | _sliding(keys, arch, layers) | _recurrent(keys, arch, layers, hidden, heads)
    return Shape(**fields | hf_families.own(arch, keys, layers))


def _tied(config: Mapping[str, Any], arch: str) -> bool:
    said = config.get("tie_word_embeddings")
    return said if isinstance(said, bool) else arch in TIED


def _kv_heads(keys: Keys, arch: str, heads: int | None) -> int | None:
    stated = keys.known("kv_heads")
    if stated is not None:
        return stated
    if keys.config.get("multi_query") is True or arch == "starcoder":
        return 1
    nested = keys.config.get("attn_config")
    if isinstance(nested, dict) and isinstance(nested.get("kv_n_heads"), int):
        return int(nested["kv_n_heads"])
    return heads


def _experts(keys: Keys, ffn: int | None) -> dict[str, Any]:
    count = keys.known("experts")
    if not count:
        return {}
    own, shared = keys.known("expert_ffn"), keys.known("shared_experts")
    stated = keys.known("shared_ffn")
    if stated:
        shared = max(1, round(stated / (own or ffn or stated)))
    if own and ffn and keys.config.get("enable_moe_block") is True:
        shared = max(1, round(ffn / own))  # Gemma 4 runs its dense feed-forward beside the experts
    return {
        "experts": count,
        "experts_used": keys.known("experts_used"),
        "shared_experts": shared,
        "expert_ffn": own or ffn,
        "expert_hidden": keys.number("moe_latent_size", "routed_expert_hidden_size") or None,
        "dense_layers": keys.known("dense_layers"),
    }


def _latent(keys: Keys, heads: int | None) -> dict[str, Any]:
    rank = keys.number("kv_lora_rank")
    if not rank:
        return {}
    rope, nope, value = (keys.number(name) or 0 for name in ("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"))
    return {
        "kv_lora_rank": rank,
        "q_lora_rank": keys.number("q_lora_rank"),
        "rope_head_dim": rope,
        "mla_key_dim": nope + rope,
        "mla_value_dim": value,
        "kv_heads": 1,
        "head_dim": rank + rope,
        "value_head_dim": rank,
        "indexer_heads": keys.number("index_n_heads"),
        "indexer_head_dim": keys.number("index_head_dim"),
    }


def _sliding(keys: Keys, arch: str, layers: int) -> dict[str, Any]:
    window, kinds = keys.number("sliding_window"), keys.config.get("layer_types")
    found: dict[str, Any] = {}
    shared = keys.number("num_kv_shared_layers") or 0
    if arch in ("gemma3n", "gemma4") and 0 < shared < layers:
        found["kv_layers"] = layers - shared
    if arch not in SLIDING and arch not in FROM_FILE:
        return found
    if arch in CHUNKED:
        window = keys.number("attention_chunk_size") or SLIDING[arch][2]
    if not window:
        return found
    found["sliding_window"] = window
    found["window_kind"] = "chunked" if arch in CHUNKED else "symmetric" if arch in SYMMETRIC else "standard"
    listed = isinstance(kinds, list) and len(kinds) >= layers
    if arch in FROM_FILE and arch != "gemma4" and not listed:
        return {name: value for name, value in found.items() if name == "kv_layers"}
    if isinstance(kinds, list) and listed:
        found["sliding_layers"] = tuple(
            index for index, kind in enumerate(kinds[:layers]) if kind in ("sliding_attention", "chunked_attention")
        )
        if not found["sliding_layers"]:
            return {key: value for key, value in found.items() if key == "kv_layers"}
    elif arch in SLIDING:
        found["sliding_pattern"] = keys.number("sliding_window_pattern", "_sliding_window_pattern") or SLIDING[arch][0]
        found["sliding_first"] = SLIDING[arch][1]
    if arch == "gemma4":
        narrow, wide = keys.number("head_dim"), keys.number("global_head_dim")
        found |= {
            "sliding_head_dim": narrow,
            "sliding_value_head_dim": narrow,
            "head_dim": wide or narrow,
            "value_head_dim": wide or narrow,
        }
        full = keys.number("num_global_key_value_heads")
        plain = keys.number("num_key_value_heads")
        marked = set(found.get("sliding_layers") or ())
        if full and plain and full != plain and marked:
            found["kv_heads_per_layer"] = tuple(plain if index in marked else full for index in range(layers))
    return found


def _recurrent(keys: Keys, arch: str, layers: int, hidden: int, heads: int | None) -> dict[str, Any]:
    kinds = keys.config.get("layer_types") or keys.config.get("layers_block_type")
    full = tuple(i for i, kind in enumerate(kinds) if kind in ("full_attention", "attention")) if isinstance(kinds, list) else None
    found: dict[str, Any] = {}
    if arch in ("qwen3next", "qwen35", "qwen35moe"):
        period = keys.number("full_attention_interval") or 4
        full = full if full is not None else tuple(i for i in range(layers) if (i + 1) % period == 0)
        keys_, values = keys.number("linear_num_key_heads") or 0, keys.number("linear_num_value_heads") or 0
        found = {
            "state_size": keys.number("linear_key_head_dim"),
            "groups": keys_,
            "inner": values * (keys.number("linear_value_head_dim") or 0),
            "conv_kernel": keys.number("linear_conv_kernel_dim"),
        }
    elif arch in ("lfm2", "lfm2moe"):
        full = full if full is not None else keys.row("full_attn_idxs")
        found = {"conv_kernel": keys.number("conv_L_cache")}
    elif arch in ("granitehybrid", "falcon-h1", "nemotron_h", "nemotron_h_moe", "mamba2"):
        inner = keys.number("mamba_d_ssm") or (keys.number("mamba_n_heads", "mamba_num_heads") or 0) * (
            keys.number("mamba_d_head", "mamba_head_dim") or 0
        )
        found = {
            "state_size": keys.number("mamba_d_state", "ssm_state_size", "state_size"),
            "groups": keys.number("mamba_n_groups", "n_groups"),
            "inner": inner or (keys.number("expand", "mamba_expand") or 2) * hidden,
            "conv_kernel": keys.number("mamba_d_conv", "conv_kernel"),
        }
        if arch == "falcon-h1":
            return found | {"recurrent_layers": tuple(range(layers))}
        if arch == "mamba2":
            full = ()
        pattern = keys.config.get("hybrid_override_pattern") or kinds
        if arch.startswith("nemotron_h") and isinstance(pattern, str | list):
            wide, marks = keys.known("ffn") or 0, [NEMOTRON_LAYERS.get(str(kind)) for kind in pattern]
            return found | {
                "ffn_per_layer": None if "moe" in marks else tuple(wide if mark == "mlp" else 0 for mark in marks),
                "attention_layers": tuple(i for i, mark in enumerate(marks) if mark == "attention"),
                "recurrent_layers": tuple(i for i, mark in enumerate(marks) if mark == "mamba"),
            }
    elif arch == "mamba":
        found = {
            "state_size": keys.number("state_size"), "conv_kernel": keys.number("conv_kernel", "d_conv") or 4,
            "inner": keys.number("intermediate_size", "d_inner") or 2 * hidden, "ffn": None,
        }  # fmt: skip
        full = ()
    crossing = keys.row("cross_attention_layers") if arch == "mllama" else None
    if crossing:
        return {"attention_layers": tuple(i for i in range(layers) if i not in crossing)}
    if not found:
        return {}
    if full is None:
        return found
    return found | {"attention_layers": full, "recurrent_layers": tuple(i for i in range(layers) if i not in full)}
