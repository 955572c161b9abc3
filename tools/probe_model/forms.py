"""The probe model's files: a Hugging Face folder and GGUF in F16, Q8_0 and Q4_0, with quantising and dequantising of its own.

Block layouts are ggml's (`ggml-common.h`: 32 weights, one float16 scale; Q8_0 int8, Q4_0 nibbles with an offset of 8, low half first).
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from .network import Config, Weights, shapes
from .tokenizer import END, Tokenizer

NAME = "pathfinder-probe"
GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
FILES = {"f16": "probe-f16.gguf", "q8_0": "probe-q8_0.gguf", "q4_0": "probe-q4_0.gguf", "hf": "hf"}


def gguf_name(name: str) -> str:
    """`model.layers.0.mlp.up_proj.weight` -> `blk.0.ffn_up.weight`."""
    stem = name.removesuffix(".weight")
    if stem.startswith("model.layers."):
        _, _, layer, rest = stem.split(".", 3)
        return f"blk.{layer}.{GGUF_NAMES[rest]}.weight"
    return f"{GGUF_NAMES[stem]}.weight"


def to_pairs(rows: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key matrix from rotary halves (Hugging Face) to neighbouring pairs (llama.cpp)."""
    return rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def to_halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of `to_pairs`."""
    return rows.reshape(heads, -1, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def permuted(name: str, config: Config) -> int | None:
    """The head count of a matrix whose rows llama.cpp keeps in pairs, else None."""
    if "q_proj" in name:
        return config.heads
    return config.kv_heads if "k_proj" in name else None


def quantize_q8_0(x: np.ndarray) -> np.ndarray:
    """`[rows, columns]` -> bytes `[rows, columns / 32 * 34]`."""
    blocks = x.astype(np.float32).reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    values = np.rint(np.nan_to_num(blocks / np.where(scale == 0, 1, scale))).astype(np.int8)
    return np.hstack([scale.astype("<f2").view(np.uint8), values.view(np.uint8)]).reshape(x.shape[0], -1)


def dequantize_q8_0(raw: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    blocks = raw.reshape(-1, 34)
    scale = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float64)
    return (scale * np.ascontiguousarray(blocks[:, 2:]).view(np.int8)).reshape(shape)


def quantize_q4_0(x: np.ndarray) -> np.ndarray:
    """`[rows, columns]` -> bytes `[rows, columns / 32 * 18]`."""
    blocks = x.astype(np.float32).reshape(-1, 32)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)
    scale = extreme / -8
    values = np.clip(np.floor(np.nan_to_num(blocks / np.where(scale == 0, 1, scale)) + 8.5), 0, 15).astype(np.uint8)
    return np.hstack([scale.astype("<f2").view(np.uint8), values[:, :16] | values[:, 16:] << 4]).reshape(x.shape[0], -1)


def dequantize_q4_0(raw: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    blocks = raw.reshape(-1, 18)
    scale = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float64)
    values = np.hstack([blocks[:, 2:] & 15, blocks[:, 2:] >> 4]).astype(np.int8) - 8
    return (scale * values).reshape(shape)


QUANTIZE = {"q8_0": quantize_q8_0, "q4_0": quantize_q4_0}


def write_gguf(path: Path, form: str, config: Config, tokenizer: Tokenizer, weights: Weights) -> None:
    import gguf

    kinds = gguf.GGMLQuantizationType
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_license("apache-2.0")
    writer.add_file_type(
        {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}.get(form, gguf.LlamaFileType.MOSTLY_Q4_0)
    )
    writer.add_vocab_size(config.vocab)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.hidden)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ffn)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_layer_norm_rms_eps(config.eps)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokenizer.tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t == END else gguf.TokenType.NORMAL for t in tokenizer.tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer.merges])
    writer.add_bos_token_id(tokenizer.end)
    writer.add_eos_token_id(tokenizer.end)
    writer.add_add_bos_token(False)
    for name, value in weights.items():
        heads = permuted(name, config)
        rows = to_pairs(value, heads) if heads else value
        if rows.ndim == 1:
            writer.add_tensor(gguf_name(name), rows.astype(np.float32))
        elif form == "f16":
            writer.add_tensor(gguf_name(name), rows.astype(np.float16))
        else:
            writer.add_tensor(gguf_name(name), QUANTIZE[form](rows), raw_dtype=kinds[form.upper()])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_gguf(path: Path, config: Config) -> Weights:
    """Dequantised float64 weights under their Hugging Face names."""
    import gguf

    tensors = {t.name: t for t in gguf.GGUFReader(path).tensors}
    weights: Weights = {}
    for name, shape in shapes(config).items():
        tensor = tensors[gguf_name(name)]
        kind = tensor.tensor_type.name
        if kind == "Q8_0":
            value = dequantize_q8_0(np.asarray(tensor.data), shape)
        elif kind == "Q4_0":
            value = dequantize_q4_0(np.asarray(tensor.data), shape)
        else:
            value = np.asarray(tensor.data).astype(np.float64).reshape(shape)
        heads = permuted(name, config)
        weights[name] = to_halves(value, heads) if heads else value
    return weights


def write_safetensors(path: Path, weights: Weights) -> None:
    """Float16 tensors; the format is an 8-byte header length, a JSON header, then the bytes (huggingface/safetensors README)."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, value in weights.items():
        header[name] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [at, at + value.size * 2]}
        at += value.size * 2
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.astype("<f2").tobytes() for v in weights.values()))


def read_safetensors(path: Path) -> Weights:
    """Float16 weights, as written."""
    raw = path.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    out: Weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            out[name] = np.frombuffer(raw[8 + size + start : 8 + size + end], "<f2").reshape(entry["shape"])
    return out


def write_folder(folder: Path, config: Config, tokenizer: Tokenizer, weights: Weights) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", weights)
    documents: dict[str, dict[str, Any]] = {
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "_name_or_path": NAME,
            "model_type": "llama",
            "vocab_size": config.vocab,
            "hidden_size": config.hidden,
            "intermediate_size": config.ffn,
            "num_hidden_layers": config.layers,
            "num_attention_heads": config.heads,
            "num_key_value_heads": config.kv_heads,
            "head_dim": config.head_dim,
            "max_position_embeddings": config.context,
            "rms_norm_eps": config.eps,
            "rope_theta": config.rope_base,
            "rope_scaling": None,
            "hidden_act": "silu",
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": True,
            "bos_token_id": tokenizer.end,
            "eos_token_id": tokenizer.end,
            "torch_dtype": "float16",
        },
        "tokenizer.json": {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    "id": tokenizer.end,
                    "content": END,
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "special": True,
                }
            ],
            "normalizer": None,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": tokenizer.ids,
                "merges": [" ".join(pair) for pair in tokenizer.merges],
            },
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": config.context,
            "bos_token": END,
            "eos_token": END,
            "add_bos_token": False,
            "clean_up_tokenization_spaces": False,
        },
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_all(out: Path, config: Config, tokenizer: Tokenizer, weights: Weights) -> None:
    write_folder(out / FILES["hf"], config, tokenizer, weights)
    for form in ("f16", *QUANTIZE):
        write_gguf(out / FILES[form], form, config, tokenizer, weights)


def read(out: Path, form: str, config: Config) -> Weights:
    """Dequantised float64 weights of one form."""
    if form == "hf":
        return {name: v.astype(np.float64) for name, v in read_safetensors(out / "hf" / "model.safetensors").items()}
    return read_gguf(out / FILES[form], config)
