"""The resolvers: uv, which can answer for any system; pip, which answers for others' wheels but reads markers as on this machine."""

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from pathfinder.acting.run import supervise
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.words import Frozen
from pathfinder.verify.targets import GLIBCS, Target
from pathfinder.verify.wheels import Pick, from_lock

SECONDS = 150.0
HEAVY = ("torch<0.1", "tensorrt<0.1")
"""Constraints for what a source archive may fetch only to name its dependencies: nobody's metadata is worth gigabytes."""
_SILENT = re.compile(
    r"dns error|could not resolve host|failed to lookup address|client error \(connect\)|connection refused|network is unreachable"
    r"|temporary failure in name resolution|operation timed out|failed to establish a new connection|certificate|max retries exceeded",
    re.IGNORECASE,
)
_PLACE = re.compile(r"(?:Failed to fetch: |unable to access '|url \(|for url: |url: /\S+ )[`']?(?P<url>https?://[^\s'`)]+)")


class Request(Frozen, frozen=True, kw_only=True):
    """What to resolve, and for which system and release of Python."""

    packages: tuple[str, ...]
    target: Target
    python: str
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: str | None = None
    no_binary: tuple[str, ...] = ()
    pre: bool = False
    wheels_only: bool = True
    """Refuse what would have to be compiled, except what `no_binary` names."""
    deps: bool = True
    overrides: tuple[str, ...] = ()
    """Requirements that replace whatever anybody asks of those packages."""


class Answer(NamedTuple):
    picks: tuple[Pick, ...] = ()
    refused: str | None = None
    """Why there is no solution, in the resolver's words; None: there is one."""
    silent: str | None = None
    """The address that did not answer; then nothing is known."""

    @property
    def resolved(self) -> bool:
        return self.refused is None and self.silent is None


def find_uv() -> str | None:
    """uv beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def resolve(request: Request, uv: str | None) -> Answer:
    """One real resolution. Raises Problem when neither uv nor pip can be started."""
    return _with_uv(request, uv) if uv else _with_pip(request)


def uv_arguments(request: Request, file: str) -> list[str]:
    """What uv is called with; `file` lists the packages."""
    found = ["pip", "compile", file, "--python-version", request.python, "--python-platform", request.target.platform or ""]
    found += ["--format", "pylock.toml", "--no-header", "--no-annotate", "--no-config", "--no-python-downloads", "--quiet"]
    found += ["--python", sys.executable, "--index-strategy", "unsafe-best-match"]
    if request.wheels_only:
        found += ["--only-binary", ":all:"]
    for name in request.no_binary:
        found += ["--no-binary", name]
    found += [] if request.deps else ["--no-deps"]
    found += ["--prerelease", "allow"] if request.pre else []
    found += ["--index-url", request.index_url] if request.index_url else []
    for url in request.extra_index_urls:
        found += ["--extra-index-url", url]
    return [*found, "--find-links", request.find_links] if request.find_links else found


def _with_uv(request: Request, uv: str) -> Answer:
    if request.target.platform is None:
        return Answer(silent=f"{request.target.says}, which uv has no name for")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "packages.in"
        file.write_text("".join(f"{one}\n" for one in request.packages), "utf-8")
        lines: list[str] = []
        env = {"UV_HTTP_RETRIES": "1", "NO_COLOR": "1", **request.target.env}
        lists = {"UV_OVERRIDE": request.overrides, "UV_BUILD_CONSTRAINT": () if request.wheels_only else HEAVY}
        for name, requirements in lists.items():
            if requirements:
                (Path(folder) / name).write_text("".join(f"{one}\n" for one in requirements), "utf-8")
                env[name] = str(Path(folder) / name)
        ended = supervise([uv, *uv_arguments(request, str(file))], seconds=SECONDS, env=env, on_line=lines.append)
    if ended.code == 0:
        return Answer(from_lock("\n".join(lines)))
    return _refusal(ended.stderr if not ended.timed_out else f"no answer within {SECONDS:.0f} seconds")


def _refusal(text: str) -> Answer:
    if any(one in text for one in HEAVY):
        return Answer(silent="a source archive that wants gigabytes only to name its dependencies")
    if _SILENT.search(text):
        place = _PLACE.search(text)
        return Answer(silent=place["url"] if place else reason(text))
    return Answer(refused=reason(text))


def reason(text: str, limit: int = 320) -> str:
    """The part of a resolver's message that says why, on one line."""
    text = re.split(r"^hint:", text, maxsplit=1, flags=re.MULTILINE)[0]
    plain = " ".join(re.sub(r"^\s*(?:error|cause|hint|warning):", "", line).strip() for line in text.splitlines() if line.strip())
    at = plain.find("Because ")
    plain = re.sub(r",? we can conclude that your requirements are unsatisfiable\.?", "", plain[at:] if at >= 0 else plain)
    plain = re.sub(r" and you require \S+$", "", plain).strip()
    return plain if len(plain) <= limit else f"{plain[:limit].rpartition(' ')[0]} ..."


