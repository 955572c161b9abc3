"""The way out of a no: the least of several, said as an operator would."""

import pytest

from pathfinder.deciding.unlock import ask, change, needs, smallest, strictest, unlock, weight
from pathfinder.language.when import compile_when, scope_of
from pathfinder.types.facts import Cpu, Device, Facts, Os
from pathfinder.types.plans import Blocker


def no(fact: str, needed: str, found: str | None, takes: str = "hardware") -> Blocker:
    return Blocker(fact=fact, needed=needed, found=found, holds=False, takes=takes)  # type: ignore[arg-type]


DRIVER = no("device.driver_version", ">= 570", "525", "admin")
CARD = no("device.compute_capability", ">= 8.0", "6.1")
SYSTEM = no("os.family", "linux", "windows", "os")
ABSENT = no("devices", "an NVIDIA GPU", "none")


@pytest.mark.parametrize(
    ("blockers", "says"),
    [
        ((DRIVER,), "driver 525 -> 570 or newer unlocks vLLM"),
        ((SYSTEM, DRIVER), "Linux instead of Windows and driver 525 -> 570 or newer unlock vLLM"),
        ((DRIVER, CARD), "needs compute capability 6.1 -> 8.0 or newer"),
        ((ABSENT,), "needs an NVIDIA GPU"),
        (
            (no("tools.cmake.found", "yes", "no", "tool"), no("tools.cc.found", "yes", "no", "tool")),
            "installing cmake and installing cc unlock vLLM",
        ),
        ((no("memory.usable_bytes", ">= 8.0 GiB", "3.4 GiB", "user"),), "usable memory 3.4 GiB -> 8.0 GiB or more unlocks vLLM"),
        ((no("os.family", "macos", "linux"),), "needs a machine with macOS"),
        ((no("os.arch", "aarch64", "x86_64"), no("devices", "an NPU", "none")), "needs an aarch64 CPU (this is x86_64) and an NPU"),
        ((no("runtimes.llama.cpp.found", "yes", "no", "tool"),), "installing llama.cpp unlocks vLLM"),
        (
            (no("model.format", "one of onnx, ort", "safetensors, gguf", "wish"),),
            "the model as onnx or ort (it is listed as safetensors, gguf) unlocks vLLM",
        ),
        ((no("model.arch", "one of Whisper, Kokoro", "bark", "wish"),), "a model it runs (Whisper or Kokoro) unlocks vLLM"),
        ((no("cpu.features", "has avx2", "sse2"),), "needs a CPU with avx2"),
        ((DRIVER, no("device.driver_version", ">= 580.1", "525", "admin")), "driver 525 -> 580.1 or newer unlocks vLLM"),
    ],
)
def test_what_an_operator_is_told(blockers: tuple[Blocker, ...], says: str) -> None:
    found = unlock(blockers, "vLLM")
    assert found is not None
    assert found.says == says


def test_nothing_known_to_fail_has_no_unlock() -> None:
    unknown = Blocker(fact="x", needed="y", found=None, holds=None)
    assert unlock((), "x") is None
    assert unlock((unknown,), "x") is None


def test_the_least_way_out_is_by_worst_class_then_number() -> None:
    assert smallest([(CARD,), (DRIVER, SYSTEM), (DRIVER,)]) == (DRIVER,)
    assert smallest([(ABSENT,), (CARD, CARD)]) == (CARD, CARD)
    assert weight((DRIVER,)) < weight((SYSTEM,)) < weight((CARD,)) < weight((ABSENT,))
    assert smallest([]) == ()


def test_of_alternatives_only_the_least_is_named() -> None:
    when = compile_when([{"device.compute_capability": ">= 8.0"}, {"os.family": "linux", "device.driver_version": ">= 570"}])
    device = Device(id="a", compute_capability="6.1", driver_version="525")
    facts = Facts(os=Os(family="windows"), cpu=Cpu())
    holds, blockers = ask(when, scope_of(facts, device=device))
    assert holds is False
    assert {blocker.fact for blocker in blockers} == {"os.family", "device.driver_version"}
    assert ask(when, scope_of(facts, device=Device(id="a", compute_capability="9.0"))) == (True, ())
    holds, blockers = ask(when, scope_of(facts, device=Device(id="a", driver_version="525")))
    assert holds is None
    assert [blocker.fact for blocker in blockers] == ["device.compute_capability"]


def test_amounts_and_versions_are_spelt_differently() -> None:
    assert needs(">= 12.4", "backends.cuda.version") == "12.4 or newer"
    assert needs(">= 2", "set.count") == "2 or more"
    assert needs("not musl", "os.libc") == "other than musl"
    assert needs("one of a, b", "device.arch") == "a or b"
    assert needs("one of a, b, c, d, e, f, g", "device.arch") == "a or b or c or d or ..."
    assert change(no("device.visible", "yes", "no", "user")) == "making the hidden device visible"
    assert len(strictest([DRIVER, DRIVER, CARD])) == 2
