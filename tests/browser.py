"""The page of the whole matrix, and a real Chromium for it: Debian's or whichever is on the path, driven by Playwright. Skips where either
is absent."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pathfinder.data import store
from pathfinder.host.open import open_host
from pathfinder.looking.observe import observe
from pathfinder.telling.offers import Known
from pathfinder.telling.page import page
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Runtime

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


HOSTS = Path(__file__).parent / "hosts"
MACHINES = [f"profile:{one}" for one in store.profiles()] + [f"host:{one.name}" for one in sorted(HOSTS.iterdir())]


def facts_of(machine: str) -> Facts:
    """Of a profile, or read off a recording."""
    kind, _, name = machine.partition(":")
    return store.profile(name) if kind == "profile" else observe(open_host(str(HOSTS / name / "recording.json")))


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, closed afterwards."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (tools/browser.py installs it on Debian)")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (tools/browser.py does)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def known() -> Known:
    """The tables and models of the repository's own matrix."""
    return Known(store.rank_table(), store.estimate_table(), store.devices(), store.table("questions"), store.models())


@cache
def whole() -> str:
    """The page of every runtime, made once."""
    return text_of([store.whole(one.id) for one in store.matrix()])


def text_of(runtimes: Iterable[Runtime], version: str = "1.0") -> str:
    """The page of these runtimes."""
    return page(runtimes, store.templates() / "page", known(), version)
