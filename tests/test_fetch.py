"""Fetching through a local server that behaves like the hub, and misbehaves on demand; every run is a process of its own."""

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.hub import Served, serve

REPO = "owner/model"
SIZE = 6_000_000
SCRIPT = """
import json, sys
from pathfinder.errors import Problem
from pathfinder.network.fetch import fetch, look
try:
    files = [file for file in look(sys.argv[1]) if not sys.argv[2:] or file.name in sys.argv[2:]]
    paths = fetch(files)
except Problem as problem:
    print(json.dumps({"says": problem.says, "hint": problem.hint, "exit": int(problem.exit)}))
else:
    print(json.dumps({file.name: str(path) for file, path in zip(files, paths)}))
"""
KILLS = """
import os, random, signal, sys, time
from pathfinder.network.fetch import fetch, look
random.seed(int(sys.argv[2]))
fetches = 0
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        fetch(look(sys.argv[1]))
        os._exit(0)
    time.sleep(random.uniform(0.0, 0.12))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@dataclass(frozen=True)
class Repository(Served):
    folder: Path
    content: bytes


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    folder = tmp_path_factory.mktemp("hub")
    repo = folder / REPO
    repo.mkdir(parents=True)
    content = random.Random(1).randbytes(SIZE)
    (repo / "model-Q4_K_M.gguf").write_bytes(content)
    (repo / "config.json").write_text('{"model_type": "llama"}')
    with serve(folder) as url:
        yield Repository(url, folder, content)


def run(hub: Repository, home: Path, *names: str, repo: str = REPO, **env: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, repo, *names],
        capture_output=True,
        text=True,
        env=hub.environment(home, **env),
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def right(hub: Repository, said: Any) -> bool:
    return hashlib.sha256(Path(said["model-Q4_K_M.gguf"]).read_bytes()).digest() == hashlib.sha256(hub.content).digest()


def test_a_repository_arrives_whole_and_is_found_by_huggingface_hub(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave()
    said = run(hub, tmp_path)
    assert right(hub, said)
    assert Path(said["config.json"]).read_text() == '{"model_type": "llama"}'
    assert not list(tmp_path.rglob("*.partial"))
    code = f"from huggingface_hub import hf_hub_download as d; print(d({REPO!r}, 'model-Q4_K_M.gguf', local_files_only=True))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=hub.environment(tmp_path), check=True)
    assert found.stdout.strip() == said["model-Q4_K_M.gguf"]
    hub.misbehave()
    run(hub, tmp_path)
    assert hub.log()["served"] == {}


@pytest.mark.parametrize(
    "faults",
    [
        {"cut_after": 1_500_000, "times": 3},
        {"truncate": 2_000_000, "times": 2},
        {"status": 503, "retry_after": "1", "times": 2},
        {"status": 429, "times": 1},
        {"corrupt": True, "times": 1},
        {"ignore_range": True, "cut_after": 1_000_000, "times": 1},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_a_fault_that_passes_costs_only_time(hub: Repository, tmp_path: Path, faults: dict[str, Any]) -> None:
    hub.misbehave(**faults)
    assert right(hub, run(hub, tmp_path, "model-Q4_K_M.gguf"))


def test_a_cut_connection_goes_on_where_it_was(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave(cut_after=2_000_000, times=2)
    assert right(hub, run(hub, tmp_path, "model-Q4_K_M.gguf"))
    assert hub.log()["served"]["model-Q4_K_M.gguf"] <= SIZE + 2 * (1 << 20)


def test_wrong_content_twice_is_one_sentence_and_leaves_nothing(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave(corrupt=True)
    said = run(hub, tmp_path, "model-Q4_K_M.gguf")
    assert "checksum" in said["says"] and said["exit"] == 1
    assert not list(tmp_path.rglob("*.partial")) and not list(tmp_path.rglob("snapshots/*/*.gguf"))


def test_a_server_that_asks_for_an_hour_is_told_about(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave(status=429, retry_after="3600")
    said = run(hub, tmp_path, "model-Q4_K_M.gguf")
    assert "3600 s" in said["says"] and "goes on" in said["hint"]


def test_unknown_repository_and_no_server(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave()
    assert "no such repository" in run(hub, tmp_path, repo="owner/nothing")["says"]
    assert "cannot be reached" in run(hub, tmp_path, HF_ENDPOINT="http://127.0.0.1:9")["says"]
    assert "network is off" in run(hub, tmp_path, HF_HUB_OFFLINE="1")["says"]


def test_no_room_is_said_before_the_first_byte(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave()
    code = SCRIPT.replace("try:", "import pathfinder.network.transfer as t; t.SPARE_BYTES = 1 << 60\ntry:", 1)
    done = subprocess.run([sys.executable, "-c", code, REPO], capture_output=True, text=True, env=hub.environment(tmp_path), check=True)
    assert "are free" in json.loads(done.stdout)["says"]
    assert hub.log()["served"] == {}


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_full_disk_is_one_sentence_and_what_arrived_stays(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\ntry:"
    code = SCRIPT.replace("try:", limit, 1)
    done = subprocess.run([sys.executable, "-c", code, REPO], capture_output=True, text=True, env=hub.environment(tmp_path), check=True)
    assert "Cannot write" in json.loads(done.stdout)["says"]
    assert [path.stat().st_size for path in tmp_path.rglob("*.partial")] == [2_000_000]
    assert right(hub, run(hub, tmp_path))
    assert "bytes=2000000-" in [asked for _, _, asked, _ in hub.log()["requests"]]


def test_the_token_is_never_sent_to_another_host(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave()
    assert right(hub, run(hub, tmp_path, "model-Q4_K_M.gguf", HF_TOKEN="hf_secret"))
    seen = {path.split("/")[1]: authorization for _, path, _, authorization in hub.log()["requests"]}
    assert seen["api"] == "Bearer hf_secret" and seen["storage"] is None


def test_two_processes_fetch_once(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave(trickle=6_000_000)
    argv = [sys.executable, "-c", SCRIPT, REPO, "model-Q4_K_M.gguf"]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=hub.environment(tmp_path)) for _ in range(2)]
    said = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert said[0] == said[1] and right(hub, said[0])
    assert hub.log()["served"]["model-Q4_K_M.gguf"] == SIZE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to kill fifty processes quickly")
def test_killed_at_fifty_random_moments(hub: Repository, tmp_path: Path) -> None:
    hub.misbehave(trickle=4_000_000)
    subprocess.run([sys.executable, "-c", KILLS, REPO, "7", "50"], env=hub.environment(tmp_path), check=True, timeout=300)
    assert right(hub, run(hub, tmp_path))
    # What a kill loses: the piece being read, and what was in the socket's buffers.
    assert hub.log()["served"]["model-Q4_K_M.gguf"] <= SIZE + 51 * 2 * (1 << 20)
