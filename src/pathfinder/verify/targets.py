"""The systems a cell claims, as a resolver names them: each architecture, with the oldest C library or macOS its requirements allow."""

from collections.abc import Iterator

from pathfinder.language.when import evaluate, paths, scope_of
from pathfinder.types.facts import Facts, Os
from pathfinder.types.matrix import Cell
from pathfinder.types.words import Arch, Frozen, OsFamily, When

PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
"""CPython releases with a final version on the day this was written: 3.15 came out in October 2026."""
GLIBCS = ("2.17", "2.28", "2.31", "2.32", "2.33", "2.34", "2.35", "2.36", "2.37", "2.38", "2.39", "2.40")
"""Versions that uv has a `manylinux` platform for."""
MACOSES = ("11.0", "12.0", "13.0", "14.0", "15.0", "26.0")
USUAL = {"linux": "2.28", "macos": "14.0"}
"""Where a cell does not say what it needs: Debian 10, Ubuntu 20.04, RHEL 8; macOS Sonoma, the oldest that Apple still mends."""
_ANY: dict[str, tuple[Arch, ...]] = {"linux": ("x86_64", "aarch64"), "macos": ("aarch64", "x86_64"), "windows": ("x86_64", "aarch64")}
_FACT = {"linux": "os.libc_version", "macos": "os.version_id"}
_WINDOWS = {"x86_64": "x86_64-pc-windows-msvc", "aarch64": "aarch64-pc-windows-msvc", "i686": "i686-pc-windows-msvc"}


class Target(Frozen, frozen=True, kw_only=True):
    """One system to resolve for."""

    os: OsFamily
    arch: Arch
    version: str | None = None
    """glibc on Linux, macOS on a Mac."""

    @property
    def platform(self) -> str | None:
        """uv's name; None where it has none."""
        if self.os == "linux" and self.arch in ("x86_64", "aarch64"):
            return f"{self.arch}-manylinux_{(self.version or USUAL['linux']).replace('.', '_')}"
        if self.os == "linux" and self.arch == "riscv64":
            return "riscv64-unknown-linux"
        if self.os == "macos" and self.arch in ("x86_64", "aarch64"):
            return f"{self.arch}-apple-darwin"
        return _WINDOWS.get(self.arch) if self.os == "windows" else None

    @property
    def env(self) -> dict[str, str]:
        """What uv reads the macOS version from; by itself it means macOS 13."""
        return {"MACOSX_DEPLOYMENT_TARGET": self.version or USUAL["macos"]} if self.os == "macos" else {}

    @property
    def says(self) -> str:
        if self.os == "linux":
            return f"Linux {self.arch} (glibc {self.version})" if self.version else f"Linux {self.arch}"
        if self.os == "macos":
            return f"macOS {self.version} {'arm64' if self.arch == 'aarch64' else self.arch}"
        return f"{'Windows' if self.os == 'windows' else self.os} {'arm64' if self.arch == 'aarch64' else self.arch}"

    def newer(self) -> Iterator["Target"]:
        """The same with a newer C library or macOS, nearest first."""
        versions = GLIBCS if self.os == "linux" else MACOSES if self.os == "macos" else ()
        if self.version in versions:
            for version in versions[versions.index(self.version) + 1 :]:
                yield Target(os=self.os, arch=self.arch, version=version)


def targets(cell: Cell, when: When | None = None) -> tuple[Target, ...]:
    """What a cell claims: its architectures, or its system's usual ones, without those that requirements or a step's `when` exclude."""
    found = [_oldest(cell, when, family, arch) for family in cell.os for arch in cell.arch or _ANY.get(family, ())]
    return tuple(one for one in found if one is not None)


def _oldest(cell: Cell, when: When | None, family: OsFamily, arch: Arch) -> Target | None:
    """The oldest system no requirement refuses; None when they refuse every one. What is not mentioned refuses nothing."""
    said = {path for requirement in cell.requires for path in paths(requirement.when)}
    versions: tuple[str | None, ...] = (None,)
    if family in _FACT:
        every = GLIBCS if family == "linux" else MACOSES
        versions = every if _FACT[family] in said else every[every.index(USUAL[family]) :]
    every_target = (Target(os=family, arch=arch, version=version) for version in versions)
    return next((one for one in every_target if _allowed(cell, when, one)), None)


def _allowed(cell: Cell, when: When | None, target: Target) -> bool:
    linux, macos = target.os == "linux", target.os == "macos"
    os = Os(
        family=target.os,
        arch=target.arch,
        process_arch=target.arch,
        libc="glibc" if linux else None,
        libc_version=target.version if linux else None,
        version_id=target.version if macos else None,
    )
    scope = scope_of(Facts(os=os))
    return all(evaluate(one, scope).holds is not False for one in (when, *(requirement.when for requirement in cell.requires)))


def pythons(claim: str | None) -> tuple[str, ...]:
    """The releases of Python that a range like `>=3.10,<3.14` claims; one in the middle of what is current when it claims none."""
    from packaging.specifiers import SpecifierSet

    if claim is None:
        return ("3.12",)
    # `<3.14` and `<=3.13` are meant for releases: 3.13.99 stands for the last of a series, so that a patch release in the range is enough.
    wanted = SpecifierSet(claim)
    return tuple(one for one in PYTHONS if any(wanted.contains(f"{one}.{patch}") for patch in (0, 1, 99)))


def spans(versions: list[str] | tuple[str, ...]) -> str:
    """`3.11 to 3.14`, `3.10 and 3.12`, `3.12`: releases of Python in order, neighbours joined."""
    minors = sorted({int(version.split(".")[1]) for version in versions})
    runs: list[list[int]] = []
    for minor in minors:
        if runs and minor == runs[-1][-1] + 1:
            runs[-1].append(minor)
        else:
            runs.append([minor])
    ends = [[f"3.{minor}" for minor in run] if len(run) < 3 else [f"3.{run[0]} to 3.{run[-1]}"] for run in runs]
    return listed([part for run in ends for part in run])


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
