"""Speed: measured decode speeds are the truth, with the benchmark's own way of asking; the rest by its definition."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pathfinder.data import store
from pathfinder.estimate import Tables, chips, estimate
from pathfinder.types.estimates import SpeedEstimate
from pathfinder.types.facts import Cpu, Device, Facts, Memory
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact, Model, Shape

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "estimate_accuracy.py"
GIB = 1 << 30


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables(coefficients=store.estimate_table(), chips=store.devices())


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("estimate_accuracy", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["estimate_accuracy"] = module
    spec.loader.exec_module(module)
    return module


def test_measured_speeds(benchmark: ModuleType) -> None:
    if not benchmark.MEASURED.is_file():
        pytest.skip("the shared measured speeds are not here")
    found = benchmark.judged(benchmark.speeds(benchmark.measured()))
    assert found.answered >= 0.95
    assert found.median <= 0.10
    assert found.within_30 >= 0.9
    assert found.coverage >= 0.85


def test_a_gpu_nobody_measured(benchmark: ModuleType) -> None:
    """Each GPU without its own coefficients, as a new one would be; the interval holds what it says, and is no wider than that takes."""
    if not benchmark.MEASURED.is_file():
        pytest.skip("the shared measured speeds are not here")
    rows = list(benchmark.left_out())
    found = benchmark.judged(rows)
    assert found.median <= 0.1
    assert 0.85 <= found.coverage <= 0.97
    widths = sorted((row.high or 0) / (row.likely or 1) for row in rows)
    assert widths[len(widths) // 2] <= 1.2


@pytest.mark.parametrize(
    ("name", "memory", "chip"),
    [
        ("NVIDIA GeForce RTX 3060", 12, "GeForce RTX 3060"),
        ("NVIDIA GeForce RTX 3060", 8, "GeForce RTX 3060 8GB"),
        ("NVIDIA GeForce RTX 4070 Laptop GPU", 8, "GeForce RTX 4070 Laptop GPU"),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 16, "GeForce RTX 4070 Ti SUPER"),
        ("AMD Radeon RX 7900 XT", 20, "Radeon RX 7900 XT"),
        ("Apple M4 Pro", 24, "M4 Pro"),
        ("Intel(R) Arc(TM) B580 Graphics", 12, "Arc B580"),
        ("Tesla T4", 15, "Tesla T4"),
        ("NVIDIA A100-SXM4-80GB", 80, "A100-SXM4-80GB"),
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", 24, "Radeon RX 7900 XTX"),
        ("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]", 20, "Radeon RX 7900 XT"),
        ("NVIDIA Corporation GA104 [GeForce RTX 3070]", 8, "GeForce RTX 3070"),
        ("Intel Arc Graphics 130V / 140V", 16, "Arc Graphics 140V"),
        ("NVIDIA GeForce RTX 2060 with Max-Q Design", 6, "GeForce RTX 2060 with Max-Q Design"),
        ("NVIDIA GeForce RTX 3050 6GB Laptop GPU", 6, "GeForce RTX 3050 6GB Laptop GPU"),
        ("NVIDIA RTX 2000 Ada Generation Laptop GPU", 8, "RTX 2000 Ada Generation Laptop GPU"),
        ("Tesla V100-SXM3-32GB", 32, "Tesla V100-SXM3-32GB"),
        ("AMD Radeon RX 6800M", 12, "Radeon RX 6800M"),
        ("Intel(R) Arc(TM) A370M Graphics", 4, "Arc A370M"),
    ],
)
def test_chips_by_the_names_drivers_give(tables: Tables, name: str, memory: int, chip: str) -> None:
    found = chips.find(Device(id="gpu0", name=name, memory_bytes=memory * GIB), tables.chips)
    assert found is not None
    assert found.name == chip


def test_an_unknown_name_is_no_chip(tables: Tables) -> None:
    assert chips.find(Device(id="gpu0", name="NVIDIA GeForce RTX 9999"), tables.chips) is None
    assert chips.find(Device(id="gpu0"), tables.chips) is None


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Intel(R) Core(TM) i9-10900X CPU @ 3.70GHz", 93.9),
        ("AMD Ryzen 9 7950X 16-Core Processor", 83.2),
        ("AMD Ryzen Threadripper PRO 9995WX 96-Cores", 409.6),
        ("AMD EPYC 74F3 24-Core Processor", 204.8),
        ("AMD EPYC 9R14 96-Core Processor", 460.8),
        ("Intel(R) Xeon(R) w9-3495X", 307.2),
        ("Intel(R) Xeon(R) 6787P", 409.6),
    ],
)
def test_processors_by_their_memory(tables: Tables, model: str, family: float) -> None:
    found = chips.processor(Cpu(model=model), None, tables.chips)
    assert found is not None
    assert found.bandwidth == pytest.approx(family * 1e9)


def ask(tables: Tables, device: Device | None, layers: int | None = None, model: str = "llama-3.1-8b-instruct") -> SpeedEstimate:
    known = {one.id: one for one in store.models()}[model]
    facts = Facts(cpu=Cpu(model="AMD Ryzen 9 7950X", cores=16, threads=32), memory=Memory(usable_bytes=60 * GIB))
    devices = () if device is None else (device,)
    artifact = Artifact(format="gguf", quant="Q4_K_M")
    return estimate(
        known, artifact, facts, devices, "llama.cpp", MemoryRule(kind="llama.cpp"), 4096, gpu_layers=layers, tables=tables
    ).speed


CARD = Device(id="gpu0", vendor="nvidia", name="NVIDIA GeForce RTX 3090", memory_bytes=24 * GIB, memory_free_bytes=23 * GIB)


def test_more_layers_on_the_device_are_faster(tables: Tables) -> None:
    speeds = [ask(tables, CARD, layers).decode_tps.likely or 0 for layers in (1, 11, 22, 33)]
    assert speeds == sorted(speeds)
    assert speeds[-1] > 5 * (ask(tables, None).decode_tps.likely or 0)


def test_intervals_hold_their_middle(tables: Tables) -> None:
    for device, layers in ((CARD, 33), (CARD, 10), (None, 0)):
        found = ask(tables, device, layers).decode_tps
        assert found.low is not None
        assert found.likely is not None
        assert found.high is not None
        assert found.low < found.likely < found.high
    split, whole = ask(tables, CARD, 10).decode_tps, ask(tables, CARD, 33).decode_tps
    assert (split.high or 0) / (split.low or 1) > (whole.high or 0) / (whole.low or 1)


def test_unknown_bandwidth_is_an_unknown_speed(tables: Tables) -> None:
    assert ask(tables, Device(id="gpu0", vendor="nvidia", name="A card of next year", memory_bytes=24 * GIB)).decode_tps.likely is None


def test_an_unknown_name_of_a_known_architecture_stands_in(tables: Tables) -> None:
    card = Device(id="gpu0", vendor="nvidia", name="A card of next year", arch="sm_89", memory_bytes=24 * GIB, memory_free_bytes=23 * GIB)
    assert ask(tables, card).decode_tps.likely is not None


def test_few_cores_are_judged_by_their_instructions(tables: Tables) -> None:
    """A billion parameters in Q4_K_M on two Zen 4 cores read 174 tokens/s of a prompt (llama-cpp-python 0.3.36)."""
    model = Model(
        id="m", name="m", family="Llama", arch="llama", params=939_526_144,
        shape=Shape(layers=14, hidden=2048, heads=32, kv_heads=8, ffn=8192, vocab=32000, context=4096),
    )  # fmt: skip
    form = Artifact(format="gguf", quant="Q4_K_M")

    def speed(*features: str) -> SpeedEstimate:
        cpu = Cpu(cores=2, threads=2, usable_cpus=2, features=features)
        facts = Facts(cpu=cpu, memory=Memory(usable_bytes=8 * GIB))
        return estimate(model, form, facts, (), "llama.cpp", MemoryRule(), 2048, tables=tables).speed

    fast, plain, old = speed("avx2", "avx512_vnni"), speed("avx2"), speed("avx")
    assert fast.prefill_tps.low is not None
    assert fast.prefill_tps.high is not None
    assert fast.prefill_tps.low < 174 < fast.prefill_tps.high
    rates = [one.decode_tps.likely or 0 for one in (fast, plain, old)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 2 * rates[1] > 3 * rates[2]


@pytest.mark.parametrize(
    ("pattern", "lead"),
    [("ryzen [3579] x", "ryzen "), ("cores? x", ""), ("abc|def", ""), ("xeon.*(platinum|gold)", "xeon"), (r"\bn100", ""), ("i[357]", "i")],
)
def test_what_a_pattern_begins_with(pattern: str, lead: str) -> None:
    assert chips._lead(pattern) == lead
