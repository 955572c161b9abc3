"""Bytes of a catalogued model's weights: which type each matrix gets under a quantisation, and the published size where it is known.

The mixtures are those of llama.cpp's `llama-quant.cpp` (`llama_tensor_get_type_impl`) without an importance matrix."""

from functools import lru_cache

from pathfinder.estimate import layout
from pathfinder.estimate.weights import EXPERT, Weights, used_share
from pathfinder.formats.gguf_types import BLOCK, row_bytes
from pathfinder.types.models import Artifact, Model, Shape

BASE = {
    "Q2_K": "Q2_K", "Q2_K_S": "Q2_K", "Q3_K_S": "Q3_K", "Q3_K_M": "Q3_K", "Q3_K_L": "Q3_K", "Q4_K_S": "Q4_K", "Q4_K_M": "Q4_K",
    "Q5_K_S": "Q5_K", "Q5_K_M": "Q5_K", "IQ1_S": "IQ1_S", "IQ1_M": "IQ1_M", "IQ2_XXS": "IQ2_XXS", "IQ2_XS": "IQ2_XS", "IQ2_S": "IQ2_XS",
    "IQ2_M": "IQ2_S", "IQ3_XXS": "IQ3_XXS", "IQ3_XS": "IQ3_S", "IQ3_S": "IQ3_S", "IQ3_M": "IQ3_S", "IQ4_NL": "IQ4_NL", "IQ4_XS": "IQ4_XS",
    "MXFP4_MOE": "Q8_0", "Q2_K_L": "Q2_K", "Q4_K_L": "Q4_K", "Q5_K_L": "Q5_K", "Q6_K_L": "Q6_K", "Q3_K_XL": "Q3_K", "Q4_K_XL": "Q4_K",
}  # fmt: skip
"""A file type's default tensor type; others are their own (Q4_0, Q6_K, Q8_0, F16, BF16, F32)."""
BITS = {
    "4bit": (4.5, 4.5), "mlx-4bit": (4.5, 4.5), "8bit": (8.5, 8.5), "mlx-8bit": (8.5, 8.5), "6bit": (6.5, 6.5), "mlx-6bit": (6.5, 6.5),
    "3bit": (3.5, 3.5), "5bit": (5.5, 5.5), "awq": (4.16, 16.0), "gptq": (4.16, 16.0), "w4a16": (4.16, 16.0), "int4": (4.16, 8.0),
    "int8": (8.0, 8.0), "fp8": (8.0, 16.0), "w8a8": (8.0, 16.0), "nf4": (4.13, 16.0), "nvfp4": (4.5, 16.0), "mxfp4": (4.25, 16.0),
    "bf16": (16.0, 16.0), "f16": (16.0, 16.0), "fp16": (16.0, 16.0), "f32": (32.0, 32.0), "fp32": (32.0, 32.0),
}  # fmt: skip
"""Quantisation outside GGUF -> bits a weight of (layer matrices, embedding and head). MLX: 4 bits, a 16-bit scale and bias a group of 64;
AWQ and GPTQ: 4 bits, a 16-bit scale and a 4-bit zero a group of 128, embedding and head left in 16 bits (each format's own README)."""


@lru_cache(512)
def weights(model: Model, artifact: Artifact) -> Weights | None:
    """None when the shape or the quantisation is not known and no size is published either."""
    shape = model.shape
    if shape is None or not shape.vocab:
        return None
    sizes = matrix_bytes(model, shape, artifact)
    if sizes is None:
        return None
    layers, experts, rest = [0.0] * shape.layers, [0.0] * shape.layers, {"token_embd": 0.0, "output": 0.0, "per_layer_token_embd": 0.0}
    for layer, name, size in sizes:
        if layer is None:
            rest[name] += size
        else:
            layers[layer] += size
            if EXPERT.search(name + "."):
                experts[layer] += size
    total = sum(layers) + sum(rest.values())
    scale = published(artifact) / total if published(artifact) and total else 1.0
    if not 0.5 < scale < 2.0:
        scale = 1.0
    return Weights(
        layers=tuple(round(size * scale) for size in layers),
        experts=tuple(round(size * scale) for size in experts),
        input=round((rest["token_embd"] + rest["per_layer_token_embd"]) * scale),
        looked_up=round(rest["per_layer_token_embd"] * scale),
        output=round(rest["output"] * scale),
        tied=shape.tied_embeddings,
        used_share=used_share(model),
        exact=False,
    )


def published(artifact: Artifact) -> int:
    """The file's size less a header's worth of vocabulary; 0 when not known."""
    if not artifact.bytes:
        return 0
    return artifact.bytes - (6 << 20) if artifact.format == "gguf" and artifact.bytes > 100 << 20 else artifact.bytes


def matrix_bytes(model: Model, shape: Shape, artifact: Artifact) -> list[tuple[int | None, str, float]] | None:
    """(layer or None, matrix, bytes). MXFP4 is for experts alone: gpt-oss keeps the rest in BF16, its GGUF and MLX forms in 8 bits."""
    table = list(layout.tensors(model.arch, shape))
    quant = artifact.quant.upper().removeprefix("UD-")
    if quant == "MXFP4" and shape.experts:
        if artifact.format not in ("gguf", "mlx"):
            return [(layer, name, rows * columns * (4.25 if "_exps" in name else 16) / 8) for layer, (name, rows, columns) in table]
        quant = "MXFP4_MOE"
    if quant in BASE or quant in BLOCK:
        return [
            (layer, name, float(rows * row_bytes(type_for(name, quant, layer, shape, columns), columns)))
            for layer, (name, rows, columns) in table
        ]
    bits = bits_of(artifact)
    if bits is None:
        return None
    inside, outside = bits
    return [(layer, name, rows * columns * (inside if layer is not None else outside) / 8) for layer, (name, rows, columns) in table]


