"""The door for acting, on real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pathfinder.acting.run import supervise
from pathfinder.errors import Problem

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups as POSIX has them")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and waits for its parent does not."""
    status = Path(f"/proc/{pid}/stat")
    if status.parent.parent.joinpath("self").exists():
        return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int, seconds: float = 5.0) -> bool:
    ends = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.02)
    return not alive(pid)


def test_lines_input_and_both_streams() -> None:
    lines: list[str] = []
    code = "import sys; print(input()[::-1]); print('\\u00e9'); print('oops', file=sys.stderr); sys.exit(7)"
    outcome = supervise(python(code), seconds=30, stdin=b"abc\n", on_line=lines.append, env={"PYTHONIOENCODING": "utf-8"})
    assert lines == ["cba", "é"]
    assert (outcome.code, outcome.signal, outcome.timed_out, outcome.stderr) == (7, None, False, "oops")


def test_a_flood_of_output_arrives_whole_and_errors_keep_their_last_lines() -> None:
    lines: list[str] = []
    code = "import sys\nfor i in range(50000): print(i); print('e', i, file=sys.stderr)"
    outcome = supervise(python(code), seconds=60, on_line=lines.append)
    assert lines == [str(i) for i in range(50000)]
    assert outcome.stderr.splitlines()[-1] == "e 49999"
    assert len(outcome.stderr.splitlines()) == 200


@POSIX
@pytest.mark.parametrize("name", ["SIGKILL", "SIGILL", "SIGSEGV", "SIGABRT"])
def test_a_signal_is_named(name: str) -> None:
    outcome = supervise(python(f"import os, signal; os.kill(os.getpid(), signal.{name})"), seconds=30)
    assert (outcome.code, outcome.signal) == (None, name)


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
"""


@POSIX
def test_the_deadline_ends_the_whole_tree() -> None:
    pids: list[str] = []
    outcome = supervise(python(GRANDCHILD + "time.sleep(60)"), seconds=1.5, on_line=pids.append)
    assert outcome.timed_out
    assert outcome.elapsed_seconds < 10
    assert gone(int(pids[0]))


@POSIX
def test_a_grandchild_that_keeps_the_pipe_open_neither_holds_us_up_nor_stays() -> None:
    pids: list[str] = []
    outcome = supervise(python(GRANDCHILD), seconds=30, on_line=pids.append)
    assert (outcome.code, outcome.timed_out) == (0, False)
    assert outcome.elapsed_seconds < 10
    assert gone(int(pids[0]))


@POSIX
def test_an_interruption_leaves_no_process() -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        supervise(python("import os, time; print(os.getpid(), flush=True); time.sleep(60)"), seconds=30, on_line=interrupt)
    assert gone(pids[0])


def test_a_program_that_is_not_there_is_a_problem() -> None:
    with pytest.raises(Problem, match="could not be started"):
        supervise(["/no/such/program"], seconds=1)


@POSIX
def test_an_engine_ends_with_its_parent() -> None:
    """The wire's promise: even a parent that is killed outright leaves no engine behind."""
    engines = Path(__file__).parents[1] / "src" / "pathfinder" / "engines"
    engine = f"import sys; sys.path.insert(0, {str(engines)!r}); import os, time, wire; w = wire.Wire(); w.request(); time.sleep(60)"
    parent = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {engine!r}], stdin=subprocess.PIPE)
child.stdin.write(b"{{}}\\n"); child.stdin.flush()
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(python(parent), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert alive(pid)
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert gone(pid)
