"""Carry out the installing steps of a plan: one after the other, logged, resumed where they broke off, undone on request.

What was done is written beside the environment after every step, so that a kill at any moment leaves a state the next call understands.
"""

import hashlib
import os
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from pathfinder.errors import ExitStatus, Problem, writing
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step
from pathfinder.types.words import Frozen

STEP_SECONDS = 4 * 3600.0
CHECK_SECONDS = 180.0
Tell = Callable[[str], None]


class State(Frozen, frozen=True, kw_only=True):
    """What is installed of one build of one runtime, as far as it got."""

    runtime: str
    cell: str
    done: tuple[str, ...] = ()
    """Digests of the steps that ended well."""
    undo: tuple[Step, ...] = ()
    """What takes the installation away, last step first."""
    complete: bool = False
    at: str | None = None


def home(root: str) -> Path:
    """The folder of everything of ours; a plan spells it with `~`."""
    return Path(root).expanduser()


def env_of(plan: Plan) -> Path:
    return home(plan.root) / "runtimes" / plan.runtime / plan.cell


def state_of(plan: Plan) -> State:
    """What an earlier call left; an unreadable record counts as nothing done."""
    try:
        return msgspec.json.decode(_record(env_of(plan)).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return State(runtime=plan.runtime, cell=plan.cell)


def installed(root: str) -> tuple[State, ...]:
    """Every installation of ours, finished or not."""
    found = []
    for path in sorted((home(root) / "runtimes").glob("*/*.install.json")):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=State))
        except (OSError, msgspec.DecodeError):
            continue
    return tuple(found)


def install(plan: Plan, tell: Tell, progress: Tell = lambda line: None) -> str | None:
    """Carry the steps out and return what the runtime's own check said (None when the recipe has none).

    `tell` hears one sentence a step, `progress` the last line of what runs. Raises `Problem` naming the step, the log and how to go on.
    """
    env = env_of(plan)
    with writing(env), _folder(env), _alone(env), open(_log(env), "a", encoding="utf-8") as log:
        state = state_of(plan)
        if not state.done and env.exists():
            shutil.rmtree(env)  # Left by a call that was killed within its first step.
        for number, step in enumerate(plan.install, 1):
            mark = digest(step)
            if mark in state.done:
                continue
            tell(f"{number}/{len(plan.install)} {step.title}")
            _one(step, log, progress)
            state = _save(env, msgspec.structs.replace(state, done=(*state.done, mark), undo=(*step.undo, *state.undo)))
        said = check(plan, log)
        _save(env, msgspec.structs.replace(state, complete=True, at=time.strftime("%Y-%m-%d")))
    return said


def carry_out(plan: Plan, steps: Sequence[Step], tell: Tell, progress: Tell = lambda line: None) -> None:
    """Steps of a plan that are no part of its installation, every time."""
    env = env_of(plan)
    with writing(env), _folder(env), open(_log(env), "a", encoding="utf-8") as log:
        for step in steps:
            tell(step.title)
            _one(step, log, progress)


def check(plan: Plan, log: IO[str] | None = None) -> str | None:
    """The runtime's own word that it is there: the last check of the recipe. Raises `Problem` when it fails."""
    argv = next((step.check for step in reversed(plan.install) if step.check), None)
    if argv is None:
        return None
    said: list[str] = []
    code, last = _run(argv, {}, None, log, said.append, CHECK_SECONDS)
    if code != 0:
        raise Problem(
            f"It is installed, but its own check fails: {last or 'status ' + str(code)}.", where=" ".join(argv),
            hint=f"The log: {_log(env_of(plan))}", exit=ExitStatus.NO,
        )  # fmt: skip
    return next((line for line in said if line.strip()), "")


def uninstall(root: str, state: State, tell: Tell) -> None:
    """Undo what was installed, last first, then remove the environment and its record."""
    env = home(root) / "runtimes" / state.runtime / state.cell
    with writing(env), _alone(env):
        for step in state.undo:
            if step.argv and str(env) in [str(Path(word).expanduser()) for word in step.argv]:
                continue  # Removing the environment is done below, without a shell.
            tell(step.title)
            with open(_log(env), "a", encoding="utf-8") as log:
                _one(step, log, lambda line: None)
        tell(f"Remove {env}")
        if env.exists():
            shutil.rmtree(env)
        _record(env).unlink(missing_ok=True)
        _log(env).unlink(missing_ok=True)
    _lock(env).unlink(missing_ok=True)
    if not any(env.parent.iterdir()):
        env.parent.rmdir()


