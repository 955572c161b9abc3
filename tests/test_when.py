"""The condition language: Kleene's tables, one and the same device, reasons with every answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.errors import Problem
from pathfinder.language.vocabulary import kind_of, roots
from pathfinder.language.when import ALWAYS, all_of, any_of, compile_when, evaluate, paths, resolve, scope_of
from pathfinder.types.facts import BackendFact, Cpu, Device, Disk, Facts, Memory, Os, Tool, Toolkit
from pathfinder.types.matrix import ModelFacts, SetFacts, WantFacts

RTX = Device(id="0000:01:00.0", vendor="nvidia", name="NVIDIA GeForce RTX 4090", memory_bytes=24 << 30, compute_capability="8.9")
FACTS = Facts(
    os=Os(family="linux", id="ubuntu", version_id="22.04"),
    cpu=Cpu(features=("avx2", "fma"), vendor="AMD"),
    memory=Memory(total_bytes=64 << 30, unified=False),
    disk=(Disk(path="/srv/data.v2", free_bytes=100 << 30),),
    devices=(RTX,),
    backends={"cuda": BackendFact(usable=True, version="12.10")},
    toolkits=(Toolkit(kind="cuda", version="12.4"),),
    runtimes={"llama.cpp": Tool(found=True, version="b9000")},
)
SCOPE = scope_of(
    FACTS,
    device=RTX,
    set=SetFacts(count=1, memory_bytes=24 << 30),
    model=ModelFacts(arch="llama", quant="Q4_K_M"),
    want=WantFacts(task="chat", users=4),
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"os.family": "linux"}, True),
        ({"os.family": "Windows"}, False),
        ({"os.id": ["debian", "Ubuntu"]}, True),
        ({"os.version_id": ">= 20.04"}, True),
        ({"os.version_id": "22.*"}, True),
        ({"os.version_id": "!= 22.*"}, False),
        ({"backends.cuda.version": "> 12.4"}, True),
        ({"backends.cuda.version": ">= 12.4, < 12.10"}, False),
        ({"backends.rocm.version": ">= 6"}, None),
        ({"toolkits.cuda.version": "== 12.4.0"}, True),
        ({"device.memory_bytes": ">= 24 GB", "device.compute_capability": ">= 9.0"}, False),
        ({"device.memory_bytes": ">= 24 GiB"}, True),
        ({"device.driver_version": ">= 570"}, None),
        ({"devices.0.memory_bytes": "< 24GiB"}, False),
        ({"devices.0000:01:00.0.vendor": "NVIDIA"}, True),
        ({"disk./srv/data.v2.free_bytes": ">= 50 GiB"}, True),
        ({"device.name": {"has": "rtx"}}, True),
        ({"cpu.features": {"has": ["avx2", "fma"]}}, True),
        ({"cpu.features": {"has": ["avx2", "amx_tile"]}}, False),
        ({"cpu.features": ["neon", "avx2"]}, True),
        ({"cpu.features": "neon"}, False),
        ({"cpu.features": "!= neon"}, True),
        ({"runtimes.llama.cpp.found": "true"}, True),
        ({"memory.unified": False}, True),
        ({"set.count": ">= 2"}, False),
        ({"set.linked": "true"}, None),
        ({"model.arch": ["llama", "qwen2"], "want.users": "<= 4"}, True),
        ([{"os.family": "windows"}, {"device.driver_version": ">= 570"}], None),
        ([{"os.family": "linux"}, {"device.driver_version": ">= 570"}], True),
        ({"not": {"device.driver_version": "< 570"}}, None),
        ({"not": [{"os.family": "windows"}, {"os.family": "macos"}]}, True),
        ({"device.compute_capability": ["7.0", ">= 8.0"]}, True),
    ],
)
def test_conditions(condition, holds):
    answer = evaluate(compile_when(condition), SCOPE)
    assert answer.holds is holds
    assert {leaf.fact for leaf in answer.reasons} == paths(compile_when(condition))


@pytest.mark.parametrize(
    "condition",
    [
        {"device.memory": "1"},
        {"gpu.memory_bytes": "1"},
        {"os.family": "linus"},
        {"os.family": ">= linux"},
        {"os.family": None},
        {"os": "linux"},
        {"device.memory_bytes": ">= lots"},
        {"device.memory_bytes": ">= 8GiB, banana"},
        {"cpu.features": {"any": ["avx"]}},
        {"memory.unified": "maybe"},
        {"want.users": "many"},
        {"os.version_id": "sequoia"},
        {"os.version_id": {"has": ["1"]}},
        "os.family == linux",
        [],
        None,
    ],
)
def test_what_is_no_condition_is_refused(condition):
    with pytest.raises(Problem):
        compile_when(condition)


def test_reasons_say_what_was_needed_and_found():
    (leaf,) = evaluate(compile_when({"device.memory_bytes": ">= 32 GiB"}), SCOPE).blockers
    assert (leaf.fact, leaf.needed, leaf.found, leaf.holds, leaf.takes) == ("device.memory_bytes", ">= 32 GiB", "24 GiB", False, "hardware")
    (leaf,) = evaluate(compile_when({"device.driver_version": ">= 570"}), SCOPE).blockers
    assert (leaf.found, leaf.holds, leaf.takes) == (None, None, "admin")
    assert evaluate(compile_when({"os.family": "linux"}), SCOPE).blockers == ()
    (leaf,) = evaluate(compile_when({"not": {"os.id": "ubuntu"}}), SCOPE).blockers
    assert (leaf.needed, leaf.found, leaf.holds) == ("not ubuntu", "ubuntu", False)


def test_a_failure_names_only_what_failed_not_what_is_unknown():
    answer = evaluate(compile_when({"device.driver_version": ">= 570", "os.family": "windows", "os.id": "ubuntu"}), SCOPE)
    assert answer.holds is False
    assert [leaf.fact for leaf in answer.blockers] == ["os.family"]


def test_no_device_is_unknown_and_nothing_asked_holds():
    assert evaluate(compile_when({"device.kind": "gpu"}), scope_of(FACTS)).holds is None
    assert evaluate(None, {}).holds is True
    assert evaluate(ALWAYS, {}).holds is True


def test_an_unreadable_version_is_unknown():
    facts = Facts(os=Os(version_id="sid"))
    assert evaluate(compile_when({"os.version_id": ">= 12"}), scope_of(facts)).holds is None


def test_every_root_of_the_documentation_is_there():
    documented = {"os", "cpu", "memory", "disk", "tools", "backends", "runtimes", "toolkits", "board", "device", "set", "model", "want"}
    assert documented <= set(roots())


def test_words_come_from_the_types():
    kind = kind_of("want.task")
    assert kind is not None and kind.kind == "word" and kind.takes == "wish" and "voice-cloning" in kind.words
    assert kind_of("device.memory_bytes").kind == "bytes"  # type: ignore[union-attr]
    assert kind_of("device.apis.vulkan").kind == "version"  # type: ignore[union-attr]
    assert kind_of("os.family.x") is None


def test_resolve_finds_by_id_and_index():
    assert resolve("devices.0000:01:00.0.id", SCOPE) == resolve("devices.0.id", SCOPE) == RTX.id
    assert resolve("devices.7.id", SCOPE) is None
    assert resolve("nothing.at.all", SCOPE) is None


# --- properties ------------------------------------------------------------------------------------------------------

FEATURES = ("avx", "avx2", "neon", "fma")
LEAVES = st.one_of(
    st.tuples(st.sampled_from(["device.memory_bytes", "memory.total_bytes"]), st.sampled_from(["<", ">="]), st.integers(1, 64)).map(
        lambda t: {t[0]: f"{t[1]} {t[2]}GiB"}
    ),
    st.sampled_from(["linux", "macos", "windows"]).map(lambda word: {"os.family": word}),
    st.lists(st.sampled_from(FEATURES), min_size=1, max_size=2).map(lambda names: {"cpu.features": {"has": names}}),
    st.sampled_from([">= 7.0", "< 8.6", "== 8.9", "8.*"]).map(lambda test: {"device.compute_capability": test}),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        inner.map(lambda one: {"not": one}),
        st.tuples(inner, inner).map(lambda two: [{"not": two[0]}, two[1]]),
    ),
    max_leaves=8,
)
HOSTS = st.builds(
    lambda family, features, total, memory, capability: scope_of(
        Facts(os=Os(family=family), cpu=Cpu(features=features), memory=Memory(total_bytes=total)),
        device=Device(id="gpu0", memory_bytes=memory, compute_capability=capability),
    ),
    st.sampled_from([None, "linux", "macos"]),
    st.one_of(st.none(), st.lists(st.sampled_from(FEATURES)).map(tuple)),
    st.one_of(st.none(), st.integers(1, 64).map(lambda n: n << 30)),
    st.one_of(st.none(), st.integers(1, 64).map(lambda n: n << 30)),
    st.sampled_from([None, "7.0", "8.6", "8.9", "10.0"]),
)
FILL = {
    "os.family": st.sampled_from(["linux", "macos", "windows"]),
    "cpu.features": st.lists(st.sampled_from(FEATURES)).map(tuple),
    "memory.total_bytes": st.integers(1, 64).map(lambda n: n << 30),
}


@given(CONDITIONS, HOSTS, st.data())
def test_reading_an_unknown_fact_never_turns_an_answer_round(condition, scope, data):
    """Monotone: what was yes or no stays so when unknown facts become known, whatever they turn out to be."""
    when = compile_when(condition)
    before = evaluate(when, scope).holds
    device = scope["device"]
    full = scope_of(
        Facts(
            os=Os(family=scope["os"].family or data.draw(FILL["os.family"])),
            cpu=Cpu(features=data.draw(FILL["cpu.features"]) if scope["cpu"].features is None else scope["cpu"].features),
            memory=Memory(total_bytes=scope["memory"].total_bytes or data.draw(FILL["memory.total_bytes"])),
        ),
        device=Device(
            id="gpu0",
            memory_bytes=device.memory_bytes or data.draw(FILL["memory.total_bytes"]),
            compute_capability=device.compute_capability or data.draw(st.sampled_from(["6.1", "8.6", "9.0"])),
        ),
    )
    after = evaluate(when, full).holds
    assert after is not None
    assert before in (None, after)


@given(CONDITIONS, HOSTS)
def test_not_turns_yes_and_no_round_and_leaves_unknown(condition, scope):
    plain, turned = evaluate(compile_when(condition), scope), evaluate(compile_when({"not": condition}), scope)
    assert turned.holds == (None if plain.holds is None else not plain.holds)
    assert [leaf.fact for leaf in plain.reasons] == [leaf.fact for leaf in turned.reasons]


@given(CONDITIONS, HOSTS)
def test_what_does_not_hold_has_a_blocker_of_the_same_value(condition, scope):
    answer = evaluate(compile_when(condition), scope)
    assert bool(answer.blockers) == (answer.holds is not True)


@given(CONDITIONS, CONDITIONS, HOSTS)
def test_all_and_any_are_kleene(left, right, scope):
    one, two = evaluate(compile_when(left), scope), evaluate(compile_when(right), scope)
    order = {False: 0, None: 1, True: 2}
    assert order[all_of([one, two]).holds] == min(order[one.holds], order[two.holds])
    assert order[any_of([one, two]).holds] == max(order[one.holds], order[two.holds])


@given(CONDITIONS, HOSTS)
def test_the_compiled_form_is_json(condition, scope):
    when = compile_when(condition)
    assert evaluate(json.loads(json.dumps(when)), scope) == evaluate(when, scope)
