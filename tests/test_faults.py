"""What goes wrong while a server starts, with real processes that really fail; and that nothing is left running, whenever it is stopped.

`PATHFINDER_INTERRUPTS=100` interrupts as often as that instead of twenty times.
"""

import os
import platform
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from pathfinder.judging import probe_model

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits as POSIX has them")
MODEL = str(probe_model.folder() / "probe-q8_0.gguf")
INTERRUPTS = int(os.environ.get("PATHFINDER_INTERRUPTS", "20"))

RUNTIME = """
name: Faulty
summary: A server that fails on request.
home: github:example/faulty
project: {state: active, since: '2026-01'}
fit: {solo: 1}
best_for: tests
caveat: It fails.
defaults:
  formats: [{format: gguf}]
  tasks: [chat, completion]
  memory: {kind: llama.cpp}
  server: {api: openai, port: 8000, health: /v1/models, base: /v1}
cells:
  any-cpu:
    os: [linux, macos, windows]
    backend: cpu
    status: works
    arch: [x86_64, aarch64]
    launch:
      - kind: start
        title: Start it
        argv: [PYTHON, SERVER, '{port}']
    evidence: [{source: tests, checked: 2026-11-20, how: run, says: It runs.}]
"""

SERVER = r"""
import http.server, os, signal, socket, subprocess, sys, time
how, port = os.environ["FAULTY_HOW"], int(sys.argv[1])
if how == "memory":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
    weights = bytearray(1 << 30)
elif how == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "illegal":
    import ctypes, mmap
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write({"x86_64": b"\x0f\x0b", "aarch64": b"\x00\x00\x00\x00"}[os.uname().machine])
    ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
elif how == "library":
    import ctypes
    ctypes.CDLL("libcudart.so.99")
elif how == "port":
    with socket.socket() as other, socket.socket() as ours:
        other.bind(("127.0.0.1", port)); other.listen()
        ours.bind(("127.0.0.1", port))
elif how == "silent":
    time.sleep(600)
elif how == "stubborn":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
time.sleep(float(os.environ.get("FAULTY_LOADS", "0")))
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The overlay with the faulty runtime, and a cache in which it is compiled once."""
    folder = tmp_path_factory.mktemp("shop")
    server, runtimes = folder / "server.py", folder / "overlay" / "runtimes"
    server.write_text(SERVER)
    runtimes.mkdir(parents=True)
    spelt = RUNTIME.replace("PYTHON", repr(sys.executable)).replace("SERVER", repr(str(server)))
    (runtimes / "faulty.yaml").write_text(spelt)
    return folder


class Bench:
    """A home, a port, and a mark by which every process of a launch is known."""

    def __init__(self, shop: Path, folder: Path, how: str) -> None:
        self.home, self.mark = folder / "home", uuid.uuid4().hex
        self.home.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.argv = [sys.executable, "-c", "from pathfinder.cli import script; script()", "launch", "faulty", "--model", MODEL]
        self.argv += ["--port", str(self.port), "--overlay", str(shop / "overlay")]
        cache = str(shop / "cache")
        self.env = {**os.environ, "HOME": str(self.home), "XDG_CACHE_HOME": cache, "FAULTY_MARK": self.mark, "FAULTY_HOW": how}

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*self.argv, *args], env={**self.env, **env}, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stdout and "bug in pathfinder" not in done.stderr, done.stderr
        return done

    def left(self) -> list[int]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("FAULTY_MARK") == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found


@posix
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("memory", "there is not enough system memory"),
        ("killed", "there is not enough system memory"),
        pytest.param(
            "illegal", "the program was compiled for instructions this CPU does not have",
            marks=pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no code for this CPU"),
        ),
        ("library", "a library the program needs is not there"),
        ("port", "another program uses the port"),
    ],
)  # fmt: skip
def test_a_server_that_fails_ends_in_a_diagnosis(how: str, says: str, shop: Path, tmp_path: Path) -> None:
    bench = Bench(shop, tmp_path, how)
    done = bench.run("--detach", "--wait", "30")
    assert done.returncode == 1 and f"The server ended: {says}" in done.stderr.replace("\n", " "), done.stderr
    assert bench.left() == []


