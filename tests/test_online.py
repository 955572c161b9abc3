"""`models search --online`: the hub is asked, and only then."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HUB = Path(__file__).with_name("hub.py")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    for repo in ("maker/Fresh-9B-GGUF", "other/fresh-9b-tune", "maker/else"):
        (tmp_path / "hub" / repo).mkdir(parents=True)
    server = subprocess.Popen([sys.executable, str(HUB), str(tmp_path / "hub")], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    yield server.stdout.readline().strip()
    server.terminate()
    server.wait(10)
    server.stdout.close()


def search(endpoint: str, home: Path, *argv: str) -> tuple[int, Any]:
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "NO_PROXY": "*", "HF_TOKEN": ""}
    code = "import sys; from pathfinder.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "models", "search", *argv, "--json"], capture_output=True, text=True, env=env, timeout=120, check=False
    )
    return done.returncode, json.loads(done.stdout)


def test_the_hub_is_asked(address: str, tmp_path: Path) -> None:
    status, found = search(address, tmp_path, "fresh", "9b", "--online")
    assert status == 0
    assert [row["id"] for row in found["models"]] == ["hf:maker/Fresh-9B-GGUF", "hf:other/fresh-9b-tune"]
    assert found["models"][0] | {"released": "2026-03", "formats": ["gguf"], "tasks": ["chat", "completion"]} == found["models"][0]
    assert search(address, tmp_path, "nothing-of-that-name", "--online")[0] == 1


def test_the_catalogue_comes_first(address: str, tmp_path: Path) -> None:
    rows = search(address, tmp_path, "llama", "--online")[1]["models"]
    assert not rows[0]["id"].startswith("hf:")


def test_nobody_is_asked_otherwise(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0)
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert search(endpoint, tmp_path, "qwen3 8b")[0] == 0
        status, problem = search(endpoint, tmp_path, "qwen3 8b", "--online", "--offline")
        assert (status, problem["schema"]) == (2, "pathfinder/problem/v1")
        with pytest.raises(BlockingIOError):
            listening.accept()
