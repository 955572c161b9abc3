"""`--explain`: every figure in human output names what it rests on."""

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from pathfinder.data.store import profile
from pathfinder.host.open import open_host
from pathfinder.judging.bench import Bench, Row
from pathfinder.looking.observe import observe
from pathfinder.telling.sources import STATED, of_bench, of_machine
from pathfinder.types.estimates import Interval

from .test_cli import PROGRAM

HOSTS = sorted((Path(__file__).parent / "hosts").glob("*/recording.json"))


def printed(*args: str) -> str:
    return subprocess.run([*PROGRAM, *args], capture_output=True, text=True, check=False, timeout=60).stdout


@pytest.mark.parametrize("recording", HOSTS, ids=lambda path: path.parent.name)
def test_every_figure_of_a_recorded_machine_has_its_source(recording: Path) -> None:
    facts = observe(open_host(str(recording)))
    said = list(of_machine(facts))
    assert said or facts.memory.usable_bytes is None
    assert not any(STATED in line for line in said)
    assert all(line.rpartition(": ")[2] for line in said)


def test_a_profile_says_that_it_was_written_by_hand() -> None:
    said = list(of_machine(profile("desktop-rtx-4090")))
    assert any("NVIDIA GeForce RTX 4090" in line for line in said)
    assert all(STATED in line for line in said)


def test_estimate_explains_each_part_it_prints() -> None:
    text = printed("estimate", "llama-3-8b", "--host", "profile:desktop-rtx-4090", "--explain")
    figures, _, why = text.partition("Where the figures come from:")
    for part in ("weights", "KV cache", "compute", "overhead", "Decode", "Prefill", "perplexity"):
        assert part in figures
        assert part.lower() in why.lower()
    assert "Where the figures come from" not in printed("estimate", "llama-3-8b", "--host", "profile:desktop-rtx-4090")


def test_recommend_and_check_name_sources_and_the_way_to_more() -> None:
    recording = str(next(path for path in HOSTS if path.parent.name == "gtx-1080-ti"))
    assert "free on" in printed("recommend", "--model", "llama-3.2-3b", "--host", recording, "--explain")
    text = printed("check", "vram >= 8GiB", "model:llama-3.2-3b fits", "runtime:ollama", "--host", recording, "--explain")
    assert "from " in text.splitlines()[0]
    assert f"pathfinder recommend --model llama-3.2-3b --explain --host {recording}" in text
    assert f"pathfinder matrix why ollama --host {recording}" in text


def test_a_measurement_says_how_it_was_taken() -> None:
    row = Row(test="pp512", tps=100.0, sd_tps=2.0, repetitions=3, expected=Interval(low=80, likely=100, high=120))
    engine = Bench(engine="llama.cpp", device_used="cpu", model="m", rows=(row,), compared_with="earlier.json")
    said = " ".join(of_bench(engine))
    for part in ("engine's own clock", "3 repetitions", "standard deviation", "pathfinder estimate", "earlier.json"):
        assert part in said
    assert "transport included" in " ".join(of_bench(replace(engine, device_used=None)))


def test_recommend_explains_the_memory_of_each_place_and_the_proof() -> None:
    text = " ".join(printed("recommend", "--model", "llama-3-8b", "--host", "profile:desktop-rtx-4060", "--explain", "--top", "1").split())
    assert "0000:01:00.0: weights" in text
    assert "system memory: weights" in text
    assert "--explain` names the sources of linux-cuda" in text


def test_a_quantisation_that_is_none_is_refused() -> None:
    done = subprocess.run([*PROGRAM, "estimate", "llama-3-8b", "--quant", "Q9"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Q4_K_M" in done.stderr
