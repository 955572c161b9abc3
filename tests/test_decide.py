"""From facts to ranked plans: what may never happen, on made-up worlds and on every machine and runtime of the matrix."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pathfinder.data import store
from pathfinder.deciding.decide import Rules, decide, fits, recommend, runs
from pathfinder.deciding.steps import Places
from pathfinder.language.when import compile_when, evaluate, scope_of
from pathfinder.types.facts import BackendFact, Cpu, Device, Facts, Memory, Os
from pathfinder.types.matrix import Caveat, Cell, Fit, FormatSupport, Project, Requirement, Runtime
from pathfinder.types.models import Artifact, Demand, Model, Shape
from pathfinder.types.plans import Plan
from pathfinder.types.words import Evidence

TABLE = store.rank_table()
GB = 10**9
READ = (Evidence(source="x", checked="2026-11-20", how="read", says="x"),)
GGUF = (FormatSupport(format="gguf"),)

MODEL = Model(
    id="llama-3-8b",
    name="Llama 3 8B",
    family="llama",
    arch="llama",
    params=8_030_000_000,
    shape=Shape(layers=32, hidden=4096, heads=32, kv_heads=8, head_dim=128, ffn=14336, vocab=128256, context=8192),
    repo="meta-llama/Meta-Llama-3-8B-Instruct",
    artifacts=(
        Artifact(format="gguf", quant="Q3_K_M", repo="o/r", file="q3.gguf", bytes=int(4.0 * GB)),
        Artifact(format="gguf", quant="Q4_K_M", repo="o/r", file="q4.gguf", bytes=int(4.9 * GB)),
        Artifact(format="gguf", quant="Q8_0", repo="o/r", file="q8.gguf", bytes=int(8.5 * GB)),
        Artifact(format="safetensors", quant="BF16", repo="o/s", bytes=16 * GB),
    ),
)


def cell(backend: str, **fields: Any) -> Cell:
    base: dict[str, Any] = {
        "id": f"linux-{backend}",
        "os": ("linux",),
        "status": "works",
        "formats": GGUF,
        "evidence": READ,
        "offload": backend != "cpu",
        "split": "layers" if backend != "cpu" else "none",
    }
    return Cell(backend=backend, **{**base, **fields})


def runtime(id: str, *cells: Cell, **fields: Any) -> Runtime:
    base: dict[str, Any] = {"project": Project(state="active"), "fit": Fit(solo=1, team=1, production=1)}
    return Runtime(id=id, name=id.upper(), summary="", home="github:o/r", cells=cells, **{**base, **fields})


def gpu(id: str = "gpu0", memory: float = 24, **fields: Any) -> Device:
    base: dict[str, Any] = {
        "vendor": "nvidia",
        "name": "GPU",
        "arch": "sm_89",
        "compute_capability": "8.9",
        "driver_version": "580.10",
        "integrated": False,
        "memory_bytes": int(memory * GB),
        "memory_free_bytes": int(memory * GB * 0.95),
        "bandwidth_bytes_per_second": 1e12,
    }
    return Device(id=id, **{**base, **fields})


def host(*devices: Device, ram: float = 64, **fields: Any) -> Facts:
    ids = tuple(device.id for device in devices if device.vendor == "nvidia")
    base: dict[str, Any] = {
        "os": Os(family="linux", arch="x86_64"),
        "cpu": Cpu(arch="x86_64", cores=8, threads=16, usable_cpus=16.0, features=("avx2",)),
        "memory": Memory(total_bytes=int(ram * GB), usable_bytes=int(ram * GB * 0.9), unified=False),
        "devices": devices,
        "backends": {"cuda": BackendFact(usable=bool(ids), version="13.0", devices=ids), "vulkan": BackendFact(usable=bool(devices))},
    }
    return Facts(**{**base, **fields})


def capability(at_least: str) -> Requirement:
    return Requirement(when=compile_when({"device.compute_capability": f">= {at_least}"}), says=f"Needs compute capability {at_least}.")


def driver(at_least: str) -> Requirement:
    return Requirement(when=compile_when({"device.driver_version": f">= {at_least}"}), says=f"Needs driver {at_least}.")


def go(facts: Facts, *runtimes: Runtime, every: bool = True, **wish: Any) -> Any:
    return decide(facts, Demand(model=MODEL, asked="x", **wish), Rules(runtimes, TABLE), every_cell=every)


LLAMA = runtime("llama.cpp", cell("cuda"), cell("vulkan"), cell("cpu"))
VLLM = runtime(
    "vllm", cell("cuda", formats=(FormatSupport(format="safetensors"),), offload=False, split="tensor", requires=(driver("570"),))
)


# --- plain cases -----------------------------------------------------------------------------------------------------


def test_the_gpu_comes_first_and_the_vendors_own_interface_before_the_portable_one() -> None:
    assert [one.cell for one in go(host(gpu()), LLAMA).plans] == ["linux-cuda", "linux-vulkan", "linux-cpu"]


def test_an_old_driver_is_the_unlock() -> None:
    found = go(host(gpu(driver_version="525.60")), LLAMA, VLLM)
    assert [one.runtime for one in found.rejected] == ["vllm"]
    one = found.rejected[0]
    assert one.why[0].fact == "device.driver_version"
    assert one.why[0].says == "Needs driver 570."
    assert one.unlock.takes == "admin"
    assert one.unlock.says == "driver 525.60 -> 570 or newer unlocks VLLM"


def test_the_unlock_counts_memory_too() -> None:
    found = go(host(gpu(memory=8, driver_version="525.60")), VLLM)
    assert {blocker.fact for blocker in found.rejected[0].why} == {"device.driver_version", "device.memory_free_bytes"}
    assert found.rejected[0].unlock.takes == "hardware"


def test_a_full_card_can_be_freed_and_a_small_one_cannot() -> None:
    full = go(host(gpu(memory=24, memory_free_bytes=GB)), VLLM).rejected[0]
    assert (full.unlock.takes, full.why[0].fact) == ("user", "device.memory_free_bytes")
    assert go(host(gpu(memory=8)), VLLM).rejected[0].unlock.takes == "hardware"


def test_hidden_devices_are_never_planned_on() -> None:
    found = go(host(gpu(visible=False)), LLAMA, VLLM)
    assert all(not one.devices for one in found.plans)
    hidden = next(one for one in found.rejected if one.runtime == "vllm")
    assert hidden.unlock.takes == "user"
    assert "hidden" in hidden.why[0].says


def test_a_card_cut_into_slices_is_planned_as_slices() -> None:
    card = gpu("card", 80)
    slices = [gpu(f"mig{n}", 10, parent="card") for n in range(2)]
    facts = host(card, *slices)
    used = {id for one in go(facts, LLAMA).plans for id in one.devices}
    assert used == {"mig0", "mig1"}


def test_an_unequal_pair_is_not_pooled_where_the_model_fits_the_big_one() -> None:
    found = go(host(gpu("big", 24), gpu("small", 4, compute_capability="6.1", bandwidth_bytes_per_second=1e11)), LLAMA, VLLM)
    assert found.plans[0].devices == ("big",)
    assert all(one.devices == ("big",) for one in found.plans if one.runtime == "vllm")


def test_two_equal_cards_hold_what_one_cannot() -> None:
    found = go(host(gpu("a", 12), gpu("b", 12)), VLLM)
    assert found.plans[0].devices == ("a", "b")
    assert found.plans[0].placement == "whole"


def test_no_enumerator_is_a_question_not_a_no() -> None:
    facts = replace(host(), devices=None, backends={})
    found = go(facts, VLLM)
    assert not found.plans
    assert found.rejected[0].unlock is None
    assert found.rejected[0].why[0].holds is None


def test_an_unknown_fact_ranks_as_if_it_were_yes_and_the_sure_one_is_named() -> None:
    old = runtime("old", cell("cuda", requires=(capability("7.0"),)))
    facts = host(gpu(compute_capability=None))
    found = recommend(facts, Demand(model=MODEL, asked="x"), Rules((old, runtime("z", cell("cpu"))), TABLE), Places(), "x")
    assert [one.runtime for one in found.candidates] == ["old", "z"]
    assert found.candidates[0].unknown[0].fact == "device.compute_capability"
    assert found.candidates[0].verdict == "unknown"
    assert found.sure == 2


def test_an_archived_project_is_never_first_while_anything_else_runs() -> None:
    archived = runtime("a", cell("cuda"), project=Project(state="archived", successor="b"), fit=Fit(solo=2))
    assert [one.runtime for one in go(host(gpu()), archived, runtime("b", cell("cpu")), every=False).plans] == ["b", "a"]


def test_a_cell_without_evidence_of_its_own_is_not_called_works() -> None:
    found = go(host(gpu()), runtime("a", cell("cuda", evidence=(), inferred_from="other")))
    assert {one.verdict for one in found.plans} == {"unknown"}


def test_a_broken_caveat_is_a_no_with_its_reason() -> None:
    broken = Caveat(id="x", effect="broken", says="Crashes on Ada.", when=compile_when({"device.arch": "sm_89"}))
    found = go(host(gpu()), runtime("a", cell("cuda", caveats=(broken,))))
    assert not found.plans
    assert found.rejected[0].why[0].says == "Crashes on Ada."


def test_whole_before_split_before_a_poorer_whole() -> None:
    quants = {one.cell: (one.artifact.quant, one.placement) for one in go(host(gpu(memory=24)), LLAMA).plans}
    assert quants["linux-cuda"] == ("Q4_K_M", "whole")
    small = go(host(gpu(memory=3)), runtime("a", cell("cuda"))).plans[0]
    assert small.placement == "split"
    assert 0 < small.estimate.gpu_layers < 32


def test_never_merely_the_largest_that_fits() -> None:
    assert go(host(gpu(memory=80)), LLAMA).plans[0].artifact.quant == "Q4_K_M"
    assert go(host(gpu(memory=80)), LLAMA, audience="team").plans[0].artifact.quant == "Q8_0"


def test_an_integrated_gpu_never_comes_before_a_discrete_one() -> None:
    small = gpu("igpu", 16, integrated=True, shared_memory=True, vendor="amd", name="iGPU")
    facts = host(small, gpu("dgpu", 8))
    facts = replace(facts, backends={**facts.backends, "vulkan": BackendFact(usable=True, devices=("igpu", "dgpu"))})
    assert go(facts, runtime("a", cell("vulkan"))).plans[0].devices == ("dgpu",)


def test_what_nobody_can_size_is_not_called_works() -> None:
    strange = Model(id="x", name="x", family="", arch="llama", artifacts=(Artifact(format="gguf", quant="Q4_K_M", repo="o/r"),))
    found = decide(host(gpu()), Demand(model=strange, asked="x"), Rules((LLAMA,), TABLE), every_cell=True)
    assert found.plans
    assert {one.verdict for one in found.plans} == {"unknown"}
    unseen = host(gpu(memory_bytes=None, memory_free_bytes=None))
    assert go(unseen, VLLM).plans[0].unknown[0].fact == "device.memory_free_bytes"


def test_more_context_than_the_model_knows_is_a_caveat() -> None:
    assert [hit.id for hit in go(host(gpu()), LLAMA, context=16384).plans[0].caveats] == ["context"]
    assert not go(host(gpu()), LLAMA, context=8192).plans[0].caveats


def test_a_gated_repository_is_said_before_the_first_start() -> None:
    gated = replace(MODEL, gated=True, repo="o/s")
    found = decide(host(gpu()), Demand(model=gated, asked="x"), Rules((LLAMA, VLLM), TABLE))
    assert {one.runtime: [hit.id for hit in one.caveats] for one in found.plans} == {"llama.cpp": [], "vllm": ["gated"]}


def test_runs_and_fits_answer_check() -> None:
    assert runs(host(gpu()), VLLM, TABLE).result == "pass"
    no = runs(host(gpu(driver_version="525")), VLLM, TABLE)
    assert (no.result, no.fix) == ("fail", "driver 525 -> 570 or newer unlocks VLLM")
    assert runs(host(gpu(driver_version=None)), VLLM, TABLE).result == "unknown"
    demand = Demand(model=MODEL, asked="x")
    assert fits(host(gpu()), demand, Rules((VLLM,), TABLE)).result == "pass"
    assert fits(host(gpu(memory=4)), demand, Rules((VLLM,), TABLE)).result == "fail"


# --- properties ------------------------------------------------------------------------------------------------------

EFFECTS = st.sampled_from(["needs-flag", "slower", "partial"])
WISHES = st.sampled_from([None, "simple", "fast", "throughput", "memory"])


@st.composite
def caveats(draw: st.DrawFn) -> Caveat:
    effect = draw(EFFECTS)
    when = draw(st.sampled_from([None, {"device.vendor": "nvidia"}, {"device.driver_version": ">= 1"}, {"os.family": "linux"}]))
    factor = draw(st.floats(0.05, 1)) if effect == "slower" else None
    return Caveat(id=f"c{draw(st.integers(0, 99))}", effect=effect, says="x", when=compile_when(when) if when else None, factor=factor)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Facts, tuple[Runtime, ...]]:
    card = gpu(
        memory=draw(st.sampled_from([2, 4, 8, 12, 24, 80])),
        bandwidth_bytes_per_second=draw(st.sampled_from([None, 5e10, 3e11, 2e12])),
        compute_capability=draw(st.sampled_from([None, "6.1", "8.9"])),
        integrated=draw(st.sampled_from([False, True])),
    )
    facts = host(card, ram=draw(st.sampled_from([8, 32, 256])))
    found = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        requires = (capability(draw(st.sampled_from(["5.0", "7.0"]))),) if draw(st.booleans()) else ()
        there = (
            cell("cuda", requires=requires, caveats=tuple(draw(st.lists(caveats(), max_size=2))), offload=draw(st.booleans())),
            cell("cpu", caveats=tuple(draw(st.lists(caveats(), max_size=1)))),
        )
        state = draw(st.sampled_from(["active", "maintenance", "archived"]))
        found.append(runtime(name, *there, fit=Fit(solo=draw(st.integers(0, 2))), project=Project(state=state)))
    return facts, tuple(found)


def place(plans: tuple[Plan, ...], runtime: str, cell: str) -> int | None:
    return next((one.rank for one in plans if (one.runtime, one.cell) == (runtime, cell)), None)


def weaker(facts: Facts, draw: Any) -> Facts:
    card = facts.devices[0]
    changes = {
        "memory": {"memory_bytes": card.memory_bytes // 2, "memory_free_bytes": card.memory_free_bytes // 2},
        "bandwidth": {"bandwidth_bytes_per_second": 1e10},
        "unknown capability": {"compute_capability": None},
        "unknown driver": {"driver_version": None},
        "unknown memory": {"memory_bytes": None, "memory_free_bytes": None},
        "unknown bandwidth": {"bandwidth_bytes_per_second": None},
    }
    return replace(facts, devices=(replace(card, **changes[draw(st.sampled_from(sorted(changes)))]),))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), WISHES, st.data())
def test_nothing_bad_lifts_a_cpu_above_a_gpu_that_was_above_it(world: tuple[Facts, tuple[Runtime, ...]], prefer: Any, data: Any) -> None:
    facts, runtimes = world
    before = go(facts, *runtimes, prefer=prefer).plans
    if data.draw(st.booleans()):
        facts = weaker(facts, data.draw)
    else:
        extra = data.draw(caveats())
        runtimes = tuple(
            replace(one, cells=tuple(replace(c, caveats=(*c.caveats, extra)) if c.backend == "cuda" else c for c in one.cells))
            for one in runtimes
        )
    after = go(facts, *runtimes, prefer=prefer).plans
    for high in (one for one in before if one.backend == "cuda"):
        for low in (one for one in before if one.backend == "cpu" and one.rank > high.rank):
            now_high, now_low = place(after, high.runtime, high.cell), place(after, low.runtime, low.cell)
            assert now_high is None or now_low is None or now_high < now_low


def impossible(plan: Plan, facts: Facts, runtimes: dict[str, Runtime]) -> str | None:
    """Why a plan could not be, asked again from the data by other means than `match`."""
    there = runtimes[plan.runtime]
    built = next(one for one in there.cells if one.id == plan.cell)
    devices = [device for device in facts.devices or () if device.id in plan.devices]
    if facts.os.family not in built.os or built.status in ("broken", "unsupported"):
        return "system or status"
    if built.arch and facts.os.arch not in built.arch:
        return "architecture"
    if any(device.visible is False for device in devices) or len(devices) != len(plan.devices):
        return "device"
    if (built.backend == "cpu") != (not devices):
        return "backend"
    if plan.artifact is None or (built.formats and plan.artifact.format not in {one.format for one in built.formats}):
        return "format"
    if plan.estimate is None or plan.estimate.memory.fits is False:
        return "memory"
    for scope in [scope_of(facts, device=device) for device in devices] or [scope_of(facts)]:
        for requirement in built.requires:
            holds = evaluate(requirement.when, scope).holds
            about_device = "'device." in str(requirement.when) or "'memory" in str(requirement.when)
            if holds is False and "'set." not in str(requirement.when) and "'model." not in str(requirement.when):
                return f"requirement {requirement.says}"
            if holds is None and about_device and plan.verdict != "unknown" and "'want." not in str(requirement.when):
                return f"unknown {requirement.says}"
    return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), WISHES)
def test_nothing_impossible_is_a_plan(world: tuple[Facts, tuple[Runtime, ...]], prefer: Any) -> None:
    facts, runtimes = world
    for one in go(facts, *runtimes, prefer=prefer).plans:
        assert impossible(one, facts, {found.id: found for found in runtimes}) is None


@pytest.mark.parametrize("profile", store.profiles())
def test_nothing_impossible_is_a_plan_on_any_machine(profile: str) -> None:
    facts = store.profile(profile)
    runtimes = store.matrix()
    found = decide(facts, Demand(model=MODEL, asked="x"), Rules(runtimes, TABLE), every_cell=True)
    for one in found.plans:
        assert impossible(one, facts, {there.id: there for there in runtimes}) is None, (one.runtime, one.cell)
    for no in found.rejected:
        assert no.why
        assert no.unlock is not None or all(blocker.holds is None for blocker in no.why)


@pytest.mark.parametrize("profile", store.profiles())
def test_a_cpu_never_comes_before_a_gpu_of_the_same_state(profile: str) -> None:
    found = decide(store.profile(profile), Demand(model=MODEL, asked="x"), Rules(store.matrix(), TABLE), every_cell=True)
    active = [one.placement for one in found.plans if one.project == "active"]
    assert active == sorted(active, key=["whole", "split", "integrated", "cpu"].index)


def holes(value: Any, draw: Any, share: float) -> Any:
    """The same document with some of its values unknown."""
    if isinstance(value, dict):
        plain = {key for key, inner in value.items() if not isinstance(inner, (dict, list))}
        return {key: None if key in plain and draw() < share else holes(inner, draw, share) for key, inner in value.items()}
    return [holes(inner, draw, share) for inner in value] if isinstance(value, list) else value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(store.profiles()), st.integers(0, 2**32), st.sampled_from([0.05, 0.3, 0.9]), WISHES)
def test_facts_with_holes_never_raise_and_nothing_impossible_is_a_plan(profile: str, seed: int, share: float, prefer: Any) -> None:
    document = msgspec.json.decode(msgspec.json.encode(store.profile(profile)))
    kept = {"devices": [device["id"] for device in document["devices"] or []]}
    document = holes(document, Random(seed).random, share)
    for device, id in zip(document["devices"] or [], kept["devices"], strict=True):
        device["id"], device["kind"], device["apis"] = id, device["kind"] or "gpu", {}
    for path in ("links", "vulkan", "opencl", "sycl", "toolkits", "pci"):
        document[path] = None
    document |= {"why": {}, "warnings": [], "collected": {}, "schema": "pathfinder/facts/v1"}
    for disk in document["disk"] or []:
        disk["path"] = disk["path"] or "/"
    facts = msgspec.convert(document, Facts)
    runtimes = store.matrix()
    found = recommend(facts, Demand(model=MODEL, asked="x", prefer=prefer), Rules(runtimes, TABLE, None, store.whole), Places(), "x")
    for one in found.candidates:
        assert one.verdict == "unknown" or not one.unknown
        assert not [device for device in facts.devices or () if device.id in one.devices and device.visible is False]
