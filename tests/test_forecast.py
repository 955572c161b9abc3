"""The speed a run is held against comes from the same estimate every other verb prints."""

import shutil
from pathlib import Path

import pytest

from pathfinder.judging import probe_model
from pathfinder.judging.forecast import forecast
from pathfinder.types.facts import Cpu, Device, Facts, Memory
from pathfinder.types.results import Expected

GGUF = probe_model.folder() / "probe-q8_0.gguf"
FOLDER = probe_model.folder() / "hf"
CPU = Cpu(arch="x86_64", cores=8, threads=16, usable_cpus=8.0, features=("avx2", "fma"))
HOST = Facts(cpu=CPU, memory=Memory(total_bytes=32 << 30, usable_bytes=24 << 30, bandwidth_bytes_per_second=50e9))
GEFORCE = Device(id="0000:01:00.0", vendor="nvidia", name="NVIDIA GeForce RTX 4090", arch="sm_89", memory_bytes=24 << 30)


def with_gpus(*gpus: Device) -> Facts:
    return Facts(cpu=CPU, memory=HOST.memory, devices=gpus)


def test_a_gguf_on_the_cpu_and_on_a_gpu() -> None:
    cpu = forecast("llama.cpp", GGUF, "cpu", HOST, 256).decode_tps
    gpu = forecast("llama.cpp", GGUF, GEFORCE.name, with_gpus(GEFORCE), 256).decode_tps
    for interval in (cpu, gpu):
        assert interval.low and interval.likely and interval.high and interval.low < interval.likely < interval.high


def test_more_bandwidth_is_faster() -> None:
    slow = Facts(cpu=CPU, memory=Memory(total_bytes=32 << 30, usable_bytes=24 << 30, bandwidth_bytes_per_second=5e9))
    one, other = (forecast("llama.cpp", GGUF, "cpu", facts, 256).decode_tps.likely for facts in (slow, HOST))
    assert one and other and one < other


def test_what_cannot_be_told_is_unknown(tmp_path: Path) -> None:
    assert forecast("llama.cpp", GGUF, "gpu", with_gpus(GEFORCE, GEFORCE), 256) == Expected()
    assert forecast("llama.cpp", GGUF, "gpu", HOST, 256) == Expected()
    assert forecast("llama.cpp", GGUF, None, HOST, 256) == Expected()
    assert forecast("mlx", FOLDER, "cpu", HOST, 256) == Expected()
    assert forecast("llama.cpp", tmp_path / "none.gguf", "cpu", HOST, 256) == Expected()


def test_an_mlx_folder_on_apple(tmp_path: Path) -> None:
    apple = Device(id="gpu0", vendor="apple", name="Apple M2", arch="apple8", integrated=True, bandwidth_bytes_per_second=100e9)
    likely = forecast("mlx", FOLDER, "Apple M2", with_gpus(apple), 256).decode_tps.likely
    assert likely and likely > 0
    shutil.copytree(FOLDER, tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text("{")
    assert forecast("mlx", tmp_path / "m", "Apple M2", with_gpus(apple), 256) == Expected()


@pytest.mark.parametrize("hidden", [True, None])
def test_a_gpu_hidden_from_runtimes_is_not_the_one_used(hidden: bool | None) -> None:
    other = Device(id="0000:02:00.0", vendor="nvidia", name="other", visible=False)
    facts = with_gpus(GEFORCE, other) if hidden else with_gpus(GEFORCE)
    assert forecast("llama.cpp", GGUF, GEFORCE.name, facts, 256).decode_tps.likely
