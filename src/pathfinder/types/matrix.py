"""The matrix as it is resolved: runtimes, their cells, requirements and recipes."""

from typing import Annotated, Any, Literal

from pathfinder.types.steps import StepTemplate
from pathfinder.types.words import (
    Arch,
    Audience,
    Backend,
    Batching,
    Effect,
    Evidence,
    Fact,
    Feature,
    Frozen,
    OsFamily,
    ProjectState,
    Split,
    Status,
    Task,
    When,
)


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
