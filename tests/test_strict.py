"""Text into structs: converted as the types ask, unknown keys named with what they may have meant."""

import pytest

from pathfinder.data.strict import convert
from pathfinder.errors import Problem
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import MemoryRule, Runtime


def test_text_becomes_what_the_types_say():
    facts = convert(
        {"os": {"version_id": "24.10", "wsl": "0"}, "memory": {"total_bytes": "1024", "unified": "false"}, "cpu": {"usable_cpus": "1.5"}},
        Facts,
        "x",
    )
    assert (facts.os.version_id, facts.os.wsl, facts.memory.total_bytes, facts.memory.unified, facts.cpu.usable_cpus) == (
        "24.10",
        0,
        1024,
        False,
        1.5,
    )


@pytest.mark.parametrize(
    ("value", "says", "hint"),
    [
        ({"os": {"famly": "linux"}}, "'famly' in os", "'family'"),
        ({"devices": [{"id": "gpu0"}, {"id": "gpu1", "memory": "1"}]}, "'memory' in devices.1", "'memory_bytes'"),
        ({"tools": {"uv": {"fond": "true"}}}, "'fond' in tools.uv", "'found'"),
        ({"gpus": []}, "'gpus'", None),
    ],
)
def test_an_unknown_key_is_refused_by_name(value, says, hint):
    with pytest.raises(Problem) as caught:
        convert(value, Facts, "profiles/x.yaml")
    assert says in caught.value.says and caught.value.where == "profiles/x.yaml"
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("value", "type_", "place"),
    [
        ({"kind": "mlx", "utilisation": "most"}, MemoryRule, "utilisation"),
        ({"os": {"family": "linus"}}, Facts, "os.family"),
        ({"devices": [{"name": "x"}]}, Facts, "devices[0]"),
        ({"id": "x"}, Runtime, "name"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_place(value, type_, place):
    with pytest.raises(Problem, match=place.replace("[", r"\[")):
        convert(value, type_, "x")
