"""The door for looking: every question a probe may put to a machine, live, recorded or a folder that looks like one."""

from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

T = TypeVar("T")

Silence = Literal["absent", "denied", "timeout", "not-recorded", "failed"]
"""Why a question has no value. `absent`: the place itself says it is not there. `not-recorded`: nobody asked at the time."""

Trust = Literal["driver", "kernel", "tool", "table", "guess"]
"""How far a source is believed, best first: the vendor's driver or library; the kernel's files and system calls; a tool's
machine-readable output; a tool's table made for people; an inference."""


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A value, or the reason there is none; never both."""

    value: T | None = None
    silence: Silence | None = None
    note: str | None = None
    elapsed_seconds: float = 0.0


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A command that finished; bytes that are not UTF-8 (or UTF-16 with a mark) are replaced."""

    code: int
    stdout: str = ""
    stderr: str = ""


class Uname(msgspec.Struct, frozen=True, kw_only=True):
    sysname: str
    release: str
    version: str
    machine: str


class Host(Protocol):
    """Live, recording, recorded or sysroot; a probe cannot tell which. No method raises."""

    name: str
    live: bool

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        """The first `limit` bytes of a file as text."""

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        """Absolute paths, sorted; `()` when the folder is there and nothing matches, `absent` when it is not."""

    def readlink(self, path: str) -> Answer[str]: ...

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]: ...

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        """A finished command whatever its status; `absent` when the program is not on the search path."""

    def env(self, name: str) -> Answer[str]:
        """`absent` when the variable is not set."""

    def uname(self) -> Answer[Uname]: ...

    def ask(self, name: str, *args: str) -> Answer[Any]:
        """A JSON value from a vendor library or system call, asked in a throw-away process where it could crash."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What one source said of one fact. `value: None` with a note says that the source was asked in vain."""

    path: str
    """Dotted place in the facts (`memory.total_bytes`), or `devices`, `pci`, `links`, ... for one item of a list."""
    value: Any
    source: str
    trust: Trust = "kernel"
    elapsed_seconds: float | None = None
    """Taken from the answers (`Answer.elapsed_seconds`), never from a clock, so that a replay says the same."""
    note: str | None = None
