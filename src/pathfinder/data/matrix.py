"""Parsed YAML into resolved runtimes: defaults, `like`, recipes, platforms, overlays, evidence. Nothing else, nothing read."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from pathfinder.data.strict import convert
from pathfinder.errors import Problem
from pathfinder.language.when import compile_when
from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.words import Backend, OsFamily

Raw = dict[str, Any]
"""A document as written: mappings, lists, texts and None."""

MERGED = ("requires", "caveats")
"""Fields of a cell that merge by key; every other one is replaced."""
STEPS = ("install", "launch", "container")
ORIGINS = "overlaid"
"""Key under which `merge` notes, per cell, the fields that came from an overlay."""
_OWN = ("like", "evidence", "platform")


def resolve(id: str, raw: Raw, platforms: Mapping[str, Raw], origin: str = "built-in") -> Runtime:
    """One runtime. Raises Problem naming the file and the cell."""
    where = f"runtimes/{id}.yaml"
    rest = {key: value for key, value in raw.items() if key not in ("recipes", "defaults", "cells", ORIGINS)}
    if "evidence" in (raw.get("defaults") or {}):
        raise Problem("Evidence stands in cells; it does not inherit.", where=f"{where} defaults")
    cells = [_finish(cell, raw, platforms, f"{where} {cell}") for cell in raw.get("cells") or {}]
    return convert({**rest, "id": id, "cells": cells, "origin": origin}, Runtime, where)


def with_engines(runtimes: Sequence[Runtime]) -> list[Runtime]:
    """The same, those without a list of architectures with that of the engine they run, where they load nothing the engine does not."""
    known = {runtime.id: runtime for runtime in runtimes}

    def one(runtime: Runtime) -> Runtime:
        engines = {cell.engine for cell in runtime.cells}
        engine = known.get(next(iter(engines))) if len(engines) == 1 else None
        if runtime.architectures or engine is None or not _formats(runtime) <= _formats(engine):
            return runtime
        return replace(runtime, architectures=engine.architectures)

    return [one(runtime) for runtime in runtimes]


def _formats(runtime: Runtime) -> set[str]:
    return {support.format for cell in runtime.cells for support in cell.formats}


def merge(base: Raw, over: Raw, name: str) -> Raw:
    """An overlay's runtime on a known one: cells and recipes by id, a cell's fields as in `like`, everything else replaced."""
    merged = {**base, **{key: value for key, value in over.items() if key not in ("cells", "recipes", "defaults")}}
    merged["recipes"] = {**(base.get("recipes") or {}), **(over.get("recipes") or {})}
    merged["defaults"] = _layered(base.get("defaults") or {}, over.get("defaults") or {})
    cells = {id: dict(cell) for id, cell in (base.get("cells") or {}).items()}
    notes = {id: dict(fields) for id, fields in (base.get(ORIGINS) or {}).items()}
    for id, cell in (over.get("cells") or {}).items():
        if cell is None:
            cells.pop(id, None)
            continue
        cells[id] = _layered(cells.get(id, {}), cell)
        notes.setdefault(id, {}).update(dict.fromkeys(_places(cell), f"overlay:{name}"))
    return {**merged, "cells": cells, ORIGINS: notes}


def proven(raw: Raw, proofs: Mapping[str, list[Raw]]) -> Raw:
    """The document with machine-written evidence behind that of its cells; a cell that is no longer there keeps none."""
    cells = raw.get("cells") or {}
    added = {id: {**cell, "evidence": [*(cell.get("evidence") or []), *proofs[id]]} for id, cell in cells.items() if proofs.get(id)}
    return {**raw, "cells": {**cells, **added}} if added else raw


def _layered(below: Raw, above: Raw) -> Raw:
    """Fields of `above` on those of `below`; requirements and caveats by key."""
    layered = {**below, **above}
    for field in MERGED:
        if isinstance(above.get(field), dict):
            layered[field] = {**(below.get(field) or {}), **above[field]}
    return layered


def _places(cell: Raw) -> list[str]:
    """Every field a cell states, `requires.KEY` and `caveats.KEY` one by one."""
    return [place for key, value in cell.items() for place in ([f"{key}.{one}" for one in value or {}] if key in MERGED else [key])]


# --- inheritance -----------------------------------------------------------------------------------------------------


def _inherit(id: str, raw: Raw, where: str, below: tuple[str, ...] = ()) -> tuple[Raw, dict[str, str]]:
    """A cell's fields with its `defaults` and `like`, and where each was stated when not by itself."""
    own = (raw.get("cells") or {}).get(id)
    if not isinstance(own, dict):
        raise Problem(f"There is no cell {id!r}.", where=where)
    if id in below:
        raise Problem(f"{' like '.join((*below, id))} goes in a circle.", where=where)
    fields, origins = _below(own.get("like"), raw, where, (*below, id))
    said = {key: value for key, value in own.items() if key != "like"}
    said = {**_named(id), **said} if own.get("like") else {**_named(id), **_kept(fields, "os", "backend"), **said}
    for place in _places(said):
        origins.pop(place, None)
    origins.update((raw.get(ORIGINS) or {}).get(id, {}))
    return _layered(fields, said), origins


