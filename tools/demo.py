"""`make demo`: the main job on this machine, command by command, as the README prints them."""

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def main() -> int:
    commands = ["pathfinder detect", "pathfinder recommend --model llama-3-8b"]
    if any(importable(module) for module in ("llama_cpp", "mlx_lm")):
        commands.append("pathfinder run")
    worst = 0
    for command in commands:
        print(f"\n$ {command}", flush=True)
        argv = shlex.split(command)
        worst = max(worst, subprocess.run([str(BIN / argv[0]), *argv[1:]], check=False).returncode)
    missing = ROOT / ".venv" / "missing.txt"
    said = missing.read_text(encoding="utf-8").strip() if missing.exists() else ""
    if said:
        print(f"\nNot shown:\n{said}")
    print("\n" + ("demo: done." if not worst else f"demo: a command above ended with status {worst}."))
    return worst


def importable(module: str) -> bool:
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
