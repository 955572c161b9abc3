"""`pathfinder run` as a shell sees it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pathfinder import engines
from pathfinder.cli import main
from pathfinder.judging import probe_model

LLAMA = engines.installed(engines.ENGINES["llama.cpp"])
MLX = engines.installed(engines.ENGINES["mlx"])
needs_llama = pytest.mark.skipif(not LLAMA, reason="llama-cpp-python is not installed")
needs_both = pytest.mark.skipif(not (LLAMA and MLX), reason="llama-cpp-python or mlx-lm is not installed")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
GGUF = probe_model.folder() / "probe-q4_0.gguf"


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = main(["run", *args])
    out, err = capsys.readouterr()
    return status, out, err


@needs_both
def test_the_bundled_model_runs_on_every_engine(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ask(capsys, "--json")
    document = json.loads(out)
    assert (status, err, document["schema"]) == (0, "", "pathfinder/fleet/v1")
    assert {r["engine"]: r["verdict"] for r in document["results"]} == {"llama.cpp": "same", "mlx": "same"}


@needs_llama
def test_one_engine_gives_one_document_that_can_be_recorded(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    record = tmp_path / "result.json"
    status, out, _ = ask(capsys, "--engine", "llama.cpp", "--json", "--threads", "1", "--record", str(record))
    document = json.loads(out)
    assert (status, document["schema"], document["verdict"], document["threads"]) == (0, "pathfinder/result/v1", "same", 1)
    assert json.loads(record.read_text()) == document
    assert main(["schema", "result"]) == 0
    jsonschema.validate(document, json.loads(capsys.readouterr().out))


@needs_llama
def test_a_person_reads_the_text_and_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ask(capsys, "--engine", "llama.cpp")
    assert (status, err) == (0, "")
    assert "The capital of France is Paris." in out
    assert "same: All 160 greedy tokens are right" in out
    assert "q4_0 same" in out
    assert "tokens/s" in out


@needs_llama
def test_a_copy_is_judged_and_a_prompt_of_ones_own_is_not(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy = tmp_path / "model.gguf"
    copy.write_bytes(GGUF.read_bytes())
    assert json.loads(ask(capsys, "--model", str(copy), "--json")[1])["verdict"] == "same"
    status, out, _ = ask(capsys, "--model", str(copy), "--prompt", "The opposite of hot is", "--tokens", "3", "--json")
    document = json.loads(out)
    assert (status, document["verdict"], document["generated_tokens"]) == (0, "unjudged", 3)


@needs_llama
def test_a_damaged_copy_is_wrong_and_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy = tmp_path / "model.gguf"
    raw = bytearray((probe_model.folder() / "probe-f16.gguf").read_bytes())
    raw[-101] ^= 0x40
    copy.write_bytes(raw)
    status, out, _ = ask(capsys, "--model", str(copy), "--json")
    assert (status, json.loads(out)["verdict"]) == (1, "wrong")


def broken(path: Path, kind: str) -> Path:
    raw = GGUF.read_bytes()
    path.write_bytes(
        {"empty": b"", "foreign": b"\x7fELF" + bytes(4000), "truncated": raw[: len(raw) * 2 // 3], "a header cut": raw[:900]}[kind]
    )
    return path


@pytest.mark.parametrize("kind", ["empty", "foreign", "truncated", "a header cut"])
def test_a_broken_file_is_one_sentence(kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = broken(tmp_path / "model.gguf", kind)
    status, out, err = ask(capsys, "--model", str(path))
    assert (status, out) == (2, "")
    assert str(path) in err and len(err.splitlines()) <= 2 and "Traceback" not in err
    status, out, err = ask(capsys, "--model", str(path), "--json")
    assert (status, err, json.loads(out)["schema"]) == (2, "", "pathfinder/problem/v1")


@needs_llama
def test_a_file_the_engine_refuses_is_told_in_its_own_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(GGUF.read_bytes().replace(b"blk.0.attn_q.weight", b"blk.0.attn_z.weight"))
    status, _, err = ask(capsys, "--model", str(path))
    assert status == 2
    assert "could not load the file" in err and "blk.0.attn_q.weight" in err


def folder(path: Path, kind: str) -> Path:
    path.mkdir()
    config = (probe_model.folder() / "hf" / "config.json").read_bytes()
    weights = (probe_model.folder() / "hf" / "model.safetensors").read_bytes()
    if kind != "no config":
        brings_code = config.replace(b"{", b'{"model_file": "model.py",', 1)
        (path / "config.json").write_bytes(
            {"config is no model": b"[]", "brings code": brings_code, "deep": b"[" * 10**6}.get(kind, config)
        )
    if kind != "no weights":
        (path / "model.safetensors").write_bytes({"empty weights": b"", "truncated": weights[:-9], "foreign": b"{" * 99}.get(kind, weights))
    return path


@pytest.mark.parametrize(
    "kind", ["no config", "config is no model", "brings code", "deep", "no weights", "empty weights", "truncated", "foreign"]
)
def test_a_broken_folder_is_one_sentence(kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, err = ask(capsys, "--model", str(folder(tmp_path / "model", kind)))
    assert (status, out) == (2, "")
    assert str(tmp_path) in err and len(err.splitlines()) <= 2


USAGE: dict[str, list[str]] = {
    "no such file": ["--model", "no-such.gguf"],
    "no reference to the hub": ["--model", "hf:owner"],
    "an unknown engine": ["--engine", "exllama"],
    "the other engine": ["--engine", "mlx", "--model", str(GGUF)],
    "a negative number": ["--tokens", "-1"],
    "no time": ["--timeout", "0"],
    "no number": ["--threads", "many"],
    "another host": ["--host", "profile:x"],
}


@pytest.mark.parametrize("name", USAGE)
def test_a_mistake_is_told_in_a_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = ask(capsys, *USAGE[name])
    assert (status, out) == (2, "")
    assert err.startswith("pathfinder: ") and len(err.splitlines()) <= 2 and "Traceback" not in err


@needs_llama
def test_an_engine_that_is_missing_is_named_with_the_way_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "installed", lambda e: e.name == "llama.cpp")
    status, out, err = ask(capsys)
    assert (status, err) == (0, "")
    assert out.endswith("mlx: not installed. Get it with: pip install 'llm-pathfinder[mlx]'\n")


@needs_llama
def test_a_context_that_is_too_small_is_a_mistake_of_the_person(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = ask(capsys, "--engine", "llama.cpp", "--context", "8", "--json")
    assert (status, err) == (2, "")


def test_no_engine_at_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "installed", lambda _: False)
    status, _, err = ask(capsys)
    assert status == 2 and "llm-pathfinder[llama]" in err
    status, _, err = ask(capsys, "--engine", "mlx")
    assert status == 2 and "pip install 'llm-pathfinder[mlx]'" in err


def slow(*args: str) -> "subprocess.Popen[str]":
    """The real command with an engine that loads and never answers; its process id is the engine's version."""
    engine = (
        "import json, os, sys, time; input();"
        "print(json.dumps(dict(event='loaded', engine_version=str(os.getpid()), device='cpu', load_seconds=0)), flush=True);"
        "print(json.dumps(dict(event='token', prompt=0, text=f' pid={os.getpid()} ')), flush=True); time.sleep(60)"
    )
    code = (
        "import sys; from pathfinder import engines; from pathfinder.cli import main;"
        "engines.installed = lambda e: True;"
        f"engines.argv = lambda e, *a: [sys.executable, '-c', {engine!r}];"
        f"sys.exit(main(['run', '--engine', 'llama.cpp', *{list(args)!r}]))"
    )
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def engine_of(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    said = ""
    while "pid=" not in said or not said.endswith(" "):
        said += process.stdout.read(1)
    return int(said.rpartition("pid=")[2])


def gone(pid: int) -> bool:
    for _ in range(250):
        try:
            os.kill(pid, 0)
            if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:1]:
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


@POSIX
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(number: signal.Signals, status: int) -> None:
    with slow() as process:
        pid = engine_of(process)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert process.returncode == status
        assert "Traceback" not in err
        assert gone(pid)


def test_a_hanging_engine_is_a_timeout() -> None:
    with slow("--timeout", "1.5", "--json") as process:
        out, err = process.communicate(timeout=30)
    document: dict[str, Any] = json.loads(out)
    assert (process.returncode, document["verdict"], err) == (1, "timeout", "")


@POSIX
@needs_llama
def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -c 'from pathfinder.cli import script; script()' run --engine llama.cpp | head -1"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("llama.cpp: the bundled probe model\n", "")
