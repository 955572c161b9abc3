"""`--host` references to hosts: `live`, `FILE`, `sysroot:DIR[,bin=DIR2]`."""
# ruff: noqa: PTH112 (pathlib costs start-up time)

import os

from pathfinder.errors import Problem
from pathfinder.host import Host


def open_host(ref: str) -> Host:
    """The host a reference names. `profile:ID` is not a host but finished facts: see the store.

    Raises Problem for a file or folder that is not there or not a recording.
    """
    if ref == "live":
        from pathfinder.host.live import LiveHost

        return LiveHost()
    if ref.startswith("sysroot:"):
        return _sysroot(ref)
    from pathfinder.host.recorded import SIZE_LIMIT, load

    try:
        with open(ref, "rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        hint = "A host is `live`, a file from `detect --save`, `sysroot:DIR[,bin=DIR2]` or `profile:ID`."
        raise Problem(f"The host cannot be read: {error.strerror}.", where=ref, hint=hint) from error
    if len(raw) > SIZE_LIMIT:
        raise Problem(f"The recording is larger than {SIZE_LIMIT >> 20} MiB.", where=ref)
    return load(raw, ref)


def _sysroot(ref: str) -> Host:
    from pathfinder.host.sysroot import SysrootHost

    root, comma, tail = ref.removeprefix("sysroot:").partition(",bin=")
    for folder in (root, tail) if comma else (root,):
        if not os.path.isdir(folder):
            raise Problem("The folder is not there.", where=folder or ref, hint="Write sysroot:DIR[,bin=DIR2].")
    return SysrootHost(root, tail or None)
