"""The report to paste: complete, redacted, and with its recording."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pathfinder.types.facts import Facts

from .test_cli import PROGRAM


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    home = tmp_path_factory.mktemp("zaphod")
    env = {
        **os.environ,
        "HOME": str(home),
        "USER": "zaphod",
        "HTTPS_PROXY": "http://zaphod:secret@proxy.example:1",
        "HF_TOKEN": "hf_" + "a" * 34,
    }
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))}
    done = subprocess.run([*PROGRAM, "doctor"], capture_output=True, text=True, check=False, timeout=120, cwd=home, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, home


def test_it_names_versions_data_folders_and_verbs(told: tuple[str, Path]) -> None:
    from pathfinder import __version__
    from pathfinder.data import store

    text, _ = told
    assert f"pathfinder {__version__}" in text
    assert f"{len(store.matrix())} runtimes, {len(store.models())} models, {len(store.profiles())} profiles" in text
    for word in (
        "Cache: ~",
        "Runtimes and servers: ~",
        "Models: ~",
        "install: ",
        "launch: ",
        "run --engine llama.cpp: ",
        "mcp: ",
        "memory  ",
    ):
        assert word in text


def test_the_recording_is_beside_it_and_replays(told: tuple[str, Path]) -> None:
    text, home = told
    assert text.rstrip().endswith("pathfinder-recording.json")
    path = str(home / "pathfinder-recording.json")
    done = subprocess.run([*PROGRAM, "detect", "--json", "--host", path], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["schema"] == Facts().schema
    listed = subprocess.run([*PROGRAM, "detect", "--host", path], capture_output=True, text=True, check=True, timeout=60).stdout
    assert listed.splitlines()[1] in text


def test_nothing_personal_is_in_either(told: tuple[str, Path]) -> None:
    text, home = told
    recording = (home / "pathfinder-recording.json").read_text(encoding="utf-8")
    for said in (text, recording):
        assert "zaphod" not in said
        assert "secret" not in said
        assert "a" * 34 not in said
    assert "HTTPS_PROXY=(set)" in text
    assert "HF_TOKEN=(set)" in text or "HF_TOKEN=redacted" in text


def test_json_validates_and_may_leave_the_recording_out(tmp_path: Path) -> None:
    import jsonschema

    from pathfinder.telling.schemas import schema

    done = subprocess.run(
        [*PROGRAM, "doctor", "--json", "--no-record"], capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("doctor"))
    assert document["recording"] is None
    assert not list(tmp_path.iterdir())
