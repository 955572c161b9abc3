"""Estimates of models on the hub read headers only: a local server counts requests and bytes."""

import json
import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMIT = "c0ffee" * 6 + "c0ff"
REPO = "maker/large-GGUF"
TOTAL = 40 << 30


class Hub:
    """Serves files as the hub does: a list, then ranges; large ones are a header and then zeros that nobody asks for."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, int]] = {}
        self.requests = self.bytes = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.requests += 1
                if self.path.startswith("/api/models/"):
                    return self.send(200, hub.listing(self.path.split("/api/models/")[1].split("?")[0].removesuffix("/revision/main")))
                match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", self.path)
                if match is None or f"{match[1]}/{match[2]}" not in hub.files:
                    return self.send(404, b"{}")
                start, size = hub.files[f"{match[1]}/{match[2]}"]
                asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
                assert asked is not None
                first, last = int(asked[1]), min(int(asked[2]), size - 1)
                body = start[first : last + 1]
                body += bytes(last + 1 - first - len(body))
                return self.send(206, body, {"Content-Range": f"bytes {first}-{last}/{size}"})

            do_HEAD = do_GET

            def send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(key, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                    hub.bytes += len(body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def listing(self, repo: str) -> bytes:
        names = [name.removeprefix(f"{repo}/") for name in self.files if name.startswith(f"{repo}/")]
        siblings = [
            {
                "rfilename": name,
                "size": self.files[f"{repo}/{name}"][1],
                "blobId": "0" * 40,
                "lfs": {"sha256": "a" * 64, "size": 1, "pointerSize": 1},
            }
            for name in names
        ]
        return json.dumps({"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}).encode()


@pytest.fixture
def hub() -> Iterator[Hub]:
    served = Hub()
    yield served
    served.server.shutdown()
    served.server.server_close()


def text(word: str) -> bytes:
    raw = word.encode()
    return struct.pack("<Q", len(raw)) + raw


def header(tokens: int = 128_256, merges: int = 280_000) -> bytes:
    """A Llama of 70B whose vocabulary and merges fill eight megabytes, as the real one's do."""
    numbers = {"block_count": 80, "embedding_length": 8192, "feed_forward_length": 28672, "context_length": 8192}
    numbers |= {"attention.head_count": 64, "attention.head_count_kv": 8, "rope.dimension_count": 128}
    keys = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    keys += [text(f"llama.{key}") + struct.pack("<II", 4, value) for key, value in numbers.items()]
    keys.append(
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, tokens) + b"".join(text(f"token{index:06d}") for index in range(tokens))
    )
    keys.append(text("tokenizer.ggml.merges") + struct.pack("<IIQ", 9, 8, merges) + text("merge abcd") * merges)
    table = text("token_embd.weight") + struct.pack("<IQQIQ", 2, 8192, 128_256, 12, 0)
    table += text("blk.0.ffn_up.weight") + struct.pack("<IQQIQ", 2, 8192, 28672, 12, 1 << 30)
    return b"GGUF" + struct.pack("<IQQ", 3, 2, len(keys)) + b"".join(keys) + table


def run(hub: Hub, home: Path, *argv: str) -> tuple[int, Any]:
    env = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{hub.server.server_port}", "HF_HOME": str(home), "NO_PROXY": "*", "HF_TOKEN": ""}
    command = [
        sys.executable,
        "-c",
        "import sys; from pathfinder.cli import main; sys.exit(main())",
        "estimate",
        *argv,
        "--json",
        "--host",
        "profile:desktop-rtx-4090",
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_70b_model_costs_a_few_megabytes(hub: Hub, tmp_path: Path) -> None:
    raw = header()
    assert len(raw) > 7 << 20
    hub.files[f"{REPO}/large-Q4_K_M.gguf"] = (raw, TOTAL)
    hub.files[f"{REPO}/large-Q8_0.gguf"] = (raw, 2 * TOTAL)
    status, found = run(hub, tmp_path, f"hf:{REPO}")
    assert status == 0, found
    assert (found["artifact"]["quant"], found["artifact"]["bytes"], found["artifact"]["repo"]) == ("Q4_K_M", TOTAL, REPO)
    assert found["memory"]["kv_cache_bytes"] == 80 * 8192 * 2 * 1024 * 2
    assert hub.requests <= 8
    assert hub.bytes < 16 << 20
    assert list(tmp_path.rglob("*.gguf")) == []


def test_a_quantisation_is_picked_and_a_missing_one_refused(hub: Hub, tmp_path: Path) -> None:
    raw = header(tokens=100, merges=10)
    hub.files[f"{REPO}/large-Q4_K_M.gguf"] = (raw, TOTAL)
    hub.files[f"{REPO}/large-Q8_0.gguf"] = (raw, 2 * TOTAL)
    assert run(hub, tmp_path, f"hf:{REPO}:Q8_0")[1]["artifact"]["quant"] == "Q8_0"
    status, problem = run(hub, tmp_path, f"hf:{REPO}:Q2_K")
    assert (status, problem["schema"]) == (2, "pathfinder/problem/v1")


def test_a_folder_of_safetensors_needs_its_configuration_only(hub: Hub, tmp_path: Path) -> None:
    config = {
        "architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192, "torch_dtype": "bfloat16",
    }  # fmt: skip
    raw = json.dumps(config).encode()
    hub.files["maker/plain/config.json"] = (raw, len(raw))
    for part in range(1, 5):
        hub.files[f"maker/plain/model-{part:05d}-of-00004.safetensors"] = (b"", 4 << 30)
    status, found = run(hub, tmp_path, "hf:maker/plain")
    assert status == 0, found
    assert abs(found["memory"]["weights_bytes"] - (16 << 30)) < 1 << 20
    assert hub.requests <= 3


def test_a_header_that_lies_is_a_problem(hub: Hub, tmp_path: Path) -> None:
    hub.files[f"{REPO}/large-Q4_K_M.gguf"] = (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 1 << 34) + bytes(4 << 20), TOTAL)
    status, problem = run(hub, tmp_path, f"hf:{REPO}")
    assert (status, problem["schema"]) == (2, "pathfinder/problem/v1")
    assert hub.bytes < 16 << 20


def test_unknown_and_offline(hub: Hub, tmp_path: Path) -> None:
    assert run(hub, tmp_path, "hf:maker/nothing")[0] in (1, 2)
    before = hub.requests
    run(hub, tmp_path, "hf:maker/nothing", "--offline")
    assert hub.requests == before
