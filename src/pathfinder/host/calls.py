"""System calls that cannot crash, asked in this process: the rest of `Host.ask`. Arguments are text, answers are JSON values.

A function raises FileNotFoundError where the system has no such call, OSError where it refuses.
"""
# ruff: noqa: PTH110, PTH116, PTH112, PTH117, PTH120, PTH208 (pathlib costs start-up time)

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
    if sys.platform == "win32" or name not in os.confstr_names:
        raise FileNotFoundError(f"no confstr {name}")
    value = os.confstr(name)
    if value is None:
        raise FileNotFoundError(f"confstr {name} has no value")
    return value


def page_size() -> int:
    """Bytes of one page: 4, 16 or 64 KiB."""
    if sys.platform == "win32":
        raise FileNotFoundError("no sysconf on this system")
    return os.sysconf("SC_PAGE_SIZE")


def auxv() -> dict[str, int]:
    """The kernel's auxiliary vector of this process, type to value; AT_HWCAP is 16, AT_HWCAP2 26."""
    with open("/proc/self/auxv", "rb") as file:
        raw = file.read(4096)
    width = 8 if sys.maxsize > 1 << 32 else 4
    words = [int.from_bytes(raw[at : at + width], sys.byteorder) for at in range(0, len(raw) - width + 1, width)]
    return {str(words[at]): words[at + 1] for at in range(0, len(words) - 1, 2) if words[at]}


def process_machine() -> str:
    """The machine this very program was built for, as `uname -m` would spell it, read from its ELF header."""
    with open("/proc/self/exe", "rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF":
        raise FileNotFoundError("not an ELF program")
    kind = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    little = head[5] == 1
    names = {
        3: "i686",
        62: "x86_64",
        40: "armv7l",
        183: "aarch64",
        243: "riscv64",
        22: "s390x",
        258: "loongarch64",
        21: "ppc64le" if little else "ppc64",
    }
    return names.get(kind, str(kind))


class Programs:
    """What lies on the search path. Folders are listed once: asking for each name in each folder costs far more."""

    def __init__(self) -> None:
        self._folders: list[tuple[str, frozenset[str]]] | None = None

    def which(self, *names: str) -> dict[str, str]:
        """Programs among `names`; what is not found is left out."""
        if os.name == "nt":
            from shutil import which

            return {name: path for name in names if (path := which(name))}
        if self._folders is None:
            self._folders = _search_path()
        found: dict[str, str] = {}
        wanted = set(names)
        for folder, inside in self._folders:
            for name in sorted(wanted & inside):
                path = f"{folder}/{name}"
                if os.access(path, os.X_OK) and not os.path.isdir(path):
                    found[name] = path
                    wanted.discard(name)
        return found


def _search_path() -> list[tuple[str, frozenset[str]]]:
    """Folders of PATH in order, one that is another by its second name left out."""
    seen: set[tuple[int, int]] = set()
    folders = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        try:
            status = os.stat(folder) if os.path.isabs(folder) else None
        except (OSError, ValueError):
            continue
        if status is not None and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            folders.append((folder, frozenset(_listed(folder))))
    return folders


def native_counts() -> dict[str, Any]:
    """Memory in bytes and processors, by psutil."""
    try:
        import psutil
    except ImportError as error:
        raise FileNotFoundError("psutil is not installed") from error
    memory, own = psutil.virtual_memory(), psutil.Process()
    usable = len(own.cpu_affinity()) if hasattr(own, "cpu_affinity") else None
    return {
        "total_bytes": memory.total,
        "available_bytes": memory.available,
        "swap_bytes": psutil.swap_memory().total,
        "threads": psutil.cpu_count(),
        "cores": psutil.cpu_count(logical=False),
        "usable_cpus": usable,
    }


def process_word() -> str:
    """The machine this interpreter was built for, where its file's header is not read: Windows."""
    import sysconfig

    words = {"win-amd64": "x86_64", "win-arm64": "aarch64", "win32": "i686"}
    return words.get(sysconfig.get_platform(), "")


def interpreter() -> dict[str, str]:
    """The Python that runs this."""
    return {"path": sys.executable, "version": ".".join(map(str, sys.version_info[:3]))}


def distributions(python: str, *names: str) -> dict[str, list[str]]:
    """Installed Python distributions among `names` (normalised), by the folders of the program `python` and of this process:
    name to version and folder."""
    folders = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    if python:
        base = os.path.dirname(os.path.dirname(python))
        for library in ("lib", "lib64", "Lib"):
            for version in sorted(_listed(f"{base}/{library}")):
                if version.startswith("python3") or version == "site-packages":
                    inner = [version] if version == "site-packages" else [f"{version}/site-packages", f"{version}/dist-packages"]
                    folders += [f"{base}/{library}/{name}" for name in inner]
    found: dict[str, list[str]] = {}
    wanted = set(names)
    for folder in dict.fromkeys(folders):
        for entry in _listed(folder):
            name, dash, version = entry.removesuffix(".dist-info").partition("-")
            plain = name.lower().replace("_", "-").replace(".", "-")
            if dash and entry.endswith(".dist-info") and plain in wanted:
                found.setdefault(plain, [version, folder])
    return found


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def call(name: str, args: tuple[str, ...]) -> Any:
    """Raises KeyError for a name that is no call."""
    if name.startswith("windows_"):
        from pathfinder.host import windows

        return {
            "windows_version": windows.windows_version,
            "windows_processor": windows.windows_processor,
            "windows_arm_features": windows.windows_arm_features,
        }[name](*args)
    return _CALLS[name](*args)


_CALLS: dict[str, Any] = {
    "affinity": affinity,
    "statvfs": statvfs,
    "confstr": confstr,
    "page_size": page_size,
    "auxv": auxv,
    "process_machine": process_machine,
    "native_counts": native_counts,
    "process_word": process_word,
    "interpreter": interpreter,
    "distributions": distributions,
}
