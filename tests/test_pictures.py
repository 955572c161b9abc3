"""The pictures in the README: what was recorded can be run again, and every picture is there, small and asks for nothing."""

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
HEAVIEST_BYTES = 200_000

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal of POSIX", allow_module_level=True)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("record_session")


def test_recorded_commands_still_end_with_0(recorder) -> None:
    pytest.importorskip("pyte", reason="pyte is not installed", exc_type=ImportError)
    drawn = (PICTURES / "session.svg").read_text(encoding="utf-8").replace("&#160;", " ").replace("&#x27;", "'").replace("&gt;", ">")
    for command in recorder.COMMANDS:
        assert command in drawn
        if command.startswith("pathfinder run"):
            pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
        said, status = recorder.recorded(command)
        assert status == 0, said


def test_the_readme_shows_every_picture_and_each_is_small() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"docs/pictures/([\w.-]+)", readme))
    assert shown == {path.name for path in PICTURES.iterdir()}
    assert all((PICTURES / name).stat().st_size < HEAVIEST_BYTES for name in shown)


@pytest.mark.parametrize("name", ["session.svg", "recommendation.svg"])
def test_a_drawing_fetches_nothing(name: str) -> None:
    text = (PICTURES / name).read_text(encoding="utf-8")
    assert not re.search(r"@font-face|@import|<image|<script|href=|url\((?!#)", text)
