"""Running a tool with a deadline and a bound on what it prints. It may hang, flood or leave children behind."""
# ruff: noqa: PTH112 (pathlib costs start-up time)

import errno
import os
import sys
import threading
from time import monotonic, perf_counter
from typing import IO, Any

from pathfinder.host import Answer, Ran
from pathfinder.host.text import OUTPUT_LIMIT, decode


def find(name: str, search: list[str]) -> str | None:
    """The program's path, None when it is in no folder of `search`; a name with a slash is taken as it is."""
    if os.name == "nt":
        from shutil import which

        return which(name, path=os.pathsep.join(search))
    if "/" in name:
        return name if os.access(name, os.X_OK) else None
    for folder in search:
        path = f"{folder}/{name}"
        if folder.startswith("/") and os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def clip(seconds: float, ends: float | None) -> float:
    """A command's own deadline, but no later than `ends` (`time.monotonic`)."""
    return seconds if ends is None else max(0.05, min(seconds, ends - monotonic()))


def run(argv: tuple[str, ...], program: str, env: dict[str, str], seconds: float) -> Answer[Ran]:
    """Runs `program` with `argv[1:]`; every way it can go wrong is a silence."""
    import subprocess

    began = perf_counter()
    options: dict[str, Any] = {"start_new_session": True, "cwd": "/"} if os.name == "posix" else {"creationflags": 0x08000000}
    try:
        child = subprocess.Popen(
            [program, *argv[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, **options
        )
    except (OSError, ValueError) as error:
        absent = isinstance(error, FileNotFoundError)
        denied = isinstance(error, PermissionError)
        return Answer(
            silence="absent" if absent else "denied" if denied else "failed", note=str(error), elapsed_seconds=perf_counter() - began
        )
    _RUNNING.add(child)
    try:
        return _heard(child, seconds, began)
    finally:
        _RUNNING.discard(child)


_RUNNING: set[Any] = set()


def stop_all() -> None:
    """Ends every command that still runs: the person interrupted."""
    for child in list(_RUNNING):
        stop(child)


def _heard(child: Any, seconds: float, began: float) -> Answer[Ran]:
    import subprocess

    flood = threading.Event()
    out: list[bytes] = []
    err: list[bytes] = []
    streams = ((child.stdout, out), (child.stderr, err))
    readers = [threading.Thread(target=_drain, args=(stream, into, flood), daemon=True) for stream, into in streams]
    for reader in readers:
        reader.start()
    for reader in readers:
        while reader.is_alive() and not flood.is_set():
            left = seconds - (perf_counter() - began)
            if left <= 0:
                return _stopped(child, "timeout", f"no answer within {seconds:.1f} s", began)
            reader.join(min(left, 0.05))
    if flood.is_set():
        return _stopped(child, "failed", f"printed more than {OUTPUT_LIMIT >> 20} MiB", began)
    try:
        code = child.wait(max(0.05, seconds - (perf_counter() - began)))
    except subprocess.TimeoutExpired:
        return _stopped(child, "timeout", f"no end within {seconds:.1f} s", began)
    return Answer(value=Ran(code=code, stdout=decode(b"".join(out)), stderr=decode(b"".join(err))), elapsed_seconds=perf_counter() - began)


def _drain(stream: IO[bytes], into: list[bytes], flood: threading.Event) -> None:
    size = 0
    try:
        while piece := os.read(stream.fileno(), 1 << 16):
            size += len(piece)
            if size > OUTPUT_LIMIT:
                flood.set()
                return
            into.append(piece)
    except (OSError, ValueError):
        return


def _stopped(child: Any, silence: Any, note: str, began: float) -> Answer[Ran]:
    stop(child)
    return Answer(silence=silence, note=note, elapsed_seconds=perf_counter() - began)


def stop(child: Any) -> None:
    """Kills the child and its session; never waits for one the kernel does not let go of."""
    try:
        if sys.platform != "win32":
            os.killpg(child.pid, 9)
        else:
            child.kill()
    except OSError as error:
        if error.errno not in (errno.ESRCH, errno.EPERM):
            child.kill()
    for stream in (child.stdout, child.stderr, child.stdin):
        # a reader may still sit in read(); closing under it is safe only once the child is dead
        if stream is not None and child.poll() is not None:
            try:
                stream.close()
            except OSError:
                pass
