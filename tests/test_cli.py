"""The command as a shell sees it: exit codes, one-sentence errors, pipes, signals."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pathfinder.cli import VERBS

PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()"]


def pathfinder(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *args], capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **(env or {})})


def test_no_verb_without_a_terminal_prints_the_help() -> None:
    done = pathfinder()
    assert done.returncode == 0
    assert all(f"  {verb}" in done.stdout for verb in VERBS)
    assert done.stderr == ""


def test_version() -> None:
    from pathfinder import __version__

    assert pathfinder("--version").stdout == f"pathfinder {__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    done = pathfinder(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert verb in done.stdout
    assert not re.search(r"<\w|\[\[|\.\.\.\]\.", done.stdout), "values are named as a person names them"


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["recomend"], "Did you mean recommend?"),
        (["profile"], "Did you mean profiles?"),
        (["model", "list"], "Did you mean models?"),
        (["llama-3-8b"], "pathfinder recommend --model llama-3-8b"),
        (["vLLM"], "pathfinder setup vllm --model"),
        (["models", "serch", "x"], "Did you mean 'search'?\n"),
        (["recommend"], "Example: pathfinder recommend --model llama-3-8b"),
        (["estimate"], "Example: pathfinder estimate llama-3-8b"),
        (["matrix"], "One of: list, show, why,"),
        (["detect", "--host", "profile:4090"], "desktop-rtx-4090"),
        (["recommend", "--model", "llama-3-8b", "--context", "many"], "'--context': it takes a whole number."),
        (["recommend", "--model", "llama-3-8b", "--top", "0"], "--top: 0 is not a number above zero."),
        (["recommend", "--model", "llama-3-8b", "--deadline", "0"], "above 0"),
        (["check", "cpu.avx2", "--deadline", "-1"], "above 0"),
        (["setup", "--model", "llama-3-8b", "--nodes", "0"], "--nodes: 0 is not a number above zero."),
    ],
)
def test_a_mistake_says_what_to_type(args: list[str], hint: str) -> None:
    done = pathfinder(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr


def test_help_is_a_verb_too() -> None:
    assert pathfinder("help").stdout == pathfinder("--help").stdout
    assert pathfinder("help", "check").stdout == pathfinder("check", "--help").stdout


def test_a_package_that_is_missing_is_no_bug_of_ours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from pathfinder import cli

    def lacking(args: list[str]) -> int:
        raise ModuleNotFoundError("No module named 'huggingface_hub'", name="huggingface_hub.utils")

    monkeypatch.setattr(cli, "_run", lacking)
    assert cli.main([]) == 2
    assert "Python package huggingface-hub" in capsys.readouterr().err


@pytest.mark.parametrize(
    "args",
    [
        ["detekt"],
        ["detect", "--nonsense"],
        ["detect", "--deadline", "soon"],
        ["detect", "--host", "/no/such/recording.json"],
        ["detect", "--host", "profile:no-such-machine"],
        ["recommend"],
        ["recommend", "--model", "no-such-model-anywhere"],
        ["run", "--model", "/no/such/file.gguf"],
        ["check", "memory.no_such_fact > 1"],
        ["schema", "no-such-document"],
        ["matrix", "show", "no-such-runtime"],
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(args: list[str]) -> None:
    done = pathfinder(*args)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("pathfinder: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 6


def test_a_mistake_with_json_is_a_problem_document() -> None:
    done = pathfinder("recommend", "--model", "no-such-model-anywhere", "--json")
    document = json.loads(done.stdout)
    assert document["schema"] == "pathfinder/problem/v1"
    assert document["exit"] == done.returncode == 2
    assert "no-such-model-anywhere" in document["says"]


def test_options_of_every_verb_may_stand_before_it() -> None:
    assert json.loads(pathfinder("--json", "schema", "facts").stdout) == json.loads(pathfinder("schema", "facts", "--json").stdout)


@pytest.mark.skipif(os.name == "nt", reason="a shell pipe")
@pytest.mark.parametrize("args", ["detect", "detect --json", "recommend --model llama-3-8b", "matrix list", "models list", "--help"])
def test_a_reader_that_leaves_early_is_no_error(args: str) -> None:
    program = Path(sys.executable).parent / "pathfinder"
    done = subprocess.run(["bash", "-c", f"{program} {args} | head -1"], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_with_130_and_without_a_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        process = subprocess.Popen([*PROGRAM, "run", "--engine", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        silent.settimeout(30)
        asked, _ = silent.accept()
        with asked:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err


@pytest.mark.parametrize("args", [["detect", "--json"], ["recommend", "--model", "llama-3-8b", "--json"], ["models", "list", "--json"]])
def test_a_healthy_run_prints_nothing_on_standard_error(args: list[str]) -> None:
    done = pathfinder(*args)
    assert done.stderr == ""
    json.loads(done.stdout)


@pytest.mark.parametrize("args", [[], ["recommend", "--help"], ["matrix", "why", "-h"]])
def test_help_fits_a_narrow_terminal(args: list[str]) -> None:
    done = pathfinder(*args, env={"COLUMNS": "40"})
    # words that are longer than their column stand by themselves
    assert all(len(line) <= 40 or len(line.split()) <= 4 for line in done.stdout.splitlines()), done.stdout


def test_text_goes_out_in_the_terminal_s_own_encoding_and_json_as_utf_8() -> None:
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = pathfinder("estimate", "llama-3-8b", "--host", "profile:desktop-rtx-4090", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "# weights" in done.stdout
    raw = subprocess.run([*PROGRAM, "matrix", "list", "--json"], capture_output=True, check=True, env={**os.environ, **env}).stdout
    assert json.loads(raw.decode("utf-8"))["schema"] == "pathfinder/matrix/v1"


@pytest.mark.parametrize("verb", VERBS)
def test_what_may_be_given_many_times_has_no_default(verb: str) -> None:
    """Click 8.1, which distributions still have, refuses a default for it with a traceback."""
    from pathfinder.cli.app import build

    command = build(verb)
    for leaf in getattr(command, "commands", {"": command}).values():
        assert not [one.name for one in leaf.params if one.nargs == -1 and one.default is not None]
