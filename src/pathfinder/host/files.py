"""Reading files of a live machine or a folder: bounded, never blocking on a pipe, never raising."""
# ruff: noqa: PTH115 (pathlib costs start-up time)

import errno
import os
import stat
from collections.abc import Callable
from time import perf_counter
from typing import Any, Literal

from pathfinder.host import Answer, Silence
from pathfinder.host.text import decode

_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO}
_DENIED = {errno.EACCES, errno.EPERM}
_MODES = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK, "f": os.F_OK}
_WILD = frozenset("*?[")
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
GLOB_LIMIT = 20_000


def silence_of(error: OSError) -> Silence:
    if error.errno in _ABSENT:
        return "absent"
    return "denied" if error.errno in _DENIED else "failed"


def refused(error: OSError, began: float) -> Answer[Any]:
    return Answer(silence=silence_of(error), note=error.strerror, elapsed_seconds=perf_counter() - began)


def read(path: str, limit: int) -> Answer[str]:
    began = perf_counter()
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        return refused(error if isinstance(error, OSError) else OSError(errno.ENOENT, str(error)), began)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return Answer(silence="failed", note="not a regular file", elapsed_seconds=perf_counter() - began)
        raw = b""
        while len(raw) < limit:
            piece = os.read(descriptor, min(limit - len(raw), 1 << 18))
            if not piece:
                break
            raw += piece
    except OSError as error:
        return refused(error, began)
    finally:
        os.close(descriptor)
    return Answer(value=decode(raw), elapsed_seconds=perf_counter() - began)


def readlink(path: str) -> Answer[str]:
    began = perf_counter()
    try:
        return Answer(value=os.readlink(path), elapsed_seconds=perf_counter() - began)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EINVAL:
            return Answer(silence="failed", note="not a link", elapsed_seconds=perf_counter() - began)
        return refused(error if isinstance(error, OSError) else OSError(errno.ENOENT, str(error)), began)


def access(path: str, mode: Literal["r", "w", "x", "f"]) -> Answer[bool]:
    began = perf_counter()
    try:
        return Answer(value=os.access(path, _MODES[mode]), elapsed_seconds=perf_counter() - began)
    except (OSError, ValueError):
        return Answer(value=False, elapsed_seconds=perf_counter() - began)


def matcher(pattern: str) -> Callable[[str], bool]:
    """A test for one path component; `re` is loaded only for patterns richer than one star."""
    head, star, tail = pattern.partition("*")
    if star and not _WILD & set(head + tail):
        return lambda name: len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
    from fnmatch import translate
    from re import compile as build

    test = build(translate(pattern)).match
    return lambda name: test(name) is not None


def glob(pattern: str, real: Callable[[str], str | None]) -> Answer[tuple[str, ...]]:
    """`real` turns a path as asked into a path on this disk, None where it leads nowhere.

    Answers `absent` when the folder before the first wild card is not there.
    """
    began = perf_counter()
    parts = pattern.replace("\\", "/").split("/") if os.name == "nt" else pattern.split("/")
    fixed = 0
    while fixed < len(parts) - 1 and not _WILD & set(parts[fixed]):
        fixed += 1
    found = ["/".join(parts[:fixed]) or "/"]
    for depth in range(fixed, len(parts)):
        part, last = parts[depth], depth == len(parts) - 1
        test = matcher(part) if _WILD & set(part) else None
        deeper: list[str] = []
        for folder in found:
            base = folder.rstrip("/")
            place = real(folder)
            if place is None:
                names: list[str] = []
            elif test is None:
                joined = f"{base}/{part}"
                names = [part] if real(joined) is not None else []
            else:
                try:
                    with os.scandir(place) as entries:
                        names = [entry.name for entry in entries if test(entry.name) and not entry.name.startswith(".")]
                except OSError as error:
                    if depth == fixed and error.errno != errno.ENOTDIR:
                        return refused(error, began)
                    names = []
                    if depth == fixed:
                        return Answer(silence="absent", note="not a folder", elapsed_seconds=perf_counter() - began)
            if depth == fixed and place is None:
                return Answer(silence="absent", elapsed_seconds=perf_counter() - began)
            deeper += [f"{base}/{name}" for name in names]
        found = deeper[:GLOB_LIMIT]
        if last:
            break
    return Answer(value=tuple(sorted(found)), elapsed_seconds=perf_counter() - began)
