"""What a wheel's file name says: for which systems it is, and whether it is for every one."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

_LOCAL = re.compile(r"(==\s*[0-9][\w.]*)\+[\w.]+")


class Pick(NamedTuple):
    """One package a resolver chose."""

    name: str
    version: str
    wheel: str | None = None
    """File name; None: the resolver chose a source archive, which is compiled where it is installed."""

    @property
    def platform(self) -> str | None:
        """The tag behind the last hyphen, `manylinux_2_28_x86_64`; the first where several are joined. None without a wheel."""
        return self.wheel.removesuffix(".whl").rpartition("-")[2].split(".")[0] if self.wheel else None

    @property
    def pure(self) -> bool:
        return self.platform == "any"


def from_lock(text: str) -> tuple[Pick, ...]:
    """The packages of a `pylock.toml` (PEP 751) that was made for one system: each names the one wheel that fits, or only its source.

    Raises ValueError when it is no such file.
    """
    import tomllib

    found = []
    for package in tomllib.loads(text).get("packages", []):
        wheels = [one.get("name") or file_name(one.get("url") or one.get("path") or "") for one in package.get("wheels", [])]
        if archive := package.get("archive"):
            wheels += [name for name in [file_name(archive.get("url") or archive.get("path") or "")] if name.endswith(".whl")]
        found.append(Pick(str(package["name"]), str(package.get("version", "")), wheels[0] if wheels else None))
    return tuple(found)


def file_name(url: str) -> str:
    return unquote(urlsplit(url).path).rpartition("/")[2]


def named(package: str) -> str:
    """The normalised name of a requirement, `NAME[extra]==1.2`, `NAME @ URL` or the address of a wheel."""
    text = file_name(package).partition("-")[0] if "://" in package and " @ " not in package else package
    try:
        text = Requirement(text).name
    except InvalidRequirement:
        text = re.split(r"[\s\[<>=!~@;]", text.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", text).lower()


def pinned(package: str) -> str | None:
    """The version behind `==`, its local part included; None when there is none."""
    match = re.search(r"==\s*([0-9][\w.+!]*)(?![\w.*+!])", package.partition(";")[0])
    return match[1] if match and " @ " not in package else None


def without_local(package: str) -> str:
    """`torch==2.14.1+cu126` as the registry has it, `torch==2.14.1`."""
    return _LOCAL.sub(r"\1", package)


def address(package: str) -> str | None:
    """Where a package is fetched from when it names a place itself."""
    match = re.search(r"(?:git\+)?(https?://\S+)", package)
    return match[1] if match else None


def source(packages: Iterable[str]) -> str:
    """How evidence names them: `pypi:torch==2.15.0, pypi:numpy`."""
    return ", ".join(f"pypi:{named(one)}{f'=={version}' if (version := pinned(one)) else ''}" for one in packages if address(one) is None)
