"""Finds the data, compiled; caches what is compiled here; overlays and profiles. No YAML is read unless a file changed.

`overlays` are folders laid out like `matrix/`, the later on top of the earlier; none named: those of PATHFINDER_OVERLAY.
"""

import io
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar
from zlib import crc32

import msgspec

from pathfinder.errors import Problem
from pathfinder.types import Facts, Model, Platform, Runtime

T = TypeVar("T")
Overlays = Sequence[str]
MAGIC = b"pathfinder-data-1\n"
"""First line of a compiled file; then the stamp it was compiled from, the index, and the sections."""
_WATCHED = ("runtimes", "platforms", "models", "devices", "profiles", "evidence", "")
_SHAPERS = ("types", "matrix", "when", "compare", "vocabulary", "compiler", "pool", "pooling", "strict", "plainyaml")
"""Modules that decide what the compiled file looks like; when one changes, the cache is stale."""


# --- what is there ---------------------------------------------------------------------------------------------------


def matrix(overlays: Overlays = ()) -> tuple[Runtime, ...]:
    """Every runtime, as far as deciding needs it; recipes, history, origins and evidence are left to `whole`."""
    return _matrix(chosen(overlays))


@cache
def _matrix(overlays: tuple[str, ...]) -> tuple[Runtime, ...]:
    from pathfinder.pool import Pooled, unpool

    return unpool(_data(overlays).get("runtimes", Pooled))


def whole(id: str, overlays: Overlays = ()) -> Runtime:
    """A runtime by its id with everything: recipes, evidence, history, origins."""
    return _data(chosen(overlays)).get(f"runtime/{id}", Runtime)


def runtime(name: str, overlays: Overlays = ()) -> Runtime:
    """A runtime by id, name or alias, whole. Raises Problem with the nearest names."""
    from pathfinder.compiler import fold

    names = _data(chosen(overlays)).get("aliases", dict[str, str])
    if (id := names.get(fold(name))) is not None:
        return whole(id, overlays)
    raise _nothing("runtime", name, names.values(), names.keys())


def models(overlays: Overlays = ()) -> tuple[Model, ...]:
    return _data(chosen(overlays)).get("models", tuple[Model, ...])


def devices(overlays: Overlays = ()) -> dict[str, Any]:
    """What makers publish of their chips, `matrix/devices/`: file name to its document."""
    return _data(chosen(overlays)).get("devices", dict[str, Any])


def platforms(overlays: Overlays = ()) -> tuple[Platform, ...]:
    return _data(chosen(overlays)).get("platforms", tuple[Platform, ...])


def profiles(overlays: Overlays = ()) -> tuple[str, ...]:
    """Ids of the hand-written machines."""
    return _data(chosen(overlays)).get("profiles", tuple[str, ...])


def profile(id: str, overlays: Overlays = ()) -> Facts:
    """A hand-written machine. Raises Problem with the nearest ids."""
    data = _data(chosen(overlays))
    if f"profile/{id}" not in data.index:
        raise _nothing("profile", id, profiles(overlays), profiles(overlays))
    return data.get(f"profile/{id}", Facts)


def table(name: str, overlays: Overlays = ()) -> dict[str, Any]:
    """`matrix/<name>.yaml`, a table without a type; empty when there is none."""
    data = _data(chosen(overlays))
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

    near = get_close_matches(name.lower(), list(names), 3, 0.5) or sorted(set(ids))[:5]
    return Problem(f"There is no {what} {name!r}.", hint=f"Did you mean {', '.join(near)}?" if near else None)


# --- the file --------------------------------------------------------------------------------------------------------


