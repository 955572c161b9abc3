"""A real terminal for tests: a program on a pseudo-terminal, its screen kept by pyte."""

import contextlib
import errno
import os
import pty
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import pyte

PROGRAM = (sys.executable, "-c", "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()")
UP, DOWN, LEFT, ESC, ENTER, CTRL_C, BACKSPACE = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b", "\r", "\x03", "\x7f"


class Terminal:
    def __init__(self, argv: tuple[str, ...], columns: int, rows: int, env: Mapping[str, str], cwd: str | None = None) -> None:
        import fcntl
        import termios

        self.screen = pyte.HistoryScreen(columns, rows, history=5000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if cwd:
                os.chdir(cwd)
            os.execve(argv[0], list(argv), dict(env))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.cooked = termios.tcgetattr(self.fd)
        self.status: int | None = None

    def feed(self, seconds: float) -> bool:
        """Take what the program wrote; False when it has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        self.raw += data
        if b"\x1b[6n" in data:  # a program asks where the cursor is: answer as a terminal does
            self.write(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")
        self.stream.feed(data)
        return bool(data)

    def write(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def text(self) -> str:
        """What can be seen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def all(self) -> str:
        """What can be seen, and what has scrolled away."""
        width = self.screen.columns
        above = ["".join(line[column].data for column in range(width)).rstrip() for line in self.screen.history.top]
        return "\n".join([*above, *(line.rstrip() for line in self.screen.display)])

    def until(self, seen: str | Callable[[str], bool], seconds: float = 30) -> str:
        """Wait for a text on the screen. Raises AssertionError with the screen when it does not come."""
        ends = time.monotonic() + seconds
        holds = seen if callable(seen) else lambda text: seen in text
        while time.monotonic() < ends:
            if holds(self.text()):
                return self.text()
            if not self.feed(0.05):
                break
        assert holds(self.text()), f"{seen!r} never came:\n{self.text()}"
        return self.text()

    def press(self, keys: str, seen: str | Callable[[str], bool]) -> str:
        self.write(keys)
        return self.until(seen)

    def end(self, seconds: float = 30) -> int:
        """The exit status; 128 and more is a signal."""
        import termios

        ends = time.monotonic() + seconds
        while self.feed(0.05) and time.monotonic() < ends:
            with contextlib.suppress(termios.error):
                self.after = termios.tcgetattr(self.fd)
        _, state = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(state)
        return self.status


@contextlib.contextmanager
def terminal(*args: str, columns: int = 100, rows: int = 40, cwd: str | None = None, **env: str) -> Iterator[Terminal]:
    """`pathfinder ARGS` on a terminal; ended afterwards, whatever happened."""
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    one = Terminal((*PROGRAM, *args), columns, rows, {**clean, "TERM": "xterm-256color", **env}, cwd)
    try:
        yield one
    finally:
        if one.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        os.close(one.fd)
