"""A plan as text through one template; a format is a file of `templates/`, `<format>.<ext>.j2`, and nothing else."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pathfinder.errors import ExitStatus, Problem
from pathfinder.telling import fits, quoting, spelling
from pathfinder.telling.deploy import deployment
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step
from pathfinder.types.words import OsFamily

HOME = "PATHFINDER_HOME"
SHELLS = {"sh": False, "ps1": True}
"""Formats that are a shell's own, and whether that shell is Windows'."""


def formats(folder: Path) -> dict[str, Path]:
    """Format name to its template, in alphabetical order."""
    return {path.name.split(".", 1)[0]: path for path in sorted(folder.glob("*.*.j2"))}


def file_name(format: str, plan: Plan, folder: Path) -> str:
    """`llama.cpp-llama-3-8b.sh`: safe on every system."""
    extension = template(format, folder).name.split(".")[1]
    stem = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in f"{plan.runtime}-{plan.model}")
    return f"{stem[:100]}.{extension}"


def template(format: str, folder: Path) -> Path:
    known = formats(folder)
    if format not in known:
        raise Problem(f"There is no format {format!r}.", where="--as", hint=f"One of: {', '.join(known)}.")
    return known[format]


def needed(path: Path) -> tuple[str, ...] | None:
    """What a template says it needs; None for a format that takes every plan."""
    with open(path, encoding="utf-8") as text:
        return fits.needs(text.readline())


def fitting(plan: Plan, folder: Path, nodes: int = 1) -> tuple[str, ...]:
    """The formats that fit a plan."""
    own = "ps1" if plan.os == "windows" else "sh"
    prepared = replace(plan, deploy=deployment(plan, nodes))
    return tuple(
        name
        for name, path in formats(folder).items()
        if (name == own or name not in SHELLS) and fits.unmet(needed(path) or (), prepared) is None
    )


def suits(format: str, plan: Plan, folder: Path) -> bool:
    """Whether a format fits a plan, for choosing one that does."""
    words = needed(template(format, folder))
    return words is None or fits.unmet(words, replace(plan, deploy=deployment(plan))) is None


def render(format: str, plan: Plan, folder: Path, nodes: int = 1) -> str:
    """The text of a plan; `nodes` machines where a format spans several.

    Raises Problem for an unknown format, for a plan it does not fit, or a shell that the plan's system does not speak.
    """
    found = template(format, folder)
    words = needed(found)
    if words is not None:
        plan = replace(plan, deploy=deployment(plan, nodes))
        why = fits.unmet(words, plan)
        if why is not None:
            raise Problem(
                f"{format} does not fit {plan.name} ({plan.cell}): {why}.",
                where="--as",
                hint=f"What fits: {', '.join(fitting(plan, folder))}.",
                exit=ExitStatus.NO,
            )
    windows = plan.os == "windows"
    if SHELLS.get(format, windows) != windows:
        other = "ps1" if windows else "sh"
        raise Problem(f"The plan is for {plan.os}, whose shell does not read {format}.", where="--as", hint=f"Use --as {other}.")
    text: str = environment(found.parent, plan.root, plan.os).get_template(found.name).render(plan=plan)
    return text


@lru_cache(maxsize=8)
def environment(folder: Path, root: str, os: OsFamily | None) -> Any:
    """Jinja with the filters of a plan's system; kept, so that a fleet reads every template once."""
    import jinja2

    made = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (shells and Markdown, quoted by the filters)
        loader=jinja2.FileSystemLoader(folder),
    )
    made.filters.update(filters(root, os))
    return made


def filters(root: str, os: OsFamily | None) -> dict[str, Any]:
    """What a template may do to a value: quote it for its language. All else is decided before."""

    def words(value: str | Iterable[str]) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else tuple(value)

    return {
        "sh": lambda value: quoting.sh(words(value), root, HOME),
        "sh_env": lambda env: quoting.sh_env(env, root, HOME),
        "ps1": lambda value: " ".join(quoting.ps1_word(word, root, HOME) for word in words(value)),
        "ps1_call": lambda argv: quoting.ps1(argv, root, HOME),
        "ps1_env": lambda env: quoting.ps1_env(env, root, HOME),
        "command": lambda step: quoting.command(step, os, root),
        "comment": comment,
        "indent_code": lambda text: "\n".join("    " + line for line in text.splitlines()),
        "undo": undo,
        "json": as_json,
        "sh_line": lambda argv: quoting.sh(words(argv), root),
        "yaml": spelling.yaml,
        "dollars": spelling.dollars,
        "json_text": spelling.json_text,
        "unit": spelling.unit,
        "unit_env": spelling.unit_env,
        "quadlet_env": spelling.quadlet_env,
        "unit_value": spelling.unit_value,
        "unit_path": spelling.unit_path,
        "xml": spelling.xml,
        "actions": spelling.actions,
        "swap": spelling.swap,
        "swap_env": lambda value, name: spelling.swap_env(name, value),
        "no_macro": spelling.no_macro,
        "no_secret": spelling.no_secret,
        "one_word": spelling.one_word,
        "description": spelling.description,
        "from_home": spelling.from_home,
        "background": lambda step: quoting.background(step, root),
        "modelfile": spelling.modelfile,
        "docker_value": spelling.docker_value,
        "gibibytes": spelling.gibibytes,
    }


def comment(text: str) -> str:
    """One line, whatever was in it."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def undo(steps: Iterable[Step]) -> tuple[Step, ...]:
    """What takes the steps back, last first."""
    return tuple(back for step in reversed(tuple(steps)) for back in step.undo)


def as_json(plan: Plan) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(plan), indent=1).decode()
