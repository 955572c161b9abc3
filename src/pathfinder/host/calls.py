"""System calls that cannot crash, asked in this process: the rest of `Host.ask`. Arguments are text, answers are JSON values.

A function raises FileNotFoundError where the system has no such call, OSError where it refuses.
"""
# ruff: noqa: PTH110, PTH120 (pathlib costs start-up time)

import os
import sys
from typing import Any


def affinity() -> list[int]:
    """Logical CPUs this process may run on."""
    if not hasattr(os, "sched_getaffinity"):
        raise FileNotFoundError("no sched_getaffinity on this system")
    return sorted(os.sched_getaffinity(0))


def statvfs(path: str) -> dict[str, int]:
    """Free bytes for this user and total bytes of the file system that holds `path` or its nearest parent that exists."""
    place = path
    while not os.path.exists(place) and os.path.dirname(place) != place:
        place = os.path.dirname(place)
    if hasattr(os, "statvfs"):
        found = os.statvfs(place)
        return {"free_bytes": found.f_bavail * found.f_frsize, "total_bytes": found.f_blocks * found.f_frsize}
    from shutil import disk_usage

    usage = disk_usage(place)
    return {"free_bytes": usage.free, "total_bytes": usage.total}


def confstr(name: str) -> str:
    """glibc answers `CS_GNU_LIBC_VERSION`; others do not know the name."""
    if not hasattr(os, "confstr") or name not in os.confstr_names:
        raise FileNotFoundError(f"no confstr {name}")
    value = os.confstr(name)
    if value is None:
        raise FileNotFoundError(f"confstr {name} has no value")
    return value


def page_size() -> int:
    """Bytes of one page: 4, 16 or 64 KiB."""
    if not hasattr(os, "sysconf"):
        raise FileNotFoundError("no sysconf on this system")
    return os.sysconf("SC_PAGE_SIZE")


def auxv() -> dict[str, int]:
    """The kernel's auxiliary vector of this process, type to value; AT_HWCAP is 16, AT_HWCAP2 26."""
    with open("/proc/self/auxv", "rb") as file:
        raw = file.read(4096)
    width = 8 if sys.maxsize > 1 << 32 else 4
    words = [int.from_bytes(raw[at : at + width], sys.byteorder) for at in range(0, len(raw) - width + 1, width)]
    return {str(words[at]): words[at + 1] for at in range(0, len(words) - 1, 2) if words[at]}


def call(name: str, args: tuple[str, ...]) -> Any:
    """Raises KeyError for a name that is no call."""
    return _CALLS[name](*args)


_CALLS: dict[str, Any] = {
    "affinity": affinity,
    "statvfs": statvfs,
    "confstr": confstr,
    "page_size": page_size,
    "auxv": auxv,
}
