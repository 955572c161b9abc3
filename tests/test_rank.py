"""The order of plans: the table decides, levels are small integers, unknown never beats known."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pathfinder.data import store
from pathfinder.deciding.rank import MEASURES, best_per_runtime, level, rank, row_for, sure
from pathfinder.types.estimates import DeviceMemory, Estimate, Interval, MemoryEstimate, SpeedEstimate
from pathfinder.types.plans import Blocker, CaveatHit, Plan

TABLE = store.rank_table()


def plan(runtime: str = "a", **fields: object) -> Plan:
    base: dict[str, object] = {"cell": "linux-cuda", "name": runtime, "backend": "cuda", "devices": ("gpu0",), "verdict": "works"}
    return Plan(runtime=runtime, **{**base, **fields})  # type: ignore[arg-type]


def estimate(tps: float | None, total: int = 1, available: int | None = 8) -> Estimate:
    row = DeviceMemory(device="gpu0", weights_bytes=total, kv_cache_bytes=0, compute_bytes=0, total_bytes=total, available_bytes=available)
    memory = MemoryEstimate(weights_bytes=total, kv_cache_bytes=0, compute_bytes=0, total_bytes=total, per_device=(row,))
    return Estimate(model="m", artifact=None, context=1, memory=memory, speed=SpeedEstimate(decode_tps=Interval(likely=tps)))


def order(*plans: Plan, prefer: str | None = None) -> list[str]:
    return [one.runtime for one in rank(plans, TABLE, prefer)]


def test_every_rank_of_the_table_is_measured_and_described() -> None:
    for name, row in TABLE["rows"].items():
        assert row[-1] == "id", name
        for one in row:
            assert one in TABLE["ranks"], one
            assert one == "id" or one in MEASURES, one
    assert all(rule.get("says") for rule in TABLE["ranks"].values())


def test_state_comes_before_placement_and_placement_before_all_else() -> None:
    alive_cpu = plan("b", placement="cpu")
    dead_gpu = plan("a", placement="whole", project="archived", fit=2, estimate=estimate(500))
    assert order(alive_cpu, dead_gpu) == ["b", "a"]
    slow_gpu = plan("z", placement="split", estimate=estimate(2), verdict="partial")
    fast_cpu = plan("a", placement="cpu", estimate=estimate(50), fit=2)
    for prefer in (None, "fast", "simple", "throughput", "memory"):
        assert order(fast_cpu, slow_gpu, prefer=prefer) == ["z", "a"]


def test_a_wish_moves_its_own_rank_up() -> None:
    slots = plan("a", placement="whole", batching="slots", fit=2, effort=1, estimate=estimate(100, total=4))
    batches = plan("b", placement="whole", batching="continuous", fit=1, effort=5, estimate=estimate(150, total=7))
    assert order(slots, batches) == ["a", "b"]
    assert order(slots, batches, prefer="throughput") == ["b", "a"]
    assert order(slots, batches, prefer="fast") == ["b", "a"]
    assert order(batches, slots, prefer="simple") == ["a", "b"]
    assert order(batches, slots, prefer="memory") == ["a", "b"]


def test_doubt_orders_otherwise_equal_plans() -> None:
    def hit(effect: str, applies: bool | None = True) -> tuple[CaveatHit, ...]:
        return (CaveatHit(id="x", effect=effect, says="x", applies=applies),)  # type: ignore[arg-type]

    question = (Blocker(fact="device.compute_capability", needed=">= 7.0", found=None, holds=None),)
    plans = [
        plan("f", verdict="unknown", unknown=question),
        plan("e", verdict="partial", caveats=hit("partial")),
        plan("d", caveats=hit("partial", None)),
        plan("c", caveats=hit("needs-flag")),
        plan("b", caveats=hit("slower")),
        plan("a"),
    ]
    assert order(*plans) == ["a", "b", "c", "d", "f", "e"]
    assert order(plans[0], plans[3]) == ["c", "f"]


def test_measures_enter_as_buckets_only() -> None:
    near, far = plan("b", estimate=estimate(100)), plan("a", estimate=estimate(101))
    first = rank((near, far), TABLE, "fast")
    assert first[0].levels == first[1].levels
    assert order(near, plan("c", estimate=estimate(145)), prefer="fast") == ["c", "b"]


@given(st.floats(0.01, 1e5), st.floats(0.01, 1e5))
def test_more_speed_is_never_a_worse_level(a: float, b: float) -> None:
    rule = TABLE["ranks"]["speed"]
    slow, fast = sorted((a, b))
    assert level(rule, fast)[0] <= level(rule, slow)[0] < level(rule, None)[0]


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_memory_is_never_a_better_level(a: float, b: float) -> None:
    rule = TABLE["ranks"]["peak"]
    little, much = sorted((a, b))
    assert level(rule, little)[0] <= level(rule, much)[0] < level(rule, None)[0]


@pytest.mark.parametrize("prefer", [None, "simple", "fast", "throughput", "memory"])
def test_levels_are_integers_with_names_and_the_order_is_theirs(prefer: str | None) -> None:
    plans = rank((plan("b", estimate=estimate(30)), plan("a"), plan("c", placement="whole")), TABLE, prefer)
    for one in plans:
        assert tuple(one.score) == row_for(TABLE, prefer)
        assert len(one.levels) == len(one.score)
        assert all(isinstance(number, int) and 0 <= number <= 65 for number in one.levels)
    assert all(a.levels <= b.levels for a, b in pairwise(plans))
    assert [one.rank for one in plans] == [1, 2, 3]


def test_one_plan_a_runtime_its_best() -> None:
    found = best_per_runtime((plan("a", placement="cpu"), plan("a", placement="whole"), plan("b", placement="split")), TABLE)
    assert [(one.rank, one.runtime, one.placement) for one in found] == [(1, "a", "whole"), (2, "b", "split")]


def test_the_sure_one_is_named_only_when_the_first_hangs_on_a_question() -> None:
    question = (Blocker(fact="x", needed="y", found=None, holds=None),)
    doubtful = replace(plan("a"), unknown=question, rank=1)
    certain = replace(plan("b"), rank=2)
    assert sure((doubtful, certain)) == 2
    assert sure((certain,)) is None
    assert sure((doubtful,)) is None
    assert sure(()) is None
