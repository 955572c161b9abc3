"""Arrow 2: models, their forms, chips, and what is asked for."""

from typing import Literal

from pathfinder.types.words import Audience, Feature, Frozen, How, Prefer, Task


class Source(Frozen, frozen=True, kw_only=True):
    """Where a catalogued figure was read."""

    source: str
    """`huggingface:owner/repo config.json`, `github:owner/repo path`, `pypi:name==1.2`, ..."""
    checked: str
    how: How = "read"
    says: str | None = None


class Shape(Frozen, frozen=True, kw_only=True):
    """The numbers memory and speed follow from. Counts are of elements, not bytes; per-layer lists have `layers` items."""

    layers: int
    hidden: int
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    value_head_dim: int | None = None
    ffn: int | None = None
    vocab: int | None = None
    context: int | None = None
    """Longest trained context, tokens."""
    tied_embeddings: bool = False
    kv_heads_per_layer: tuple[int, ...] | None = None
    sliding_window: int | None = None
    sliding_pattern: int | None = None
    """Every n-th layer attends to everything, the others inside the window; None: all layers use the window if there is one."""
    experts: int | None = None
    experts_used: int | None = None
    shared_experts: int | None = None
    expert_ffn: int | None = None
    expert_hidden: int | None = None
    """Width the routed experts read and write, where it is narrower than `hidden` (Nemotron 3 Super and Ultra)."""
    dense_layers: int | None = None
    """Leading layers without experts."""
    kv_lora_rank: int | None = None
    """Multi-head latent attention: rank of the compressed KV."""
    rope_head_dim: int | None = None
    q_lora_rank: int | None = None
    state_size: int | None = None
    conv_kernel: int | None = None
    inner: int | None = None
    groups: int | None = None
    attention_layers: tuple[int, ...] | None = None
    """Hybrids: which layers attend; None: all of them."""
    recurrent_layers: tuple[int, ...] | None = None
    """Which layers keep a recurrent state; None: those that do not attend, if the shape has a state at all."""
    sliding_first: bool = False
    """With `sliding_pattern`: the layer that attends to everything comes first in its period instead of last."""
    sliding_layers: tuple[int, ...] | None = None
    """Which layers use the window, where no period says it."""
    window_kind: Literal["standard", "chunked", "symmetric"] = "standard"
    sliding_head_dim: int | None = None
    sliding_value_head_dim: int | None = None
    """Head sizes of window layers, where they differ from the others'."""
    heads_per_layer: tuple[int, ...] | None = None
    ffn_per_layer: tuple[int, ...] | None = None
    nextn_layers: int = 0
    """Trailing layers for multi-token prediction, counted in `layers`."""
    kv_layers: int | None = None
    """Only the first `kv_layers` layers keep a KV cache, the rest share it (Gemma 3n, Gemma 4)."""
    mla_key_dim: int | None = None
    mla_value_dim: int | None = None
    """Multi-head latent attention: key and value head sizes after decompression."""
    indexer_heads: int | None = None
    indexer_head_dim: int | None = None
    """Sparse attention's indexer keeps keys of its own."""
    indexer_layers: tuple[int, ...] | None = None
    """Which layers have an indexer; None: all that attend."""
    compress_ratios: tuple[int, ...] | None = None
    """DeepSeek V4: how many tokens one compressed key stands for in each layer beside its window; 0: none is kept."""
    output_groups: int | None = None
    output_lora_rank: int | None = None
    """DeepSeek V4: the output projection goes through so many groups of this rank."""
    wkv_head_size: int | None = None
    token_shift: int | None = None
    """RWKV: size of a head's state, and how many token shifts it keeps."""
    kda_head_dim: int | None = None
    """Kimi delta attention: head size of its state."""
    per_layer_input: int | None = None
    """Width of the token embeddings each layer has of its own (Gemma 3n, Gemma 4); looked up, never multiplied."""
    encoder_layers: int | None = None
    """Encoder-decoders (T5, Whisper): layers of the encoder; `layers` are the decoder's."""


class Tensor(Frozen, frozen=True, kw_only=True):
    """One tensor of a weights file; `shape` is row-major as PyTorch prints it, the fastest dimension last."""

    name: str
    shape: tuple[int, ...]
    type: str
    """As the format spells it: Q4_K, F16, BF16, F8_E4M3, ..."""
    bytes: int


class Artifact(Frozen, frozen=True, kw_only=True):
    """One downloadable or local form of a model's weights."""

    format: str
    """gguf, safetensors, mlx, awq, gptq, exl2, exl3, fp8, onnx, openvino, ..."""
    quant: str
    """As upstream spells it: Q4_K_M, 4bit, W4A16, BF16, ..."""
    repo: str | None = None
    """`owner/name` on the hub; None for a local file."""
    file: str | None = None
    path: str | None = None
    bytes: int | None = None
    bits_per_weight: float | None = None
    projector_bytes: int | None = None
    """Size of the `mmproj` file beside a GGUF file; None: none was seen."""
    tag: str | None = None
    """The name in a runtime's own library, such as Ollama's `llama3:8b`."""
    registry: str = "huggingface"


class Model(Frozen, frozen=True, kw_only=True):
    """A catalogued model, or one read from a header."""

    id: str
    name: str
    family: str
    arch: str
    """The architecture name as GGUF and llama.cpp spell it (llama, qwen3moe, ...)."""
    hf_arch: str | None = None
    """The class in `config.json`'s `architectures`."""
    params: int | None = None
    active_params: int | None = None
    shape: Shape | None = None
    projector_params: int | None = None
    """Parameters of the part that sees (or hears): encoder and projector, beside `shape`'s."""
    tasks: tuple[Task, ...] = ("chat", "completion")
    features: tuple[Feature, ...] = ()
    repo: str | None = None
    """The publisher's own `owner/name`."""
    gated: bool = False
    licence: str | None = None
    released: str | None = None
    base: str | None = None
    """The id of the base model, for a tuned one."""
    variant: str | None = None
    aliases: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    sources: tuple[Source, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    """Every tensor of the file, for a model read from a header; empty for a catalogued one."""


class Chip(Frozen, frozen=True, kw_only=True):
    """What a maker publishes of a chip. A name table only adds to what a driver says, it never decides."""

    id: str
    name: str
    vendor: str
    kind: Literal["gpu", "npu", "accelerator", "cpu"] = "gpu"
    arch: str | None = None
    match: tuple[str, ...] = ()
    """Further names drivers give it."""
    pattern: str | None = None
    """Regular expression on a processor's model name, lower case."""
    memory_bytes: int | None = None
    bandwidth_bytes_per_second: float | None = None
    fp32_flops: float | None = None
    fp16_flops: float | None = None
    """Dense operations per second on the fastest 16-bit path (matrix units where there are any)."""
    dtypes: tuple[str, ...] = ()
    unified: bool = False
    sources: tuple[Source, ...] = ()


class Demand(Frozen, frozen=True, kw_only=True):
    """What is wanted: one model, one task, for whom, and what matters most."""

    model: Model
    asked: str
    task: Task = "chat"
    audience: Audience = "solo"
    prefer: Prefer | None = None
    context: int | None = None
    """Tokens; None: a stated, sensible default is planned."""
    users: int = 1
    runtime: str | None = None
    quant: str | None = None
    artifact: Artifact | None = None
    """Set when the REF names one file or folder."""
    alternatives: tuple[str, ...] = ()
