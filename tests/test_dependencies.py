"""The declared lower bounds and the newest versions of every dependency are installed and driven through the main verbs."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = [
    ["--help"],
    ["detect", "--json"],
    ["detect"],
    ["recommend", "--model", "llama-3-8b", "--json"],
    ["recommend", "--model", "llama-3-8b"],
    ["setup", "--model", "llama-3-8b", "--as", "sh"],
    ["check", "cpu.avx512_vnni", "memory.total_bytes > 1GiB", "--json"],
    ["estimate", "llama-3-8b", "--context", "4096", "--json"],
    ["matrix", "list"],
    ["matrix", "lint"],
    ["models", "resolve", "llama3:8b"],
    ["schema", "facts"],
]


def requirements() -> list[str]:
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])


def oldest() -> list[str]:
    pinned = [re.sub(r">=\s*([\w.]+).*", r"==\1", line) for line in requirements()]
    assert all("==" in line for line in pinned), "every dependency carries a lower bound"
    return pinned


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_the_main_verbs_work_with(which: str, tmp_path: Path) -> None:
    python = tmp_path / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    packages = oldest() if which == "oldest" else requirements()
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--upgrade"]
    if uv := shutil.which("uv"):
        pip = [uv, "pip", "install", "-q", "--python", str(python), "--upgrade"]
    done = subprocess.run([*pip, *packages, "hatchling", "editables"], capture_output=True, text=True, check=False, timeout=900)
    if done.returncode and re.search(r"resolve host|Connection|unreachable|Temporary failure", done.stderr, re.IGNORECASE):
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, done.stderr[-2000:]
    site = subprocess.run([str(python), "-c", "import site; print(site.getsitepackages()[-1])"], capture_output=True, text=True, check=True)
    (Path(site.stdout.strip()) / "pathfinder_source.pth").write_text(str(ROOT / "src"), encoding="utf-8")
    program = "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()"
    for command in COMMANDS:
        ran = subprocess.run([str(python), "-c", program, *command], capture_output=True, text=True, check=False, timeout=120)
        assert ran.returncode in (0, 1, 3), (command, ran.stderr[-2000:])
        assert ran.stderr == "", (command, ran.stderr[-2000:])
        if "--json" in command:
            json.loads(ran.stdout)
