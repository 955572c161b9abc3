"""Start-up time is imports: what the hot paths may not load."""

import subprocess
import sys
from pathlib import Path

import pytest

FORBIDDEN = {"pydantic", "psutil", "pynvml", "yaml", "cpuinfo", "rich", "jinja2", "huggingface_hub", "asyncio", "numpy", "packaging"}
HAS_NVIDIA = Path("/proc/driver/nvidia/version").exists()


def loaded(*args: str) -> set[str]:
    """Top-level modules that a command of ours imports, from the interpreter's own log."""
    code = "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import main; main()"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code, *args], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 1, 3), done.stderr[-2000:]
    assert done.stdout.startswith("{"), done.stdout[:200]
    lines = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {name.partition(".")[0] for name in lines}


@pytest.mark.skipif(not sys.platform.startswith("linux") or HAS_NVIDIA, reason="the promise is made for Linux hosts without NVIDIA")
@pytest.mark.parametrize("args", [["detect", "--json"], ["recommend", "--model", "llama-3-8b", "--json"], ["check", "cpu.avx2", "--json"]])
def test_the_hot_paths_import_nothing_heavy(args: list[str]) -> None:
    assert not loaded(*args) & FORBIDDEN
