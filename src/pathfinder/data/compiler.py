"""From a folder of YAML to one validated file: for the wheel's build, the editable tree and overlays alike.

The file is three lines (what it is, what it was compiled from, the index `{section: [offset, length]}`), then the sections: msgpack,
each decoded only when asked for.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pathfinder.data import matrix
from pathfinder.data.compiled import MAGIC
from pathfinder.data.filenames import named
from pathfinder.data.matrix import Raw
from pathfinder.data.plainyaml import parse
from pathfinder.data.pooling import lean, pool
from pathfinder.data.strict import convert
from pathfinder.errors import Problem
from pathfinder.language.compare import fold
from pathfinder.naming.ask import index, tuned
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Platform, Runtime
from pathfinder.types.models import Model

FOLDERS = ("runtimes", "platforms", "models", "devices", "profiles")
UNTYPED = ("devices",)
"""Folders whose plain scalars are converted too, for there is no type to do it later."""
S = TypeVar("S")
T = TypeVar("T")
Sections = dict[str, bytes]
Tree = dict[str, dict[str, Any]]
"""Folder or `tables` to file name without ending to its document."""


def compile(
    folder: Path,
    base: Tree | None = None,
    *,
    name: str = "overlay",
    stamp: bytes = b'""\n',
    mistakes: list[Problem] | None = None,
) -> bytes:
    """The compiled file of a folder, on top of `base` when it is an overlay.

    Raises Problem on the first mistake, with its place; given a list of `mistakes`, notes it there and leaves the file out instead.
    """
    heed = Heed(mistakes)
    tree = read(folder, heed)
    return pack(sections(merged(base, tree, name) if base is not None else tree, heed), stamp)


class Heed:
    """What to do about a mistake in one file: raise it, or note it and go on without the file."""

    def __init__(self, mistakes: list[Problem] | None = None) -> None:
        self.mistakes = mistakes

    def each(self, items: Iterable[S], make: Callable[[S], T]) -> list[T]:
        made: list[T] = []
        for item in items:
            try:
                made.append(make(item))
            except Problem as mistake:
                if self.mistakes is None:
                    raise
                self.mistakes.append(mistake)
        return made


def read(folder: Path, heed: Heed | None = None) -> Tree:
    """Every document of a folder as written. Raises Problem when there is no such folder."""
    if not folder.is_dir():
        raise Problem("There is no such folder.", where=str(folder))
    heed = heed or Heed()
    tree: Tree = {}
    for kind in FOLDERS:
        files = sorted((folder / kind).glob("*.yaml"))
        tree[kind] = dict(heed.each(files, partial(_document, guess=kind in UNTYPED)))
    tree["evidence"] = dict(heed.each(sorted((folder / "evidence").glob("*.json")), _proofs))
    tree["tables"] = dict(heed.each(sorted(folder.glob("*.yaml")), partial(_document, guess=True)))
    return tree


def _document(path: Path, *, guess: bool) -> tuple[str, Any]:
    where = f"{path.parent.name}/{path.name}"
    document = parse(_text(path, where), where, guess=guess)
    if not isinstance(document, dict):
        raise Problem("The file must be a mapping.", where=where)
    return path.stem, document


def _text(path: Path, where: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        says = "The file is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else f"The file cannot be read: {error.strerror}"
        raise Problem(f"{says}.", where=where) from None


def _proofs(path: Path) -> tuple[str, Any]:
    """A machine-written file: `{"cells": {CELL: [evidence]}}` and whatever else its writer keeps there."""
    try:
        return path.stem, {"cells": msgspec.json.decode(_text(path, f"evidence/{path.name}"), type=Proofs).cells}
    except msgspec.DecodeError as error:
        raise Problem(f"Not an evidence file: {error}.", where=f"evidence/{path.name}") from None


class Proofs(msgspec.Struct):
    cells: dict[str, list[dict[str, Any]]] = {}


def merged(base: Tree, over: Tree, name: str) -> Tree:
    """An overlay's documents on the base's: runtimes by cell, the other files' entries by id, tables by row."""
    tree: Tree = {kind: dict(base.get(kind, {})) for kind in (*FOLDERS, "evidence", "tables")}
    for id, raw in over["runtimes"].items():
        known = tree["runtimes"].get(id)
        tree["runtimes"][id] = matrix.merge(known, raw, name) if known else {**raw, "origin": f"overlay:{name}"}
    for kind in ("platforms", "models", *UNTYPED, "tables"):
        for id, document in over.get(kind, {}).items():
            tree[kind][id] = {**tree[kind].get(id, {}), **document}
    for kind in ("profiles", "evidence"):
        tree[kind] |= over.get(kind, {})
    return tree


