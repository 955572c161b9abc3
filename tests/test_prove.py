"""What a proof says: numbers, device and speed of a server, from a result and from facts before and after."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from pathfinder.cli.verifying import for_verifying, record
from pathfinder.errors import Problem
from pathfinder.judging.prove import implausible, proof, source
from pathfinder.types.estimates import Estimate, Interval, MemoryEstimate, SpeedEstimate
from pathfinder.types.facts import Device, DeviceProcess, Facts
from pathfinder.types.plans import Plan
from pathfinder.types.results import Numerics, Proof, Result
from pathfinder.types.steps import Step

GIB = 1 << 30
GPU = Device(id="0000:01:00.0", name="RTX 4090", vendor="nvidia", memory_free_bytes=20 * GIB)
SAME = Result(
    engine="http://127.0.0.1:1", model="m", verdict="same", says="Right.", text="Paris", decode_tps=50.0,
    numerics=Numerics(basis="logprobs", max_abs_logprob_error=0.01, tolerance=0.02),
)  # fmt: skip


def planned(*devices: str, weights: int = 8 * GIB, backend: str = "cuda") -> Plan:
    memory = MemoryEstimate(weights_bytes=weights, kv_cache_bytes=0, compute_bytes=0, total_bytes=weights)
    speed = SpeedEstimate(decode_tps=Interval(low=40, likely=50, high=60))
    estimate = Estimate(model="m", artifact=None, context=2048, memory=memory, speed=speed)
    steps = (Step(kind="run", title="x", argv=("pip", "install", "thing[server]==1.2", "other==3")),)
    return Plan(
        runtime="thing", name="Thing", cell="linux-x", backend=backend, devices=devices, verdict="works", estimate=estimate, install=steps
    )  # type: ignore[arg-type]


def prove(
    plan: Plan, result: Result = SAME, before: Facts | None = None, after: Facts | None = None, log: str = "", rss: int = 9 * GIB
) -> Proof:
    none = Facts(devices=())
    return proof(plan, result, before or none, after or none, [7, 8], rss, log, "2026-11-20")


def holds(found: Proof, what: str) -> bool | None:
    return next(check.holds for check in found.checks if check.what == what)


def free(bytes_: int, *used_by: DeviceProcess) -> Facts:
    return Facts(devices=(replace(GPU, memory_free_bytes=bytes_, used_by=used_by),))


@pytest.mark.parametrize(
    ("after", "log", "device", "verdict"),
    [
        (free(20 * GIB, DeviceProcess(pid=8, memory_bytes=9 * GIB)), "", True, "proved"),
        (free(11 * GIB), "", True, "proved"),
        (free(20 * GIB), "", False, "failed"),
        (free(20 * GIB, DeviceProcess(pid=99, memory_bytes=9 * GIB)), "", False, "failed"),
        (free(18 * GIB), "", None, "partial"),
        (Facts(devices=(replace(GPU, memory_free_bytes=None),)), "", None, "partial"),
        (Facts(devices=(replace(GPU, memory_free_bytes=None),)), "load_tensors: using device CUDA0", True, "proved"),
    ],
)
def test_the_gpu_that_should_have_done_the_work(after: Facts, log: str, device: bool | None, verdict: str) -> None:
    found = prove(planned(GPU.id), before=free(20 * GIB), after=after, log=log)
    assert (holds(found, "device"), found.verdict) == (device, verdict)
    assert (found.evidence is None) == (verdict == "failed")


def test_the_cpu_that_should_have_done_it() -> None:
    on_gpu = free(11 * GIB, DeviceProcess(pid=7, memory_bytes=9 * GIB))
    assert holds(prove(planned(backend="cpu")), "device") is True
    assert holds(prove(planned(backend="cpu"), after=on_gpu), "device") is False
    assert holds(prove(planned(backend="cpu"), after=free(20 * GIB), rss=GIB), "device") is None


def test_numbers_decide_and_speed_is_told() -> None:
    wrong = prove(planned(backend="cpu"), replace(SAME, verdict="wrong"))
    assert wrong.verdict == "failed" and wrong.evidence is None
    slow = prove(planned(backend="cpu"), replace(SAME, decode_tps=3.0))
    assert (slow.verdict, holds(slow, "speed")) == ("proved", False)
    assert slow.evidence and "outside the prediction" in slow.evidence.says
    assert holds(prove(planned(weights=GIB >> 10, backend="cpu")), "speed") is None
    unjudged = replace(SAME, verdict="unjudged", numerics=Numerics(), text="The capital of France is Paris, on the Seine.")
    assert prove(planned(backend="cpu"), unjudged).verdict == "partial"
    assert prove(planned(backend="cpu"), replace(unjudged, text="the the the " * 20)).verdict == "failed"


@pytest.mark.parametrize("text", ["no " * 20, "a b " * 40, "\ufffd" * 9 + " x", "go on now " * 30])
def test_what_no_working_model_says(text: str) -> None:
    assert implausible(text)


@pytest.mark.parametrize(
    "text", ["", "Paris.", "one, two, three, four, five", "no no no, he said", "A, B, C, D, E, F, G, H, I, J, K, L, M, N"]
)
def test_what_one_may_say(text: str) -> None:
    assert implausible(text) is None


def test_evidence_goes_into_the_file_once(tmp_path: Path) -> None:
    file = tmp_path / "thing.json"
    read = {"source": "page", "checked": "2026-11-01", "how": "read", "says": "It says so."}
    file.write_text(json.dumps({"cells": {"linux-x": [read]}, "found": {}}))
    for _ in range(2):
        record(file, prove(planned(backend="cpu")))
    kept, new = json.loads(file.read_text())["cells"]["linux-x"]
    assert kept == read and (new["source"], new["how"], new["checked"]) == ("pypi:thing==1.2", "run", "2026-11-20")
    file.write_text("[]")
    with pytest.raises(Problem, match="Not an evidence file"):
        record(file, prove(planned(backend="cpu")))


def test_the_source_is_what_the_recipe_pins() -> None:
    assert source(planned()) == "pypi:thing==1.2"
    assert source(replace(planned(), install=())) == "Thing as installed here"


def test_log_probabilities_are_turned_on_for_verifying() -> None:
    step = Step(kind="start", title="x", argv=("python", "-m", "llama_cpp.server", "--logits_all", "false", "--port", "1"))
    assert for_verifying(step).argv == ("python", "-m", "llama_cpp.server", "--logits_all", "true", "--port", "1")
    assert for_verifying(replace(step, argv=("x",))).argv == ("x",)
