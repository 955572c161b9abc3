"""The picture of the page in the README: `pathfinder matrix export --as html` in Chromium, judged for a machine.

Usage, after `python3 tools/browser.py`: .venv/bin/python tools/page_picture.py [FILE]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACHINE = "macbook-pro-m4-max-128gb"
MODEL = "qwen3.6-35b-a3b"
SIZE = {"width": 1180, "height": 930}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main(args: list[str]) -> int:
    from playwright.sync_api import sync_playwright

    target = Path(args[0]) if args else ROOT / "docs" / "pictures" / "page.png"
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        print("page_picture: no Chromium here; tools/browser.py installs Debian's.", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "matrix.html"
        file.write_text(pathfinder("matrix", "export", "--as", "html"), encoding="utf-8")
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        tab = browser.new_page(viewport=SIZE, color_scheme="light")
        tab.goto(file.as_uri())
        tab.wait_for_selector("html[data-ready]", state="attached")
        tab.click("#hardware summary")
        tab.evaluate("text => { document.getElementById('facts').value = text }", pathfinder("profiles", "show", MACHINE))
        tab.click("#judge")
        tab.check("#only")
        tab.click("#hardware summary")
        tab.select_option("#model", MODEL)
        tab.select_option("#task", "chat")
        tab.evaluate("document.activeElement.blur()")
        tab.wait_for_timeout(500)
        tab.screenshot(path=str(target))
        browser.close()
    print(f"page_picture: {target} ({target.stat().st_size:,} bytes)")
    return 0


def pathfinder(*args: str) -> str:
    return subprocess.run([sys.executable, "-m", "pathfinder", *args], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
