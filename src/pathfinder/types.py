"""Every value that crosses an arrow of the house: frozen structs and the closed vocabularies.

Units are in the name (`_bytes`, `_seconds`, `_tps`, `_bytes_per_second`). `None` is unknown, never no.
A field's `Fact` annotation says how its text is compared in `when` and what a person must do to change it.
"""

from typing import Annotated, Any, Literal

import msgspec

# --- closed vocabularies ---------------------------------------------------------------------------------------------

Arch = Literal["x86_64", "i686", "aarch64", "armv7l", "riscv64", "ppc64le", "s390x", "loongarch64"]
OsFamily = Literal["linux", "macos", "windows", "android", "ios", "freebsd", "other"]
DeviceKind = Literal["gpu", "npu", "accelerator"]
Backend = Literal[
    "cuda", "rocm", "metal", "sycl", "openvino", "vulkan", "directml", "opencl", "webgpu",
    "cpu", "npu", "gaudi", "neuron", "tpu", "ascend",
]  # fmt: skip
Task = Literal[
    "chat", "completion", "embeddings", "rerank", "transcribe", "tts", "voice-cloning", "vad",
    "image", "video", "music", "object-detection", "store", "training",
]  # fmt: skip
Feature = Literal["functions", "streaming", "vision", "logprobs"]
Status = Literal["works", "partial", "broken", "unsupported", "untested"]
Effect = Literal["needs-flag", "slower", "partial", "broken"]
ProjectState = Literal["active", "maintenance", "archived", "renamed", "absorbed"]
Audience = Literal["solo", "team", "production"]
Prefer = Literal["simple", "fast", "throughput", "memory"]
How = Literal["read", "resolved", "installed", "run"]
Takes = Literal["wish", "tool", "user", "admin", "reboot", "os", "hardware"]
"""What changing a fact takes, from the least to the worst; the order is the order of unlocks."""
Batching = Literal["none", "sequential", "slots", "continuous"]
"""How a server treats concurrent requests: not a server, one at a time, fixed parallel slots, continuous batching."""
Split = Literal["none", "layers", "tensor", "layers+tensor"]
"""How one model is spread over several devices: layers tolerates unequal devices, tensor needs equal ones."""
Placement = Literal["whole", "split", "integrated", "cpu"]
"""Where a model lives: whole on a discrete GPU or unified memory, split with system memory, on an integrated GPU or NPU, on the CPU."""
Verdict = Literal["works", "partial", "unknown"]
RunVerdict = Literal["same", "close", "wrong", "nan", "silent", "crashed", "timeout", "unjudged"]
StepKind = Literal["run", "download", "unpack", "write", "start", "wait", "manual"]
Need = Literal["root", "network", "gui", "reboot", "login"]
FactKind = Literal["word", "text", "version", "bytes", "number", "flag", "list"]


class Fact:
    """Annotation of a fact: how `when` compares it, and what changing it takes (`hardware` unless said)."""

    __slots__ = ("kind", "takes")

    def __init__(self, kind: FactKind | None = None, takes: Takes = "hardware") -> None:
        self.kind = kind
        self.takes = takes


class Frozen(msgspec.Struct, frozen=True):
    """A value: compared by content, changed only by `msgspec.structs.replace`."""


Version = Annotated[str | None, Fact("version", "os")]

# --- 1 observe: Facts ------------------------------------------------------------------------------------------------


class Os(Frozen, frozen=True, kw_only=True):
    family: Annotated[OsFamily | None, Fact("word", "os")] = None
    id: Annotated[str | None, Fact("word", "os")] = None
    version_id: Version = None
    id_like: tuple[str, ...] | None = None
    """Families this distribution says it follows, nearest first (`ID_LIKE`)."""
    variant_id: Annotated[str | None, Fact("word", "os")] = None
    name: Annotated[str | None, Fact("text", "os")] = None
    pretty_name: Annotated[str | None, Fact("text", "os")] = None
    version: Annotated[str | None, Fact("text", "os")] = None
    kernel: Annotated[str | None, Fact("version", "reboot")] = None
    arch: Annotated[Arch | None, Fact("word")] = None
    process_arch: Annotated[Arch | None, Fact("word", "user")] = None
    translated: Annotated[bool | None, Fact("flag", "user")] = None
    libc: Annotated[str | None, Fact("word", "os")] = None
    """`glibc`, `musl`, `bionic`, `msvcrt`, `libSystem`."""
    libc_version: Version = None
    wsl: Annotated[int | None, Fact("number", "os")] = None
    """1 or 2 under the Windows Subsystem for Linux, 0 elsewhere."""
    container: Annotated[str | None, Fact("word", "user")] = None
    """`docker`, `podman`, `kubernetes`, `lxc`, ...; `none` outside."""
    hypervisor: Annotated[str | None, Fact("word")] = None
    """`kvm`, `hyper-v`, `vmware`, `xen`, ...; `none` on bare metal."""