def test_a_port_in_use_names_who_has_it(shop: Path, tmp_path: Path) -> None:
    bench = Bench(shop, tmp_path, "serve")
    with socket.socket() as other:
        other.bind(("127.0.0.1", bench.port))
        other.listen()
        done = bench.run("--detach")
    assert done.returncode == 1 and f"Port {bench.port} is in use" in done.stderr and f"--port {bench.port + 1}" in done.stderr
    if sys.platform == "linux":
        assert f"(process {os.getpid()})" in done.stderr
    assert bench.left() == []


def test_one_that_never_answers_is_ended(shop: Path, tmp_path: Path) -> None:
    bench = Bench(shop, tmp_path, "silent")
    done = bench.run("--detach", "--wait", "1")
    assert done.returncode == 1 and "did not answer within 1 s" in done.stderr
    assert bench.left() == []


def test_what_is_detached_stays_and_stop_ends_all_of_it(shop: Path, tmp_path: Path) -> None:
    bench = Bench(shop, tmp_path, "serve")
    assert bench.run("--detach").returncode == 0
    try:
        assert len(bench.left()) == 2
    finally:
        argv = [*bench.argv[:3], "stop", "faulty"]
        subprocess.run(argv, env=bench.env, check=True, capture_output=True, timeout=30)
    assert bench.left() == []


@posix
@pytest.mark.parametrize("how", ["serve", "silent"])
def test_nothing_is_left_whenever_it_is_interrupted(how: str, shop: Path, tmp_path: Path) -> None:
    """Before the server is there, while it loads, when it answers; Ctrl-C, SIGTERM, SIGHUP, and Ctrl-C twice."""
    bench, dice = Bench(shop, tmp_path, how), random.Random(0)
    bench.run("--dry-run")  # The overlay is compiled, so that the moments below fall where a server is.
    count = max(1, INTERRUPTS // 2)
    codes: dict[int, int] = {}
    for number in range(count):
        sent = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[number % 3]
        env = {**bench.env, "FAULTY_LOADS": "0.3"}
        process = subprocess.Popen(bench.argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(dice.uniform(0.1, 1.6))
        process.send_signal(sent)
        if number % 4 == 3:
            time.sleep(dice.uniform(0, 0.05))
            process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30)
        codes[code] = codes.get(code, 0) + 1
        assert code not in {0, 70}, f"{sent}: {code}"
        assert bench.left() == [], f"interruption {number} of {how} by {sent}"
    records = list((bench.home / ".local" / "share" / "pathfinder" / "servers").glob("*.json"))
    assert records == [] and sum(codes.values()) == count


@posix
def test_one_that_ignores_signals_is_killed(shop: Path, tmp_path: Path) -> None:
    bench = Bench(shop, tmp_path, "stubborn")
    process = subprocess.Popen(bench.argv, env=bench.env, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    for line in process.stdout:
        if "answers as" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=40)
    assert process.returncode == 143 and bench.left() == []


@posix
def test_a_data_folder_that_cannot_be_written_is_said(shop: Path, tmp_path: Path) -> None:
    bench = Bench(shop, tmp_path, "serve")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / ".local").write_text("a file where the folder should be")
    done = bench.run("--detach", HOME=str(blocked))
    assert done.returncode == 1 and "cannot be written" in done.stderr and str(blocked) in done.stderr, done.stderr
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() == 0:
        closed = Path("/sys")  # Root may write anywhere but there.
    done = bench.run("--detach", HOME=str(closed))
    assert done.returncode == 1 and "cannot be written" in done.stderr and str(closed) in done.stderr, done.stderr
    assert bench.left() == []


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_disk_is_said(stream: str, tmp_path: Path) -> None:
    """A limit on a file's size stands for the full disk: the log of an installation meets it."""
    code = """
import resource, signal, sys
from pathlib import Path
from pathfinder.errors import Problem
from pathfinder.acting.install import install, state_of
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step
said = f"import sys; [print('x' * 4096, file=sys.{sys.argv[2]}) for _ in range(64)]"
chatter = Step(kind="run", title="Chatter", argv=(sys.executable, "-c", said))
plan = Plan(runtime="t", name="T", cell="c", backend="cpu", devices=(), verdict="works", install=(chatter,), root=sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, limits[1]))
try:
    install(plan, print)
except Problem as no:
    print("SAYS", no.says)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
install(plan, print)
print("COMPLETE", state_of(plan).complete)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), stream], capture_output=True, text=True, timeout=60, check=True)
    assert "SAYS There is no room left" in done.stdout and "COMPLETE True" in done.stdout, done.stdout + done.stderr
