"""Memory bandwidth, measured on request: STREAM's Copy with plain threads, repeated, refused where the machine is busy."""

from typing import NamedTuple

BUFFER_BYTES = 64 << 20
"""For each thread, and twice: far more than any last-level cache's share."""
TRIALS = 9
BUSY_LOAD = 0.5
"""Runnable processes per CPU above which a figure would be about the others."""
NOISE_LIMIT = 0.15


class Bandwidth(NamedTuple):
    bytes_per_second: float | None
    """Read plus written, as STREAM counts Copy; None when the machine was too busy to tell."""
    noise: float | None
    """Median distance of the trials from the best one, as a part of it."""
    seconds: float
    note: str


def memory_bandwidth(threads: int, *, available_bytes: int | None = None) -> Bandwidth:
    """The best of several trials. Takes about a second; needs 128 MiB a thread, and fewer threads where that is not there."""
    import os
    from time import perf_counter

    began = perf_counter()
    threads = max(1, min(threads, 64))
    if available_bytes is not None:
        threads = max(1, min(threads, available_bytes // 4 // (2 * BUFFER_BYTES)))
    load = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
    if load > BUSY_LOAD:
        return Bandwidth(None, None, perf_counter() - began, f"not measured: the machine is busy (load {load:.2f} a CPU)")
    trials = _copy_trials(threads)
    best = max(trials)
    noise = sorted(best - one for one in trials)[len(trials) // 2] / best
    seconds = perf_counter() - began
    if noise > NOISE_LIMIT:
        return Bandwidth(None, noise, seconds, f"not told: the trials differ by {noise:.0%}, other work is in the way")
    note = f"STREAM Copy, {threads} threads, best of {TRIALS}, median within {noise:.1%} of it"
    return Bandwidth(best, noise, seconds, note)


def _copy_trials(threads: int) -> list[float]:
    """Bytes a second of each trial. `memmove` through ctypes runs without the interpreter's lock."""
    import ctypes
    import threading
    from time import perf_counter

    pairs = [(ctypes.create_string_buffer(BUFFER_BYTES), ctypes.create_string_buffer(BUFFER_BYTES)) for _ in range(threads)]
    for source, target in pairs:
        ctypes.memset(source, 1, BUFFER_BYTES)
        ctypes.memset(target, 2, BUFFER_BYTES)
    found = []
    for _ in range(TRIALS + 1):
        gate = threading.Barrier(threads + 1)
        workers = [threading.Thread(target=_copy, args=(gate, target, source), daemon=True) for source, target in pairs]
        for worker in workers:
            worker.start()
        gate.wait()
        began = perf_counter()
        for worker in workers:
            worker.join()
        found.append(2.0 * BUFFER_BYTES * threads / (perf_counter() - began))
    return found[1:]


def _copy(gate: object, target: object, source: object) -> None:
    import ctypes

    gate.wait()  # type: ignore[attr-defined]
    ctypes.memmove(target, source, BUFFER_BYTES)  # type: ignore[arg-type]
