"""The compiled data, found or made: a wheel's as built; a checkout's and an overlay's once per change, kept in the user's cache folder."""

import io
import os
import sys
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar
from zlib import crc32

import msgspec

from pathfinder.errors import Problem

T = TypeVar("T")
MAGIC = b"pathfinder-data-1\n"
"""First line of a compiled file; then the stamp it was compiled from, the index, and the sections."""
_WATCHED = ("runtimes", "platforms", "models", "devices", "profiles", "evidence", "")
_SHAPERS = (
    "types/facts", "types/matrix", "types/models", "types/steps", "types/words",
    "language/when", "language/compare", "language/vocabulary", "naming/ask", "naming/names", "deciding/steps",
    "data/compiler", "data/filenames", "data/matrix", "data/plainyaml", "data/pool", "data/pooling", "data/strict",
)  # fmt: skip
"""Modules that decide what the compiled file looks like; when one changes, the cache is stale."""


class Data:
    """A compiled file or its content; a section is read and decoded when it is first asked for.

    The file stays open: a newer one that is put in its place does not change what is read here.
    """

    def __init__(self, at: Path | bytes) -> None:
        self._file: IO[bytes] = io.BytesIO(at) if isinstance(at, bytes) else at.open("rb")
        self._decoded: dict[str, Any] = {}
        self.magic, self.stamp, line = self._file.readline(), self._file.readline(), self._file.readline()
        self._start = self._file.tell()
        self.index: dict[str, tuple[int, int]] = msgspec.json.decode(line, type=dict[str, tuple[int, int]])

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def get(self, section: str, type_: type[T]) -> T:
        if section not in self._decoded:
            at, length = self.index[section]
            self._file.seek(self._start + at)
            self._decoded[section] = msgspec.msgpack.decode(self._file.read(length), type=type_)
        found: T = self._decoded[section]
        return found

    def complete(self) -> bool:
        """Whether the file is as long as its index says."""
        end = self._file.seek(0, os.SEEK_END)
        return end == self._start + max((at + length for at, length in self.index.values()), default=0)


@cache
def load(overlays: tuple[str, ...] = ()) -> Data:
    """The data with overlays, the later on top of the earlier. Raises Problem when there is no such folder."""
    if overlays:
        return _compiled(Path(overlays[-1]), overlays[:-1])
    built = package() / "_data" / "matrix.bin"
    return Data(built) if built.is_file() else _compiled(source(), None)


def package() -> Path:
    return Path(__file__).parents[1]


def source() -> Path:
    """The folder of hand-written data in a checkout. Raises Problem in an installation that lost its data."""
    folder = package().parent.parent / "matrix"
    if not folder.is_dir():
        raise Problem("The installation has no data.", where=str(package()), hint="Install pathfinder again.")
    return folder


# --- compiling here, once per change ---------------------------------------------------------------------------------


def _compiled(folder: Path, below: tuple[str, ...] | None) -> Data:
    """From the cache when nothing changed, else compiled and, where the cache can be written, kept. What was left out is said each time."""
    if not folder.is_dir():
        raise Problem("There is no such overlay folder.", where=str(folder))
    kept = cache_dir() / f"matrix-{crc32(f'{folder.resolve()} {below}'.encode()):08x}.bin"
    stamp = json_line(_stamp(folder, below))
    data = _fresh(kept, stamp) or _anew(folder, below, kept, stamp)
    for mistake in data.get("mistakes", list[str]):
        print(f"pathfinder: left out: {mistake}", file=sys.stderr)
    return data


def _anew(folder: Path, below: tuple[str, ...] | None, kept: Path, stamp: bytes) -> Data:
    from pathfinder.data.compiler import Tree, compile

    base = None if below is None else load(below).get("raw", Tree)
    content = compile(folder, base, name=folder.name, stamp=stamp, mistakes=[])
    return Data(kept) if _keep(kept, content) else Data(content)


def json_line(text: str) -> bytes:
    return msgspec.json.encode(text) + b"\n"


def _fresh(kept: Path, stamp: bytes) -> Data | None:
    """What is kept, when it is whole and was made from what is there now."""
    try:
        data = Data(kept)
        return data if data.magic == MAGIC and data.stamp == stamp and data.complete() else None
    except (OSError, msgspec.DecodeError):
        return None


def _stamp(folder: Path, below: tuple[str, ...] | None) -> str:
    """Names, sizes and times of everything the compiled file follows from."""
    parts = [stamp for name in _WATCHED for stamp in _files(folder / name)]
    if below is not None:
        built = package() / "_data" / "matrix.bin"
        parts += _one(built) if built.is_file() else [_stamp(Path(below[-1]), below[:-1]) if below else _stamp(source(), None)]
    for name in _SHAPERS:
        parts += _one(package() / f"{name}.py")
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


STALE_SECONDS = 30 * 24 * 3600
"""A kept file that old belongs to a folder nobody changes, or to one that is gone; the former is made again."""


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
    _drop_stale(path)
    return True


def _drop_stale(path: Path) -> None:
    from contextlib import suppress

    with suppress(OSError):
        newest = path.stat().st_mtime
        for other in path.parent.glob("*matrix-*"):
            if newest - other.stat().st_mtime > STALE_SECONDS:
                other.unlink(missing_ok=True)
