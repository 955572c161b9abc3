"""The door for acting: run a program under a deadline, read it line by line, and leave nothing of it behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import IO, Any

from pathfinder.errors import Problem
from pathfinder.types.words import Frozen

LINE_LIMIT_BYTES = 4 << 20
STDERR_LIMIT_LINES = 200
_GRACE_SECONDS = 2.0
_IDLE_SECONDS = 0.5


class Outcome(Frozen, frozen=True, kw_only=True):
    """How a supervised program ended."""

    code: int | None
    """Exit status; None when a signal or the deadline ended it."""
    signal: str | None = None
    """`SIGKILL`, `SIGILL`, ...; on Windows the status of a structured exception, such as `0xC000001D`."""
    timed_out: bool = False
    stderr: str = ""
    """The last lines."""
    elapsed_seconds: float = 0.0


def supervise(
    argv: Sequence[str],
    *,
    seconds: float,
    stdin: bytes = b"",
    on_line: Callable[[str], None] | None = None,
    on_error_line: Callable[[str], None] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> Outcome:
    """Run a program to its end or to the deadline, in a process group of its own that is gone afterwards, however this call ends.

    Lines of its standard output go to `on_line` as they come, on the calling thread; those of its standard error to `on_error_line`, on
    another. Standard input stays open until the end, so that a program may take its closing for the parent's death. Raises `Problem` when
    the program cannot be started.
    """
    started = time.monotonic()
    lines: SimpleQueue[str | None] = SimpleQueue()
    tail: deque[str] = deque(maxlen=STDERR_LIMIT_LINES)
    timed_out = False

    def heard(line: str) -> None:
        tail.append(line)
        if on_error_line:
            on_error_line(line)

    with _ending_politely():
        process = _start(argv, env, cwd)
        try:
            readers = [_reader(process.stdout, lines.put, lambda: lines.put(None)), _reader(process.stderr, heard, lambda: None)]
            _feed(process.stdin, stdin)
            timed_out = not _drain(process, lines, on_line, started + seconds)
        finally:
            kill_tree(process)
    for reader in readers:
        reader.join(_GRACE_SECONDS)
    code, name = ending(process.returncode)
    elapsed = time.monotonic() - started
    return Outcome(
        code=None if timed_out else code,
        signal=None if timed_out else name,
        timed_out=timed_out,
        stderr="\n".join(tail),
        elapsed_seconds=elapsed,
    )


def kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """End a process started by `supervise` and everything in its group, and reap it."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        try:
            # The group outlives its leader: children of a program that is already gone are ended as well.
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_GRACE_SECONDS)
    if process.stdin:
        try:
            process.stdin.close()
        except OSError:
            pass


@contextmanager
def _ending_politely() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack, as Ctrl-C does, so that what was started is ended; only the main thread can arrange it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL]
    for name in names:
        signal.signal(getattr(signal, name), leave)
    try:
        yield
    finally:
        for name in names:
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def _start(argv: Sequence[str], env: Mapping[str, str] | None, cwd: str | None) -> "subprocess.Popen[bytes]":
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else {**os.environ, **env},
            cwd=cwd,
            **group,
        )
    except OSError as error:
        raise Problem(f"The program could not be started: {error.strerror or error}.", where=argv[0]) from error


def _reader(stream: IO[bytes] | None, take: Callable[[str], Any], end: Callable[[], Any]) -> threading.Thread:
    def read() -> None:
        if stream:
            with stream:
                while line := stream.readline(LINE_LIMIT_BYTES):
                    take(line.decode("utf-8", "replace").rstrip("\r\n"))
        end()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _feed(stream: IO[bytes] | None, text: bytes) -> None:
    try:
        if stream and text:
            stream.write(text)
            stream.flush()
    except OSError:
        pass  # It died before it listened; its ending tells.


def _drain(
    process: "subprocess.Popen[bytes]", lines: "SimpleQueue[str | None]", on_line: Callable[[str], None] | None, ends: float
) -> bool:
    """Hand lines on until the program is gone and its output is read; False when the deadline comes first."""
    while True:
        left = ends - time.monotonic()
        if left <= 0:
            return False
        gone = process.poll() is not None
        try:
            line = lines.get(timeout=min(left, _IDLE_SECONDS))
        except Empty:
            if gone:
                return True  # A grandchild holds the pipe open; the program itself has ended and said all it had to say.
            continue
        if line is None:
            break
        if on_line:
            on_line(line)
    try:
        process.wait(max(0.0, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def ending(code: int | None) -> tuple[int | None, str | None]:
    """Status and signal (or structured exception) of a process that has ended; both None while it runs."""
    if code is None:
        return None, None
    if code < 0:
        try:
            return None, signal.Signals(-code).name
        except ValueError:
            return None, f"signal {-code}"
    if sys.platform == "win32" and code >= 0xC0000000:
        return None, f"0x{code:08X}"
    return code, None
