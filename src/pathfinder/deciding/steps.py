"""Recipes made concrete: placeholders filled, conditional arguments decided, Python environments spelt for uv or venv and pip."""

import re
from collections.abc import Mapping

from msgspec.structs import replace

from pathfinder.language.when import evaluate
from pathfinder.types.facts import Facts
from pathfinder.types.steps import ArgGroup, PipInstall, Step, StepTemplate
from pathfinder.types.words import Frozen

PLACEHOLDERS = (
    "env", "bin", "python", "data", "models", "model", "repo", "file", "path", "quant", "hf_ref", "tag", "name", "context", "context_total",
    "port", "host", "threads", "parallel", "gpu_layers", "expert_layers", "devices", "device_count", "utilisation",
)  # fmt: skip
"""The closed list of what may stand in braces in a recipe; see docs/add-a-runtime.md."""

_HOLE = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
Scope = Mapping[str, object]


class Places(Frozen, frozen=True, kw_only=True):
    """Where things go on the host a plan is for."""

    root: str = "~/.local/share/pathfinder"
    """Everything of ours: environments, downloaded programs and models."""
    windows: bool = False
    host: str = "127.0.0.1"
    port: int | None = None
    """Where a server shall listen; None: where it does by itself."""

    def join(self, *parts: str) -> str:
        return ("\\" if self.windows else "/").join((self.root, *parts))


def places_for(facts: Facts, home: str | None = None) -> Places:
    """The folders of a host: below `home` when it is this machine, else below a home folder that only the shell knows."""
    if facts.os.family == "windows":
        return Places(root=f"{home or '~'}\\AppData\\Local\\pathfinder", windows=True)
    return Places(root=f"{home or '~'}/.local/share/pathfinder")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Every known placeholder replaced once; values are never looked into again."""
    return _HOLE.sub(lambda hole: values[hole[1]], text)


def expand(templates: tuple[StepTemplate, ...], values: Mapping[str, str], scope: Scope, facts: Facts, places: Places) -> tuple[Step, ...]:
    """The steps of a recipe on this host, in order; a step whose `when` does not hold is left out."""
    found: list[Step] = []
    made = False
    for template in templates:
        if template.when is not None and evaluate(template.when, scope).holds is False:
            continue
        if template.kind == "pip" and template.pip is not None:
            found += _pip(template, template.pip, values, facts, places)[made:]
            made = True
        else:
            found.append(_step(template, values, scope, facts, places))
    return tuple(found)


def _step(template: StepTemplate, values: Mapping[str, str], scope: Scope, facts: Facts, places: Places) -> Step:
    def maybe(text: str | None) -> str | None:
        return None if text is None else _native(fill(text, values), text, places)

    return Step(
        kind="run" if template.kind == "pip" else template.kind,
        title=fill(template.title, values),
        argv=_argv(template.argv, values, scope, places) if template.argv is not None else None,
        env={name: fill(value, values) for name, value in template.env.items()},
        cwd=maybe(template.cwd),
        url=None if template.url is None else fill(template.url, values),
        sha256=template.sha256,
        path=maybe(template.path),
        text=None if template.text is None else fill(template.text, values),
        needs=template.needs,
        undo=expand(template.undo, values, scope, facts, places),
        check=_argv(template.check, values, scope, places) if template.check is not None else None,
        why=None if template.why is None else fill(template.why, values),
    )


def _argv(items: tuple[str | ArgGroup, ...], values: Mapping[str, str], scope: Scope, places: Places) -> tuple[str, ...]:
    found: list[str] = []
    for item in items:
        if isinstance(item, ArgGroup):
            if evaluate(item.when, scope).holds:
                found += [_native(fill(text, values), text, places) for text in item.argv]
        else:
            found.append(_native(fill(item, values), item, places))
    return tuple(found)


_PATHS = ("{env}", "{bin}", "{python}", "{data}", "{models}", "{path}")


def _native(filled: str, text: str, places: Places) -> str:
    """A path that a recipe spells with slashes, with the system's own separator."""
    return filled.replace("/", "\\") if places.windows and text.startswith(_PATHS) else filled


EFFORT = {"pip": 3, "unpack": 0, "wait": 0, "write": 0}
"""What a step costs a person, 1 unless said: a Python environment is three things to understand, unpacking belongs to the download."""


def effort(templates: tuple[StepTemplate, ...]) -> int:
    """What a recipe asks of a person, conditional steps left out; a step that needs root makes it three more, once."""
    root = any("root" in step.needs for step in templates)
    return sum(EFFORT.get(step.kind, 1) for step in templates if step.when is None) + (3 if root else 0)


# --- Python packages -------------------------------------------------------------------------------------------------


def _pip(template: StepTemplate, pip: PipInstall, values: Mapping[str, str], facts: Facts, places: Places) -> list[Step]:
    """A fresh environment of the runtime's own, then the packages into it; a recipe's further packages go where the first ones went."""
    env, python = values["env"], values["python"]
    uv = facts.tools.get("uv")
    with_uv = uv is not None and uv.found is True
    make = ("uv", "venv", *(("--python", pip.python) if pip.python else ()), env) if with_uv else (system_python(facts), "-m", "venv", env)
    install = ("uv", "pip", "install", "--python", python) if with_uv else (python, "-m", "pip", "install")
    undo = ("cmd", "/c", "rmdir", "/s", "/q", env) if places.windows else ("rm", "-rf", env)
    needs_python = None if with_uv or not pip.python else f"Needs Python {pip.python}."
    check = tuple(_native(fill(item, values), item, places) for item in template.check) if template.check else None
    return [
        Step(
            kind="run",
            title="Make an environment of its own",
            argv=make,
            why=needs_python,
            undo=(Step(kind="run", title="Remove the environment", argv=undo),),
        ),
        Step(
            kind="run",
            title=fill(template.title, values),
            argv=(*install, *_indexes(pip, with_uv), *pip.packages),
            env=template.env,
            needs=tuple(dict.fromkeys((*template.needs, "network"))),
            check=check,
            why=template.why,
        ),
    ]


def _indexes(pip: PipInstall, with_uv: bool) -> tuple[str, ...]:
    found: list[str] = []
    if pip.pre:
        found += ["--prerelease", "allow"] if with_uv else ["--pre"]
    if pip.index_url:
        found += ["--index-url", pip.index_url]
    for url in pip.extra_index_urls:
        found += ["--extra-index-url", url]
    if pip.extra_index_urls and with_uv:
        # Else uv takes every package from the first index that knows its name, and some of those carry old versions of common ones.
        found += ["--index-strategy", "unsafe-best-match"]
    if pip.find_links:
        found += ["--find-links", pip.find_links]
    for name in pip.no_binary:
        found += ["--no-binary", name]
    return tuple(found)


def system_python(facts: Facts) -> str:
    return "python" if facts.os.family == "windows" else "python3"


def visible(steps: tuple[Step, ...], env: Mapping[str, str]) -> tuple[Step, ...]:
    """The starting steps with variables that pick the devices; what a recipe says itself wins."""
    return tuple(replace(step, env={**env, **step.env}) if step.kind in ("start", "run") else step for step in steps)
