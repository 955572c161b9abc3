"""Fixtures of several test modules: the page, and a browser to open it in."""

import pytest
from tests.browser import chromium, whole


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page as a file."""
    path = tmp_path_factory.mktemp("page") / "matrix.html"
    path.write_text(whole(), encoding="utf-8")
    return path.as_uri()
