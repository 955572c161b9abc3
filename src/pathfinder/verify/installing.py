"""Recipes really carried out, each in an environment that is thrown away afterwards."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from pathfinder.acting.run import Outcome, supervise
from pathfinder.deciding.steps import PLACEHOLDERS, fill
from pathfinder.language.when import evaluate, scope_of
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Cell
from pathfinder.types.steps import StepTemplate
from pathfinder.types.words import Evidence
from pathfinder.verify.judging import whole
from pathfinder.verify.looking import HELP_SECONDS, LOOK, check_start, last
from pathfinder.verify.report import CellReport, Found
from pathfinder.verify.resolver import HEAVY, Request, reason
from pathfinder.verify.resolving import Resolver
from pathfinder.verify.targets import Target, listed, pythons
from pathfinder.verify.wheels import address, named, pinned, source, without_local

INSTALL_SECONDS = 1800.0
Tell = Callable[[str], None]


class Machine(NamedTuple):
    """Where recipes are tried, and with what."""

    facts: Facts
    uv: str
    resolver: Resolver
    today: str
    instead: tuple[str, ...] = ()
    """Builds at hand, `torch==2.13.0+cpu`, that take the place of whatever a recipe says of that package."""


class _Env(NamedTuple):
    folder: Path
    values: dict[str, str]

    def run(self, argv: Sequence[str], seconds: float, **env: str) -> tuple[Outcome, str]:
        """A program of the environment, away from the user's folders and from the network; with everything it said."""
        heard: list[str] = []
        home = str(self.folder / "home")
        quiet = {"HOME": home, "XDG_CACHE_HOME": home, "HF_HUB_OFFLINE": "1", "COLUMNS": "240", "NO_COLOR": "1", "TERM": "dumb", **env}
        ended = supervise(
            [fill(word, self.values) for word in argv],
            seconds=seconds,
            env=quiet,
            cwd=home,
            on_line=heard.append,
            on_error_line=heard.append,
        )
        return ended, "\n".join(heard).replace(str(self.folder), "{data}")


def installs_here(cell: Cell, facts: Facts) -> bool:
    """Whether a cell has a `pip` recipe that this machine could carry out and start."""
    if not any(step.pip for step in cell.install) or facts.os.family not in cell.os or (cell.arch and facts.os.arch not in cell.arch):
        return False
    if not whole(cell):
        return False
    backend = facts.backends.get(cell.backend)
    if cell.backend != "cpu" and (backend is None or backend.usable is not True):
        return False
    scope = scope_of(facts)
    return all(evaluate(one.when, scope).holds is not False for one in cell.requires)


def try_cell(cell: Cell, machine: Machine, tell: Tell) -> CellReport:
    """Install one cell's recipe, look at it, and throw it away."""
    cell = replace(cell, install=_for_here(cell, machine.facts))
    pip = next((step.pip for step in cell.install if step.pip is not None), None)
    if pip is None:
        return CellReport(cell=cell.id)
    with tempfile.TemporaryDirectory(prefix="pathfinder-verify-") as folder:
        env = _environment(Path(folder))
        version = _python(pip.python, machine)
        packages = [_instead(one, machine.instead) for step in cell.install if step.pip for one in step.pip.packages]
        indexes = [url for step in cell.install if step.pip for url in (step.pip.index_url, *step.pip.extra_index_urls) if url]
        silent = [url for url in (*indexes, *filter(None, map(address, packages))) if not machine.resolver.answers(url)]
        packages = [without_local(one) if silent and not _given(one, machine.instead) else one for one in packages]
        if missing := [one for one in packages if address(one) in silent and address(one)]:
            return _open(cell, f"not installed: {listed([named(one) for one in missing])} cannot be fetched here.")
        tell(f"  {cell.id}: {' '.join(packages)} for Python {version}")
        refused = _refused(cell, packages, version, machine)
        refused = refused or _install(cell, env, packages, [url for url in indexes if url not in silent], version, machine)
        if refused:
            return _open(cell, refused) if refused.startswith("not installed") else _wrong(cell, [refused])
        return _looked(cell, env, packages, version, machine, bool(silent))


def _for_here(cell: Cell, facts: Facts) -> tuple[StepTemplate, ...]:
    """The installing steps whose condition does not fail here."""
    scope = scope_of(facts)
    return tuple(step for step in cell.install if step.when is None or evaluate(step.when, scope).holds is not False)


def _environment(folder: Path) -> _Env:
    bin = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    (folder / "home").mkdir()
    values = {name: name for name in PLACEHOLDERS}
    values |= {"env": str(folder / "env"), "bin": str(bin), "python": str(bin / "python"), "data": str(folder), "models": str(folder)}
    return _Env(folder, values)


def _python(claim: str | None, machine: Machine) -> str:
    """The release to try: this interpreter's where the recipe claims it (builds at hand are made for it), else the newest claimed."""
    mine, claimed = f"3.{sys.version_info[1]}", pythons(claim)
    return mine if claim is None or mine in claimed or not claimed else claimed[-1]


def _instead(package: str, instead: Sequence[str]) -> str:
    return next((one for one in instead if named(one) == named(package)), package)


def _given(package: str, instead: Sequence[str]) -> bool:
    return package in instead


