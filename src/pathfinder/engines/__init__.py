"""The engines a smoke test can start: which script, which distribution, which files they read."""

import sys
from pathlib import Path
from typing import Literal

from pathfinder.errors import Problem
from pathfinder.types.words import Frozen

Kind = Literal["gguf", "folder"]


class Engine(Frozen, frozen=True, kw_only=True):
    name: str
    script: str
    module: str
    """What must be importable for the script to work."""
    distribution: str
    extra: str
    reads: Kind
    runtime: str = ""
    """The runtime of the matrix whose files it reads."""


ENGINES = {
    e.name: e
    for e in (
        Engine(
            name="llama.cpp",
            script="run_llama_cpp.py",
            module="llama_cpp",
            distribution="llama-cpp-python",
            extra="llama",
            reads="gguf",
            runtime="llama.cpp",
        ),
        Engine(name="mlx", script="run_mlx.py", module="mlx_lm", distribution="mlx-lm", extra="mlx", reads="folder", runtime="mlx-lm"),
    )
}


def engine(name: str) -> Engine:
    """The engine of a name; raises `Problem` for an unknown one."""
    if name not in ENGINES:
        raise Problem("No such engine.", where=name, hint=f"There are: {', '.join(ENGINES)}.")
    return ENGINES[name]


def reading(kind: str, asked: Engine | None, where: str) -> Engine:
    """The engine for a GGUF file or a folder; raises `Problem` when the one asked for does not read such."""
    if asked is None:
        return next(one for one in ENGINES.values() if one.reads == kind)
    if asked.reads != kind:
        wants = "GGUF files" if asked.reads == "gguf" else "Hugging Face folders"
        raise Problem(f"The engine {asked.name} reads {wants}.", where=where, hint="Leave --engine out, or name the other engine.")
    return asked


def python(found: Engine) -> str | None:
    """The Python that has the engine's package: this one, else that of the runtime `pathfinder install` made. Nothing is imported."""
    from importlib.util import find_spec

    from pathfinder.acting.here import python_of

    if find_spec(found.module) is not None:
        return sys.executable
    return python_of(found.distribution) if found.distribution else None


def installed(found: Engine) -> bool:
    """Whether a Python here has the engine's package."""
    return python(found) is not None


def need(found: Engine) -> None:
    """Raises `Problem` with the way to get the engine when it is missing."""
    if not installed(found):
        raise Problem(
            f"The engine {found.name} is not installed.",
            where=found.distribution,
            hint=f"Get it with: pip install 'llm-pathfinder[{found.extra}]', or: pathfinder install {found.distribution}",
        )


def argv(found: Engine) -> list[str]:
    """The command that starts the engine's script. No user site, no file beside the caller is imported."""
    return [python(found) or sys.executable, "-X", "utf8", str(Path(__file__).with_name(found.script))]
