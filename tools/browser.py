"""What the tests of the HTML page need: Chromium (Debian's, when run as root), Playwright and axe in `.venv`.

Nothing here is needed to use pathfinder; where it cannot be had the tests skip and say so.  Usage: python3 tools/browser.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PYTHON = Path(__file__).resolve().parent.parent / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("playwright>=1.50", "axe-playwright-python>=0.1.4")


def main() -> int:
    steps = []
    if not any(map(shutil.which, NAMES)):
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            print("browser: no Chromium here, and only root can install Debian's; the tests of the page will skip.")
            return 0
        steps += [
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        ]
    if subprocess.run([str(PYTHON), "-c", "import playwright, axe_playwright_python"], capture_output=True, check=False).returncode:
        steps.append([str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES])
    for argv in steps:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if done.returncode:
            print(f"browser: {' '.join(argv[:3])} failed, the tests of the page will skip: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return 0
    print("browser: Chromium, Playwright and axe are here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
