"""Kept speeds refine estimates of the same machine, engine and place, and nothing else."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pathfinder.cli import main
from pathfinder.deciding import measured
from pathfinder.deciding.measured import Measured
from pathfinder.types.estimates import DeviceMemory, Estimate, Interval, MemoryEstimate, SpeedEstimate
from pathfinder.types.facts import Cpu, Device, Facts
from pathfinder.types.models import Artifact

FACTS = Facts(cpu=Cpu(model="Maker 9"), devices=(Device(id="gpu0", kind="gpu", name="Card"),))
ONE = Measured(
    at="2026-11-19", host=measured.host_of(FACTS), engine="llama.cpp", placed="gpu", model="a.gguf", decode_tps=45.0, expected_tps=50.0
)


def estimate(*places: str, kv: int = 1) -> Estimate:
    rows = tuple(
        DeviceMemory(
            device=place, weights_bytes=1, kv_cache_bytes=0 if place == "ram" and len(places) > 1 else kv, compute_bytes=0, total_bytes=2
        )
        for place in places
    )
    memory = MemoryEstimate(weights_bytes=1, kv_cache_bytes=1, compute_bytes=0, total_bytes=2, per_device=rows)
    speed = SpeedEstimate(decode_tps=Interval(low=80, likely=100, high=120))
    return Estimate(model="b", artifact=Artifact(format="gguf", quant="Q4_K_M", file="b.gguf"), context=4096, memory=memory, speed=speed)


def test_a_ratio_refines_other_models() -> None:
    found = measured.refined(estimate("gpu0", "ram"), "llama.cpp", FACTS, [ONE])
    assert found.speed.decode_tps.likely == pytest.approx(90)
    assert (found.speed.decode_tps.low or 0) < 90 < (found.speed.decode_tps.high or 0)
    assert "2026-11-19" in found.assumed[0]
    assert "90%" in found.assumed[0]


def test_the_same_file_has_its_own_speed() -> None:
    same = replace(ONE, model="b.gguf", expected_tps=None)
    found = measured.refined(estimate("gpu0"), "llama.cpp", FACTS, [ONE, same])
    assert found.speed.decode_tps.likely == 45.0
    assert found.assumed[0].startswith("Measured here on 2026-11-19")


def test_nothing_else_refines() -> None:
    plain = estimate("gpu0")
    for other in (
        replace(ONE, host="another"), replace(ONE, engine="mlx"), replace(ONE, placed="cpu"), replace(ONE, decode_tps=5000.0),
        replace(ONE, expected_tps=None),
    ):  # fmt: skip
        assert measured.refined(plain, "llama.cpp", FACTS, [other]) is plain
    split = replace(plain, expert_layers=3)
    assert measured.refined(split, "llama.cpp", FACTS, [ONE]) is split
    unknown = replace(plain, speed=SpeedEstimate())
    assert measured.refined(unknown, "llama.cpp", FACTS, [ONE]) is unknown


def test_the_file_survives_what_is_no_line_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured.read(tmp_path) == []
    measured.keep(tmp_path, ONE)
    path = tmp_path / measured.NAME
    path.write_bytes(path.read_bytes() + b'{"at": 3}\n\xff\xfe\n[[[[\n')
    assert measured.read(tmp_path) == [ONE]
    monkeypatch.setattr(measured, "MOST", 3)
    for day in range(5):
        measured.keep(tmp_path, replace(ONE, at=str(day)))
    assert [one.at for one in measured.read(tmp_path)] == ["2", "3", "4"]


def test_estimate_of_this_machine_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pathfinder.acting.here import live_root

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    def speed(*argv: str) -> tuple[float, str]:
        assert main(["estimate", "llama-3-8b", "--cpu", "--json", *argv]) == 0
        found = json.loads(capsys.readouterr().out)
        return found["speed"]["decode_tps"]["likely"], found["assumed"][0]

    before, _ = speed()
    assert main(["detect", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    here = Facts(
        cpu=Cpu(model=facts["cpu"].get("model")),
        devices=tuple(Device(id=one["id"], kind=one["kind"], name=one.get("name")) for one in facts.get("devices") or ()),
    )
    measured.keep(Path(live_root()), replace(ONE, host=measured.host_of(here), placed="cpu", decode_tps=30.0, expected_tps=40.0))
    after, said = speed()
    assert after == pytest.approx(before * 0.75, rel=0.05)
    assert "measured here on 2026-11-19" in said
    profile, said = speed("--host", "profile:desktop-rtx-3060")
    assert "measured here" not in said
    assert profile > 0
