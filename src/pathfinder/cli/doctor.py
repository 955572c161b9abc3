"""`pathfinder doctor`: a report to paste, and the recording that goes with it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathfinder.cli.session import Session, say, say_json

if TYPE_CHECKING:
    from pathfinder.checking.doctor import Data, Need, Place, Report
    from pathfinder.types.facts import Facts

_VARIABLES = (
    "PATHFINDER_OVERLAY", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_ENDPOINT", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "ONEAPI_DEVICE_SELECTOR", "NO_COLOR", "PYTHONIOENCODING", "LANG", "TERM",
)  # fmt: skip
_SECRET = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "HF_TOKEN", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Of these only that they are set."""
_EXTRAS = ("llama-cpp-python", "mlx-lm", "mcp")


def doctor(
    ctx: typer.Context,
    save: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the recording goes; pathfinder-recording.json in this folder unless said.")
    ] = None,
    record: Annotated[bool, typer.Option("--record/--no-record", help="Whether to write a recording at all.")] = True,
    deep: Annotated[bool, typer.Option("--deep", help="Also ask slow tools.")] = False,
) -> int:
    """Versions, data, folders, what each verb needs, what is odd about this machine: a report to paste into an issue.

    The machine's recording is written beside it. Names, addresses and serial numbers are taken out of both; read before you share.
    """
    from pathfinder.checking.doctor import lines
    from pathfinder.cli.hosts import only_live
    from pathfinder.host.open import open_host
    from pathfinder.host.recording import RecordingHost
    from pathfinder.looking.observe import observe

    session: Session = ctx.obj
    only_live(session, "doctor")
    host = RecordingHost(open_host("live"))
    facts = observe(host, deep=deep)
    path = _write(save, host.tape()) if record else None
    report = host.redactor.clean(_plain(_report(session, facts, path)))
    if session.json:
        import msgspec

        say_json(report)
        return 0
    import msgspec

    from pathfinder.checking.doctor import Report

    for line in lines(msgspec.convert(report, Report)):
        say(line)
    if path:
        say(f"\nThe recording of this machine, to attach: {path}")
    return 0


def _plain(report: "Report") -> Any:
    import msgspec

    return msgspec.to_builtins(report)


def _write(save: str | None, tape: bytes) -> str:
    """The file written: as said, else in this folder, else where temporary files go."""
    import tempfile

    from pathfinder.cli.detect import _write as write
    from pathfinder.errors import Problem

    if save is not None:
        write(save, tape)
        return save
    try:
        write("pathfinder-recording.json", tape)
        return "pathfinder-recording.json"
    except Problem:
        path = str(Path(tempfile.gettempdir()) / "pathfinder-recording.json")
        write(path, tape)
        return path


def _report(session: Session, facts: "Facts", recording: str | None) -> "Report":
    import platform

    from pathfinder import __version__
    from pathfinder.checking.doctor import Report
    from pathfinder.cli.listing import lines
    from pathfinder.data import compiled

    return Report(
        version=__version__,
        program=_home(str(compiled.package())),
        python=platform.python_version(),
        interpreter=_home(sys.executable),
        system=f"{platform.system()} {platform.machine()}",
        packages=dict(_packages()),
        data=_data(session),
        places=tuple(_places()),
        environment=dict(_environment()),
        needs=tuple(_needs(facts)),
        warnings=facts.warnings,
        unanswered=tuple(f"{why.source}: {why.note}" for name, why in facts.why.items() if name.startswith(("probes.", "asked."))),
        recording=recording,
        facts=tuple(lines(facts)),
    )


def _packages() -> Iterator[tuple[str, str | None]]:
    """What the installed distribution asks for, and the optional engines, with their versions."""
    import re
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        wanted = [re.split(r"[^\w.-]", line)[0] for line in requires("llm-pathfinder") or () if "extra ==" not in line]
    except PackageNotFoundError:
        wanted = []
    for name in (*wanted, *_EXTRAS):
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, None


def _data(session: Session) -> "Data":
    from pathfinder.checking.doctor import Data
    from pathfinder.data import compiled, store

    overlays = store.chosen(session.overlay)
    found = compiled.load(overlays)
    kinds = [name.partition("/")[0] for name in found.index]
    built = (compiled.package() / "_data" / "matrix.bin").is_file()
    return Data(
        path=_home(str(compiled.package() / "_data" if built else compiled.source())),
        built=built,
        runtimes=kinds.count("runtime"),
        models=kinds.count("model"),
        profiles=kinds.count("profile"),
        overlays=tuple(map(_home, overlays)),
        mistakes=tuple(found.get("mistakes", list[str])) if "mistakes" in found.index else (),
    )


def _places() -> "Iterator[Place]":
    from pathfinder.acting.here import live_root
    from pathfinder.data import compiled

    cache = os.environ.get("HF_HUB_CACHE") or str(Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface") / "hub")
    yield _place("Cache", compiled.cache_dir(), counted=True)
    yield _place("Runtimes and servers", Path(live_root()))
    yield _place("Models", Path(cache))


def _place(what: str, path: Path, counted: bool = False) -> "Place":
    import shutil

    from pathfinder.checking.doctor import Place

    there = next((one for one in (path, *path.parents) if one.exists()), path)
    try:
        free: int | None = shutil.disk_usage(there).free
    except OSError:
        free = None
    size = sum(one.stat().st_size for one in path.glob("*") if one.is_file()) if counted and path.is_dir() else None
    writable = os.access(there, os.W_OK)
    return Place(what=what, path=_home(str(path)), exists=path.exists(), writable=writable, bytes=size, free_bytes=free)


def _environment() -> Iterator[tuple[str, str]]:
    yield from ((name, _home(os.environ[name])) for name in _VARIABLES if os.environ.get(name))
    yield from ((name, "(set)") for name in _SECRET if os.environ.get(name) or os.environ.get(name.lower()))


def _needs(facts: "Facts") -> "Iterator[Need]":
    """What each verb that does more than read would use here."""
    import shutil
    from importlib.util import find_spec

    from pathfinder.checking.doctor import Need
    from pathfinder.engines import ENGINES, installed

    asks = find_spec("prompt_toolkit") is not None
    yield Need(verb="pathfinder", met=asks, says="the four questions in a terminal" if asks else "its questions need prompt-toolkit")
    uv = shutil.which("uv")
    with_pip = find_spec("venv") is not None and find_spec("ensurepip") is not None
    says = f"environments are made with {_home(uv)}" if uv else "environments are made with venv and pip; uv is quicker"
    missing = "neither uv nor Python's venv module is here; install uv, or on Debian python3-venv"
    yield Need(verb="install", met=bool(uv or with_pip), says=says if uv or with_pip else missing)
    boxes = [name for name in ("docker", "podman") if (tool := facts.tools.get(name)) is not None and tool.found]
    says = (
        f"containers with {boxes[0]}" if boxes else "neither docker nor podman is here, so runtimes that come as containers are not started"
    )
    yield Need(verb="launch", met=bool(uv or with_pip or boxes), says=says)
    for engine in ENGINES.values():
        found = installed(engine)
        says = f"{engine.distribution} is installed" if found else f"get it with: pip install 'llm-pathfinder[{engine.extra}]'"
        yield Need(verb=f"run --engine {engine.name}", met=found, says=says)
    mcp = find_spec("mcp") is not None
    yield Need(verb="mcp", met=mcp, says="the SDK is installed" if mcp else "get it with: pip install 'llm-pathfinder[mcp]'")


def _home(text: str) -> str:
    home = str(Path.home())
    return f"~{text[len(home) :]}" if len(home) > 1 and text.startswith(home) else text
