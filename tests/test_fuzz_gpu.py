"""Fake machines with damaged files, outputs and library answers: no probe fails, no absence appears that nobody stated."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fake_hosts import BUILDERS
from tests.fakes import FakeHost

from pathfinder.host import Answer, Ran
from pathfinder.looking.observe import observe

JUNK = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\x00", "-1", "9" * 60, "N/A", "[N/A]", "{", "]", "0x", "²", "٣", "1e999", "none", "0x10de", "zz:zz"]),
)
THINGS = st.one_of(
    JUNK, st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.just([]), st.just({}), st.just([{}]), st.just([None])
)
SILENCE = st.sampled_from(["absent", "denied", "timeout", "not-recorded", "failed"])


@st.composite
def damage(draw: st.DrawFn, value: Any, depth: int = 0) -> Any:
    """One leaf or branch of a JSON value replaced."""
    if depth < 4 and isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(damage(value[key], depth + 1))}
    if depth < 4 and isinstance(value, list) and value and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], draw(damage(value[at], depth + 1)), *value[at + 1 :]]
    return draw(THINGS)


@st.composite
def sick(draw: st.DrawFn) -> tuple[str, FakeHost]:
    name = draw(st.sampled_from(sorted(BUILDERS)))
    host = BUILDERS[name]()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(["file", "link", "command", "ask", "environment"]))
        if place == "file" and host.files:
            host.files[draw(st.sampled_from(sorted(path for path in host.files if "cpu" not in path) or sorted(host.files)))] = draw(JUNK)
        elif place == "link" and host.links:
            host.links[draw(st.sampled_from(sorted(host.links)))] = draw(JUNK)
        elif place == "command" and host.commands:
            argv = draw(st.sampled_from(sorted(host.commands)))
            host.commands[argv] = draw(st.one_of(st.builds(Answer, silence=SILENCE), st.builds(Ran, code=st.integers(0, 255), stdout=JUNK)))
        elif place == "ask":
            question = draw(
                st.sampled_from(sorted(one for one in ("nvml", "metal", "dxgi", "drm_regions") if one in host.asks) or ["nvml"])
            )
            old = copy.deepcopy(host.asks.get(question))
            host.asks[question] = draw(st.one_of(damage(old), st.builds(Answer, silence=SILENCE)))
        else:
            host.environment[
                draw(st.sampled_from(["CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"]))
            ] = draw(JUNK)
    return name, host


LIBRARIES = sorted(
    (name, question)
    for name, build in BUILDERS.items()
    for question in ("nvml", "metal", "dxgi", "drm_regions")
    if question in build().asks
)


@pytest.mark.parametrize(("name", "question"), LIBRARIES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_answer_of_a_library_is_survived(name: str, question: str, data: st.DataObject) -> None:
    host = BUILDERS[name]()
    for _ in range(data.draw(st.integers(1, 3))):
        host.asks[question] = data.draw(damage(copy.deepcopy(host.asks[question])))
    found = observe(host, deadline=30)
    failed = {key: why.note for key, why in found.why.items() if key.startswith("probes.")}
    assert not failed, failed


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=sick())
def test_damage_costs_only_its_own_facts(case: tuple[str, FakeHost]) -> None:
    name, host = case
    found = observe(host, deadline=30)
    failed = {key: why.note for key, why in found.why.items() if key.startswith("probes.")}
    assert not failed, failed
    if not any(path.endswith(("/class", "/vendor", "/device")) for path in host.files):
        assert found.devices != () or name == "bmc-and-llvmpipe"
    for device in found.devices or ():
        assert device.memory_bytes is None or isinstance(device.memory_bytes, int)


@pytest.mark.parametrize("name", sorted(BUILDERS))
@pytest.mark.parametrize("silence", ["denied", "timeout", "not-recorded", "failed"])
def test_a_host_that_refuses_everything_is_unknown(name: str, silence: Any) -> None:
    host = BUILDERS[name]()
    refusal: Answer[Any] = Answer(silence=silence)
    for question in ("read", "glob", "readlink", "access", "run", "env", "ask"):
        setattr(host, question, lambda *_, **__: refusal)
    found = observe(host, deadline=30)
    assert found.devices is None and found.pci is None and found.links is None
    assert not [key for key in found.why if key.startswith("probes.")]
