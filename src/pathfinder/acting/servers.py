"""Servers started by us: begun, watched until they answer, listed, ended. One record a server, below the data folder.

A record is written the moment the process exists and names it by its number and its start time, so that neither a crash of ours nor a
number used again by the system confuses it with another.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from pathfinder.errors import ExitStatus, Problem, writing
from pathfinder.types.steps import Endpoint, Step
from pathfinder.types.words import Frozen

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0
TAIL_BYTES = 16_384


class Running(Frozen, frozen=True, kw_only=True):
    """A server of ours; `created` is the system's own start time of the process, seconds since 1970."""

    name: str
    runtime: str
    cell: str
    model: str
    pid: int
    created: float
    argv: tuple[str, ...]
    endpoint: Endpoint | None
    log: str
    started: str


class Listed(Running, frozen=True, kw_only=True):
    """A server and how it is."""

    state: Literal["answers", "running", "ended"]


class Processes(Frozen, frozen=True, kw_only=True):
    """`pathfinder/processes/v1`."""

    schema: str = "pathfinder/processes/v1"
    processes: tuple[Listed, ...]


def begin(
    step: Step, folder: Path, *, name: str, runtime: str, cell: str, model: str, endpoint: Endpoint | None
) -> tuple[Running, "subprocess.Popen[bytes]"]:
    """Start a server in a session of its own, its words into a log. Raises `Problem` when the program is not there."""
    import psutil

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    argv = tuple(os.path.expanduser(word) for word in step.argv or ())  # noqa: PTH111
    env = {**os.environ, "PYTHONUNBUFFERED": "1"} | {key: os.path.expanduser(value) for key, value in step.env.items()}  # noqa: PTH111
    log = folder / f"{name}.log"
    detached: dict[str, Any] = {"creationflags": 0x00000200} if sys.platform == "win32" else {"start_new_session": True}
    with writing(log):
        log.touch()
    try:
        with open(log, "wb") as words:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, env=env, **detached)
    except OSError as error:
        raise Problem(f"It could not be started: {error.strerror or error}.", where=argv[0], exit=ExitStatus.NO) from None
    try:
        created = psutil.Process(process.pid).create_time()
    except psutil.Error:
        created = time.time()
    running = Running(
        name=name, runtime=runtime, cell=cell, model=model, pid=process.pid, created=created, argv=argv, endpoint=endpoint, log=str(log),
        started=time.strftime("%Y-%m-%d %H:%M:%S"),
    )  # fmt: skip
    try:
        with writing(folder):
            _write(folder, running)
    except Problem:
        end(running, folder)
        process.wait()
        raise
    return running, process


def answers(endpoint: Endpoint, seconds: float = 2.0) -> bool:
    """Whether the health address says that the server is ready; never through a proxy."""
    import http.client
    from urllib.parse import urlsplit

    at = urlsplit(endpoint.health or endpoint.url)
    connection = http.client.HTTPConnection(at.hostname or "127.0.0.1", at.port, timeout=seconds)
    try:
        connection.request("GET", at.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait(running: Running, process: "subprocess.Popen[bytes]", seconds: float, tell: Callable[[str], None]) -> bool:
    """Until the server answers. False when it ended or the time is over; `tell` hears the log's last line."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if process.poll() is not None:
            return False
        if running.endpoint is None or answers(running.endpoint):
            return process.poll() is None
        lines = tail(Path(running.log), 1)
        if lines:
            tell(lines[-1])
        time.sleep(POLL_SECONDS)
    return False


def alive(running: Running) -> bool:
    """Whether that very process still runs (a zombie does not)."""
    import psutil

    try:
        process = psutil.Process(running.pid)
        return bool(abs(process.create_time() - running.created) < 2.0 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def end(running: Running, folder: Path) -> bool:
    """Ask it to stop, then make it; its whole session goes. True when it was running."""
    import psutil

    was = alive(running)
    if was:
        family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
        _signal(running.pid, hard=False)
        _, left = psutil.wait_procs(family, timeout=GRACE_SECONDS)
        if left:
            _signal(running.pid, hard=True)
            for process in left:
                try:
                    process.kill()
                except psutil.Error:
                    pass
            psutil.wait_procs(left, timeout=GRACE_SECONDS)
    forget(running, folder)
    return was


def _signal(pid: int, *, hard: bool) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/PID", str(pid), *(["/F"] if hard else [])], capture_output=True, check=False)
        return
    try:
        os.killpg(pid, signal.SIGKILL if hard else signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        pass


def listed(folder: Path) -> tuple[Running, ...]:
    """Every record, oldest first; of servers that have ended too, until they are forgotten."""
    found = []
    for path in folder.glob("*.json"):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Running))
        except (OSError, msgspec.DecodeError):
            continue
    return tuple(sorted(found, key=lambda running: running.created))


def named(folder: Path, name: str) -> Running:
    """Raises `Problem` when there is none of that name."""
    every = listed(folder)
    for running in every:
        if running.name == name:
            return running
    there = ", ".join(running.name for running in every)
    raise Problem(f"There is no server '{name}'.", hint=f"There is {there}." if there else "`pathfinder launch` starts one.")


def forget(running: Running, folder: Path) -> None:
    (folder / f"{running.name}.json").unlink(missing_ok=True)


def tail(path: Path, count: int) -> list[str]:
    """The last lines that say something."""
    try:
        with open(path, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.replace("\r", "\n").splitlines() if line.strip()][-count:]


def taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens there already."""
    import socket

    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def free_name(folder: Path, wanted: str) -> str:
    """The name itself, or with a number behind it when a living server has it."""
    living: Sequence[str] = [running.name for running in listed(folder) if alive(running)]
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, 100))]
    return next(name for name in names if name not in living)


def _write(folder: Path, running: Running) -> None:
    path = folder / f"{running.name}.json"
    partial = path.with_suffix(".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(running), indent=1))
    partial.replace(path)
