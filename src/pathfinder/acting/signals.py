"""Signals that end a command, made into an orderly unwinding: nothing that was started is left behind."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Orderly:
    """SIGINT, SIGTERM and SIGHUP unwind the stack (KeyboardInterrupt, or SystemExit with 128 + number); `held` puts them off."""

    def __init__(self) -> None:
        self._holding = 0
        self._pending: int | None = None
        self._left = False

    def heard(self, number: int, _: FrameType | None) -> None:
        self._pending = number
        if not self._holding and not self._left:  # Once is enough: a second Ctrl-C must not stop the tidying up.
            self._leave()

    def _leave(self) -> None:
        number, self._pending = self._pending, None
        self._left = number is not None
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        if number is not None:
            raise SystemExit(128 + number)

    @contextmanager
    def held(self) -> Iterator[None]:
        """What runs inside is not interrupted; what came meanwhile takes effect behind it."""
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
        if not self._holding and not self._left:
            self._leave()


@contextmanager
def orderly() -> Iterator[Orderly]:
    """Only the main thread can arrange it; elsewhere signals stay as they are. A signal that is ignored stays ignored (`nohup`)."""
    watch = Orderly()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before: dict[int, Any] = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, watch.heard)
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
