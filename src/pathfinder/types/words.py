"""The closed vocabularies, and what every value is made of.

A field's `Fact` annotation says how its text is compared in `when` and what a person must do to change it."""

from typing import Any, Literal

import msgspec

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


When = dict[str, Any]
"""A compiled condition, a JSON tree: {"all": [..]} {"any": [..]} {"not": w} {"path", "op", "value", "kind", "takes"}."""


class Evidence(Frozen, frozen=True, kw_only=True):
    source: str
    checked: str
    how: How
    says: str