# --- pip -------------------------------------------------------------------------------------------------------------


def pip_platforms(target: Target) -> list[str]:
    """The wheel tags a system takes; pip, unlike uv, must be told each one."""
    if target.os == "linux":
        upto = GLIBCS[: GLIBCS.index(target.version) + 1] if target.version in GLIBCS else GLIBCS[:2]
        tags = [f"manylinux_{version.replace('.', '_')}_{target.arch}" for version in reversed(upto)]
        old = ["manylinux2014", "manylinux2010", "manylinux1"] if target.arch == "x86_64" else ["manylinux2014"]
        return [*tags, *(f"{one}_{target.arch}" for one in old), f"linux_{target.arch}"]
    if target.os == "macos":
        arch = "arm64" if target.arch == "aarch64" else target.arch
        return [f"macosx_{major}_0_{one}" for major in range(int(float(target.version or "14")), 10, -1) for one in (arch, "universal2")]
    return {"x86_64": ["win_amd64"], "aarch64": ["win_arm64"], "i686": ["win32"]}.get(target.arch, [])


def pip_arguments(request: Request) -> list[str]:
    """`pip install --dry-run --report -`; for another system it takes wheels only."""
    found = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-", "--target", "unused"]
    found += ["--python-version", request.python, "--implementation", "cp", "--only-binary", ":all:"]
    for tag in pip_platforms(request.target):
        found += ["--platform", tag]
    found += [] if request.deps else ["--no-deps"]
    found += ["--pre"] if request.pre else []
    found += ["--index-url", request.index_url] if request.index_url else []
    for url in request.extra_index_urls:
        found += ["--extra-index-url", url]
    found += ["--find-links", request.find_links] if request.find_links else []
    return [*found, *request.packages]


def _with_pip(request: Request) -> Answer:
    if request.no_binary or not request.wheels_only:
        return Answer(silent="a source archive, which pip does not resolve for another system")
    lines: list[str] = []
    ended = supervise([sys.executable, "-m", "pip", *pip_arguments(request)], seconds=SECONDS, on_line=lines.append)
    if "No module named pip" in ended.stderr:
        raise Problem("Neither uv nor pip is there to resolve with.", hint="Install uv.", exit=ExitStatus.USAGE)
    return Answer(from_report("\n".join(lines))) if ended.code == 0 else _refusal(ended.stderr)


def from_report(text: str) -> tuple[Pick, ...]:
    """The packages of pip's installation report, version 1. Raises ValueError when it is none."""
    import json

    from pathfinder.verify.wheels import file_name

    found = []
    for one in json.loads(text)["install"]:
        name = file_name(one["download_info"]["url"])
        found.append(Pick(one["metadata"]["name"].lower(), one["metadata"]["version"], name if name.endswith(".whl") else None))
    return tuple(found)
