"""A host that notes every question and answer while it passes them on, redacted."""

import threading
from typing import Any, Literal

import msgspec

from pathfinder.host import Answer, Host, Ran, Uname
from pathfinder.host.redact import Redactor

SCHEMA = "pathfinder/recording/v1"


class RecordingHost:
    """Wraps any host. The probes see what the file will hold, so that its replay prints the same."""

    def __init__(self, inner: Host) -> None:
        self.inner = inner
        self.name = inner.name
        self.live = inner.live
        self.redactor = Redactor(inner)
        self._heard: dict[tuple[Any, ...], Answer[Any]] = {}
        self._lock = threading.Lock()
        self.ends: float | None = None
        self._kept: tuple[dict[str, Any], dict[str, int]] = ({}, {})

    def _note(self, question: tuple[Any, ...], answer: Answer[Any]) -> Answer[Any]:
        clean = msgspec.structs.replace(
            answer,
            value=self.redactor.clean(answer.value),
            note=self.redactor.text(answer.note) if answer.note else answer.note,
            elapsed_seconds=round(answer.elapsed_seconds, 6),
        )
        with self._lock:
            return self._heard.setdefault(tuple(self.redactor.clean(list(question))), clean)

    def _old(self, *question: Any) -> Answer[Any] | None:
        return self._heard.get(tuple(self.redactor.clean(list(question))))

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        old = self._old("read", path, limit)
        if old is not None:
            return old
        answer = self.inner.read(self.redactor.reveal(path), limit)
        if answer.value is not None and path.endswith(("/mountinfo", "/mounts")):
            # other lines name servers, shares and disks, and no probe reads them
            lines = [line for line in answer.value.splitlines() if "cgroup" in line or "cpuset" in line]
            answer = msgspec.structs.replace(answer, value="\n".join([*lines, ""]))
        return self._note(("read", path, limit), answer)

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return self._old("glob", pattern) or self._note(("glob", pattern), self.inner.glob(self.redactor.reveal(pattern)))

    def readlink(self, path: str) -> Answer[str]:
        return self._old("readlink", path) or self._note(("readlink", path), self.inner.readlink(self.redactor.reveal(path)))

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return self._old("access", path, mode) or self._note(("access", path, mode), self.inner.access(self.redactor.reveal(path), mode))

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        real = tuple(self.redactor.reveal(item) for item in argv)
        return self._old("run", *argv) or self._note(("run", *argv), self.inner.run(real, seconds))

    def env(self, name: str) -> Answer[str]:
        return self._old("env", name) or self._note(("env", name), self.inner.env(name))

    def uname(self) -> Answer[Uname]:
        return self._old("uname") or self._note(("uname",), self.inner.uname())

    def ask(self, name: str, *args: str) -> Answer[Any]:
        real = tuple(self.redactor.reveal(item) for item in args)
        return self._old("ask", name, *args) or self._note(("ask", name, *args), self.inner.ask(name, *real))

    def keep(self, collected: dict[str, Any], late: dict[str, int]) -> None:
        """`late` names the probes that had not ended by the deadline and how many observations each had given."""
        self._kept = (collected, late)

    def tape(self) -> bytes:
        """The file: one JSON document, texts as lists of lines."""
        collected, late = self._kept
        with self._lock:
            heard = dict(self._heard)
        answers = [_written(question, answer) for question, answer in sorted(heard.items(), key=lambda item: [str(w) for w in item[0]])]
        document = {"schema": SCHEMA, "host": self.name, "collected": collected, "late": late, "answers": answers}
        return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _written(question: tuple[Any, ...], answer: Answer[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"asked": list(question)}
    value: Any = answer.value
    if answer.silence is not None:
        row["silence"] = answer.silence
    elif isinstance(value, Ran):
        row["ran"] = {"code": value.code, "stdout": value.stdout.split("\n"), "stderr": value.stderr.split("\n")}
    elif isinstance(value, Uname):
        row["uname"] = msgspec.structs.asdict(value)
    elif question[0] == "read":
        row["lines"] = value.split("\n")
    else:
        row["value"] = value
    if answer.note:
        row["note"] = answer.note
    row["seconds"] = answer.elapsed_seconds
    return row
