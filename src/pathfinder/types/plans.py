"""Arrows 3 to 5: candidates, plans, what was rejected and what would unlock it."""

from pathfinder.types.deploy import Deploy, Node
from pathfinder.types.estimates import Estimate
from pathfinder.types.facts import Device
from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.models import Artifact
from pathfinder.types.steps import Endpoint, Step
from pathfinder.types.words import (
    Audience,
    Backend,
    Batching,
    Effect,
    Evidence,
    Frozen,
    OsFamily,
    Placement,
    Prefer,
    ProjectState,
    Takes,
    Task,
    Verdict,
)


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


class Unlock(Frozen, frozen=True, kw_only=True):
    takes: Takes
    says: str


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
