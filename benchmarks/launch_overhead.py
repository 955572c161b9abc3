"""How much later a server answers when `pathfinder launch --detach` starts it than when its command is given by hand.

    python benchmarks/launch_overhead.py [--runtime llama-cpp-python] [--model FILE] [--rounds 5]

The runtime must be installed (`pathfinder install`). The two take turns; each time runs from the start of the command to the first healthy
answer, asked for every 20 ms. `by hand` runs the very argv that `launch --dry-run` prints.
"""

import argparse
import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from pathfinder.judging import probe_model

PATHFINDER = [sys.executable, "-c", "from pathfinder.cli import script; script()"]
PORT = 8977
HEALTH = f"http://127.0.0.1:{PORT}/v1/models"


def healthy(deadline: float) -> float:
    """The moment of the first good answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        try:
            with opener.open(HEALTH, timeout=2) as answer:
                if answer.status == 200:
                    return time.monotonic()
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.02)
    raise SystemExit("it never answered")


def by_hand(argv: list[str]) -> float:
    started = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return healthy(started + 120) - started
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def launched(runtime: str, model: str) -> tuple[float, float]:
    """Seconds to the first healthy answer, and to the end of the command that waits for it."""
    started = time.monotonic()
    process = subprocess.Popen(
        [*PATHFINDER, "launch", runtime, "--model", model, "--port", str(PORT), "--detach"], stdout=subprocess.DEVNULL
    )
    try:
        answered = healthy(started + 120) - started
        process.wait()
        return answered, time.monotonic() - started
    finally:
        subprocess.run([*PATHFINDER, "stop", "--all"], stdout=subprocess.DEVNULL, check=False)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--runtime", default="llama-cpp-python")
    options.add_argument("--model", default=str(probe_model.folder() / "probe-q8_0.gguf"))
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    dry = [*PATHFINDER, "launch", asked.runtime, "--model", asked.model, "--port", str(PORT), "--dry-run"]
    argv = shlex.split(subprocess.run(dry, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1])
    argv[0] = os.path.expanduser(argv[0])  # noqa: PTH111
    if not Path(argv[0]).exists():
        raise SystemExit(f"{argv[0]} is not there: run `pathfinder install {asked.runtime}` first.")
    hand, ours, ended = [], [], []
    for _ in range(asked.rounds):
        hand.append(by_hand(argv))
        answer, end = launched(asked.runtime, asked.model)
        ours.append(answer)
        ended.append(end)
    found = {"by_hand_seconds": hand, "launch_seconds": ours, "launch_command_seconds": ended}
    later = statistics.median(ours) - statistics.median(hand)
    print(json.dumps({key: [round(one, 2) for one in values] for key, values in found.items()}))
    print(f"launch answers {later:.2f} s later than by hand (median of {asked.rounds}; fastest {min(ours) - min(hand):.2f} s later)")


if __name__ == "__main__":
    main()
