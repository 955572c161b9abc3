"""What every engine script shares: the wire to its parent. Standard library only; imported as a neighbour, not as a package.

The parent writes one JSON request line on standard input and keeps it open; when it closes, because the parent is gone, the script ends.
Descriptor 1 is kept for JSON events, one a line: `loaded`, `token`, `sample`, and at last `done` (or `refused`, with a sentence).
Whatever the engine itself prints goes to standard error. No `done` and no `refused` means that the engine crashed.
"""

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

STREAM_SECONDS = 0.1


class Wire:
    """Takes descriptor 1 before the engine is imported."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", newline="\n")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._last = 0.0
        self._stream = True
        self._pending: dict[int, str] = {}

    def request(self) -> dict[str, Any]:
        """The parent's request; from now on the parent's death ends this process."""
        line = b""
        while not line.endswith(b"\n"):
            piece = os.read(0, 1 << 16)
            if not piece:
                break
            line += piece
        threading.Thread(target=_end_with_parent, daemon=True).start()
        request = dict(json.loads(line))
        self._stream = request.get("stream", True)
        return request

    def send(self, event: str, **fields: Any) -> None:
        self.flush()
        self._write(event, fields)

    def token(self, prompt: int, text: str) -> None:
        """Streamed text, bundled: every line wakes the reader on a core that the engine computes on."""
        if not self._stream:
            return
        if text:
            self._pending[prompt] = self._pending.get(prompt, "") + text
        now = time.monotonic()
        if now - self._last > STREAM_SECONDS:
            self._last = now
            self.flush()

    def flush(self) -> None:
        for prompt, text in self._pending.items():
            self._write("token", {"prompt": prompt, "text": text})
        self._pending.clear()

    def refuse(self, says: str, *, unloadable: bool = False) -> None:
        """`unloadable`: the model is to blame, or the engine; else what was asked of it."""
        self.send("refused", says=says, unloadable=unloadable)
        self.leave()

    def done(self, also_bytes: int = 0) -> None:
        """`also_bytes`: memory the engine holds that is no part of the process's resident set."""
        self.send("done", peak_memory_bytes=peak_memory_bytes(also_bytes))
        self.leave()

    def leave(self) -> None:
        """Without the engine's destructors: a crash while cleaning up says nothing about its numbers."""
        self._out.flush()
        sys.stderr.flush()
        os._exit(0)

    def _write(self, event: str, fields: dict[str, Any]) -> None:
        self._out.write(json.dumps({"event": event, **fields}, allow_nan=False) + "\n")
        self._out.flush()


def sized(tokens: list[int], count: int | None) -> list[int]:
    """A prompt of exactly so many tokens, repeated or cut, for measuring; as it is where no count is wanted."""
    return tokens if count is None or not tokens else (tokens * (count // len(tokens) + 1))[:count]


def number(value: float) -> float | None:
    """JSON has no NaN and no infinity: null stands for both."""
    return round(value, 6) if math.isfinite(value) else None


def peak_memory_bytes(also_bytes: int = 0) -> int | None:
    """The process's own high-water mark. On Linux not `ru_maxrss`, which starts at the parent's after vfork and exec."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 + also_bytes
    except OSError:
        pass
    if sys.platform == "win32":
        return _windows_peak(also_bytes)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(int(peak), _macos_footprint()) if sys.platform == "darwin" else int(peak) * 1024 + also_bytes


def _macos_footprint() -> int:
    """The lifetime maximum of the physical footprint, which has the GPU's buffers in it; 0 when the kernel does not say.

    `proc_pid_rusage`, flavour 4: a 16-byte uuid, then 64-bit fields of which it is the 29th (XNU `sys/resource.h`, `rusage_info_v4`).
    """
    import ctypes

    fields = (ctypes.c_uint64 * 64)()
    try:
        if ctypes.CDLL("/usr/lib/libSystem.B.dylib").proc_pid_rusage(os.getpid(), 4, ctypes.byref(fields)) == 0:
            return int(fields[2 + 28])
    except (OSError, AttributeError):
        pass
    return 0


def _windows_peak(also_bytes: int) -> int | None:
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", ctypes.c_uint32), ("faults", ctypes.c_uint32), *((f"size{i}", ctypes.c_size_t) for i in range(8))]

    counters = Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    ask: Callable[..., int] = kernel.K32GetProcessMemoryInfo
    if not ask(ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.cb):
        return None
    return int(counters.size0) + also_bytes


def _end_with_parent() -> None:
    try:
        while os.read(0, 1 << 16):
            pass
    except OSError:
        pass
    os._exit(3)
