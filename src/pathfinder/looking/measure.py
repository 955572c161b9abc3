"""Memory bandwidth, measured on request: STREAM's Copy with plain threads, repeated, refused where other work is in the way."""

from collections.abc import Sequence
from typing import NamedTuple

BUFFER_BYTES = 64 << 20
"""For each thread, and twice: far more than any last-level cache's share."""
TRIALS = 9
MOST_THREADS = 64
LOOK_SECONDS = 0.25
BUSY_LIMIT = 0.25
"""Part of all processors' time that others may take; half a core of a machine with two."""
NOISE_LIMIT = 0.15


class Bandwidth(NamedTuple):
    bytes_per_second: float | None
    """Read plus written, as STREAM counts Copy; None when other work was in the way."""
    noise: float | None
    """How far the median of the trials lies below the best one, as a part of it."""
    seconds: float
    note: str


def memory_bandwidth(cpus: int, *, available_bytes: int | None = None) -> Bandwidth:
    """The best of several trials on `cpus` threads. Takes about a second and 128 MiB a thread; fewer threads where that is not there."""
    from time import perf_counter

    import psutil

    began = perf_counter()
    threads = max(1, min(cpus, MOST_THREADS))
    if available_bytes is not None:
        threads = max(1, min(threads, available_bytes // 4 // (2 * BUFFER_BYTES)))
    busy = psutil.cpu_percent(interval=LOOK_SECONDS) / 100
    trials = _copy_trials(threads) if busy <= BUSY_LIMIT else ()
    return judged(busy, trials, threads, perf_counter() - began)


def judged(busy: float, trials: Sequence[float], threads: int, seconds: float) -> Bandwidth:
    """What a series of trials (bytes a second) is worth, and the part of the processors' time that was taken before it began."""
    if busy > BUSY_LIMIT:
        return Bandwidth(None, None, seconds, f"not measured: other work takes {busy:.0%} of the processors' time")
    best = max(trials)
    noise = 1 - sorted(trials)[len(trials) // 2] / best
    if noise > NOISE_LIMIT:
        return Bandwidth(
            None, noise, seconds, f"not told: the median of the trials lies {noise:.0%} below the best, other work is in the way"
        )
    note = f"STREAM Copy, {threads} {'thread' if threads == 1 else 'threads'}, best of {len(trials)}, their median {noise:.1%} below it"
    return Bandwidth(best, noise, seconds, note)


def _copy_trials(threads: int) -> list[float]:
    """Bytes a second of each trial, the first one left out. `memmove` through ctypes runs without the interpreter's lock."""
    import threading
    from time import perf_counter

    gate = threading.Barrier(threads + 1)
    for place in _places(threads):
        threading.Thread(target=_copy, args=(gate, place), daemon=True).start()
    gate.wait()
    found = []
    for _ in range(TRIALS + 1):
        began = perf_counter()
        gate.wait()
        gate.wait()
        found.append(2.0 * BUFFER_BYTES * threads / (perf_counter() - began))
    gate.wait()
    return found[1:]


def _places(threads: int) -> list[int | None]:
    """A processor for each thread, spread evenly over those allowed; None where threads cannot be bound."""
    import os
    import sys

    if sys.platform != "linux":
        return [None] * threads
    allowed = sorted(os.sched_getaffinity(0))
    return [allowed[number * len(allowed) // threads % len(allowed)] for number in range(threads)]


def _copy(gate: object, place: int | None) -> None:
    """The buffers belong to the thread that uses them, so that each lies in the memory next to its processor."""
    import ctypes
    import os
    import sys

    if place is not None and sys.platform == "linux":
        os.sched_setaffinity(0, {place})  # the calling thread's alone
    source, target = ctypes.create_string_buffer(BUFFER_BYTES), ctypes.create_string_buffer(BUFFER_BYTES)
    ctypes.memset(source, 1, BUFFER_BYTES)
    ctypes.memset(target, 2, BUFFER_BYTES)
    gate.wait()  # type: ignore[attr-defined]
    for _ in range(TRIALS + 1):
        gate.wait()  # type: ignore[attr-defined]
        ctypes.memmove(target, source, BUFFER_BYTES)
        gate.wait()  # type: ignore[attr-defined]
    gate.wait()  # type: ignore[attr-defined]  # giving the buffers back would fall into the last trial
