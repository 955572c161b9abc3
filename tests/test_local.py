"""Models on this machine: Hugging Face and MLX folders, safetensors headers, configurations of every family; hostile ones are problems."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathfinder.errors import Problem
from pathfinder.estimate.layout import parameters
from pathfinder.formats import hf_config, hf_families, local, safetensors
from pathfinder.formats.hf_architectures import CLASSES
from pathfinder.types.models import Shape

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 100,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}


def weights(path: Path, tensors: dict[str, tuple[str, list[int], int]]) -> None:
    header, at = {}, 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        file.truncate(8 + len(raw) + at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    weights(tmp_path / "model-00001-of-00002.safetensors", {"model.embed_tokens.weight": ("BF16", [100, 64], 12800)})
    weights(tmp_path / "model-00002-of-00002.safetensors", {"model.layers.0.self_attn.q_proj.weight": ("BF16", [64, 64], 8192)})
    index = {"model.embed_tokens.weight": "model-00001-of-00002.safetensors", "x": "model-00002-of-00002.safetensors"}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    return tmp_path


def test_a_folder_is_a_model(folder: Path) -> None:
    model, artifact = local.read(folder)
    assert (model.arch, model.params, artifact.format, artifact.quant) == ("llama", 100 * 64 + 64 * 64, "safetensors", "BF16")
    assert model.shape is not None
    assert (model.shape.layers, model.shape.kv_heads, model.shape.tied_embeddings) == (2, 2, True)
    assert {tensor.name for tensor in model.tensors} == {"model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"}


def test_an_mlx_folder_counts_unpacked_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA, "quantization": {"group_size": 64, "bits": 4}}))
    weights(
        tmp_path / "model.safetensors",
        {
            "a.weight": ("U32", [64, 8], 2048),
            "a.scales": ("F16", [64, 1], 128),
            "a.biases": ("F16", [64, 1], 128),
            "norm.weight": ("F16", [64], 128),
        },
    )
    model, artifact = local.read(tmp_path)
    assert (artifact.format, artifact.quant, model.params) == ("mlx", "4bit", 64 * 64 + 64)


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(Problem, match="shard") as caught:
        local.read(folder)
    assert "00002" in (caught.value.where or "")


def test_an_index_that_leads_outside_is_refused(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": "../../etc/passwd"}}))
    with pytest.raises(Problem, match="outside"):
        local.read(folder)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 8,
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 10) + b"[" * 10,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}}',
        struct.pack("<Q", 57) + b'{"a":{"dtype":"F32","shape":[1000],"data_offsets":[4,0]}}',
    ],
)
def test_hostile_safetensors(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(raw)
    with pytest.raises(Problem):
        safetensors.read(path)


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200))
def test_no_header_crashes(raw: bytes) -> None:
    try:
        safetensors.parse(raw, 1000, "fuzz")
    except Problem:
        pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


WRITTEN = [
    *LLAMA, "layer_types", "sliding_window", "text_config", "num_experts", "head_dim", "block_configs", "attention_other_setting",
    "moe_layers_enum", "hybrid_layer_pattern", "moe_layer_freq", "linear_attn_config", "sparse_attention_config", "layers_block_type",
    "hybrid_override_pattern", "swa_num_key_value_heads", "intermediate_size_mlp",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from([*hf_families.FAMILIES, "nemotron_h", "gemma4", "granitehybrid", "llama"]),
    changes=st.dictionaries(st.sampled_from(WRITTEN), json_values),
)
def test_no_configuration_crashes(name: str, changes: dict[str, Any]) -> None:
    named = CLASSES[name].split()[0]
    hf_config.read({**LLAMA, "architectures": [named], **changes})


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"', "[" * 100_000])
def test_a_broken_configuration_is_a_problem(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(Problem):
        local.read(tmp_path)


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no config\.json"):
        local.read(tmp_path)


def shape_of(config: dict[str, Any]) -> Any:
    reading = hf_config.read(config)
    assert reading.shape is not None
    return reading.shape


def test_latent_attention_and_experts() -> None:
    shape = shape_of(
        {
            "architectures": ["DeepseekV3ForCausalLM"], "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128,
            "num_key_value_heads": 128, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128,
            "v_head_dim": 128, "n_routed_experts": 256, "num_experts_per_tok": 8, "n_shared_experts": 1, "moe_intermediate_size": 2048,
            "first_k_dense_replace": 3, "intermediate_size": 18432,
        }
    )  # fmt: skip
    assert (shape.mla_key_dim, shape.mla_value_dim, shape.kv_lora_rank, shape.head_dim) == (192, 128, 512, 576)
    assert (shape.experts, shape.experts_used, shape.shared_experts, shape.dense_layers) == (256, 8, 1, 3)


def test_sliding_windows_by_layer() -> None:
    kinds = ["sliding_attention"] * 5 + ["full_attention"]
    text = {
        "hidden_size": 5376, "num_hidden_layers": 6, "num_attention_heads": 32, "num_key_value_heads": 16, "num_global_key_value_heads": 4,
        "head_dim": 256, "global_head_dim": 512, "sliding_window": 1024, "layer_types": kinds, "intermediate_size": 21504,
        "vocab_size": 262144,
    }  # fmt: skip
    shape = shape_of({"architectures": ["Gemma4ForConditionalGeneration"], "text_config": text})
    assert shape.sliding_layers == (0, 1, 2, 3, 4)
    assert shape.kv_heads_per_layer == (16, 16, 16, 16, 16, 4)
    assert (shape.head_dim, shape.sliding_head_dim, shape.tied_embeddings) == (512, 256, True)


def test_hybrids_say_which_layers_attend() -> None:
    text = {
        "hidden_size": 4096, "num_hidden_layers": 8, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 256,
        "full_attention_interval": 4,
        "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    }  # fmt: skip
    shape = shape_of({"architectures": ["Qwen3_5ForConditionalGeneration"], "text_config": text})
    assert shape.attention_layers == (3, 7)
    assert (shape.inner, shape.groups, shape.state_size) == (4096, 16, 128)


@pytest.mark.parametrize(
    ("block", "quant", "form"),
    [
        ({"quantization": {"bits": 8, "group_size": 64}}, "8bit", "mlx"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "AWQ", "awq"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "GPTQ", "gptq"),
        ({"quantization_config": {"quant_method": "fp8"}}, "FP8", "fp8"),
        ({"torch_dtype": "float16"}, "F16", "safetensors"),
    ],
)
def test_quantisation_blocks(block: dict[str, Any], quant: str, form: str) -> None:
    reading = hf_config.read({**LLAMA, **block})
    assert (reading.quant, reading.format) == (quant, form)


def test_hybrids_by_their_configuration() -> None:
    granite = hf_config.read(
        {
            "architectures": ["GraniteMoeHybridForCausalLM"], "hidden_size": 1536, "num_hidden_layers": 4, "num_attention_heads": 12,
            "num_key_value_heads": 4, "intermediate_size": 512, "shared_intermediate_size": 1024, "num_local_experts": 64,
            "vocab_size": 100352,
            "num_experts_per_tok": 6, "mamba_d_state": 128, "mamba_n_groups": 1, "mamba_n_heads": 48, "mamba_d_head": 64, "mamba_d_conv": 4,
            "layer_types": ["mamba", "mamba", "attention", "mamba"],
        }
    ).shape  # fmt: skip
    assert granite is not None
    assert (granite.shared_experts, granite.inner, granite.attention_layers, granite.recurrent_layers) == (2, 3072, (2,), (0, 1, 3))
    nemotron = {
        "architectures": ["NemotronHForCausalLM"], "hidden_size": 4480, "num_hidden_layers": 4, "num_attention_heads": 40,
        "num_key_value_heads": 8, "intermediate_size": 15680, "hybrid_override_pattern": "M-*-", "mamba_num_heads": 128,
        "mamba_head_dim": 80,
        "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4, "vocab_size": 131072,
    }  # fmt: skip
    shape = hf_config.read(nemotron).shape
    assert shape is not None
    assert (shape.ffn_per_layer, shape.attention_layers, shape.recurrent_layers) == ((0, 15680, 0, 15680), (2,), (0,))
    routed = hf_config.read({**nemotron, "hybrid_override_pattern": "ME*E", "n_routed_experts": 128, "moe_intermediate_size": 1856})
    assert routed.arch == "nemotron_h_moe"
    assert routed.shape is not None
    assert routed.shape.ffn_per_layer is None
    vision = hf_config.read(
        {
            "architectures": ["MllamaForConditionalGeneration"],
            "text_config": {"hidden_size": 64, "num_hidden_layers": 5, "num_attention_heads": 4, "cross_attention_layers": [3]},
        }
    ).shape
    assert vision is not None
    assert vision.attention_layers == (0, 1, 2, 4)


def shape(name: str, **config: Any) -> Shape:
    found = hf_config.read({"architectures": [name], **config}).shape
    assert found is not None
    return found


def test_llama_4_says_an_experts_width_first() -> None:
    """Scout: 107.8 billion parameters without the part that sees."""
    text = {
        "num_hidden_layers": 48, "hidden_size": 5120, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
        "intermediate_size": 8192, "intermediate_size_mlp": 16384, "num_local_experts": 16, "num_experts_per_tok": 1, "vocab_size": 202048,
    }  # fmt: skip
    scout = shape("Llama4ForConditionalGeneration", text_config=text)
    assert (scout.ffn, scout.expert_ffn, scout.shared_experts) == (16384, 8192, 1)
    assert parameters("llama4", scout) == pytest.approx(107.77e9, rel=1e-3)


def test_decis_blocks_differ() -> None:
    blocks = [
        {"attention": {"n_heads_in_group": 8, "no_op": False}, "ffn": {"ffn_mult": 2.625}},
        {"attention": {"n_heads_in_group": None, "no_op": True}, "ffn": {"ffn_mult": 1.3125}},
        {"attention": {"n_heads_in_group": None, "replace_with_linear": True}, "ffn": {"ffn_mult": None, "no_op": True}},
    ]
    found = shape("DeciLMForCausalLM", num_hidden_layers=3, hidden_size=8192, num_attention_heads=64, block_configs=blocks)
    assert (found.kv_heads_per_layer, found.heads_per_layer, found.attention_layers) == ((8, 0, 0), (64, 0, 64), (0,))
    assert found.ffn_per_layer == (14336, 7168, 0)


def test_nemotron_3_lists_its_layers() -> None:
    found = shape(
        "NemotronHForCausalLM", hidden_size=8192, num_attention_heads=64, num_key_value_heads=2, n_routed_experts=512,
        layers_block_type=["mamba", "moe", "attention", "moe"], num_experts_per_tok=22, moe_intermediate_size=5120, moe_latent_size=2048,
        moe_shared_expert_intermediate_size=10240,
    )  # fmt: skip
    assert (found.layers, found.recurrent_layers, found.attention_layers) == (4, (0,), (2,))
    assert (found.expert_hidden, found.expert_ffn, found.shared_experts) == (2048, 5120, 2)


def test_window_layers_with_heads_of_their_own() -> None:
    kinds = ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]
    step = shape(
        "Step3p5ForCausalLM", num_hidden_layers=3, hidden_size=4096, num_attention_heads=64, num_attention_groups=8, layer_types=kinds,
        sliding_window=512, attention_other_setting={"num_attention_heads": 96}, moe_num_experts=288, moe_top_k=8, moe_layers_enum="2,3",
        moe_intermediate_size=1280, share_expert_dim=1280,
    )  # fmt: skip
    assert (step.heads_per_layer, step.kv_heads, step.sliding_layers, step.dense_layers) == ((64, 96, 96), 8, (1, 2), 2)
    assert (step.experts_used, step.shared_experts) == (8, 1)
    mimo = shape(
        "MiMoV2FlashForCausalLM", num_hidden_layers=3, hidden_size=4096, num_attention_heads=64, num_key_value_heads=4, head_dim=192,
        v_head_dim=128, swa_num_key_value_heads=8, hybrid_layer_pattern=[0, 1, 1], sliding_window=128, moe_layer_freq=[0, 1, 1],
        n_routed_experts=256, num_experts_per_tok=8, moe_intermediate_size=2048,
    )  # fmt: skip
    assert (mimo.kv_heads_per_layer, mimo.sliding_layers, mimo.value_head_dim, mimo.dense_layers) == ((4, 8, 8), (1, 2), 128, 1)
    unmarked = shape("Step3p5ForCausalLM", num_hidden_layers=3, hidden_size=64, num_attention_heads=4, sliding_window=512)
    assert unmarked.sliding_window is None


def test_minimax_m3s_first_layers_are_dense() -> None:
    found = shape(
        "MiniMaxM3SparseForCausalLM", num_hidden_layers=5, hidden_size=6144, num_attention_heads=64, num_key_value_heads=4, head_dim=128,
        intermediate_size=3072, dense_intermediate_size=12288, moe_layer_freq=[0, 0, 0, 1, 1], num_local_experts=128, num_experts_per_tok=4,
        sparse_attention_config={"sparse_num_index_heads": 4, "sparse_index_dim": 128},
    )  # fmt: skip
    assert (found.ffn, found.expert_ffn, found.dense_layers) == (12288, 3072, 3)
    assert (found.indexer_layers, found.indexer_head_dim) == ((3, 4), 128)


def test_kimis_layers_are_counted_from_one() -> None:
    found = shape(
        "KimiK3ForConditionalGeneration", num_hidden_layers=4, hidden_size=7168, num_attention_heads=96, num_experts=896, kv_lora_rank=512,
        qk_rope_head_dim=64, moe_intermediate_size=3072, routed_expert_hidden_size=3584, num_experts_per_token=16,
        linear_attn_config={"full_attn_layers": [4], "kda_layers": [1, 2, 3], "head_dim": 128, "short_conv_kernel_size": 4},
    )  # fmt: skip
    assert (found.attention_layers, found.recurrent_layers, found.kda_head_dim, found.conv_kernel) == ((3,), (0, 1, 2), 128, 4)
    assert found.expert_hidden == 3584


@pytest.mark.parametrize(
    ("named", "inner", "arch", "task"),
    [
        ("KimiK25ForConditionalGeneration", "DeepseekV3ForCausalLM", "deepseek2", "chat"),
        ("SomeNewVisionModel", "Qwen3ForCausalLM", "qwen3", "chat"),
        ("Qwen2Model", None, "qwen2", "embeddings"),
        ("EuroBertModel", None, "eurobert", "embeddings"),
        ("BertForSequenceClassification", None, "bert", "rerank"),
        ("NobodysForCausalLM", None, "NobodysForCausalLM", "chat"),
    ],
)
def test_the_class_says_the_architecture(named: str, inner: str | None, arch: str, task: str) -> None:
    text = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4}
    nested = {"text_config": {**text, "architectures": [inner]}} if inner else text
    reading = hf_config.read({"architectures": [named], **nested})
    assert (reading.arch, reading.hf_arch, reading.tasks[0]) == (arch, named, task)
    assert reading.shape is not None


def test_deepseek_v4s_ratios_are_the_trunks() -> None:
    found = shape(
        "DeepseekV4ForCausalLM", num_hidden_layers=3, hidden_size=4096, num_attention_heads=64, num_key_value_heads=1, head_dim=512,
        compress_ratios=[0, 4, 128, 0], sliding_window=128, q_lora_rank=1024, o_groups=8, o_lora_rank=1024, index_head_dim=128,
        index_n_heads=64,
    )  # fmt: skip
    assert (found.compress_ratios, found.sliding_window, found.q_lora_rank) == ((0, 4, 128), 128, 1024)
    assert (found.output_groups, found.output_lora_rank, found.indexer_heads, found.indexer_head_dim) == (8, 1024, 64, 128)