def _refused(cell: Cell, packages: Sequence[str], version: str, machine: Machine) -> str | None:
    """Why it is better not to begin: it does not resolve, or it would fetch gigabytes that a CPU has no use for."""
    os = machine.facts.os
    target = Target(os=os.family or "linux", arch=os.arch or "x86_64", version=_newest_known(os.libc_version))
    request = Request(packages=tuple(packages), target=target, python=version, wheels_only=False, overrides=machine.instead)
    answer = machine.resolver(request)
    if answer.refused and any(named(one) == named(other) for one in machine.instead for other in packages):
        return f"not installed: with {listed(list(machine.instead))} at hand it does not resolve: {answer.refused}"
    if answer.refused:
        return f"does not resolve here for Python {version}: {answer.refused}"
    needless = sorted(pick.name for pick in answer.picks if pick.name.startswith(("nvidia-", "cuda-")))
    if cell.backend == "cpu" and len(needless) > 2:
        return f"not installed: it would fetch {len(needless)} packages of CUDA libraries, which a CPU has no use for."
    return None


def _newest_known(libc: str | None) -> str | None:
    from pathfinder.language.compare import parse_version
    from pathfinder.verify.targets import GLIBCS

    mine = parse_version(libc or "")
    return next((one for one in reversed(GLIBCS) if mine and (parse_version(one) or mine) <= mine), None)


def _install(cell: Cell, env: _Env, packages: Sequence[str], indexes: Sequence[str], version: str, machine: Machine) -> str | None:
    overrides = env.folder / "overrides.txt"
    overrides.write_text("".join(f"{one}\n" for one in machine.instead), "utf-8")
    pips = [step.pip for step in cell.install if step.pip]
    words = [machine.uv, "pip", "install", "--no-config", "--python", env.values["python"], "--index-strategy", "unsafe-best-match"]
    words += ["--prerelease", "allow"] if any(pip.pre for pip in pips) else []
    words += [word for url in indexes for word in ("--extra-index-url", url)]
    words += [word for pip in pips for name in pip.no_binary for word in ("--no-binary", name)]
    words += ["--override", str(overrides)] if machine.instead else []
    made = supervise([machine.uv, "venv", "--no-config", "--python", version, env.values["env"]], seconds=HELP_SECONDS)
    if made.code != 0:
        return f"not installed: there is no Python {version} here."
    variables = {key: value for step in cell.install if step.pip for key, value in step.env.items()}
    building = env.folder / "building.txt"
    building.write_text("".join(f"{one}\n" for one in HEAVY), "utf-8")
    quiet = {"NO_COLOR": "1", "UV_BUILD_CONSTRAINT": str(building), **variables}
    ended = supervise([*words, *packages], seconds=INSTALL_SECONDS, env=quiet)
    if any(one in ended.stderr for one in HEAVY):
        return "not installed: building it takes gigabytes of another package."
    if ended.timed_out:
        return f"not installed: it took longer than {INSTALL_SECONDS / 60:.0f} minutes."
    return None if ended.code == 0 else f"does not install with Python {version}: {reason(ended.stderr)}"


# --- what is there ---------------------------------------------------------------------------------------------------


def _looked(cell: Cell, env: _Env, packages: Sequence[str], version: str, machine: Machine, without_index: bool) -> CellReport:
    mine = [named(one) for one in packages]
    ended, heard = env.run(["{python}", "-c", LOOK, *mine], HELP_SECONDS)
    try:
        seen = json.loads(heard.strip().rpartition("\n")[2])
    except ValueError:
        return _wrong(cell, [f"does not import: {reason(heard) or ended.signal}"])
    wrong = [seen["failed"]] if seen["failed"] else []
    good = [f"imports {listed(seen['imported'])}"] if seen["imported"] else []
    for step in cell.install:
        if step.check:
            done, said = env.run(step.check, HELP_SECONDS)
            if done.code != 0:
                wrong.append(f"its check fails: {last(said) or done.signal}")
    for step in cell.launch:
        right, bad = check_start(step, env.run)
        good, wrong = [*good, *right], [*wrong, *bad]
    versions = {named(name): found for name, found in seen["versions"].items()}
    if used := [one for one in machine.instead if named(one) in versions and seen["failed"]]:
        return _open(cell, f"installed, but with {listed(used)} at hand it cannot be judged: {seen['failed']}")
    how = _how(env, versions, packages, version, machine, without_index)
    proofs = () if seen["failed"] else (_evidence(packages, how, good, machine.today),)
    found = tuple(Found(kind="wrong", how="installed", says=one) for one in wrong)
    return CellReport(cell=cell.id, proofs=proofs, found=found)


def _how(env: _Env, versions: Mapping[str, str], packages: Sequence[str], version: str, machine: Machine, without_index: bool) -> str:
    os = machine.facts.os
    system = f"{os.family or '?'} {os.arch or '?'}".replace("linux", "Linux").replace("macos", "macOS").replace("windows", "Windows")
    used = [f"{named(one)} {versions[named(one)]} as the build at hand" for one in machine.instead if named(one) in versions]
    parts = [f"{len(versions)} packages", *used, *(["without the recipe's own index"] if without_index else [])]
    unpinned = [f"{named(one)} {versions[named(one)]}" for one in packages if pinned(one) is None and named(one) in versions]
    return f"Installed on {system}, Python {version} ({', '.join(parts)}{'; ' + listed(unpinned) if unpinned else ''})"


def _evidence(packages: Sequence[str], how: str, good: Sequence[str], today: str) -> Evidence:
    return Evidence(source=source(packages) or "pypi", checked=today, how="installed", says="; ".join([how, *dict.fromkeys(good)]) + ".")


def _open(cell: Cell, says: str) -> CellReport:
    return CellReport(cell=cell.id, found=(Found(kind="open", how="installed", says=says[:1].upper() + says[1:]),))


def _wrong(cell: Cell, says: Sequence[str]) -> CellReport:
    return CellReport(cell=cell.id, found=tuple(Found(kind="wrong", how="installed", says=one) for one in says))
