"""Servers of ours: a real process that listens, watched, listed, ended; and what its end means."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from pathfinder.acting.diagnose import diagnose
from pathfinder.acting.servers import Running, alive, answers, begin, end, free_name, listed, named, tail, taken, wait
from pathfinder.data import store
from pathfinder.errors import Problem
from pathfinder.types.steps import Endpoint, Step

SERVER = """
import http.server, sys, time, subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(float(sys.argv[2]))
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, code: str = SERVER, *args: str, name: str = "thing") -> tuple[Running, object]:
    at = port()
    url = f"http://127.0.0.1:{at}"
    step = Step(kind="start", title="Serve", argv=(sys.executable, "-c", code, str(at), *args))
    return begin(step, folder, name=name, runtime="thing", cell="linux-cpu", model="m", endpoint=Endpoint(url=url, api="none", health=url))


def test_a_server_is_awaited_listed_and_ended_with_its_children(tmp_path: Path) -> None:
    running, process = start(tmp_path, SERVER, "0.5")
    heard: list[str] = []
    try:
        assert wait(running, process, 20, heard.append)  # type: ignore[arg-type]
        assert any(line.startswith("child") for line in heard)
        assert answers(running.endpoint) and alive(running)  # type: ignore[arg-type]
        assert listed(tmp_path) == (running,) and named(tmp_path, "thing") == running
        assert taken(int(running.argv[3]))
        assert free_name(tmp_path, "thing") == "thing-2"
        child = int(tail(Path(running.log), 50)[0].split()[1])
    finally:
        assert end(running, tmp_path)
        process.wait()  # type: ignore[attr-defined]
    assert not alive(running) and listed(tmp_path) == ()
    time.sleep(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_one_that_ends_before_it_answers_is_noticed_at_once(tmp_path: Path) -> None:
    running, process = start(tmp_path, "import sys; sys.exit('CUDA out of memory. Tried to allocate 20 GiB')")
    started = time.monotonic()
    assert not wait(running, process, 60, lambda line: None)  # type: ignore[arg-type]
    assert time.monotonic() - started < 10
    found = diagnose(store.diagnoses(), tail(Path(running.log), 50), process.returncode, None)  # type: ignore[attr-defined]
    assert found.id == "out-of-memory-gpu" and found.fix
    end(running, tmp_path)


def test_one_that_never_answers_costs_no_more_than_the_wait(tmp_path: Path) -> None:
    running, process = start(tmp_path, "import time; time.sleep(60)")
    assert not wait(running, process, 0.5, lambda line: None)  # type: ignore[arg-type]
    assert end(running, tmp_path)
    process.wait()  # type: ignore[attr-defined]


def test_a_number_used_again_by_the_system_is_not_ours(tmp_path: Path) -> None:
    running, process = start(tmp_path, "import time; time.sleep(60)")
    from msgspec.structs import replace

    assert alive(running) and not alive(replace(running, created=running.created - 100))
    end(running, tmp_path)
    process.wait()  # type: ignore[attr-defined]


def test_a_program_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    step = Step(kind="start", title="Serve", argv=("/no/such/program",))
    with pytest.raises(Problem, match="could not be started"):
        begin(step, tmp_path, name="x", runtime="x", cell="x", model="m", endpoint=None)
    assert listed(tmp_path) == ()


@pytest.mark.parametrize(
    ("line", "id"),
    [
        ("RuntimeError: CUDA error: no kernel image is available for execution on the device", "kernel-image"),
        ("ImportError: libcudart.so.12: cannot open shared object file: No such file or directory", "missing-library"),
        ("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found", "libc"),
        ("[Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", "port-in-use"),
        ("ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 137438953472", "out-of-memory"),
        ("llama_model_load: error loading model: unknown model architecture: 'brandnew'", "unknown-architecture"),
        ("server.py: error: unrecognized arguments: --n_ctxx 1", "bad-flag"),
    ],
)
def test_last_words_mean_something(line: str, id: str) -> None:
    assert diagnose(store.diagnoses(), ["INFO starting", line], 1, None).id == id


def test_a_signal_alone_means_something_and_the_unknown_is_said() -> None:
    assert diagnose(store.diagnoses(), [], None, "SIGILL").id == "illegal-instruction"
    assert "status 7" in diagnose(store.diagnoses(), ["bye"], 7, None).says