# --- sections --------------------------------------------------------------------------------------------------------


def sections(tree: Tree, heed: Heed | None = None) -> Sections:
    """Every section of the file, validated."""
    heed = heed or Heed()
    shared = entries(tree["platforms"], "platforms", heed)
    runtimes = matrix.with_engines(heed.each(sorted(tree["runtimes"]), lambda id: _runtime(id, tree, shared)))
    platforms = heed.each(sorted(shared), lambda id: platform(id, shared[id]))
    profiles: dict[str, Facts] = dict(
        heed.each(sorted(tree["profiles"]), lambda id: (id, convert(tree["profiles"][id], Facts, f"profiles/{id}.yaml")))
    )
    models = _models(tree, heed)
    packed = {
        "runtimes": pool(runtimes),
        "platforms": lean(platforms),
        "profiles": list(profiles),
        **{f"runtime/{runtime.id}": lean(runtime) for runtime in runtimes},
        **{f"profile/{id}": lean(facts) for id, facts in profiles.items()},
        "models": lean(models),
        **{f"model/{model.id}": lean(model) for model in models},
        "names": index(models),
        "tuned": {model.id: list(others) for model in models if (others := tuned(model, models))},
        "devices": tree["devices"],
        **{f"table/{name}": document for name, document in tree["tables"].items()},
        "aliases": aliases(runtimes),
        "raw": tree,
        "mistakes": [f"{one.where}: {one.says}" for one in heed.mistakes or ()],
    }
    return {name: msgspec.msgpack.encode(value) for name, value in packed.items()}


def _runtime(id: str, tree: Tree, platforms: dict[str, Raw]) -> Runtime:
    raw = tree["runtimes"][id]
    proofs = tree.get("evidence", {}).get(id, {}).get("cells", {})
    fields = {key: value for key, value in raw.items() if key != "origin"}
    return matrix.resolve(id, matrix.proven(fields, proofs), platforms, raw.get("origin", "built-in"))


def platform(id: str, raw: Raw) -> Platform:
    """A shared entry; its requirements keep the keys they are merged by."""
    where = f"platforms {id}"
    fields = {field: [matrix.conditional(key, one, where) for key, one in (raw.get(field) or {}).items()] for field in matrix.MERGED}
    return convert({**raw, **fields, "id": id}, Platform, where)


def _models(tree: Tree, heed: Heed) -> list[Model]:
    """Files are mappings of id to fields, with `defaults` for all of a file's."""
    listed = entries(tree["models"], "models", heed)
    rules = tree["tables"].get("files", {})
    return heed.each(listed, lambda id: named(convert({**listed[id], "id": id}, Model, f"models {id}"), rules))


def entries(files: dict[str, Raw], kind: str, heed: Heed | None = None) -> dict[str, Raw]:
    """Every entry of every file of a folder; an id stands once."""
    found: dict[str, Raw] = {}

    def add(at: tuple[str, str, Any]) -> None:
        file, id, raw = at
        if id in found or not isinstance(raw, dict):
            raise Problem(f"{id!r} {'is given twice' if id in found else 'must be a mapping'}.", where=f"{kind}/{file}.yaml")
        found[id] = {**(files[file].get("defaults") or {}), **raw}

    every = [(file, id, raw) for file, document in files.items() for id, raw in document.items() if id != "defaults"]
    (heed or Heed()).each(every, add)
    return found


def aliases(runtimes: Iterable[Runtime]) -> dict[str, str]:
    """Every name a runtime answers to, folded, to its id. The first to claim a name keeps it; lint tells of the others."""
    found = {fold(runtime.id): runtime.id for runtime in runtimes}
    for runtime in runtimes:
        for name in (runtime.name, *runtime.aliases):
            found.setdefault(fold(name), runtime.id)
    return found


# --- the file --------------------------------------------------------------------------------------------------------


def pack(parts: Sections, stamp: bytes) -> bytes:
    """Magic, stamp, index, sections. Offsets count from the end of the index."""
    index, at = {}, 0
    for name, part in parts.items():
        index[name] = (at, len(part))
        at += len(part)
    return b"".join([MAGIC, stamp, msgspec.json.encode(index), b"\n", *parts.values()])
