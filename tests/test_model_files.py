"""`run` and `bench` of a model on the hub or in the catalogue: found in the cache or fetched once, after asking."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.hub import Served, serve

from pathfinder import engines
from pathfinder.errors import Problem
from pathfinder.judging import probe_model
from pathfinder.network.contents import folder, gguf, whole
from pathfinder.network.fetch import RemoteFile

needs_llama = pytest.mark.skipif(not engines.installed(engines.ENGINES["llama.cpp"]), reason="llama-cpp-python is not installed")
needs_mlx = pytest.mark.skipif(not engines.installed(engines.ENGINES["mlx"]), reason="mlx-lm is not installed")
GGUF, FOLDER = "acme/probe-GGUF", "acme/probe-mlx"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two repositories: the probe model as three GGUF files, and as a folder with things nobody loads."""
    root = tmp_path_factory.mktemp("hub")
    (root / GGUF).mkdir(parents=True)
    for form in probe_model.forms("llama.cpp"):
        shutil.copy(form.path, root / GGUF / f"probe-{form.name.upper()}.gguf")
    (root / GGUF / "README.md").write_text("A model.")
    shutil.copytree(probe_model.folder() / "hf", root / FOLDER)
    (root / FOLDER / "pytorch_model.bin").write_bytes(b"x" * 5000)
    (root / FOLDER / "original").mkdir()
    (root / FOLDER / "original" / "params.json").write_text("{}")
    with serve(root) as url:
        yield Served(url)


