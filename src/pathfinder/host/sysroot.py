"""A folder that looks like a machine: files from it, commands only from a second folder, nothing of the machine it lies on."""
# ruff: noqa: PTH100, PTH115, PTH119, PTH120 (pathlib costs start-up time)

import errno
import os
from time import perf_counter
from typing import Any, Literal

from pathfinder.host import Answer, Ran, Uname, commands, files

_LINKS = 40
_UNHEARD: Answer[Any] = Answer(silence="not-recorded")


class SysrootHost:
    """Links resolve inside `root`; the environment is empty; libraries are not asked; exit status 127 means "not recorded"."""

    live = False

    def __init__(self, root: str, bin: str | None = None) -> None:
        self.name = f"sysroot:{root}"
        self.root = os.path.abspath(root)
        self.bin = os.path.abspath(bin) if bin else None
        self.ends: float | None = None
        """The moment by which every command must have ended; a hung one is stopped, named, and not left behind."""
        self._folders: dict[str, str | None] = {}

    def _folder(self, path: str, links: int = _LINKS) -> str | None:
        """The place on disk of a folder as asked, links followed inside the root."""
        path = os.path.normpath("/" + path.strip("/")) if ".." not in path else "/" + path.strip("/")
        if path in ("/", "//"):
            return self.root
        if path not in self._folders:
            self._folders[path] = self._place(path, links)
        return self._folders[path]

    def _place(self, path: str, links: int = _LINKS, follow: bool = True) -> str | None:
        """The place on disk of a path as asked; None when a link leads in circles or a parent is missing."""
        parent, _, name = path.rstrip("/").rpartition("/")
        if name in ("", "."):
            return self._folder(parent, links)
        above = self._folder(parent, links)
        if above is None or links <= 0:
            return None
        if name == "..":
            return above if above == self.root else os.path.dirname(above)
        here = f"{above}/{name}"
        if not follow:
            return here
        try:
            target = os.readlink(here)
        except OSError as error:
            return here if error.errno == errno.EINVAL else None
        except ValueError:
            return None
        inside = target if target.startswith("/") else f"{above[len(self.root) :]}/{target}"
        return self._place(inside, links - 1)

    def _real(self, path: str) -> str | None:
        place = self._place(path)
        return place if place is not None and os.path.lexists(place) else None

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        place = self._real(path)
        return files.read(place, limit) if place else Answer(silence="absent")

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return files.glob(pattern, self._real)

    def readlink(self, path: str) -> Answer[str]:
        place = self._place(path, follow=False)
        return files.readlink(place) if place else Answer(silence="absent")

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        place = self._real(path)
        return files.access(place, mode) if place else Answer(value=False)

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        began = perf_counter()
        program = f"{self.bin}/{os.path.basename(argv[0])}" if self.bin else ""
        if self.bin is None or not os.access(program, os.X_OK):
            return Answer(silence="not-recorded" if self.bin is None else "absent", elapsed_seconds=perf_counter() - began)
        found = commands.run(argv, program, {"PATH": self.bin, "LC_ALL": "C"}, commands.clip(max(seconds, 10.0), self.ends))
        return _UNHEARD if found.value is not None and found.value.code == 127 else found

    def env(self, name: str) -> Answer[str]:
        return Answer(silence="absent")

    def uname(self) -> Answer[Uname]:
        return _UNHEARD

    def ask(self, name: str, *args: str) -> Answer[Any]:
        return _UNHEARD