def bits_of(artifact: Artifact) -> tuple[float, float] | None:
    if artifact.bits_per_weight:
        return artifact.bits_per_weight, artifact.bits_per_weight
    for key in (artifact.quant.lower(), artifact.format.lower()):
        if key in BITS:
            return BITS[key]
        for name, bits in BITS.items():
            if name in key:
                return bits
    return None


def named_bits(quant: str) -> float | None:
    """Bits a weight that the name of a quantisation alone tells; None for a name nobody knows."""
    if (inside := BITS.get(quant.lower())) is not None:
        return inside[0]
    name = quant.upper().removeprefix("UD-")
    of_type = BLOCK.get(BASE.get(name, name))
    return None if of_type is None else 8 * of_type[1] / of_type[0] * (MIXED if name in BASE else 1.0)


MIXED = 1.08
"""Mixtures of types take about this much more than their default type."""


def more_bits(layer: int, layers: int) -> bool:
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def type_for(name: str, quant: str, layer: int | None, shape: Shape, columns: int) -> str:
    """GGML type of one matrix under a file type."""
    if name == "ffn_gate_inp":
        return "F32"
    base = BASE.get(quant, quant)
    wanted = _mixed(name, quant, base, layer, shape)
    per_block = BLOCK[wanted][0]
    if per_block > 1 and columns % per_block:
        return {"Q2_K": "Q4_0", "Q3_K": "Q4_0", "IQ4_XS": "IQ4_NL", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}.get(
            wanted, "F16" if columns % 32 else "Q8_0"
        )
    return wanted


def _mixed(name: str, quant: str, base: str, layer: int | None, shape: Shape) -> str:
    if base in ("F32", "F16", "BF16", "Q8_0") and quant != "MXFP4_MOE":
        return base
    if layer is None:
        is_head = name == "output" or (shape.tied_embeddings and name in ("token_embd", "per_layer_token_embd"))
        if quant == "MXFP4_MOE" or (quant.endswith("_L") and quant != "Q3_K_L"):
            return "Q8_0"
        if not is_head:
            return "Q2_K" if base in ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS") else base
        return "Q5_K" if base.startswith(("IQ1", "IQ2")) or quant == "IQ3_XXS" else "Q6_K"
    if quant == "MXFP4_MOE":
        return "MXFP4" if "_exps" in name else "Q8_0"
    shared = (shape.heads or 1) // max(1, shape.kv_heads or 1)
    better = more_bits(layer, shape.layers)
    if name in ("attn_v", "attn_qkv"):
        return _value_type(quant, base, shared, better, layer, shape)
    if name.startswith("ffn_down"):
        return _down_type(quant, base, better, layer, shape)
    if name == "attn_k" and shape.experts == 8:
        return "Q8_0"
    if name == "attn_output":
        if shape.experts == 8:
            return "Q5_K" if base in ("Q2_K", "Q3_K", "Q4_K", "IQ3_S", "IQ3_XXS", "IQ4_NL", "IQ4_XS") else base
        return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_XXS": "IQ3_S", "IQ3_M": "Q4_K"}.get(quant, base)
    return base


def _value_type(quant: str, base: str, shared: int, better: bool, layer: int, shape: Shape) -> str:
    if shape.experts == 8:
        return "Q8_0"
    if quant in ("Q4_K_M", "Q5_K_M", "Q4_K_L", "Q5_K_L", "Q4_K_XL"):
        return "Q6_K" if better else base
    if quant == "Q4_K_S":
        return "Q5_K" if layer < 4 else base
    if quant in ("Q3_K_M", "Q3_K_XL"):
        return "Q5_K" if layer < 2 else "Q4_K"
    if quant == "Q3_K_L":
        return "Q5_K"
    if quant == "Q2_K":
        return "Q4_K" if shared >= 4 else "Q3_K"
    if base.startswith("IQ4"):
        return "Q5_K" if shared >= 4 else base
    if base.startswith(("IQ1", "IQ2", "IQ3")):
        return "Q4_K" if shared >= 4 or quant == "IQ3_M" else base
    return base


def _down_type(quant: str, base: str, better: bool, layer: int, shape: Shape) -> str:
    early = layer < shape.layers // 8
    if quant in ("Q4_K_M", "Q5_K_M", "Q4_K_L", "Q5_K_L", "Q4_K_XL"):
        return "Q6_K" if better else base
    if quant == "Q4_K_S":
        return "Q5_K" if early else base
    if quant in ("Q3_K_M", "Q3_K_XL"):
        return "Q5_K" if layer < shape.layers // 16 else "Q4_K"
    if quant == "Q3_K_L":
        return "Q5_K"
    if quant == "Q2_K":
        return "Q3_K"
    if base.startswith("IQ4"):
        return "Q5_K" if early else base
    return "Q4_K" if quant == "IQ3_M" and early else base
