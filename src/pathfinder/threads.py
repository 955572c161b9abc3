"""How many threads an engine gets: the CPUs this process may really use."""

import os


def usable_threads() -> int:
    """max(1, floor of the usable CPUs): affinity, cpuset and quota as the facts have them, else what the operating system says."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return os.cpu_count() or 1
