"""How a runtime is installed and started: recipes as they are written, and steps as they are filled in."""

from typing import Literal

from pathfinder.types.words import Evidence, Frozen, Need, StepKind, When


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