class Cpu(Frozen, frozen=True, kw_only=True):
    vendor: str | None = None
    model: str | None = None
    arch: Arch | None = None
    family: str | None = None
    """Instruction set family whatever the width: `x86`, `arm`, `riscv`, `ppc`, `s390`, `loongarch`, `mips`, `sparc`, `ia64`."""
    microarchitecture: str | None = None
    level: str | None = None
    """`x86-64-v1` to `-v4`, `armv8.x-a`, ..."""
    sockets: int | None = None
    cores: int | None = None
    threads: int | None = None
    """Online logical CPUs."""
    threads_present: int | None = None
    cores_present: int | None = None
    """Cores the machine has, offline ones too."""
    offline: int | None = None
    clusters: int | None = None
    performance_cores: int | None = None
    efficiency_cores: int | None = None
    numa_nodes: int | None = None
    numa_nodes_with_cpus: int | None = None
    usable_cpus: Annotated[float | None, Fact("number", "user")] = None
    """min(affinity, cpuset, quota of every cgroup ancestor), with its fraction."""
    usable_cores: Annotated[int | None, Fact("number", "user")] = None
    """Cores with at least one CPU that affinity and cpuset allow."""
    features: tuple[str, ...] | None = None


class Memory(Frozen, frozen=True, kw_only=True):
    total_bytes: int | None = None
    available_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    limited: Annotated[bool | None, Fact("flag", "user")] = None
    limit_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    usable_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    swap_bytes: Annotated[int | None, Fact("bytes", "admin")] = None
    bandwidth_bytes_per_second: float | None = None
    unified: bool | None = None


class Cgroup(Frozen, frozen=True, kw_only=True):
    version: Annotated[int | None, Fact("number", "admin")] = None
    cpu_quota_cpus: Annotated[float | None, Fact("number", "user")] = None
    cpuset: Annotated[str | None, Fact("word", "user")] = None


class Disk(Frozen, frozen=True, kw_only=True):
    path: str
    free_bytes: Annotated[int | None, Fact("bytes", "user")] = None


class Board(Frozen, frozen=True, kw_only=True):
    model: str | None = None
    soc: str | None = None
    l4t: Annotated[str | None, Fact("version", "os")] = None


class PciFunction(Frozen, frozen=True, kw_only=True):
    """One display, accelerator or processing-accelerator function of the PCI bus."""

    pci: str
    """`dddd:bb:dd.f`, lower case."""
    class_: str | None = msgspec.field(default=None, name="class")
    """Six hexadecimal digits, such as `030000`."""
    vendor_id: str | None = None
    device_id: str | None = None
    driver_module: Annotated[str | None, Fact("word", "admin")] = None
    compute: bool | None = None
    """False for a BMC's or a virtual machine's display-only adapter."""


class Pcie(Frozen, frozen=True, kw_only=True):
    generation: int | None = None
    width: int | None = None


class Mig(Frozen, frozen=True, kw_only=True):
    supported: bool | None = None
    enabled: bool | None = None
    profile: str | None = None
    compute_instance: int | None = None
    gpu_instance: int | None = None


class DeviceProcess(Frozen, frozen=True, kw_only=True):
    pid: int | None = None
    name: str | None = None
    memory_bytes: int | None = None


class Device(Frozen, frozen=True, kw_only=True):
    id: str
    """Stable within a host and free of secrets: the PCI address where there is one, else `gpu0`, `npu0`, ..."""
    kind: Annotated[DeviceKind, Fact("word")] = "gpu"
    vendor: Annotated[str | None, Fact("word")] = None
    """`nvidia`, `amd`, `intel`, `apple`, `qualcomm`, ..."""
    name: str | None = None
    arch: Annotated[str | None, Fact("word")] = None
    """`sm_90`, `gfx1100`, `xe2`, `apple9`, ..."""
    pci: str | None = None
    uuid: str | None = None
    vendor_id: str | None = None
    device_id: str | None = None
    memory_bytes: int | None = None
    memory_free_bytes: Annotated[int | None, Fact("bytes", "user")] = None
    visible_memory_bytes: Annotated[int | None, Fact("bytes", "reboot")] = None
    gtt_bytes: Annotated[int | None, Fact("bytes", "reboot")] = None
    """System memory an AMD GPU may map; for an integrated one part of `memory_bytes`."""
    carveout_bytes: Annotated[int | None, Fact("bytes", "reboot")] = None
    """System memory the firmware sets aside for an integrated GPU; part of `memory_bytes`."""
    shared_memory: bool | None = None
    integrated: bool | None = None
    bandwidth_bytes_per_second: float | None = None
    compute_units: int | None = None
    compute_capability: Annotated[str | None, Fact("version")] = None
    driver_module: Annotated[str | None, Fact("word", "admin")] = None
    driver_version: Annotated[str | None, Fact("version", "admin")] = None
    apis: Annotated[dict[str, str | None], Fact("version", "admin")] = {}
    """API name to the version this device offers: cuda, rocm, vulkan, metal, level_zero, opencl, directml."""
    virtualization: str | None = None
    mig: Mig | None = None
    parent: str | None = None
    visible: Annotated[bool | None, Fact("flag", "user")] = None
    """False where an environment variable hides the device from runtimes."""
    pcie: Pcie | None = None
    used_by: tuple[DeviceProcess, ...] | None = None


