"""One module per source of truth: `probe(host) -> Iterable[Observation]`. Found by listing this folder; see docs/add-a-probe.md.

A module whose name begins with `linux_`, `macos_`, `windows_` or `freebsd_` is asked only on that system, or where the system is not
known (a sysroot). `DEEP = True` in a module: asked only with `--deep`. A name that begins with `_` is no probe.
"""
# ruff: noqa: PTH100, PTH120, PTH208 (pathlib costs start-up time)

import os

FAMILIES = {"Linux": "linux", "Darwin": "macos", "Windows": "windows", "FreeBSD": "freebsd"}


def names(sysname: str | None) -> list[str]:
    """The probes for a system, sorted; `sysname` as `uname -s` says it, None: not known, all of them."""
    family = FAMILIES.get(sysname or "", sysname)
    found = sorted(name[:-3] for name in os.listdir(os.path.dirname(os.path.abspath(__file__))) if name.endswith(".py") and name[0] != "_")
    others = tuple(f"{other}_" for other in FAMILIES.values() if other != family)
    return found if family is None else [name for name in found if not name.startswith(others)]
