"""The wheel and the source distribution, built from a clean clone, work in a fresh environment without the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVIEST_BYTES = 6 << 20
ASKED = """
from pathlib import Path
from pathfinder.data import store
assert "site-packages" in str(Path(store.__file__)), store.__file__
assert store.matrix() and store.models() and store.profiles() and store.rank_table()
assert any(store.templates().iterdir())
"""


def run(*argv: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode and re.search(r"resolve host|Connection|unreachable|Temporary failure", done.stderr, re.IGNORECASE):
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, f"{argv}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_wheel_works_without_the_repository(tmp_path: Path) -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git clone to build from")
    clone, dist, env = tmp_path / "clone", tmp_path / "dist", tmp_path / "env"
    run("git", "clone", "-q", str(ROOT), str(clone), cwd=tmp_path)
    # The wheel is built from the source distribution, as an index would serve it.
    run(sys.executable, "-m", "build", "--outdir", str(dist), str(clone), cwd=tmp_path)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    assert wheel.stat().st_size < HEAVIEST_BYTES and sdist.exists()
    inside = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in inside if name.startswith(("tests/", "matrix/")) or name.endswith(".pyc")]
    run(sys.executable, "-m", "venv", str(env), cwd=tmp_path)
    python = env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        pip = [uv, "pip", "install", "-q", "--python", str(python)]
    run(*pip, str(wheel), cwd=tmp_path)
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    run(str(python), "-c", ASKED, cwd=tmp_path, env=alone)
    program = str(python.with_name("pathfinder"))
    assert json.loads(run(program, "detect", "--json", cwd=tmp_path, env=alone))["schema"] == "pathfinder/facts/v1"
    said = json.loads(run(program, "recommend", "--model", "llama-3-8b", "--host", "profile:dgx-h100", "--json", cwd=tmp_path, env=alone))
    assert said["candidates"]
    run(program, "setup", "--model", "llama-3-8b", "--as", "sh", "--host", "profile:dgx-h100", cwd=tmp_path, env=alone)
    assert not (tmp_path / "cache").exists(), "an installed wheel must not compile its data"


def test_the_dockerfile_passes_its_linter() -> None:
    beside = Path(sys.executable).with_name("hadolint")
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_checkout_runs_without_being_installed(tmp_path: Path) -> None:
    """`python -m pathfinder`, with the packages of a distribution: docs/install.md."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    assert run(sys.executable, "-m", "pathfinder", "--version", cwd=tmp_path, env=env).startswith("pathfinder ")
    hidden = (
        "import sys; sys.modules['huggingface_hub'] = None; from pathfinder.cli import main; "
        "sys.exit(main(['models', 'search', 'x', '--online']))"
    )
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert done.returncode == 2
    assert "huggingface-hub, which is not installed" in done.stderr


def test_the_table_of_debian_names_every_dependency() -> None:
    """A lower bound that is raised must be compared with Debian again."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    table = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    spelt = {"pyyaml": "yaml"}
    for name, bound in (line.split(">=") for line in wanted):
        assert re.search(rf"^\| (python3-)?{re.escape(spelt.get(name, name))} \| {re.escape(bound)} \| ", table, re.MULTILINE), name