class Link(Frozen, frozen=True, kw_only=True):
    a: str
    b: str
    kind: Literal["nvlink", "xgmi", "c2c", "pcie"]


class ApiDevice(Frozen, frozen=True, kw_only=True):
    """A device as a graphics or compute API lists it, software renderers included."""

    name: str | None = None
    type: str | None = None
    api_version: str | None = None
    driver_version: str | None = None
    software: bool | None = None
    memory_bytes: int | None = None
    unified: bool | None = None
    api: str | None = None
    """Which interface of several listed it (`level_zero`, `opencl`, `cuda`, `hip` for SYCL)."""
    vendor: str | None = None
    vendor_id: str | None = None
    device_id: str | None = None
    device: str | None = None
    """`Device.id`, where it is one."""


class BackendFact(Frozen, frozen=True, kw_only=True):
    usable: Annotated[bool | None, Fact("flag", "admin")] = None
    version: Annotated[str | None, Fact("version", "admin")] = None
    devices: tuple[str, ...] | None = None
    why: str | None = None


class Toolkit(Frozen, frozen=True, kw_only=True):
    kind: Literal["cuda", "rocm", "oneapi"]
    version: Annotated[str | None, Fact("version", "admin")] = None
    path: str | None = None


class Tool(Frozen, frozen=True, kw_only=True):
    found: Annotated[bool | None, Fact("flag", "tool")] = None
    path: str | None = None
    version: Annotated[str | None, Fact("version", "tool")] = None


class Why(Frozen, frozen=True, kw_only=True):
    source: str
    """The file, command or library function that answered; or why none did."""
    elapsed_seconds: float | None = None
    note: str | None = None


class Warning_(Frozen, frozen=True, kw_only=True):
    id: str
    says: str
    facts: tuple[str, ...] = ()
    fix: str | None = None


class Collected(Frozen, frozen=True, kw_only=True):
    at: str | None = None
    by_version: str | None = None
    deadline_hit: bool | None = None


class Facts(Frozen, frozen=True, kw_only=True):
    """`pathfinder/facts/v1`. `devices: None` says that no enumerator answered, `()` that one answered "none"."""

    schema: str = "pathfinder/facts/v1"
    os: Os = Os()
    cpu: Cpu = Cpu()
    memory: Memory = Memory()
    cgroup: Cgroup = Cgroup()
    disk: tuple[Disk, ...] | None = None
    board: Board = Board()
    pci: tuple[PciFunction, ...] | None = None
    devices: tuple[Device, ...] | None = None
    links: tuple[Link, ...] | None = None
    vulkan: tuple[ApiDevice, ...] | None = None
    opencl: tuple[ApiDevice, ...] | None = None
    sycl: tuple[ApiDevice, ...] | None = None
    backends: dict[str, BackendFact] = {}
    toolkits: tuple[Toolkit, ...] | None = None
    tools: dict[str, Tool] = {}
    runtimes: dict[str, Tool] = {}
    why: dict[str, Why] = {}
    warnings: tuple[Warning_, ...] = ()
    collected: Collected = Collected()


# --- 2 ask: models and Demand ----------------------------------------------------------------------------------------


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


# --- the matrix ------------------------------------------------------------------------------------------------------

When = dict[str, Any]
"""A compiled condition, a JSON tree: {"all": [..]} {"any": [..]} {"not": w} {"path", "op", "value", "kind", "takes"}."""


class Evidence(Frozen, frozen=True, kw_only=True):
    source: str
    checked: str
    how: How
    says: str


class Caveat(Frozen, frozen=True, kw_only=True):
    id: str
    effect: Effect
    says: str
    when: When | None = None
    """None: always applies."""
    factor: float | None = None
    """For `slower`: multiplies the speed estimate (0.5 = half as fast)."""
    evidence: tuple[Evidence, ...] = ()


class SetFacts(Frozen, frozen=True, kw_only=True):
    """Root `set` of a condition: the devices of one candidate together."""

    count: int | None = None
    same_arch: bool | None = None
    memory_bytes: Annotated[int | None, Fact("bytes")] = None
    smallest_memory_bytes: Annotated[int | None, Fact("bytes")] = None
    linked: bool | None = None
    """Every pair joined by nvlink, xgmi or c2c."""


