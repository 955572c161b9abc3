"""`recommend`: its text, its document, its exit status, on machines by hand and on this one."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pathfinder.cli import main
from pathfinder.cli.recommend import next_step
from pathfinder.cli.wish import Wish
from pathfinder.data import store
from pathfinder.telling.show import interval, recommendation
from pathfinder.types.estimates import Interval
from pathfinder.types.facts import Facts
from pathfinder.types.plans import Plan, Recommendation

PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()"]


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = main(["recommend", *args])
    out = capsys.readouterr()
    return status, out.out, out.err


def document(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(run(capsys, *args, "--json")[1])
    return found


def test_the_document_is_the_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "--model", "llama-3-8b", "--host", "profile:desktop-rtx-4090")
    assert found["schema"] == "pathfinder/recommendation/v1"
    assert set(found) >= {"host", "model", "candidates", "sure", "rejected"}
    first = found["candidates"][0]  # type: ignore[index]
    keys = {
        "rank",
        "runtime",
        "cell",
        "backend",
        "devices",
        "verdict",
        "score",
        "reasons",
        "caveats",
        "artifact",
        "estimate",
        "install",
        "launch",
        "endpoint",
    }
    assert set(first) >= keys
    assert set(first["install"][0]) >= {
        "kind",
        "title",
        "argv",
        "env",
        "cwd",
        "url",
        "sha256",
        "bytes",
        "path",
        "text",
        "needs",
        "undo",
        "check",
        "why",
    }
    assert msgspec.convert(found, Recommendation).candidates[0].rank == 1


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("--model", "llama-3-8b", "--host", "profile:desktop-rtx-4090"), 0),
        (("--model", "llama-3-8b", "--host", "profile:iphone-16-pro"), 1),
        (("--model", "no-such-model-at-all"), 2),
        (("--model", "llama-3-8b", "--for", "everyone"), 2),
        (("--model", "llama-3-8b", "--runtime", "nonesuch"), 2),
        (("--model", "llama-3-8b", "--host", "profile:nonesuch"), 2),
        (("--model", "/no/such/file.gguf"), 2),
        (("--model", "llama-3-8b", "--task", "transcribe", "--host", "profile:desktop-rtx-4090"), 1),
        (("--model", "llama-3-8b", "--host", "profile:raspberry-pi-5-8gb", "--runtime", "sglang"), 1),
    ],
)
def test_exit_status(args: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    found, out, err = run(capsys, *args)
    assert found == status
    if status == 0:
        assert not err
    if status == 2:
        assert not out
        assert "Traceback" not in err


def test_top_and_runtime_narrow(capsys: pytest.CaptureFixture[str]) -> None:
    host = ("--host", "profile:desktop-rtx-4090", "--model", "llama-3-8b")
    two = document(capsys, *host, "--top", "2")
    assert len(two["candidates"]) == 2  # type: ignore[arg-type]
    assert "llama.cpp" in [plan["runtime"] for plan in two["candidates"]] + two["further"]  # type: ignore[attr-defined,operator]
    assert not document(capsys, *host)["further"]
    only = document(capsys, *host, "--runtime", "llama.cpp")
    cells = [plan["cell"] for plan in only["candidates"]]  # type: ignore[attr-defined,index,union-attr]
    assert len(cells) == len(set(cells)) > 1
    assert {plan["runtime"] for plan in only["candidates"]} == {"llama.cpp"}  # type: ignore[attr-defined,index,union-attr]


def test_the_text_has_the_decision_the_commands_and_the_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "--model", "llama-3-8b", "--host", "profile:desktop-gtx-1080-ti", "--explain")[1]
    assert text.startswith("llama-3-8b-instruct on NVIDIA GeForce GTX 1080 Ti")
    assert " 1." in text
    assert "Commands for " in text
    assert "Not here, and what would change that:" in text
    assert re.search(r"sglang[^:]*: needs compute capability 6\.1 -> ", " ".join(text.split()))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("profile", ["desktop-rtx-4090", "server-tesla-k80", "dgx-h100", "iphone-16-pro"])
def test_prose_keeps_to_the_width(profile: str, width: int, capsys: pytest.CaptureFixture[str]) -> None:
    found = msgspec.convert(document(capsys, "--model", "llama-3-8b", "--host", f"profile:{profile}"), Recommendation)
    lines = recommendation(found, store.profile(profile), width).splitlines()
    commands = [number for number, line in enumerate(lines) if line.startswith(("Commands for", "  # ", "  curl", "  API"))]
    prose = [line for number, line in enumerate(lines) if not (commands and commands[0] <= number <= commands[-1])]
    long = [line for line in prose if len(line) > width and " " in line.strip()]
    assert not [line for line in long if max(map(len, line.split())) < width - 8]


def test_a_fleet_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    hosts = ("--host", "profile:desktop-rtx-4090", "--host", "profile:iphone-16-pro")
    status, out, _ = run(capsys, "--model", "llama-3-8b", *hosts, "--json")
    found = json.loads(out)
    assert (status, found["schema"], len(found["results"])) == (1, "pathfinder/fleet/v1", 2)


def test_nothing_known_of_a_host_is_unknown_not_no(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = recommendation(Recommendation(host="x", model="m", task="chat", audience="solo"), Facts())
    assert "GPUs unknown" in text
    empty = tmp_path / "empty"
    empty.mkdir()
    status, out, err = run(capsys, "--model", "llama-3-8b", "--host", f"sysroot:{empty}", "--json")
    assert status == 3, err
    assert all(plan["verdict"] == "unknown" for plan in json.loads(out)["candidates"])


def test_this_machine_in_a_process_of_its_own() -> None:
    ran = subprocess.run([*PROGRAM, "recommend", "--model", "llama-3-8b"], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode in (0, 1, 3)
    assert not ran.stderr
    piped = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" recommend --model llama-3-8b | head -1', sys.executable, PROGRAM[2]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert piped.stdout.startswith("llama-3-8b-instruct on ")
    assert not piped.stderr


def test_a_decision_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pathfinder.cli import main; "
        "main(['recommend', '--model', 'llama-3-8b', '--json', '--host', 'profile:desktop-rtx-4090']); "
        "print([name for name in ('jinja2', 'rich', 'yaml', 'pydantic', 'numpy', 'psutil') if name in sys.modules], file=sys.stderr)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


def test_speeds_are_intervals() -> None:
    assert interval(Interval(low=60, likely=80, high=100.4)) == "60-100 tok/s"
    assert interval(Interval(low=1.24, likely=2, high=3.36)) == "1.2-3.4 tok/s"
    assert interval(Interval(likely=2)) == "~2 tok/s"
    assert interval(Interval()) == ""


def test_experts_stay_in_system_memory_where_that_is_faster(capsys: pytest.CaptureFixture[str]) -> None:
    host = ("--host", "profile:desktop-rtx-3060", "--runtime", "llama.cpp")
    found = json.loads(run(capsys, "--model", "qwen3-30b-a3b", *host, "--json")[1])["candidates"][0]
    command = found["launch"][-1]["argv"]
    assert command[command.index("-ngl") + 1] == "49"
    assert int(command[command.index("--n-cpu-moe") + 1]) == found["estimate"]["expert_layers"] > 0
    text = run(capsys, "--model", "llama-3-8b", *host)[1]
    assert "-ngl" in text
    assert "--n-cpu-moe" not in text


@pytest.mark.parametrize(
    "args", [("--model", "llama-3.2-1b"), ("--model", "llama-3.2-1b", "--for", "team", "--context", "2048", "--quant", "Q8_0")]
)
def test_the_next_step_is_a_command_that_does_the_first_plan(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = run(capsys, *args)
    then = shlex.split(text.rstrip().splitlines()[-1])
    assert then[:2] == ["pathfinder", "launch"]
    assert main([*then[1:], "--dry-run"]) == 0
    told = capsys.readouterr().out
    start = next(step for step in document(capsys, *args)["candidates"][0]["launch"] if step["kind"] == "start")  # type: ignore[index,attr-defined]
    assert start["argv"][0] in told
    assert "To have it done" not in run(capsys, *args, "--host", "profile:desktop-rtx-4090")[1]


def test_a_hostile_name_stays_one_word_of_the_next_step(tmp_path: Path) -> None:
    plan = Plan(runtime="x", name="X", cell="c", backend="cpu", devices=(), verdict="works")
    found = Recommendation(host="live", model="m", task="chat", audience="solo", candidates=(plan,))
    assert shlex.split(next_step(found, Wish("a'; rm -rf ~ #")))[-1] == "a'; rm -rf ~ #"
