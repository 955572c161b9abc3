"""The manual page says what the commands say, and roff has nothing to complain about. (That it is not stale: test_docs.)"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pathfinder.cli import VERBS
from pathfinder.cli.app import build

PAGE = Path(__file__).resolve().parents[1] / "docs" / "pathfinder.1"


def unmarked(text: str) -> str:
    return re.sub(r"\\f[BIR]", "", text).replace("\\-", "-")


def test_every_verb_and_option_is_in_it() -> None:
    text = unmarked(PAGE.read_text(encoding="utf-8"))
    for verb in VERBS:
        command = build(verb)
        for name, leaf in (getattr(command, "commands", None) or {"": command}).items():
            assert re.search(rf"^\.SS pathfinder {' '.join(filter(None, (verb, name)))}\b", text, re.MULTILINE)
            for parameter in leaf.params:
                assert all(option in text for option in parameter.opts if option.startswith("-")), parameter.opts


def test_it_is_ascii_and_no_line_of_text_begins_like_a_request() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.isascii()
    requests = {line.split()[0] for line in text.splitlines() if line.startswith((".", "'"))}
    assert requests <= {'.\\"', ".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I", ".br"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_takes_it_without_a_warning() -> None:
    done = subprocess.run(["groff", "-man", "-Tascii", "-ww", str(PAGE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PATHFINDER(1)" in done.stdout


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_shows_it() -> None:
    done = subprocess.run(
        ["man", "-l", str(PAGE)], capture_output=True, text=True, check=False, env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin"}
    )
    if "No manual entry" in done.stderr or "unminimize" in done.stdout:
        pytest.skip("this man shows no pages")
    assert done.returncode == 0, done.stderr
    assert "recommend" in done.stdout