class ModelFacts(Frozen, frozen=True, kw_only=True):
    """Root `model` of a condition: the model asked for and the artefact looked at."""

    id: Annotated[str | None, Fact("word", "wish")] = None
    arch: Annotated[str | None, Fact("word", "wish")] = None
    heads: Annotated[int | None, Fact("number", "wish")] = None
    kv_heads: Annotated[int | None, Fact("number", "wish")] = None
    format: Annotated[str | None, Fact("word", "wish")] = None
    quant: Annotated[str | None, Fact("word", "wish")] = None
    dtype: Annotated[str | None, Fact("word", "wish")] = None
    params: Annotated[int | None, Fact("number", "wish")] = None
    local: Annotated[bool | None, Fact("flag", "wish")] = None
    """A file or folder on this machine, `{path}`; else on the hub, `{repo}`."""


class WantFacts(Frozen, frozen=True, kw_only=True):
    """Root `want` of a condition: the wish."""

    task: Annotated[Task | None, Fact("word", "wish")] = None
    audience: Annotated[Audience | None, Fact("word", "wish")] = None
    context: Annotated[int | None, Fact("number", "wish")] = None
    users: Annotated[int | None, Fact("number", "wish")] = None


class PlanFacts(Frozen, frozen=True, kw_only=True):
    """Root `plan` of a condition inside a launch recipe: where the model lies, once that is decided."""

    gpu_layers: Annotated[int | None, Fact("number", "wish")] = None
    """As `{gpu_layers}`; None: the model's layers are not known, so the runtime had better count them itself."""
    expert_layers: Annotated[int | None, Fact("number", "wish")] = None
    projector_in_ram: Annotated[bool | None, Fact("flag", "wish")] = None
    """The part of the model that sees has no room beside the layers on the device."""


class Requirement(Frozen, frozen=True, kw_only=True):
    id: str = ""
    """The key it is merged by; `<platform>.<key>` for a shared one."""
    when: When
    says: str
    """What an operator is told when it does not hold: one sentence with the remedy."""
    evidence: tuple[Evidence, ...] = ()


