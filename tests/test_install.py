"""Installing: real programs run in a real folder; broken off, resumed, checked, undone."""

import functools
import hashlib
import http.server
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pathfinder.acting.install import env_of, install, installed, state_of, uninstall
from pathfinder.errors import Problem
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step


def python(code: str, title: str = "a step", **more: object) -> Step:
    return Step(kind="run", title=title, argv=(sys.executable, "-c", code), **more)  # type: ignore[arg-type]


def plan(root: Path, *steps: Step) -> Plan:
    return Plan(
        runtime="thing", name="Thing", cell="linux-cpu", backend="cpu", devices=(), verdict="works", install=steps, root=str(root)
    )  # fmt: skip


def append(path: Path, text: str) -> str:
    return f"open({str(path)!r}, 'a').write({text!r})"


def test_steps_run_in_order_once_and_the_check_speaks(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    wanted = plan(
        tmp_path, python(append(notes, "a")), python(append(notes, "b"), check=(sys.executable, "-c", "print('thing 1.0')"))
    )  # fmt: skip
    told: list[str] = []
    assert install(wanted, told.append) == "thing 1.0"
    assert install(wanted, told.append) == "thing 1.0"
    assert notes.read_text() == "ab"
    assert told == ["1/2 a step", "2/2 a step"]
    assert state_of(wanted).complete and [state.runtime for state in installed(str(tmp_path))] == ["thing"]


def test_a_failed_step_is_told_and_the_next_call_goes_on_there(tmp_path: Path) -> None:
    notes, gate = tmp_path / "notes", tmp_path / "gate"
    fails = f"import os, sys; os.path.exists({str(gate)!r}) or (print('disk on fire', file=sys.stderr), sys.exit(3))"
    wanted = plan(tmp_path, python(append(notes, "a")), python(fails, "Build it"))
    with pytest.raises(Problem, match="'Build it' failed: disk on fire"):
        install(wanted, lambda line: None)
    assert not state_of(wanted).complete
    gate.touch()
    install(wanted, lambda line: None)
    assert notes.read_text() == "a"


def test_a_check_that_fails_is_a_no(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="its own check fails"):
        install(plan(tmp_path, python("0", check=(sys.executable, "-c", "raise SystemExit('no GPU')"))), lambda line: None)


def test_uninstall_undoes_last_first_and_removes_only_ours(tmp_path: Path) -> None:
    notes, neighbour = tmp_path / "notes", tmp_path / "runtimes" / "thing" / "other" / "file"
    neighbour.parent.mkdir(parents=True)
    neighbour.touch()
    steps = [python("0", undo=(python(append(notes, word)),)) for word in ("first", "second")]
    wanted = plan(tmp_path, *steps)
    env_of(wanted).mkdir(parents=True)
    install(wanted, lambda line: None)
    uninstall(str(tmp_path), state_of(wanted), lambda line: None)
    assert notes.read_text() == "secondfirst"
    assert not env_of(wanted).exists() and neighbour.exists()
    assert installed(str(tmp_path)) == ()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_it_leaves_no_process_and_goes_on(tmp_path: Path, sent: signal.Signals) -> None:
    notes, pid = tmp_path / "notes", tmp_path / "pid"
    code = """
import sys; from pathlib import Path
from pathfinder.acting.install import install; from tests_install_plan import wanted
install(wanted, lambda line: None)
"""
    slow = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(1.5); {append(notes, 'b')}"
    (tmp_path / "tests_install_plan.py").write_text(
        f"from pathlib import Path; import sys\nfrom pathfinder.types.plans import Plan\nfrom pathfinder.types.steps import Step\n"
        f"def python(code): return Step(kind='run', title='a step', argv=(sys.executable, '-c', code))\n"
        f"wanted = Plan(runtime='thing', name='Thing', cell='linux-cpu', backend='cpu', devices=(), verdict='works',"
        f" install=(python({append(notes, 'a')!r}), python({slow!r})), root={str(tmp_path)!r})\n"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.DEVNULL)
    while not pid.exists() or not pid.read_text():
        time.sleep(0.02)
    process.send_signal(sent)
    process.wait(timeout=20)
    if sent != signal.SIGKILL:
        time.sleep(0.1)
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)
        assert notes.read_text() == "a"
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)
    assert notes.read_text().startswith("a") and notes.read_text().endswith("b") and notes.read_text().count("a") == 1


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    wanted = plan(tmp_path, python("import time; time.sleep(1)"))
    thread = threading.Thread(target=install, args=(wanted, lambda line: None))
    thread.start()
    time.sleep(0.4)
    with pytest.raises(Problem, match="Another pathfinder"):
        install(wanted, lambda line: None)
    thread.join()


def test_what_a_person_must_do_is_told_until_its_check_holds(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    holds = (sys.executable, "-c", f"import os, sys; sys.exit(not os.path.exists({str(gate)!r}))")
    wanted = plan(tmp_path, Step(kind="manual", title="Turn the key", text="Turn the red key.", check=holds))
    with pytest.raises(Problem, match="yours to do: Turn the red key"):
        install(wanted, lambda line: None)
    gate.touch()
    install(wanted, lambda line: None)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A folder served on loopback."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()


def test_a_release_archive_is_fetched_checked_and_unpacked(tmp_path: Path, shelf: tuple[str, Path]) -> None:
    url, folder = shelf
    (folder / "program").write_text("#!/bin/sh\n")
    with tarfile.open(folder / "thing.tar.gz", "w:gz") as archive:
        archive.add(folder / "program", "bin/program")
    sha256 = hashlib.sha256((folder / "thing.tar.gz").read_bytes()).hexdigest()
    env = env_of(plan(tmp_path))
    steps = [
        Step(kind="download", title="Fetch", url=f"{url}/thing.tar.gz", path=str(env / "thing.tar.gz"), sha256=sha256),
        Step(kind="unpack", title="Unpack", path=str(env / "thing.tar.gz"), cwd=str(env)),
        Step(kind="write", title="Configure", path=str(env / "conf.toml"), text="port = 1\n"),
    ]
    install(plan(tmp_path, *steps), lambda line: None)
    assert (env / "bin" / "program").exists() and (env / "conf.toml").read_text() == "port = 1\n"
    wrong = plan(tmp_path / "b", Step(kind="download", title="Fetch", url=f"{url}/program", path=str(tmp_path / "p"), sha256="0" * 64))
    with pytest.raises(Problem, match="has the checksum"):
        install(wrong, lambda line: None)
    assert not (tmp_path / "p").exists()


def test_only_https_leaves_the_machine(tmp_path: Path) -> None:
    step = Step(kind="download", title="Fetch", url="http://example.com/x", path=str(tmp_path / "x"))
    with pytest.raises(Problem, match="Only https"):
        install(plan(tmp_path, step), lambda line: None)


def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    (tmp_path / "x").write_text("x")
    with tarfile.open(evil, "w") as archive:
        archive.add(tmp_path / "x", "../../escaped")
    with pytest.raises(Problem, match="cannot be unpacked"):
        install(plan(tmp_path, Step(kind="unpack", title="Unpack", path=str(evil), cwd=str(tmp_path / "in"))), lambda line: None)
    assert not (tmp_path.parent / "escaped").exists()