def pathfinder(hub: Served, home: Path, *args: str, stdin: str = "") -> tuple[int, str, str]:
    env = hub.environment(home)
    done = subprocess.run(
        [sys.executable, "-c", "from pathfinder.cli import script; script()", *args],
        capture_output=True, text=True, env=env, check=False, timeout=120, input=stdin,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@needs_llama
def test_a_quantisation_is_fetched_once_and_judged(hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    status, out, err = pathfinder(hub, tmp_path, "run", "--model", f"hf:{GGUF}:Q8_0", "--yes", "--json")
    said = json.loads(out)
    assert (status, said["verdict"], said["numerics"]["reference"]) == (0, "same", "pathfinder-probe q8_0")
    assert f"To fetch from {GGUF}: probe-Q8_0.gguf" in err
    assert list(hub.log()["served"]) == ["probe-Q8_0.gguf"]
    hub.misbehave()
    assert pathfinder(hub, tmp_path, "run", "--model", f"hf:{GGUF}:q8_0", "--json")[0] == 0
    assert pathfinder(hub, tmp_path, "run", "--model", f"hf:{GGUF}", "--offline", "--json")[0] == 0
    assert [path for _, path, *_ in hub.log()["requests"] if path != "/log"] == []


@needs_llama
def test_without_a_quantisation_the_usual_one_and_a_file_by_its_name(hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    for ref, name in ((f"hf:{GGUF}", "probe-Q4_0.gguf"), (f"hf:{GGUF}:probe-F16.gguf", "probe-F16.gguf")):
        status, out, _ = pathfinder(hub, tmp_path, "run", "--model", ref, "--yes")
        assert status == 0 and name in out and "Fetched" in out and "The capital of France is Paris." in out


@needs_mlx
def test_a_folder_without_what_nobody_loads(hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    status, out, _ = pathfinder(hub, tmp_path, "run", "--model", f"hf:{FOLDER}", "--yes", "--json")
    said = json.loads(out)
    assert (status, said["engine"], said["verdict"]) == (0, "mlx", "same")
    there = {path.name for path in tmp_path.rglob("snapshots/*/*")}
    assert {"config.json", "model.safetensors"} <= there and not {"pytorch_model.bin", "original", "params.json"} & there
    hub.misbehave()
    assert pathfinder(hub, tmp_path, "run", "--model", f"hf:{FOLDER}", "--offline", "--json")[0] == 0
    assert hub.log()["served"] == {}


@needs_llama
def test_bench_takes_the_same_references(hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    args = ("--prompts", "16", "--tokens", "4", "--repetitions", "1", "--threads", "1", "--yes", "--json")
    status, out, _ = pathfinder(hub, tmp_path, "bench", "--model", f"hf:{GGUF}:Q4_0", *args)
    said = json.loads(out)
    assert (status, said["model"], [row["test"] for row in said["rows"]]) == (0, f"hf:{GGUF}:Q4_0", ["pp16", "tg4"])


@needs_llama
def test_a_name_of_the_catalogue(hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    overlay = tmp_path / "overlay" / "models"
    overlay.mkdir(parents=True)
    forms = [{"format": "gguf", "quant": quant, "repo": GGUF} for quant in ("Q8_0", "Q4_0")]
    entry = {"name": "Acme Probe", "family": "Acme", "arch": "llama", "artifacts": forms,
             "sources": [{"source": "test", "checked": "2026-11-20", "how": "read"}]}  # fmt: skip
    (overlay / "acme.yaml").write_text(yaml.safe_dump({"acme-probe": entry}))
    args = ("run", "--overlay", str(overlay.parent), "--yes", "--json", "--model")
    status, out, err = pathfinder(hub, tmp_path / "home", *args, "acme-probe")
    assert status == 0 and json.loads(out)["numerics"]["reference"] == "pathfinder-probe q4_0", err
    status, out, err = pathfinder(hub, tmp_path / "home", *args, "Acme Probe Q8_0")
    assert status == 0 and json.loads(out)["numerics"]["reference"] == "pathfinder-probe q8_0", err
    status, out, _ = pathfinder(hub, tmp_path / "home", *args, "acme-probe", "--engine", "mlx")
    assert status == 1 and "hf:owner/name" in json.loads(out)["hint"]


@needs_llama
def test_nothing_is_fetched_unasked(hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    status, out, err = pathfinder(hub, tmp_path, "run", "--model", f"hf:{GGUF}:Q4_0")
    assert status == 1 and "--yes" in err and "To fetch" in out
    assert hub.log()["served"] == {} and not list(tmp_path.rglob("*.gguf"))


@needs_llama
def test_a_fetch_that_broke_off_goes_on(hub: Served, tmp_path: Path) -> None:
    hub.misbehave(status=429, retry_after="3600")
    status, _, err = pathfinder(hub, tmp_path, "run", "--model", f"hf:{GGUF}:F16", "--yes")
    assert status == 1 and "goes on" in err
    hub.misbehave(cut_after=300_000, times=1)
    assert pathfinder(hub, tmp_path, "run", "--model", f"hf:{GGUF}:F16", "--yes", "--json")[0] == 0


REFUSED = {
    "no such quantisation": (["run", "--model", f"hf:{GGUF}:Q2_K"], 2, "has no Q2_K"),
    "no such repository": (["run", "--model", "hf:acme/nothing"], 2, "no such repository"),
    "no reference": (["bench", "--model", "hf:acme"], 2, "hf:owner/name"),
    "not cached and offline": (["run", "--model", f"hf:{GGUF}", "--offline"], 1, "network is off"),
    "a folder for llama.cpp": (["run", "--model", f"hf:{FOLDER}", "--engine", "llama.cpp"], 1, "no GGUF file"),
    "files for MLX": (["bench", "--model", f"hf:{GGUF}", "--engine", "mlx"], 1, "no config.json"),
    "an unknown name": (["run", "--model", "no-such-model-anywhere"], 2, "no model"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_sentence_before_anything_is_fetched(case: str, hub: Served, tmp_path: Path) -> None:
    hub.misbehave()
    args, expected, words = REFUSED[case]
    status, out, err = pathfinder(hub, tmp_path, *args)
    assert (status, out) == (expected, "") and words in err and len(err.splitlines()) <= 2
    assert hub.log()["served"] == {}


# --- which files are one model ------------------------------------------------------------------------------------------


def files(*names: str) -> list[RemoteFile]:
    return [RemoteFile("o/n", "c", name, 10, "d") for name in names]


@given(count=st.integers(1, 40), order=st.randoms())
def test_all_parts_of_a_split_file_in_order(count: int, order: Any) -> None:
    names = [f"Q4_K_M/m-Q4_K_M-{at:05d}-of-{count:05d}.gguf" for at in range(1, count + 1)]
    mixed = [*names, "m-Q8_0.gguf", "mmproj-F16.gguf"]
    order.shuffle(mixed)
    found = gguf(files(*mixed), None, "")
    assert found is not None and [part.name for part in found.parts] == names
    assert found.bytes == 10 * count and found.projector == 10 and whole(found.parts)
    missing = files(*[name for name in names if not name.endswith("00001-of-" + names[0][-10:])][: count - 1])
    assert whole(missing) == (not missing)


def test_a_file_is_named_by_its_path_or_its_last_part() -> None:
    there = files("sub/m-Q4_0.gguf", "m-Q8_0.gguf")
    for which in ("sub/m-Q4_0.gguf", "m-Q4_0.gguf", "q4_0"):
        found = gguf(there, which, "")
        assert found is not None and found.parts[0].name == "sub/m-Q4_0.gguf"
    with pytest.raises(Problem):
        gguf(there, "Q4", "")


def test_a_folder_has_its_weights_last_and_no_programs() -> None:
    there = files(
        "model-00002-of-00002.safetensors", "config.json", "model-00001-of-00002.safetensors", "modeling.py", "z.json", "a/b.json"
    )
    assert [file.name for file in folder(there)] == [
        "config.json", "z.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    ]  # fmt: skip
    assert folder(files("config.json", "pytorch_model.bin")) == () == folder(files("model.safetensors"))


# --- launch -------------------------------------------------------------------------------------------------------------

RUNTIME = """
name: Toy
summary: A server that takes models by their repositories.
home: github:example/toy
project: {state: active, since: '2026-01'}
fit: {solo: 1}
best_for: tests
caveat: It is a toy.
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
    install: [{kind: run, title: Fail, argv: [PYTHON, -c, 'raise SystemExit(1)']}]
    launch:
      - {kind: start, title: Start it, argv: ['{env}/toy-server', -hf, '{hf_ref}', -c, '{context_total}', '{port}']}
    evidence: [{source: tests, checked: 2026-11-20, how: run, says: It runs.}]
"""
TOY = """#!/bin/sh
exec PYTHON -c '
import http.server, sys
print("told", *sys.argv[1:], flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Handler).serve_forever()' "$@"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the toy server is a shell script")
def test_launch_fetches_before_a_server_starts_that_is_on_the_path(hub: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "overlay" / "runtimes").mkdir(parents=True)
    (tmp_path / "overlay" / "runtimes" / "toy.yaml").write_text(RUNTIME.replace("PYTHON", sys.executable))
    program = tmp_path / "bin" / "toy-server"
    program.parent.mkdir()
    program.write_text(TOY.replace("PYTHON", sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    args = ("launch", "toy", "--model", f"hf:{GGUF}:Q8_0", "--port", str(port), "--detach", "--overlay", str(tmp_path / "overlay"))
    hub.misbehave()
    status, _, err = pathfinder(hub, tmp_path / "hf", *args)
    assert status == 1 and "--yes" in err and hub.log()["served"].get("probe-Q8_0.gguf", 0) < 1 << 20
    status, out, err = pathfinder(hub, tmp_path / "hf", *args, "--yes")
    try:
        assert status == 0 and f"{program} is used" in out and "Fetched probe-Q8_0.gguf." in out, err
        (log,) = (tmp_path / "home").rglob("toy.log")
        assert log.read_text().split()[:5] == ["told", "-hf", f"{GGUF}:Q8_0", "-c", "128"]  # The context is the header's.
    finally:
        assert pathfinder(hub, tmp_path / "hf", "stop")[0] == 0
    hub.misbehave()
    assert pathfinder(hub, tmp_path / "hf", *args, "--offline")[0] == 0
    assert pathfinder(hub, tmp_path / "hf", "stop")[0] == 0
    assert [path for _, path, *_ in hub.log()["requests"] if path != "/log"] == []


@needs_llama
def test_a_cache_that_cannot_be_written_is_one_sentence(hub: Served, tmp_path: Path) -> None:
    """A file stands where the folder would be; a read-only disk says the same with another word (tried with a tmpfs)."""
    hub.misbehave()
    (tmp_path / "file").write_text("")
    status, _, err = pathfinder(hub, tmp_path / "file" / "hf", "run", "--model", f"hf:{GGUF}:Q4_0", "--yes")
    assert status == 1 and "It cannot be written" in err and "HF_HOME" in err and hub.log()["served"] == {}