class Platform(Frozen, frozen=True, kw_only=True):
    """What cells share: requirements stated once (a CUDA toolkit's driver, a ROCm release's GPUs), and the facts behind them."""

    id: str
    says: str
    requires: tuple[Requirement, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    facts: dict[str, Any] = {}
    evidence: tuple[Evidence, ...] = ()


class ArgGroup(Frozen, frozen=True, kw_only=True):
    """Argv items that are there only when a condition holds."""

    when: When
    argv: tuple[str, ...]


class PipInstall(Frozen, frozen=True, kw_only=True):
    """Python packages for the runtime's own environment; `plan.py` spells it for uv or for venv and pip."""

    packages: tuple[str, ...]
    python: str | None = None
    """Versions that have wheels, `>=3.10,<3.14`."""
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: str | None = None
    no_binary: tuple[str, ...] = ()
    pre: bool = False


class StepTemplate(Frozen, frozen=True, kw_only=True):
    """A step of a recipe; strings may hold `{placeholder}` from the closed list in `plan.py`, nothing else."""

    kind: StepKind | Literal["pip"]
    title: str
    pip: PipInstall | None = None
    argv: tuple[str | ArgGroup, ...] | None = None
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = None
    sha256: str | None = None
    path: str | None = None
    text: str | None = None
    needs: tuple[Need, ...] = ()
    undo: tuple["StepTemplate", ...] = ()
    check: tuple[str, ...] | None = None
    why: str | None = None
    when: When | None = None
    evidence: tuple[Evidence, ...] = ()


class Server(Frozen, frozen=True, kw_only=True):
    api: str
    """openai, ollama, native, none."""
    port: int | None = None
    health: str | None = None
    base: str | None = None
    """Path of the API under the host, such as `/v1`."""


class FormatSupport(Frozen, frozen=True, kw_only=True):
    format: str
    quants: tuple[str, ...] = ()
    """Quantisations it loads; empty: every one of the format."""
    requires: When | None = None
    """Beyond the cell's own requirements (FP8 on compute capability 8.9)."""
    says: str | None = None
    evidence: tuple[Evidence, ...] = ()


class MemoryRule(Frozen, frozen=True, kw_only=True):
    """How the runtime claims memory; figures in bytes or fractions, with their source."""

    kind: Literal["llama.cpp", "utilisation", "mlx", "torch", "other"] = "other"
    utilisation: float | None = None
    overhead_bytes: int | None = None
    source: str | None = None


class Cell(Frozen, frozen=True, kw_only=True):
    """One OS x backend of a runtime, resolved."""

    id: str
    """`<os>-<backend>`, with a suffix where there are several."""
    os: tuple[OsFamily, ...]
    backend: Backend
    status: Status
    arch: tuple[Arch, ...] = ()
    """Empty: any."""
    requires: tuple[Requirement, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    formats: tuple[FormatSupport, ...] = ()
    tasks: tuple[Task, ...] = ()
    features: tuple[Feature, ...] = ()
    batching: Batching = "none"
    split: Split = "none"
    offload: bool = False
    """Part of the model may stay in system memory (llama.cpp's `-ngl`)."""
    expert_offload: bool = False
    """So may the routed experts of a layer apart from it, and the recipe says how many (`{expert_layers}`)."""
    engine: str = ""
    """Row of the speed coefficients (`estimate/`); the runtime's id unless said."""
    memory: MemoryRule = MemoryRule()
    install: tuple[StepTemplate, ...] = ()
    launch: tuple[StepTemplate, ...] = ()
    container: tuple[StepTemplate, ...] = ()
    """The Docker form of the launch, where there is one."""
    server: Server | None = None
    evidence: tuple[Evidence, ...] = ()
    inferred_from: str | None = None
    """The cell its status came from when it has no evidence of its own; such a cell prints as untested."""
    origins: dict[str, str] = {}
    """Field to where it was stated: `defaults`, `like:CELL`, `overlay:NAME`; absent: the cell itself."""
    install_effort: int = 0
    launch_effort: int = 0
    """Steps of the recipes as `steps.effort` counts them, kept where the recipes themselves are left out."""


class Project(Frozen, frozen=True, kw_only=True):
    state: ProjectState
    since: str | None = None
    successor: str | None = None
    """A runtime id."""
    says: str | None = None
    evidence: tuple[Evidence, ...] = ()


class History(Frozen, frozen=True, kw_only=True):
    """An old claim kept beside what is true now."""

    claim: str
    source: str
    now: str
    """What holds today, in one sentence."""


class Release(Frozen, frozen=True, kw_only=True):
    version: str
    checked: str
    source: str
    python: str | None = None
    """`>=3.10,<3.14`, for a Python package."""


class Fit(Frozen, frozen=True, kw_only=True):
    """How well it serves each reader, 0 (no) to 2 (made for it), and why."""

    solo: int = 0
    team: int = 0
    production: int = 0
    distributed: int = 0


class Runtime(Frozen, frozen=True, kw_only=True):
    id: str
    name: str
    summary: str
    home: str
    """`github:owner/name`, or the site's name where there is no repository."""
    licence: str | None = None
    aliases: tuple[str, ...] = ()
    project: Project
    latest: Release | None = None
    architectures: tuple[str, ...] = ()
    """Model architectures it loads, GGUF spelling; where none are stated those of the engine it runs, if that loads all its formats;
    empty: as far as its formats go (not checked by name)."""
    families: tuple[str, ...] = ()
    """Families as upstream's documentation names them, for people."""
    precisions: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    """ios, android, ... where an application can embed it."""
    fit: Fit = Fit()
    best_for: str = ""
    caveat: str = ""
    """The one thing an operator should know."""
    gui: bool = False
    cells: tuple[Cell, ...] = ()
    history: tuple[History, ...] = ()
    origin: str = "built-in"


# --- 3 match, 4 plan, 5 rank -----------------------------------------------------------------------------------------


class Blocker(Frozen, frozen=True, kw_only=True):
    """One condition that failed (`holds: False`) or could not be answered (`holds: None`)."""

    fact: str
    needed: str
    found: str | None
    holds: bool | None
    says: str | None = None
    takes: Takes = "hardware"


class CaveatHit(Frozen, frozen=True, kw_only=True):
    id: str
    effect: Effect
    says: str
    applies: bool | None
    """None: may apply, a fact is unknown."""
    factor: float | None = None
    evidence: tuple[Evidence, ...] = ()


class Candidate(Frozen, frozen=True, kw_only=True):
    """A cell on a device set with the artefacts it could load; unordered. `verdict: None` means no, see `blockers`."""

    runtime: Runtime
    cell: Cell
    devices: tuple[Device, ...] = ()
    """Empty: the CPU."""
    verdict: Verdict | None = None
    artifacts: tuple[Artifact, ...] = ()
    reasons: tuple[str, ...] = ()
    caveats: tuple[CaveatHit, ...] = ()
    blockers: tuple[Blocker, ...] = ()


class DeviceMemory(Frozen, frozen=True, kw_only=True):
    device: str
    """`Device.id`, or `ram`."""
    weights_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    overhead_bytes: int = 0
    projector_bytes: int = 0
    total_bytes: int
    available_bytes: int | None = None


class MemoryEstimate(Frozen, frozen=True, kw_only=True):
    weights_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    overhead_bytes: int = 0
    projector_bytes: int = 0
    """The part of the model that sees, on the first device."""
    total_bytes: int
    per_device: tuple[DeviceMemory, ...] = ()
    fits: bool | None = None
    headroom_bytes: int | None = None


class Interval(Frozen, frozen=True, kw_only=True):
    low: float | None = None
    likely: float | None = None
    high: float | None = None


class SpeedEstimate(Frozen, frozen=True, kw_only=True):
    prefill_tps: Interval = Interval()
    decode_tps: Interval = Interval()


class Choice(Frozen, frozen=True, kw_only=True):
    """One form of the model beside the others."""

    quant: str
    chosen: bool = False
    perplexity_added: float | None = None
    """Above the unquantised model, as llama.cpp states it of Llama 3 8B; larger models lose less."""
    total_bytes: int
    fits: bool | None = None
    gpu_layers: int | None = None
    decode_tps: float | None = None


class Estimate(Frozen, frozen=True, kw_only=True):
    """`pathfinder/estimate/v1`."""

    schema: str = "pathfinder/estimate/v1"
    model: str
    artifact: Artifact | None
    context: int
    gpu_layers: int | None = None
    expert_layers: int = 0
    """Leading layers whose routed experts stay in system memory."""
    memory: MemoryEstimate
    speed: SpeedEstimate = SpeedEstimate()
    assumed: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    """What would fit where this does not: sentences, each naming one change."""
    choices: tuple[Choice, ...] = ()
    """The quantisation taken and its neighbours, the smallest first."""


class Step(Frozen, frozen=True, kw_only=True):
    """One thing to do, placeholders filled; `argv` is a list until the very last filter."""

    kind: StepKind
    title: str
    argv: tuple[str, ...] | None = None
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    path: str | None = None
    text: str | None = None
    needs: tuple[Need, ...] = ()
    undo: tuple["Step", ...] = ()
    check: tuple[str, ...] | None = None
    why: str | None = None


class Endpoint(Frozen, frozen=True, kw_only=True):
    url: str
    api: str
    health: str | None = None


class Unlock(Frozen, frozen=True, kw_only=True):
    takes: Takes
    says: str


class Port(Frozen, frozen=True, kw_only=True):
    """A port of a container and where the host offers it."""

    host: int
    container: int
    protocol: str = "tcp"
    address: str | None = None


class Mount(Frozen, frozen=True, kw_only=True):
    """A folder of the host, or a named volume, inside a container."""

    source: str
    target: str
    named: bool = False
    read_only: bool = False


class Container(Frozen, frozen=True, kw_only=True):
    """What a `docker run` command says, option by option; see `containers.py`."""

    image: str
    args: tuple[str, ...] = ()
    entrypoint: str | None = None
    env: dict[str, str] = {}
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    devices: tuple[str, ...] = ()
    gpus: tuple[str, ...] | None = None
    """`("all",)`, or the UUIDs or indices of NVIDIA GPUs; None: none asked for by name."""
    gpu_count: int | None = None
    """Any so many of them."""
    groups: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    ulimits: tuple[str, ...] = ()
    ipc: str | None = None
    shm_size: str | None = None
    network: str | None = None
    privileged: bool = False
    detached: bool = False
    name: str | None = None
    workdir: str | None = None
    user: str | None = None
    restart: str | None = None
    runtime: str | None = None
    platform: str | None = None


class Node(Frozen, frozen=True, kw_only=True):
    """The machine a plan was made for, as those who place it on another must ask for one."""

    arch: Arch | None = None
    vendor: str | None = None
    device: str | None = None
    """Name of the first device; the others of a plan are like it, or the plan says so."""
    device_kind: DeviceKind | None = None
    device_arch: str | None = None
    device_id: str | None = None
    """The PCI device id, four hexadecimal digits."""
    driver_module: str | None = None
    compute_capability: str | None = None
    device_count: int = 0
    device_memory_bytes: int | None = None
    """Of the smallest device."""
    memory_bytes: int | None = None
    cpus: int = 1


class Deploy(Frozen, frozen=True, kw_only=True):
    """What a format of deployment needs beside the steps, decided before its template spells it; see `deploy.py`."""

    name: str
    """A name every system accepts: lower-case letters, digits and hyphens, begun by a letter."""
    served: str
    """The name clients call the model by."""
    container: Container | None = None
    server: Step | None = None
    """The command that keeps running, with a program that is found where nobody logged in."""
    base: str = ""
    """Path of the API below the address, such as `/v1`."""
    health: str | None = None
    """Path that answers 200 once the server is ready."""
    port: int | None = None
    """Where the server listens: inside its container, else on the host."""
    public_port: int | None = None
    """Where clients find it."""
    resource: str | None = None
    """What Kubernetes calls the planned kind of device, `nvidia.com/gpu`."""
    labels: dict[str, str] = {}
    """Labels of a Kubernetes node that fits."""
    disk_bytes: int | None = None
    """For the model's files, with room to spare."""
    memory_bytes: int | None = None
    """System memory the estimate asks for."""
    shm_bytes: int | None = None
    nodes: int = 1
    """Machines, for formats beyond one."""
    engine: str | None = None
    """The backend of a server with several that takes this form of the model."""
    values: dict[str, str] = {}
    """What the placeholders of recipes stand for."""
    before: tuple[Step, ...] = ()
    """Steps to take once before the server starts, by hand or by `--as sh`."""
    after: tuple[Step, ...] = ()
    """Steps once it runs."""
    inside: tuple[tuple[str, ...], ...] = ()
    """Commands to run inside the container once it runs."""
    cpus: int = 1
    """Processors to ask for."""
    leader: tuple[str, ...] = ()
    """Further arguments of the first machine, where an engine spans several; the variables in it are Kubernetes' own."""
    worker: tuple[str, ...] = ()
    """Of the others."""
    runner: tuple[str, ...] = ()
    """Labels of a GitHub Actions runner."""
    options: tuple[str, ...] = ()
    """Options of `docker run` that an image cannot hold: devices, ports, folders."""
    program_folder: str = ""
    """Where the server's program lies; empty when it is on the search path."""
    provider: str = "openai/"
    """LiteLLM's prefix for this kind of server."""
    mode: str | None = None
    """LiteLLM's word for the task."""
    roles: tuple[str, ...] = ()
    """Continue's words for the task."""
    localai_model: str = ""
    """The model as LocalAI fetches it."""
    folder: str = ""
    """Folder of models, and the model's own inside it, for servers that ask for both."""
    folder_name: str = ""
    cache_tokens: int = 0
    """Tokens of all requests together, in pages of 256."""


class Plan(Frozen, frozen=True, kw_only=True):
    """`pathfinder/plan/v1`: a candidate made concrete; what `recommend`, `setup` and `launch` share."""

    schema: str = "pathfinder/plan/v1"
    model: str = ""
    rank: int | None = None
    runtime: str
    name: str
    cell: str
    backend: Backend
    devices: tuple[str, ...]
    verdict: Verdict
    score: dict[str, str] = {}
    """Named ranks in order, each `level name`; filled by `rank`."""
    levels: tuple[int, ...] = ()
    """The same ranks as small integers, smaller is better."""
    reasons: tuple[str, ...] = ()
    caveats: tuple[CaveatHit, ...] = ()
    unknown: tuple[Blocker, ...] = ()
    """Open questions: facts that could not be read and would decide."""
    artifact: Artifact | None = None
    estimate: Estimate | None = None
    install: tuple[Step, ...] = ()
    launch: tuple[Step, ...] = ()
    container: tuple[Step, ...] = ()
    endpoint: Endpoint | None = None
    evidence: str = ""
    """Strongest kind and month: `run 2026-11`, `resolved 2026-11`, ..."""
    project: ProjectState = "active"
    successor: str | None = None
    placement: Placement = "cpu"
    native: str = "native"
    """What the backend is to the devices: `native`, `portable` or `translated`."""
    quality: str | None = None
    """What the quantisation keeps: a word of `quality` in `matrix/rank.yaml`."""
    batching: Batching = "none"
    requests: int = 1
    """Requests of the planned context that memory holds at once."""
    room: str = "all"
    """What part that is of the requests planned for: a word of `ranks.room` in `matrix/rank.yaml`."""
    effort: int = 0
    """Steps to install and start; root counts as three more."""
    fit: int = 0
    """How well the runtime serves the audience, 0 to 2."""
    root: str = ""
    """Folder under which everything of ours is installed; steps name paths below it."""
    os: OsFamily | None = None
    """The system the steps are spelt for."""
    node: Node | None = None
    """What a machine like the one planned for has."""
    values: dict[str, str] = {}
    """What the placeholders of the recipes stand for here: context, port, threads, ..."""
    deploy: Deploy | None = None
    """Filled while a format of deployment is written; never in `--as json`."""


class Rejected(Frozen, frozen=True, kw_only=True):
    runtime: str
    cell: str | None = None
    why: tuple[Blocker, ...] = ()
    unlock: Unlock | None = None


class Recommendation(Frozen, frozen=True, kw_only=True):
    """`pathfinder/recommendation/v1`."""

    schema: str = "pathfinder/recommendation/v1"
    host: str
    model: str
    task: Task
    audience: Audience
    prefer: Prefer | None = None
    alternatives: tuple[str, ...] = ()
    candidates: tuple[Plan, ...] = ()
    further: tuple[str, ...] = ()
    """Runtimes that run it as well and come after the candidates given, best first."""
    sure: int | None = None
    """Rank of the best candidate that hangs on no unknown fact, when the first one does."""
    rejected: tuple[Rejected, ...] = ()


# --- 7 act: Result ---------------------------------------------------------------------------------------------------


class Sample(Frozen, frozen=True, kw_only=True):
    """What one engine run produced for one prompt; log-probabilities are natural logarithms."""

    prompt: str
    prompt_tokens: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    """Generated ones, the end-of-text included where the engine stopped at it."""
    text: str = ""
    logprobs: tuple[tuple[float, ...], ...] | None = None
    """Per step, the engine's log-probability of each of the reference's top tokens, in the reference's order."""
    finite: bool = True
    """False where the engine met a logit that is no finite number, and stopped there."""
    prefill_seconds: float | None = None
    decode_seconds: float | None = None


class EngineRun(Frozen, frozen=True, kw_only=True):
    """Everything one engine process said before it ended, and how it ended."""

    engine: str
    engine_version: str | None = None
    device_used: str | None = None
    load_seconds: float | None = None
    peak_memory_bytes: int | None = None
    samples: tuple[Sample, ...] = ()
    done: bool = False
    """The engine said itself that it was through."""
    timed_out: float | None = None
    """The deadline in seconds, when that is what ended it."""
    died: str | None = None
    """How it ended without being through: `SIGSEGV`, `exit status 1`, ..."""
    refused: str | None = None
    """The engine's own sentence for not even trying, such as a file it cannot load."""
    unloadable: bool = False
    """It refused the model itself, not what was asked of it."""
    stderr: str = ""
    """The last lines."""


class ReferenceAnswer(Frozen, frozen=True, kw_only=True):
    """The one right greedy continuation of a prompt, from a float64 forward pass over the same weights."""

    prompt: str
    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    text: str
    top: tuple[tuple[int, ...], ...]
    """Per step, the likeliest tokens, best first."""
    logprobs: tuple[tuple[float, ...], ...]


class Reference(Frozen, frozen=True, kw_only=True):
    name: str
    tolerance: float
    """Largest absolute log-probability error that is still `same`."""
    answers: tuple[ReferenceAnswer, ...]


class FormNumerics(Frozen, frozen=True, kw_only=True):
    """One form of the same weights, judged by itself."""

    reference: str
    verdict: RunVerdict
    max_abs_logprob_error: float | None = None
    tolerance: float | None = None


class Numerics(Frozen, frozen=True, kw_only=True):
    basis: Literal["logprobs", "text", "none"] = "none"
    reference: str | None = None
    max_abs_logprob_error: float | None = None
    tolerance: float | None = None
    forms: tuple[FormNumerics, ...] = ()
    """Each form, where one run judged several (the bundled model's F16, Q8_0 and Q4_0)."""


class Judgement(Frozen, frozen=True, kw_only=True):
    verdict: RunVerdict
    says: str
    """One sentence: why."""
    numerics: Numerics = Numerics()


class Expected(Frozen, frozen=True, kw_only=True):
    decode_tps: Interval = Interval()


class Result(Frozen, frozen=True, kw_only=True):
    """`pathfinder/result/v1`."""

    schema: str = "pathfinder/result/v1"
    engine: str
    engine_version: str | None = None
    device_used: str | None = None
    model: str
    verdict: RunVerdict
    says: str = ""
    """One sentence: why this verdict."""
    text: str = ""
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    load_seconds: float | None = None
    first_token_seconds: float | None = None
    """Through a server: the median time to the first token, as a client sees it."""
    prefill_tps: float | None = None
    decode_tps: float | None = None
    peak_memory_bytes: int | None = None
    threads: int | None = None
    numerics: Numerics = Numerics()
    expected: Expected = Expected()
    steps: tuple[Step, ...] = ()


class ProofCheck(Frozen, frozen=True, kw_only=True):
    what: Literal["numbers", "device", "speed"]
    holds: bool | None
    says: str


class Proof(Frozen, frozen=True, kw_only=True):
    """`pathfinder/proof/v1`: what `launch --verify` found out about a server that runs."""

    schema: str = "pathfinder/proof/v1"
    runtime: str
    cell: str
    verdict: Literal["proved", "partial", "failed"]
    """proved: the numbers and the device hold; failed: one of them does not; partial: one could not be shown."""
    checks: tuple[ProofCheck, ...]
    result: Result
    evidence: Evidence | None = None
    """What the matrix may take in; None when it failed."""


class CheckResult(Frozen, frozen=True, kw_only=True):
    expectation: str
    result: Literal["pass", "fail", "unknown"]
    found: str | None = None
    source: str | None = None
    device: str | None = None
    fix: str | None = None


class CheckReport(Frozen, frozen=True, kw_only=True):
    """`pathfinder/check/v1`."""

    schema: str = "pathfinder/check/v1"
    host: str
    results: tuple[CheckResult, ...]
    counts: dict[str, int]
