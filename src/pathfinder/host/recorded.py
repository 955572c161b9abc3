"""A recording, replayed: the same questions get the same answers, on any system."""

from typing import Any, Literal

import msgspec

from pathfinder.errors import Problem
from pathfinder.host import Answer, Ran, Uname
from pathfinder.host.recording import SCHEMA

SIZE_LIMIT = 64 << 20
_UNHEARD: Any = Answer(silence="not-recorded")


class RecordedHost:
    """Answers from a recording; what it never heard is `not-recorded`."""

    live = False

    def __init__(self, document: dict[str, Any], name: str) -> None:
        self.name = name
        self.collected: dict[str, Any] = document["collected"]
        self.late: dict[str, int] = document["late"]
        self._heard = {tuple(row["asked"]): _answer(row) for row in document["answers"]}

    def _old(self, *question: Any) -> Any:
        return self._heard.get(question, _UNHEARD)

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        return self._old("read", path, limit)  # type: ignore[no-any-return]

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return self._old("glob", pattern)  # type: ignore[no-any-return]

    def readlink(self, path: str) -> Answer[str]:
        return self._old("readlink", path)  # type: ignore[no-any-return]

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return self._old("access", path, mode)  # type: ignore[no-any-return]

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        return self._old("run", *argv)  # type: ignore[no-any-return]

    def env(self, name: str) -> Answer[str]:
        return self._old("env", name)  # type: ignore[no-any-return]

    def uname(self) -> Answer[Uname]:
        return self._old("uname")  # type: ignore[no-any-return]

    def ask(self, name: str, *args: str) -> Answer[Any]:
        return self._old("ask", name, *args)  # type: ignore[no-any-return]


def _answer(row: dict[str, Any]) -> Answer[Any]:
    value: Any = None
    if "ran" in row:
        ran = row["ran"]
        value = Ran(code=int(ran["code"]), stdout="\n".join(ran["stdout"]), stderr="\n".join(ran["stderr"]))
    elif "uname" in row:
        value = msgspec.convert(row["uname"], Uname)
    elif "lines" in row:
        value = "\n".join(row["lines"])
    elif "value" in row:
        value = tuple(row["value"]) if row["asked"][0] == "glob" else row["value"]
    return Answer(value=value, silence=row.get("silence"), note=row.get("note"), elapsed_seconds=float(row.get("seconds", 0.0)))


def load(raw: bytes, name: str) -> RecordedHost:
    """Raises Problem when `raw` is not a recording."""
    hint = "`pathfinder detect --save FILE` writes one"
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Problem("The file is not a recording: it is not JSON.", where=name, hint=hint) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        found = document.get("schema") if isinstance(document, dict) else None
        raise Problem(f"The file is not a recording: its schema is {found!r}, not {SCHEMA!r}.", where=name, hint=hint)
    try:
        return RecordedHost(document, name)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, msgspec.ValidationError) as error:
        raise Problem(f"The recording is damaged: {type(error).__name__} {error}.", where=name, hint=hint) from error