def _below(like: str | None, raw: Raw, where: str, below: tuple[str, ...]) -> tuple[Raw, dict[str, str]]:
    if like is None:
        fields = dict(raw.get("defaults") or {})
        return fields, dict.fromkeys(_places(fields), "defaults")
    fields, origins = _inherit(like, raw, where, below)
    fields = {key: value for key, value in fields.items() if key != "evidence"}
    return fields, {place: origins.get(place, f"like:{like}") for place in _places(fields)}


def _named(id: str) -> Raw:
    """What a cell's id says: `<os>-<backend>[-suffix]`."""
    family, _, rest = id.partition("-")
    backend = rest.partition("-")[0]
    named: Raw = {}
    if family in OsFamily.__args__:  # type: ignore[attr-defined]
        named["os"] = [family]
    if backend in Backend.__args__:  # type: ignore[attr-defined]
        named["backend"] = backend
    return named


def _kept(fields: Raw, *names: str) -> Raw:
    return {name: fields[name] for name in names if name in fields}


def _inferred(id: str, raw: Raw) -> str | None:
    """The cell whose evidence a status leans on when it has none of its own."""
    cells, seen = raw.get("cells") or {}, set()
    if cells[id].get("evidence"):
        return None
    at: str | None = cells[id].get("like")
    while at in cells and at not in seen:
        if cells[at].get("evidence"):
            return at
        seen.add(at)
        at = cells[at].get("like")
    return cells[id].get("like") or "defaults"


# --- one cell --------------------------------------------------------------------------------------------------------


def _finish(id: str, raw: Raw, platforms: Mapping[str, Raw], where: str) -> Cell:
    fields, origins = _inherit(id, raw, where)
    for name in _listed(fields.pop("platform", None)):
        fields = _with_platform(fields, name, platforms, where)
    cell: Raw = {key: value for key, value in fields.items() if value is not None and key not in (*_OWN, *MERGED, *STEPS)}
    cell["requires"] = [conditional(key, one, where) for key, one in (fields.get("requires") or {}).items() if one is not None]
    cell["caveats"] = [conditional(key, one, where) for key, one in (fields.get("caveats") or {}).items() if one is not None]
    cell["formats"] = [_compiled(one, "requires", where) for one in fields.get("formats") or []]
    for name in STEPS:
        cell[name] = _steps(fields.get(name), raw.get("recipes") or {}, f"{where} {name}")
    cell["os"] = _listed(cell.get("os"))
    cell["evidence"] = fields.get("evidence") or []
    return convert({**cell, "id": id, "inferred_from": _inferred(id, raw), "origins": origins}, Cell, where)


def _with_platform(fields: Raw, name: str, platforms: Mapping[str, Raw], where: str) -> Raw:
    if name not in platforms:
        raise Problem(f"There is no platform {name!r}.", where=where, hint="matrix/platforms/ lists them.")
    shared = {field: {f"{name}.{key}": one for key, one in (platforms[name].get(field) or {}).items()} for field in MERGED}
    return {**fields, **{field: {**shared[field], **(fields.get(field) or {})} for field in MERGED}}


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def conditional(key: str, one: Any, where: str) -> Raw:
    """A requirement or caveat with its key as id and its condition compiled."""
    if not isinstance(one, dict):
        raise Problem(f"{key} must be a mapping.", where=where)
    return {**_compiled(one, "when", f"{where} {key}"), "id": key}


def _compiled(one: Raw, field: str, where: str) -> Raw:
    if not isinstance(one, dict) or one.get(field) is None:
        return one
    try:
        return {**one, field: compile_when(one[field])}
    except Problem as problem:
        raise Problem(problem.says, where=where, hint=problem.hint) from None


def _steps(value: Any, recipes: Raw, where: str) -> list[Raw]:
    """A recipe's name, a list of steps, or a list with names among them."""
    steps: list[Raw] = []
    for one in _listed(value):
        if isinstance(one, str):
            if not isinstance(recipes.get(one), list):
                raise Problem(f"There is no recipe {one!r}.", where=where)
            steps += [_step(step, where) for step in recipes[one]]
        else:
            steps.append(_step(one, where))
    return steps


def _step(one: Any, where: str) -> Raw:
    if not isinstance(one, dict):
        raise Problem("A step must be a mapping.", where=where)
    step = _compiled(one, "when", where)
    if isinstance(argv := step.get("argv"), list):
        step = {**step, "argv": [_compiled(item, "when", where) if isinstance(item, dict) else item for item in argv]}
    return {**step, "undo": [_step(undo, where) for undo in step["undo"]]} if step.get("undo") else step
