"""Set up `.venv` for `make demo` and `make test`: uv where present, else venv and pip; engines that cannot be had are told.

Standard library only: it runs before anything is installed.  Usage: python3 tools/setup_env.py [--dev] [--no-engines]
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOG = VENV / "setup.log"
ENGINES = {
    "llama": ("llama_cpp", "llama-cpp-python, compiled here (about 4 minutes on 2 cores)"),
    "mlx": ("mlx_lm", "mlx-lm"),
}


def main(args: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (the first thing an older Python must be told)
        print(f"setup: Python 3.11 or newer is needed, this is {sys.version.split()[0]}; run make with PYTHON=python3.12 or another.")
        return 1
    extras = ["dev"] if "--dev" in args else []
    if not PYTHON.exists():
        say("creating .venv")
        create()
    if not fresh("project", extras):
        say("installing pathfinder and its dependencies")
        if install("project", [f".[{','.join(extras)}]" if extras else "."], editable=True):
            print(f"setup: the dependencies could not be installed; the end of {LOG}:\n{tail()}")
            return 1
        stamp("project", extras)
    missing = [] if "--no-engines" in args else [why for extra in ENGINES if (why := engine(extra))]
    # Start-up time is a feature: without compiled bytecode every call would compile the sources anew.
    run([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "src")], None)
    (VENV / "missing.txt").write_text("".join(f"{line}\n" for line in missing), encoding="utf-8")
    for line in missing:
        say(line)
    return 0


def create() -> None:
    uv = shutil.which("uv")
    if uv:
        subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)], check=True)
        return
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            "setup: python3 cannot make a virtual environment; install its venv package (Debian, Ubuntu: apt install python3-venv) or uv."
        )


def engine(extra: str) -> str | None:
    """Install one engine; the reason when it cannot be had, None when it is there."""
    module, what = ENGINES[extra]
    if importable(module):
        return None
    if extra == "mlx" and (reason := no_mlx()):
        return f"MLX is missing: {reason}"
    say(f"installing {what}")
    if install(extra, [f".[{extra}]"], editable=True) or not importable(module):
        how = f"{PYTHON.relative_to(ROOT)} -m pip install '.[{extra}]'"
        need = "it needs a C and C++ compiler (gcc or clang); " if extra == "llama" else ""
        return f"{module} is missing: {need}the reason is at the end of {LOG.relative_to(ROOT)}. To try again: {how}"
    return None


def no_mlx() -> str | None:
    """Why this host has no MLX wheel, from the wheels' own tags: manylinux_2_35 for x86-64 and arm64, macOS 14 on Apple silicon."""
    import platform

    system, machine = platform.system(), platform.machine().lower()
    if system == "Darwin":
        return None if machine == "arm64" else "it has wheels for Apple silicon only."
    if system != "Linux":
        return f"it has no wheel for {system}."
    if machine not in ("x86_64", "aarch64"):
        return f"it has no wheel for {machine}."
    libc, version = platform.libc_ver()
    if libc != "glibc":
        return "its Linux wheels need glibc, this system has another C library."
    if tuple(int(part) for part in version.split(".")[:2]) < (2, 35):
        return f"its wheels need glibc 2.35 or newer (Ubuntu 22.04, Debian 12), this system has {version}."
    return None


def importable(module: str) -> bool:
    return subprocess.run([str(PYTHON), "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


def install(name: str, packages: list[str], *, editable: bool) -> int:
    """Install into `.venv`, showing what a compiler does: the step it is at, and the time it has taken."""
    uv = shutil.which("uv")
    spec = [part for package in packages for part in (["-e", package] if editable else [package])]
    # uv hides the output of builds; pip streams it, so the engine that compiles is installed by pip.
    if uv and name != "llama":
        return run([uv, "pip", "install", "--compile-bytecode", "--python", str(PYTHON), *spec], name)
    return run([str(PYTHON), "-m", "pip", "install", "-v", "--disable-pip-version-check", *spec], name)


def run(argv: list[str], name: str | None) -> int:
    started = shown = time.monotonic()
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(argv)}\n")
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                step = re.search(r"\[(\d+)/(\d+)\]", line)
                now = time.monotonic()
                if name and step and now - shown > (1 if sys.stdout.isatty() else 15):
                    progress(name, int(step[1]), int(step[2]), now - started)
                    shown = now
    if name and sys.stdout.isatty() and shown != started:
        print()
    return process.returncode


def progress(name: str, done: int, total: int, seconds: float) -> None:
    end, start = ("", "\r") if sys.stdout.isatty() else ("\n", "")
    print(f"{start}  {name}: compiling {done} of {total}, {seconds:.0f} s ", end=end, flush=True)


def fresh(name: str, extras: list[str]) -> bool:
    path = VENV / f"setup-{name}.stamp"
    return path.exists() and set(digest(extras).split()) <= set(path.read_text(encoding="utf-8").split())


def stamp(name: str, extras: list[str]) -> None:
    (VENV / f"setup-{name}.stamp").write_text(digest(extras), encoding="utf-8")


def digest(extras: list[str]) -> str:
    return " ".join([hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(), *extras])


def tail() -> str:
    return "\n".join(LOG.read_text(encoding="utf-8").splitlines()[-25:])


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
