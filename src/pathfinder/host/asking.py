"""Asking vendor libraries in throw-away processes: one is shared while it is well; one that crashes or hangs is replaced."""
# ruff: noqa: PTH100, PTH110, PTH118, PTH120 (pathlib costs start-up time)

import json
import os
import sys
import threading
from time import perf_counter
from typing import Any

from pathfinder.host import Answer
from pathfinder.host.commands import stop

ANSWER_LIMIT = 8 << 20
PATIENCE_SECONDS = 0.4
"""A worker busy for longer is taken to hang, and the next question gets a worker of its own."""


class Worker:
    """One `asker.py` process, used by one question at a time."""

    def __init__(self, folder: str) -> None:
        import subprocess

        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "asker.py")
        options: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x08000000}
        self.child = subprocess.Popen(
            [sys.executable, "-I", "-S", script, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **options,
        )

    def ask(self, question: list[str], seconds: float) -> tuple[dict[str, Any] | None, str]:
        """The reply, or None and why; after None the worker must not be used again."""
        lines: list[bytes] = []
        reader = threading.Thread(target=self._talk, args=(question, lines), daemon=True)
        reader.start()
        reader.join(seconds)
        if reader.is_alive():
            return None, f"no answer within {seconds:.1f} s"
        if not lines or not lines[0].endswith(b"\n"):
            code = self.child.poll() if lines else self._code()
            return None, f"the library brought its process down (exit status {code})"
        try:
            reply = json.loads(lines[0])
        except ValueError:
            reply = None
        return (reply, "") if isinstance(reply, dict) else (None, "an answer that is not JSON")

    def _talk(self, question: list[str], lines: list[bytes]) -> None:
        try:
            assert self.child.stdin is not None and self.child.stdout is not None
            self.child.stdin.write(json.dumps(question).encode() + b"\n")
            self.child.stdin.flush()
            lines.append(self.child.stdout.readline(ANSWER_LIMIT))
            if not lines[0]:
                lines.clear()
        except (OSError, ValueError):
            return

    def _code(self) -> int | None:
        try:
            return self.child.wait(0.2)
        except Exception:
            return None


class Askers:
    """The pool behind `Host.ask`: idle workers first, a new one when all are busy for too long."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder or os.path.join(os.path.dirname(os.path.abspath(__file__)), "asks")
        self.lock = threading.Condition()
        self.idle: list[Worker] = []
        self.busy = 0
        self.all: list[Worker] = []
        self.started = 0

    def knows(self, name: str) -> bool:
        return name.isidentifier() and os.path.exists(os.path.join(self.folder, name + ".py"))

    def _take(self, seconds: float) -> Worker:
        with self.lock:
            if not self.idle and self.busy:
                self.lock.wait(min(PATIENCE_SECONDS, seconds))
            self.busy += 1
            if self.idle:
                return self.idle.pop()
            self.started += 1
        worker = Worker(self.folder)
        self.all.append(worker)
        return worker

    def ask(self, name: str, args: tuple[str, ...], seconds: float) -> Answer[Any]:
        began = perf_counter()
        try:
            worker = self._take(seconds)
        except OSError as error:
            self._give(None)
            return Answer(silence="failed", note=str(error), elapsed_seconds=perf_counter() - began)
        reply, note = worker.ask([name, *args], max(0.05, seconds - (perf_counter() - began)))
        if reply is None:
            hung = note.startswith("no answer")
            stop(worker.child)
            self._give(None)
            return Answer(silence="timeout" if hung else "failed", note=note, elapsed_seconds=perf_counter() - began)
        self._give(worker)
        took = perf_counter() - began
        if "value" in reply:
            return Answer(value=reply["value"], elapsed_seconds=took)
        absent = reply.get("absent")
        return Answer(silence="absent" if absent else "failed", note=str(absent or reply.get("failed")), elapsed_seconds=took)

    def _give(self, worker: Worker | None) -> None:
        with self.lock:
            self.busy -= 1
            if worker is not None:
                self.idle.append(worker)
            self.lock.notify()

    def close(self) -> None:
        """Ends every worker, also one that still hangs."""
        with self.lock:
            self.idle.clear()
            for worker in self.all:
                if worker.child.returncode is None:
                    stop(worker.child)
            self.all.clear()
