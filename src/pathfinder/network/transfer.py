"""Bytes from a server into a file that grows: resumed where it was, patient with a busy server, never without an end."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from pathfinder.errors import ExitStatus, Problem

PIECE = 1 << 20
"""Bytes read, written and counted at a time; what a kill can lose."""
IDLE_SECONDS = 30.0
"""A server that sends nothing for so long is asked again."""
TRIES = 6
"""Attempts in a row that brought no byte."""
LONGEST_WAIT_SECONDS = 120.0
"""A server may ask for patience (`Retry-After`), within reason."""
SPARE_BYTES = 64 << 20
"""Kept free on the disk beyond what is fetched."""


class Stream(NamedTuple):
    """What a server sends when it is asked from an offset on."""

    start: int
    """The offset it really begins at: 0 from one that ignores ranges."""
    total: int | None
    """Length of the whole file; None when the server does not say."""
    pieces: Iterable[bytes]


Source = Callable[[int], AbstractContextManager[Stream]]
"""From an offset to a stream. Raises `Later` for what time may mend, `Problem` for what it will not."""


class Later(Exception):
    """The transfer stopped for a reason that time may mend."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds


def fill(source: Source, partial: Path, total: int | None, where: str, progress: Callable[[int], None]) -> None:
    """Bring `partial` to its full length. Raises `Problem` when the server gives up or the disk does; what arrived stays."""
    with _disk(partial), open(partial, "ab", buffering=0) as out:
        done = out.seek(0, os.SEEK_END)
        if total is not None and done > total:
            done = out.truncate(0)
        progress(done)
        tries = 0
        while total is None or done < total:
            before, patience = done, 0.0
            try:
                with source(done) as stream:
                    total = stream.total if total is None else total
                    _rewind(out, stream.start)
                    for piece in stream.pieces:
                        with _disk(partial):
                            out.write(piece if total is None else piece[: total - out.tell()])
                        done = out.tell()
                        progress(done)
                if total is None:
                    return  # Nobody said how long it is: a clean end is the end.
            except Later as later:
                patience = later.seconds
            done = out.tell()
            tries = 0 if done > before else tries + 1
            if total is None or done < total:
                _wait(where, tries, patience)


def _rewind(out: Any, start: int) -> None:
    if start != out.tell():
        out.seek(start)
        out.truncate(start)


def _wait(where: str, tries: int, patience: float) -> None:
    if tries >= TRIES or patience > LONGEST_WAIT_SECONDS:
        asked = f" and asks to wait {patience:.0f} s" if patience else ""
        raise Problem(
            f"The server is busy{asked}." if patience else f"The server sent nothing {tries} times in a row.",
            where=where, hint="What has arrived is kept; the same command goes on from there.", exit=ExitStatus.NO,
        )  # fmt: skip
    time.sleep(max(patience, min(2.0**tries - 1, 30.0)))


def retry_after(text: str | None) -> float:
    """Seconds a server asks to wait: a number or an HTTP date; one second when it does not say."""
    if not text:
        return 1.0
    if text.strip().isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 1.0


def room(needed: int, place: Path, hint: str) -> None:
    """Refuse before the first byte when the disk of `place` cannot hold what is to come."""
    import shutil

    from pathfinder.language.compare import spell_bytes

    there = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed and needed + SPARE_BYTES > free:
        raise Problem(
            f"{spell_bytes(needed)} are to be fetched and {spell_bytes(free)} are free.", where=str(there), hint=hint, exit=ExitStatus.NO
        )


class _disk:
    """A full or read-only disk as one sentence; what has arrived stays."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError) and error.errno is not None:
            raise Problem(
                f"Cannot write: {error.strerror}.", where=str(self.path.parent),
                hint="Free space, or choose another disk.", exit=ExitStatus.NO,
            ) from None  # fmt: skip
