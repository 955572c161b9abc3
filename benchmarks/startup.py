"""Whole-process time of the verbs people call most, as ratios to `python3 -c pass` measured in the same run.

Usage: python benchmarks/startup.py [ROUNDS]     Rounds are interleaved, so that a busy moment hits all alike; medians are printed.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
COMMANDS = {
    "detect --json": 8,
    "recommend --model llama-3-8b --json": 12,
    "estimate llama-3-8b --json": 12,
    "check cpu.avx2 --json": 12,
    "--version": None,
}
"""The command, and how many times the floor it may take."""


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    floor = [sys.executable, "-c", "pass"]
    program = shutil.which("pathfinder", path=str(BIN)) or "pathfinder"
    argvs = {"floor": floor} | {command: [program, *command.split()] for command in COMMANDS}
    times: dict[str, list[float]] = {name: [] for name in argvs}
    for argv in argvs.values():
        seconds(argv)
    for _ in range(rounds):
        for name, argv in argvs.items():
            times[name].append(seconds(argv))
    base = statistics.median(times["floor"])
    print(f"python -c pass: {base * 1000:.1f} ms (median of {rounds})")
    worst = 0
    for command, limit in COMMANDS.items():
        ratio = statistics.median(times[command]) / base
        mark = "" if limit is None else f"  at most {limit}" + ("" if ratio <= limit else "  TOO SLOW")
        worst |= limit is not None and ratio > limit
        print(f"{command:38} {ratio:5.1f} times{mark}")
    return int(worst)


def seconds(argv: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ, check=False)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
