"""What-if: one fact changed, its source told, everything else as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.errors import Problem
from pathfinder.looking.override import override
from pathfinder.types.facts import Cpu, Device, Facts, Memory, Tool

HOST = Facts(
    cpu=Cpu(features=("avx", "avx2"), usable_cpus=8.0),
    memory=Memory(total_bytes=16 << 30),
    devices=(Device(id="0000:01:00.0", pci="0000:01:00.0", memory_bytes=8 << 30),),
    runtimes={"llama.cpp": Tool(found=False)},
)


@pytest.mark.parametrize(
    ("change", "read", "value"),
    [
        ("devices.0.memory_bytes=24GiB", lambda f: f.devices[0].memory_bytes, 24 << 30),
        ("devices.0000:01:00.0.memory_bytes=24 GB", lambda f: f.devices[0].memory_bytes, 24_000_000_000),
        ("devices.0.compute_capability=8.9", lambda f: f.devices[0].compute_capability, "8.9"),
        ("cpu.usable_cpus=1.5", lambda f: f.cpu.usable_cpus, 1.5),
        ("cpu.features=neon,dotprod", lambda f: f.cpu.features, ("neon", "dotprod")),
        ("memory.total_bytes=null", lambda f: f.memory.total_bytes, None),
        ("runtimes.llama.cpp.found=yes", lambda f: f.runtimes["llama.cpp"].found, True),
        ("backends.cuda.version=12.4", lambda f: f.backends["cuda"].version, "12.4"),
        ("os.family=windows", lambda f: f.os.family, "windows"),
    ],
)
def test_one_fact_changes(change, read, value):
    changed = override(HOST, [change])
    assert read(changed) == value
    assert changed.why[change.split("=")[0]].source.startswith("--override")
    assert changed.collected == HOST.collected


@pytest.mark.parametrize(
    "change",
    [
        "memory.total_bytes",
        "no.such=1",
        "memory.total_bytes=much",
        "devices.7.memory_bytes=1GiB",
        "os.family=templeos",
        "cpu.usable_cpus=x",
    ],
)
def test_a_mistake_is_a_problem(change):
    with pytest.raises(Problem):
        override(HOST, [change])


@given(st.text(max_size=40))
def test_any_text_is_a_change_or_a_problem(text):
    try:
        override(HOST, [text])
    except Problem:
        pass