def digest(step: Step) -> str:
    return hashlib.sha256(msgspec.json.encode(step)).hexdigest()[:16]


# --- one step --------------------------------------------------------------------------------------------------------


def _one(step: Step, log: IO[str], progress: Tell) -> None:
    log.write(f"\n== {time.strftime('%Y-%m-%d %H:%M:%S')} {step.title}\n")
    if "root" in step.needs and not _is_root():
        return _for_the_user(step)
    if step.kind == "download":
        return _download(step, progress)
    if step.kind == "write":
        return _write(step)
    if step.kind == "manual":
        return _for_the_user(step)
    if step.argv is None:
        return _unpack(step)
    code, last = _run(step.argv, step.env, step.cwd, log, progress, STEP_SECONDS)
    if code != 0:
        raise Problem(
            f"'{step.title}' failed: {last or 'status ' + str(code)}.", where=log.name,
            hint="The same command goes on from this step." + (f" {step.why}" if step.why else ""), exit=ExitStatus.NO,
        )  # fmt: skip
    return None


def _for_the_user(step: Step) -> None:
    """What only a person may do: once its check holds it counts as done."""
    from pathfinder.telling.quoting import command

    if step.check and _run(step.check, {}, None, None, lambda line: None, CHECK_SECONDS)[0] == 0:
        return
    what = command(step, None) if step.argv else step.text or step.why or step.title
    raise Problem(f"'{step.title}' is yours to do: {what}", hint="Then give the same command again.", exit=ExitStatus.NO)


def _run(
    argv: Sequence[str], env: dict[str, str], cwd: str | None, log: IO[str] | None, progress: Tell, seconds: float
) -> tuple[int | None, str]:
    """Exit status (None: killed or out of time) and the last line that says something."""
    from pathfinder.acting.run import supervise

    last: list[str] = [""]
    full: list[OSError] = []

    def hear(line: str) -> None:
        if log is not None and not full:
            try:
                log.write(line + "\n")
                log.flush()
            except OSError as error:
                full.append(error)  # Heard in a thread of its own: told below.
        if line.strip():
            last[0] = line.strip()
            progress(line.strip())

    words = [os.path.expanduser(word) for word in argv]  # noqa: PTH111
    spelt = {key: os.path.expanduser(value) for key, value in env.items()}  # noqa: PTH111
    there = os.path.expanduser(cwd) if cwd else None  # noqa: PTH111
    ended = supervise(words, seconds=seconds, env=spelt, cwd=there, on_line=hear, on_error_line=hear)
    if full:
        raise full[0]
    return ended.code, last[0]


def _download(step: Step, progress: Tell) -> None:
    from pathfinder.network.download import download

    if step.url is None or step.path is None:
        raise Problem(f"'{step.title}' names no address or no place.", exit=ExitStatus.BUG)
    path = Path(step.path).expanduser()
    download(step.url, path, step.sha256, lambda done, total: progress(f"{done >> 20} MiB of {total >> 20 if total else '?'} MiB"))


def _write(step: Step) -> None:
    path = Path(step.path or "").expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(step.text or "", encoding="utf-8")
    partial.replace(path)


def _unpack(step: Step) -> None:
    path, into = Path(step.path or "").expanduser(), Path(step.cwd or Path(step.path or "").parent).expanduser()
    into.mkdir(parents=True, exist_ok=True)
    try:
        # `data` refuses members that would land outside the folder; zip archives are never let out of it.
        shutil.unpack_archive(path, into, filter=None if path.suffix == ".zip" else "data")
    except (shutil.ReadError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        raise Problem(f"It cannot be unpacked: {error}.", where=str(path), exit=ExitStatus.NO) from None


# --- records ---------------------------------------------------------------------------------------------------------


def _record(env: Path) -> Path:
    return env.with_name(f"{env.name}.install.json")


def _log(env: Path) -> Path:
    return env.with_name(f"{env.name}.install.log")


def _lock(env: Path) -> Path:
    return env.with_name(f"{env.name}.install.lock")


def _save(env: Path, state: State) -> State:
    partial = _record(env).with_suffix(".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
    partial.replace(_record(env))
    return state


@contextmanager
def _folder(env: Path) -> Iterator[None]:
    env.parent.mkdir(parents=True, exist_ok=True)
    yield


@contextmanager
def _alone(env: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(_lock(env))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Problem("Another pathfinder is installing or removing it right now.", where=str(env), exit=ExitStatus.NO) from None
    try:
        yield
    finally:
        lock.release()


def _is_root() -> bool:
    return getattr(os, "geteuid", lambda: 0)() == 0
