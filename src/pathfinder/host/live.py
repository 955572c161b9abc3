"""The machine pathfinder runs on."""
# ruff: noqa: PTH110 (pathlib costs start-up time)

import os
import sys
import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from pathfinder.host import Answer, Ran, Uname, calls, commands, files

if TYPE_CHECKING:
    from pathfinder.host.asking import Askers

_MORE_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")
_WINDOWS_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "x86": "i686"}


class LiveHost:
    """Answers from this machine's files, tools, libraries and environment.

    `ends` is the moment (`time.monotonic`) by which every command and library must have answered; None: only their own deadlines.
    """

    name = "live"
    live = True

    def __init__(self, ends: float | None = None) -> None:
        self.ends = ends
        self._askers: Askers | None = None
        self._lock = threading.Lock()
        self._programs = calls.Programs()

    @property
    def askers(self) -> "Askers":
        """Started when a vendor library is asked for the first time: most machines ask none."""
        with self._lock:
            if self._askers is None:
                from pathfinder.host.asking import Askers

                self._askers = Askers()
            return self._askers

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        return files.read(path, limit)

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return files.glob(pattern, _here)

    def readlink(self, path: str) -> Answer[str]:
        return files.readlink(path)

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return files.access(path, mode)

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        began = perf_counter()
        search = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
        program = commands.find(argv[0], [*search, *_MORE_FOLDERS] if os.name == "posix" else search)
        if program is None:
            return Answer(silence="absent", note="not on the search path", elapsed_seconds=perf_counter() - began)
        return commands.run(argv, program, {**os.environ, "LC_ALL": "C", "LANG": "C"}, commands.clip(seconds, self.ends))

    def env(self, name: str) -> Answer[str]:
        value = os.environ.get(name)
        return Answer(silence="absent") if value is None else Answer(value=value)

    def uname(self) -> Answer[Uname]:
        if hasattr(os, "uname"):
            found = os.uname()
            return Answer(value=Uname(sysname=found.sysname, release=found.release, version=found.version, machine=found.machine))
        return Answer(value=_windows_uname())

    def ask(self, name: str, *args: str) -> Answer[Any]:
        began = perf_counter()
        try:
            found = self._programs.which(*args) if name == "which" else calls.call(name, args)
            return Answer(value=found, elapsed_seconds=perf_counter() - began)
        except KeyError:
            pass
        except FileNotFoundError as error:
            return Answer(silence="absent", note=str(error), elapsed_seconds=perf_counter() - began)
        except PermissionError as error:
            return Answer(silence="denied", note=str(error), elapsed_seconds=perf_counter() - began)
        except Exception as error:
            return Answer(silence="failed", note=f"{type(error).__name__}: {error}", elapsed_seconds=perf_counter() - began)
        if not self.askers.knows(name):
            return Answer(silence="absent", note="no such question")
        return self.askers.ask(name, args, commands.clip(2.5, self.ends))

    def close(self) -> None:
        """Ends the throw-away processes; asked again, new ones start."""
        if self._askers is not None:
            self._askers.close()


def _here(path: str) -> str | None:
    return path if os.path.exists(path) else None


def _windows_uname() -> Uname:
    version = sys.getwindowsversion()  # type: ignore[attr-defined,unused-ignore]
    machine = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ.get("PROCESSOR_ARCHITECTURE", "")
    release = f"{version.major}.{version.minor}.{version.build}"
    return Uname(sysname="Windows", release=release, version=release, machine=_WINDOWS_MACHINES.get(machine.lower(), machine))