class Data:
    """A compiled file or its content; a section is read and decoded when it is first asked for."""

    def __init__(self, at: Path | bytes) -> None:
        self._at = at
        self._decoded: dict[str, Any] = {}
        with self._open() as file:
            _, _, line = file.readline(), file.readline(), file.readline()
            self._start = file.tell()
        self.index: dict[str, tuple[int, int]] = msgspec.json.decode(line, type=dict[str, tuple[int, int]])

    def _open(self) -> IO[bytes]:
        return io.BytesIO(self._at) if isinstance(self._at, bytes) else self._at.open("rb")

    def get(self, section: str, type_: type[T]) -> T:
        if section not in self._decoded:
            at, length = self.index[section]
            with self._open() as file:
                file.seek(self._start + at)
                self._decoded[section] = msgspec.msgpack.decode(file.read(length), type=type_)
        found: T = self._decoded[section]
        return found


@cache
def _data(overlays: tuple[str, ...]) -> Data:
    if overlays:
        return _compiled(Path(overlays[-1]), overlays[:-1])
    built = _package() / "_data" / "matrix.bin"
    return Data(built) if built.is_file() else _compiled(source(), None)


def _package() -> Path:
    return Path(__file__).parent


def source() -> Path:
    """The folder of hand-written data in a checkout. Raises Problem in an installation that lost its data."""
    folder = _package().parent.parent / "matrix"
    if not folder.is_dir():
        raise Problem("The installation has no data.", where=str(_package()), hint="Install pathfinder again.")
    return folder


def templates() -> Path:
    """The folder of output templates."""
    built = _package() / "_data" / "templates"
    return built if built.is_dir() else _package().parent.parent / "templates"


# --- compiling here, once per change ---------------------------------------------------------------------------------


def _compiled(folder: Path, below: tuple[str, ...] | None) -> Data:
    """From the cache when nothing changed, else compiled and, where the cache can be written, kept."""
    if not folder.is_dir():
        raise Problem("There is no such overlay folder.", where=str(folder))
    kept = cache_dir() / f"matrix-{crc32(f'{folder.resolve()} {below}'.encode()):08x}.bin"
    stamp = json_line(_stamp(folder, below))
    if _is_fresh(kept, stamp):
        return Data(kept)
    from pathfinder.compiler import Tree, compile

    base = None if below is None else _data(below).get("raw", Tree)
    mistakes: list[Problem] = []
    content = compile(folder, base, name=folder.name, stamp=stamp, mistakes=mistakes)
    for mistake in mistakes:
        print(f"pathfinder: left out: {mistake.where}: {mistake.says}", file=sys.stderr)
    return Data(kept) if not mistakes and _keep(kept, content) else Data(content)


def json_line(text: str) -> bytes:
    return msgspec.json.encode(text) + b"\n"


def _is_fresh(kept: Path, stamp: bytes) -> bool:
    try:
        with kept.open("rb") as file:
            return file.readline() == MAGIC and file.readline() == stamp
    except OSError:
        return False


def _stamp(folder: Path, below: tuple[str, ...] | None) -> str:
    """Names, sizes and times of everything the compiled file follows from."""
    parts = [stamp for name in _WATCHED for stamp in _files(folder / name)]
    if below is not None:
        built = _package() / "_data" / "matrix.bin"
        parts += _one(built) if built.is_file() else [_stamp(Path(below[-1]), below[:-1]) if below else _stamp(source(), None)]
    for name in _SHAPERS:
        parts += _one(_package() / f"{name}.py")
    return "\n".join(parts)


def _files(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            stats = [(entry.name, entry.stat()) for entry in found if entry.name.endswith((".yaml", ".json"))]
    except OSError:
        return []
    return sorted(f"{folder.name}/{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _one(path: Path) -> list[str]:
    try:
        stat = path.stat()
    except OSError:
        return []
    return [f"{path.name} {stat.st_size} {stat.st_mtime_ns}"]


def cache_dir() -> Path:
    """The user's cache folder for pathfinder; made when first written to."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = str(Path.home() / "Library" / "Caches")
    else:
        root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "pathfinder"


def _keep(path: Path, content: bytes) -> bool:
    """Written whole or not at all. A cache that cannot be written is no error."""
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".matrix-", delete=False) as part:
            part.write(content)
        Path(part.name).replace(path)
    except OSError:
        return False
    return True
