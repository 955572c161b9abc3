"""`pathfinder` alone, in a real pseudo-terminal."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyte", reason="pyte is not installed", exc_type=ImportError)
if sys.platform == "win32":
    pytest.skip("a pseudo-terminal of POSIX", allow_module_level=True)

from .terminal import BACKSPACE, CTRL_C, DOWN, ENTER, ESC, LEFT, PROGRAM, UP, Terminal, terminal

ROOT = Path(__file__).resolve().parents[1]
SGR_COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])(?:;[0-9;]*)?m")


def pointed(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("> "))


def to_the_host(one: Terminal) -> str:
    one.until("1 of 4: What do you want")
    one.press(ENTER, "1 of 4: Which model")
    one.press("llama-3.2-1b-i", "Filter: llama-3.2-1b-i_")
    one.press(ENTER, "2 of 4")
    one.press(ENTER, "3 of 4")
    return one.press(ENTER, "4 of 4")


def test_a_newcomer_reaches_a_script_with_enter_and_arrows(tmp_path: Path) -> None:
    with terminal(cwd=str(tmp_path)) as one:
        to_the_host(one)
        one.press("rtx-4090", lambda text: "profile:desktop-rtx-4090" in pointed(text))
        text = one.press(ENTER, "And now?")
        assert "Install" not in text.split("And now?")[1], "what is not this machine is not installed on"
        assert "--model llama-3.2-1b-instruct --task chat --host profile:desktop-rtx-4090" in one.all()
        one.write(ENTER)
        assert one.end() == 0
        (script,) = tmp_path.iterdir()
        assert str(script.name) in one.all()
        assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
        assert "llama-3.2-1b" in script.read_text(encoding="utf-8").lower()


def test_the_recommendation_is_the_commands(tmp_path: Path) -> None:
    with terminal(cwd=str(tmp_path)) as one:
        to_the_host(one)
        one.press("dgx-spark", lambda text: "profile:dgx-spark" in pointed(text))
        one.press(ENTER, "And now?")
        one.press(UP, lambda text: "Nothing more" in pointed(text))
        one.write(ENTER)
        assert one.end() == 0
        said = one.all()
    argv = re.search(r"^  pathfinder (recommend .*)$", said, re.MULTILINE)
    assert argv is not None
    done = subprocess.run([*PROGRAM, *argv[1].split(), "--json"], capture_output=True, check=False, timeout=60)
    first = json.loads(done.stdout)["candidates"][0]
    assert f" 1.  {first['name']}: " in said
    assert f"Commands for {first['name']} ({first['cell']}):" in said


def test_there_is_a_way_back_that_keeps_the_answers() -> None:
    with terminal() as one:
        one.until("1 of 4: What do you want")
        one.press(ESC, "1 of 4: What do you want")
        one.press(DOWN + DOWN + DOWN, lambda text: "Turn speech" in pointed(text))
        one.press(ENTER, "1 of 4: Which model")
        one.press("zzz", "Filter: zzz_")
        one.press(BACKSPACE, "Filter: zz_")
        one.press(ESC, lambda text: "Filter" not in text)
        one.press(LEFT, "What do you want")
        assert "Turn speech" in pointed(one.text())
        one.press(ENTER, "Which model")
        assert "whisper" in pointed(one.text()) or "parakeet" in pointed(one.text())
        one.press(ENTER, "2 of 4")
        one.press(DOWN, lambda text: "A team" in pointed(text))
        one.press(ENTER, "3 of 4")
        one.press(ESC, "2 of 4")
        assert "A team" in pointed(one.text())
        one.write(CTRL_C)
        assert one.end() == 130


def test_a_name_nobody_knows_is_said_at_the_question(tmp_path: Path) -> None:
    recording = next((ROOT / "tests" / "hosts").glob("gtx-1080-ti/recording.json"))
    shutil.copy(recording, tmp_path / "box.json")
    with terminal(cwd=str(tmp_path)) as one:
        one.until("1 of 4: What do you want")
        one.press(ENTER, "Which model")
        one.press("no-such-model-anywhere", "as typed")
        one.press(ENTER, lambda text: "Filter" not in text and "no-such-model-anywhere" in text)
        one.press("phi-4-mini-i", lambda text: "phi-4-mini-instruct" in pointed(text))
        one.press(ENTER, "2 of 4")
        one.press(ENTER, "3 of 4")
        assert "box.json" in one.press(ENTER, "4 of 4")
        one.press("no-such-file.json", "as typed")
        one.press(ENTER, lambda text: "Filter" not in text and "no-such-file.json" in text)
        one.press("box", lambda text: "box.json" in pointed(text))
        one.press(ENTER, "And now?")
        assert "GTX 1080 Ti" in one.all()
        one.write(CTRL_C)
        assert one.end() == 130


def test_ctrl_c_ends_with_130_and_gives_the_terminal_back() -> None:
    with terminal(columns=80, rows=24) as one:
        one.until("1 of 4")
        one.write(CTRL_C)
        assert one.end() == 130
        text = one.all()
        assert "Traceback" not in text
        assert "interrupted" in text.lower()
        assert one.after[3] == one.cooked[3], "echo and line editing are on again"
        assert not one.screen.cursor.hidden
        assert "> Chat" not in text, "the question is wiped away"


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal_stays_readable(columns: int) -> None:
    with terminal(columns=columns, rows=24) as one:
        text = to_the_host(one)
        assert all(len(line) < columns for line in text.split("4 of 4")[1].splitlines())
        assert "This machine" in pointed(text)
        one.press(ENTER, "And now?")
        one.write(CTRL_C)
        assert one.end() == 130


def test_no_colour_and_no_unicode() -> None:
    with terminal(NO_COLOR="1", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C") as one:
        to_the_host(one)
        one.press(ENTER, "And now?")
        one.write(CTRL_C)
        assert one.end() == 130
        assert not SGR_COLOUR.search(one.raw)
        assert one.all().isascii()
        assert "GiB RAM - " in one.all()


def test_a_terminal_that_cannot_move_its_cursor_gets_the_help() -> None:
    with terminal(TERM="dumb") as one:
        assert one.end() == 0
        assert "Verbs:" in one.all()


def test_installing_prints_the_steps_and_asks_first(tmp_path: Path) -> None:
    with terminal(HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "data"), columns=120) as one:
        to_the_host(one)
        one.press(ENTER, "And now?")
        one.press("only install", lambda text: "Only install" in pointed(text))
        one.press(ENTER, "Carry these steps out? [y/N]")
        assert "$ pathfinder install " in one.all()
        one.write("n\r")
        assert one.end() == 1
        assert "Nothing was done." in one.all()
        assert not (tmp_path / ".local").exists() or not list((tmp_path / ".local").rglob("bin/*"))


def test_what_was_answered_goes_on_to_what_acts(capsys: pytest.CaptureFixture[str]) -> None:
    """One person is planned one slot, a team several: `launch` knows for whom."""
    from pathfinder.cli import main
    from pathfinder.cli.dialogue import wished

    slots = {}
    for audience in ("solo", "team"):
        argv = wished({"model": "llama-3-8b", "audience": audience, "wish": "throughput", "host": "live"}, "chat")
        for verb in ("install", "launch"):
            assert main([verb, "llama.cpp", *argv, "--dry-run", "--host", "profile:desktop-rtx-4090"]) == 0
        said = capsys.readouterr().out.split()
        slots[audience] = int(said[said.index("-np") + 1])
    assert slots["solo"] == 1 < slots["team"]
