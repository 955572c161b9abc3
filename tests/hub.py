"""A server that behaves like the model hub, and misbehaves on demand.

    python tests/hub.py FOLDER     prints its address; FOLDER/<owner>/<name>/... are the repositories

Large files (over 1,000 bytes) are served as the hub serves LFS files: a redirect to another host, with ranges.
`POST /misbehave` takes JSON:
`{"cut_after": bytes, "times": n}`, `{"status": 429, "retry_after": "1", "times": n}`, `{"corrupt": true, "times": n}`,
`{"ignore_range": true}`, `{"truncate": bytes, "times": n}`, `{"trickle": bytes_per_second}`; `GET /log` says what was served.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

COMMIT = "c0ffee" * 6 + "c0ff"
LARGE = 1000
STATE: dict[str, Any] = {"faults": {}, "served": {}, "requests": []}
LOCK = threading.Lock()


def digest(content: bytes) -> str:
    if len(content) > LARGE:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def fault(kind: str) -> Any:
    """The fault's value when it is on, counting its `times` down."""
    with LOCK:
        faults = STATE["faults"]
        if kind not in faults or faults.get("times", 1) <= 0:
            return None
        if "times" in faults:
            faults["times"] -= 1
        return faults[kind]


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = Path()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            STATE.update(faults=body, served={}, requests=[])
        self.json({})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        with LOCK:
            STATE["requests"].append([self.command, path, self.headers.get("Range"), self.headers.get("Authorization")])
        if path == "/log":
            return self.json(STATE)
        if path == "/api/models":
            return self.found(parse_qs(self.path.partition("?")[2]))
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?", path):
            return self.info(match[1])
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            return self.resolve(match[1], match[2])
        if match := re.fullmatch(r"/storage/([^/]+/[^/]+)/(.+)", path):
            return self.content(match[1], match[2])
        return self.json({"error": "not found"}, 404)

    def found(self, query: dict[str, list[str]]) -> None:
        """Repositories whose names hold every word searched for."""
        words = " ".join(query.get("search", [""])).lower().split()
        repos = (path.relative_to(self.folder).as_posix() for path in sorted(self.folder.glob("*/*")) if path.is_dir())
        rows = [
            {"id": repo, "modelId": repo, "private": False, "tags": ["gguf"], "pipeline_tag": "text-generation", "downloads": 1,
             "createdAt": "2026-03-01T00:00:00.000Z"}
            for repo in repos
            if all(word in repo.lower() for word in words)
        ]  # fmt: skip
        self.json(rows[: int(query.get("limit", ["1000"])[0])])

    def info(self, repo: str) -> None:
        root = self.folder / repo
        if not root.is_dir():
            return self.json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        siblings = []
        for path in sorted(found for found in root.rglob("*") if found.is_file()):
            content = path.read_bytes()
            entry: dict[str, Any] = {"rfilename": path.relative_to(root).as_posix(), "size": len(content)}
            if len(content) > LARGE:
                entry |= {"blobId": "0" * 40, "lfs": {"sha256": digest(content), "size": len(content), "pointerSize": 134}}
            else:
                entry |= {"blobId": digest(content)}
            siblings.append(entry)
        self.json({"id": repo, "modelId": repo, "sha": COMMIT, "private": False, "tags": [], "downloads": 0, "siblings": siblings})

    def resolve(self, repo: str, name: str) -> None:
        path = self.folder / repo / name
        if not path.is_file():
            return self.json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        content = path.read_bytes()
        headers = {"X-Repo-Commit": COMMIT, "X-Linked-Size": str(len(content)), "ETag": f'"{digest(content)}"'}
        if len(content) > LARGE:
            headers |= {
                "X-Linked-ETag": f'"{digest(content)}"',
                "Location": f"http://localhost:{self.server.server_address[1]}/storage/{repo}/{name}",
            }
            return self.reply(302, b"", headers)
        return self.reply(200, content, headers)

    def content(self, repo: str, name: str) -> None:
        status = fault("status")
        if status:
            after = STATE["faults"].get("retry_after")
            return self.reply(status, b"busy", {"Retry-After": after} if after else {})
        content = (self.folder / repo / name).read_bytes()
        if fault("corrupt"):
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        headers = {"ETag": f'"{digest(content)}"', "Accept-Ranges": "bytes"}
        if asked and not STATE["faults"].get("ignore_range"):
            start = int(asked[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.reply(206 if start or "Content-Range" in headers else 200, content[start:], headers, name)
        return None

    def reply(self, status: int, body: bytes, headers: dict[str, str], name: str | None = None) -> None:
        cut = fault("cut_after") if name else None
        keep = fault("truncate") if name else None
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if keep is not None:
            body, self.close_connection = body[:keep], True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.stream(body if cut is None else body[:cut], name)
        if cut is not None:
            self.close_connection = True
            self.connection.close()

    def stream(self, body: bytes, name: str | None) -> None:
        rate = STATE["faults"].get("trickle")
        step = max(1, rate // 100) if rate else 1 << 16
        for start in range(0, len(body), step):
            piece = body[start : start + step]
            try:
                self.wfile.write(piece)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                return
            if name:
                with LOCK:
                    STATE["served"][name] = STATE["served"].get(name, 0) + len(piece)
            if rate:
                time.sleep(0.01)

    def json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class Served:
    """The server as tests speak with it, from outside its process."""

    url: str

    def misbehave(self, **faults: Any) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/misbehave", json.dumps(faults).encode())).read()

    def log(self) -> dict[str, Any]:
        log: dict[str, Any] = json.load(urllib.request.urlopen(f"{self.url}/log"))
        return log

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            **more,
        }


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address of a process of its own that serves a folder."""
    process = subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.wait()


if __name__ == "__main__":
    Hub.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
