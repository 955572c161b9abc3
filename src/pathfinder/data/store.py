"""What there is to know, by name: runtimes, models, chips, platforms, profiles, tables. No YAML is read unless a file changed.

`overlays` are folders laid out like `matrix/`, the later on top of the earlier; none named: those of PATHFINDER_OVERLAY.
"""

import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pathfinder.data import compiled
from pathfinder.errors import Problem
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Platform, Runtime
from pathfinder.types.models import Model

Overlays = Sequence[str]


def matrix(overlays: Overlays = ()) -> tuple[Runtime, ...]:
    """Every runtime, as far as deciding needs it; recipes, history, origins and evidence are left to `whole`."""
    return _matrix(chosen(overlays))


@cache
def _matrix(overlays: tuple[str, ...]) -> tuple[Runtime, ...]:
    from pathfinder.data.pool import Pooled, unpool

    return unpool(compiled.load(overlays).get("runtimes", Pooled))


def whole(id: str, overlays: Overlays = ()) -> Runtime:
    """A runtime by its id with everything: recipes, evidence, history, origins."""
    return compiled.load(chosen(overlays)).get(f"runtime/{id}", Runtime)


def runtime(name: str, overlays: Overlays = ()) -> Runtime:
    """A runtime by id, name or alias, whole. Raises Problem with the nearest names."""
    from pathfinder.language.compare import fold

    names = compiled.load(chosen(overlays)).get("aliases", dict[str, str])
    if (id := names.get(fold(name))) is not None:
        return whole(id, overlays)
    raise _nothing("runtime", name, names.values(), names.keys())


def models(overlays: Overlays = ()) -> tuple[Model, ...]:
    return compiled.load(chosen(overlays)).get("models", tuple[Model, ...])


def named(name: str, overlays: Overlays = ()) -> tuple[Model, tuple[str, ...]] | None:
    """The model that bears exactly this name, and what else it might have meant; None for any other spelling. No other model is decoded."""
    from pathfinder.naming.names import fold

    data = compiled.load(chosen(overlays))
    id = data.get("names", dict[str, str]).get(fold(name))
    if id is None or "/" in name:
        return None
    return data.get(f"model/{id}", Model), data.get("tuned", dict[str, tuple[str, ...]]).get(id, ())


def devices(overlays: Overlays = ()) -> dict[str, Any]:
    """What makers publish of their chips, `matrix/devices/`: file name to its document."""
    return compiled.load(chosen(overlays)).get("devices", dict[str, Any])


def platforms(overlays: Overlays = ()) -> tuple[Platform, ...]:
    return compiled.load(chosen(overlays)).get("platforms", tuple[Platform, ...])


def profiles(overlays: Overlays = ()) -> tuple[str, ...]:
    """Ids of the hand-written machines."""
    return compiled.load(chosen(overlays)).get("profiles", tuple[str, ...])


def profile(id: str, overlays: Overlays = ()) -> Facts:
    """A hand-written machine. Raises Problem with the nearest ids."""
    data = compiled.load(chosen(overlays))
    if f"profile/{id}" not in data.index:
        raise _nothing("profile", id, profiles(overlays), profiles(overlays))
    return data.get(f"profile/{id}", Facts)


def table(name: str, overlays: Overlays = ()) -> dict[str, Any]:
    """`matrix/<name>.yaml`, a table without a type; empty when there is none."""
    data = compiled.load(chosen(overlays))
    return data.get(f"table/{name}", dict[str, Any]) if f"table/{name}" in data.index else {}


def rank_table(overlays: Overlays = ()) -> dict[str, Any]:
    """The order of plans."""
    return table("rank", overlays)


def estimate_table(overlays: Overlays = ()) -> dict[str, Any]:
    """The coefficients of the estimate."""
    return table("estimate", overlays)


def diagnoses(overlays: Overlays = ()) -> dict[str, Any]:
    """What the last words of servers mean."""
    return table("diagnoses", overlays)


def chosen(overlays: Overlays) -> tuple[str, ...]:
    """The overlays named, else those of PATHFINDER_OVERLAY, the later on top of the earlier."""
    return tuple(overlays) or tuple(filter(None, os.environ.get("PATHFINDER_OVERLAY", "").split(os.pathsep)))


def _nothing(what: str, name: str, ids: Iterable[str], names: Iterable[str]) -> Problem:
    from difflib import get_close_matches

    known = list(names)
    within = [one for one in sorted(set(ids)) if name and name.lower() in one]
    near = within[:5] or get_close_matches(name.lower(), known, 3, 0.65)
    listed = "matrix" if what == "runtime" else f"{what}s"
    return Problem(f"There is no {what} {name!r}.", hint=f"Did you mean {', '.join(near)}?" if near else f"See `pathfinder {listed} list`.")


def templates() -> Path:
    """The folder of output templates."""
    built = compiled.package() / "_data" / "templates"
    return built if built.is_dir() else compiled.package().parent.parent / "templates"
