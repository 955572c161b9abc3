"""Memory: llama.cpp's own figures for weightless files of true shapes are the truth; placement and rules by their definitions."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from msgspec.structs import replace

from pathfinder.data import store
from pathfinder.estimate import Tables, cache, compute, estimate, layout, placement, recipe, weights
from pathfinder.estimate.graph import Graph, Node, op, over, view
from pathfinder.formats import gguf_model
from pathfinder.naming.ask import ask
from pathfinder.types.facts import Device, Facts, Memory
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact, Model, Shape

TRUTH = Path(__file__).parents[1].parent / "shared" / "memory"
BUFFERS = Path(__file__).parent / "llama_cpp_buffers.tsv"
SIZES = Path(__file__).parent / "llama_cpp_sizes.tsv"
MIB = 1 << 20
LLAMA = MemoryRule(kind="llama.cpp")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Model, Artifact]]]:
    if not (TRUTH / "llama_cpp_truth.json").is_file():
        pytest.skip("the shared truth of llama.cpp's allocator is not here")
    pytest.importorskip("gguf")
    folder = tmp_path_factory.mktemp("shapes")
    runpy.run_path(str(TRUTH / "sparse_gguf.py"))["build"](str(folder))
    yield {path.stem: gguf_model.read(path) for path in folder.glob("*.gguf")}


def test_memory_is_llama_cpps_own(files: dict[str, tuple[Model, Artifact]]) -> None:
    errors = []
    for row in json.loads((TRUTH / "llama_cpp_truth.json").read_text()):
        model, artifact = files[row["model"]]
        found = estimate(model, artifact, Facts(), (), "llama.cpp", LLAMA, row["context"], kv_type=row["kv_type"]).memory
        assert abs(found.weights_bytes / MIB - row["weights_mib"] - 0.5) <= 1, row
        assert abs(found.kv_cache_bytes / MIB - row["kv_mib"] - 0.5) <= 1, row
        truth = row["weights_mib"] + row["kv_mib"] + row["compute_mib"] + 1.5
        errors.append(abs(found.total_bytes / MIB / truth - 1))
    assert len(errors) >= 35
    assert median(errors) < 0.001
    assert max(errors) < 0.01


def test_buffers_of_every_architecture_are_llama_cpps_own() -> None:
    """From the catalogue's shape alone; the cache to the last hundredth of a MiB, the compute buffer as a share of all that is needed."""
    models = {model.id: model for model in store.models()}
    errors = []
    for line in BUFFERS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, context, kv_type, cache_mib, compute_mib = line.split("\t")
        model = models[name]
        assert model.shape is not None
        kept = sum(cache.per_layer(model.arch, model.shape, int(context), kv_type=kv_type)) / MIB
        assert kept == pytest.approx(float(cache_mib), abs=0.02), line
        found = recipe.weights(model, Q4)
        assert found is not None
        computed = compute.buffers(model, int(context), kv_type, 1, 512) / MIB
        errors.append((abs(computed - float(compute_mib)) / (found.total / MIB + kept + float(compute_mib)), line))
    assert len(errors) > 250
    assert median(share for share, _ in errors) < 0.0005
    assert max(errors)[0] < 0.03, max(errors)


def llama(**changes: Any) -> Model:
    shape = Shape(layers=32, hidden=4096, heads=32, kv_heads=8, head_dim=128, value_head_dim=128, ffn=14336, vocab=128256, context=8192)
    return Model(id="m", name="M", family="Llama", arch="llama", shape=replace(shape, **changes))


GIB = 1 << 30
Q4 = Artifact(format="gguf", quant="Q4_K_M")


def gpu(free: float, **fields: Any) -> Device:
    return Device(id=fields.pop("id", "gpu0"), vendor="nvidia", memory_bytes=int(free * GIB), memory_free_bytes=int(free * GIB), **fields)


HOST = Facts(memory=Memory(usable_bytes=64 * GIB))


def test_everything_goes_to_a_device_that_holds_it() -> None:
    found = estimate(llama(), Q4, HOST, (gpu(12),), "llama.cpp", LLAMA, 8192)
    assert found.gpu_layers == 33
    assert found.memory.fits
    rows = {row.device: row for row in found.memory.per_device}
    assert rows["gpu0"].kv_cache_bytes == GIB
    assert rows["ram"].kv_cache_bytes == 0
    assert rows["ram"].weights_bytes == 128256 * 4096 // 256 * 144  # the looked-up embedding stays on the host


def test_what_does_not_fit_stays_in_system_memory() -> None:
    found = estimate(llama(), Q4, HOST, (gpu(4),), "llama.cpp", LLAMA, 8192)
    assert found.gpu_layers is not None
    assert 0 < found.gpu_layers < 33
    assert found.memory.fits
    device, ram = found.memory.per_device
    assert device.total_bytes <= 4 * GIB
    assert device.kv_cache_bytes + ram.kv_cache_bytes == GIB
    one_more = estimate(llama(), Q4, HOST, (gpu(4),), "llama.cpp", LLAMA, 8192, gpu_layers=found.gpu_layers + 1)
    assert one_more.memory.per_device[0].total_bytes > device.total_bytes


def test_no_offload_means_it_does_not_fit() -> None:
    found = estimate(llama(), Q4, HOST, (gpu(4),), "llama.cpp", LLAMA, 8192, offload=False)
    assert found.memory.fits is False
    assert found.memory.headroom_bytes is not None
    assert found.memory.headroom_bytes < 0


def test_unequal_devices_share_by_their_free_memory() -> None:
    found = estimate(llama(), Q4, HOST, (gpu(8), gpu(4, id="gpu1")), "llama.cpp", LLAMA, 8192)
    first, second, _ = found.memory.per_device
    assert first.kv_cache_bytes == 22 * GIB // 32
    assert second.kv_cache_bytes == 10 * GIB // 32


def test_a_fixed_fraction_is_claimed_whole() -> None:
    rule = MemoryRule(kind="utilisation", utilisation=0.9)
    model, artifact = llama(), Artifact(format="safetensors", quant="BF16")
    found = estimate(model, artifact, HOST, (gpu(24),), "vllm", rule, 8192)
    assert found.memory.fits
    assert abs(found.memory.total_bytes - int(24 * GIB * 0.9)) < 16
    for size in (16, 17):  # at 17 GiB there is room on the card and none in its fraction
        assert estimate(model, artifact, HOST, (gpu(size),), "vllm", rule, 8192).memory.fits is False
    two = estimate(model, artifact, HOST, (gpu(16), gpu(16, id="gpu1")), "vllm", rule, 8192)
    assert two.memory.fits
    assert two.memory.per_device[0].weights_bytes == two.memory.per_device[1].weights_bytes


def test_mxfp4_is_for_experts_alone() -> None:
    model = ask("gpt-oss-20b", store.models()).model
    sizes = {artifact.format: weights.of(model, artifact) for artifact in model.artifacts if artifact.quant == "MXFP4"}
    # the published files: gpt-oss-20b-mxfp4.gguf and the three safetensors of openai/gpt-oss-20b
    for form, size in (("gguf", 12_109_565_632), ("safetensors", 13_761_264_768)):
        found = sizes[form]
        assert found is not None
        assert found.total == pytest.approx(size, rel=0.005)


def test_unknown_memory_is_unknown() -> None:
    found = estimate(llama(), Q4, Facts(), (Device(id="gpu0", vendor="nvidia"),), "llama.cpp", LLAMA, 8192)
    assert found.memory.fits is None


def test_a_model_without_a_shape_is_taken_by_its_size() -> None:
    model = Model(id="m", name="M", family="?", arch="?", params=10**9)
    found = estimate(model, None, HOST, (), "other", MemoryRule(), 4096)
    assert found.memory.weights_bytes == 2 * 10**9
    assert any("shape" in sentence for sentence in found.assumed)


@pytest.mark.parametrize(("context", "parallel", "full"), [(4096, 1, 4096), (1000, 1, 1024), (4096, 4, 1024), (1, 1, 256)])
def test_cells_are_padded(context: int, parallel: int, full: int) -> None:
    assert cache.cells(llama().shape or Shape(layers=1, hidden=1), context, parallel, 512, parallel == 1)[0] == full


def test_windows_and_latent_attention() -> None:
    window = llama(sliding_window=1024, sliding_pattern=4).shape
    assert window is not None
    assert [index for index, slides in enumerate(cache.sliding(window)) if not slides] == list(range(3, 32, 4))
    first = replace(window, sliding_first=True)
    assert [index for index, slides in enumerate(cache.sliding(first)) if not slides] == list(range(0, 32, 4))
    latent = llama(kv_lora_rank=512, rope_head_dim=64, mla_key_dim=192, mla_value_dim=128).shape
    assert latent is not None
    assert cache.row_elements(latent, 0, False) == (576, 0)
    sizes = cache.per_layer("deepseek2", latent, 4096)
    assert sizes[0] == 4096 * 576 * 2


def test_recurrent_state_does_not_grow_with_context() -> None:
    shape = llama(attention_layers=(), recurrent_layers=tuple(range(32)), state_size=16, inner=8192, conv_kernel=4).shape
    assert shape is not None
    assert cache.per_layer("mamba", shape, 2048) == cache.per_layer("mamba", shape, 65536)
    assert cache.per_layer("mamba", shape, 2048)[0] == 4 * (3 * 8192 + 16 * 8192)


def test_indexers_keep_keys_of_their_own() -> None:
    """Per token: MiniMax M3's sparse layers one key and one value head of 128 beside 4 and 4, GLM 5.2's one key head in some layers."""
    found = {model.id: model for model in store.models() if model.id in ("minimax-m3", "glm-5.2")}
    sizes = {name: cache.per_layer(model.arch, model.shape, 1024) for name, model in found.items() if model.shape is not None}
    assert [sizes["minimax-m3"][layer] for layer in (2, 3)] == [1024 * 2 * 1024, 1024 * 2 * (1024 + 256)]
    assert [sizes["glm-5.2"][layer] for layer in (2, 3, 6)] == [1024 * 2 * (576 + 128), 1024 * 2 * 576, 1024 * 2 * (576 + 128)]


def test_deepseek_v4_compresses() -> None:
    """8192 tokens of V4 Flash: 768 in the window of each layer, 2048 keys with 128 more for an indexer or 256 beside it, and F32 states."""
    model = next(model for model in store.models() if model.id == "deepseek-v4-flash")
    assert model.shape is not None
    window, states = 768 * 512 * 2, (2 * 4 * 8 * 2 * (512 + 128), 2 * 4 * 128 * 512)
    sizes = cache.per_layer(model.arch, model.shape, 8192)
    assert sizes[:4] == (window, window, window + 2048 * (512 + 128) * 2 + states[0], window + 256 * 512 * 2 + states[1])
    assert sum(cache.per_layer(model.arch, model.shape, 1 << 20)) < 10 * GIB
    assert cache.per_layer(model.arch, model.shape, 16384, parallel=2)[2] == 2 * sizes[2]


def test_latent_experts_are_narrow() -> None:
    """Nemotron 3 Super: 512 experts of two matrices, 2688 by 1024, between two of 4096 by 1024."""
    model = next(model for model in store.models() if model.id == "nemotron-3-super-120b-a12b")
    assert model.shape is not None and model.shape.vocab is not None
    sizes = {name: rows * columns for name, rows, columns in layout.feed_forward(model.arch, model.shape, 1)}
    assert sizes["ffn_up_exps"] == sizes["ffn_down_exps"] == 512 * 2688 * 1024
    assert sizes["ffn_latent_down"] == sizes["ffn_latent_up"] == 4096 * 1024
    assert sizes["ffn_up_shexp"] == 4096 * 5376
    assert compute.buffers(model, 4096, "f16", 1, 512) > 4 * 512 * model.shape.vocab


def test_placement_follows_the_runtime() -> None:
    assert placement.layers(4, 0, (1.0,)) == (-1,) * 5
    assert placement.layers(4, 99, (1.0,)) == (0,) * 5
    assert placement.layers(4, 2, (1.0,)) == (-1, -1, -1, 0, 0)
    assert placement.layers(4, 4, (1.0, 3.0)) == (-1, 0, 1, 1, 1)


def test_recipe_agrees_with_real_tables(files: dict[str, tuple[Model, Artifact]]) -> None:
    """From the shape alone, a catalogued model's weights are within 1 % of a file's."""
    for name, quant in (
        ("llama3-8b-q4k", "Q4_K_M"),
        ("llama3-8b-q8", "Q8_0"),
        ("qwen3-30b-a3b-q4k", "Q4_K_M"),
        ("deepseek-v2-lite-q4_0", "Q4_0"),
    ):
        model, _ = files[name]
        found = recipe.weights(model, Artifact(format="gguf", quant=quant))
        assert found is not None
        assert found.total == pytest.approx(weights.from_table(model).total, rel=0.01), name


def test_mixtures_are_llama_cpps_own() -> None:
    """From a shape alone: half of the sizes within 0.1 %, nine of ten within 0.5 %; Gemma 3n's small matrices and Falcon's widths stray."""
    models, errors = {model.id: model for model in store.models()}, []
    for line in SIZES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, quant, mib = line.split("\t")
        found = recipe.weights(models[name], Artifact(format="gguf", quant=quant))
        assert found is not None
        errors.append((abs(found.total / MIB / float(mib) - 1), line))
    errors.sort()
    assert len(errors) == 280
    assert errors[140][0] < 0.001
    assert errors[252][0] < 0.005, errors[252]
    assert errors[-1][0] < 0.07, errors[-1]


def test_mixtures_count_all_experts_and_read_the_used_ones(files: dict[str, tuple[Model, Artifact]]) -> None:
    model, _ = files["qwen3-30b-a3b-q4k"]
    found = weights.from_table(model)
    assert found.used_share == 8 / 128
    assert found.experts[0] > 0.9 * found.layers[0]
    assert found.active(0) < 0.15 * found.layers[0]


def test_the_catalogue_adds_up() -> None:
    """The matrices of a shape make the published number of parameters; norms, biases and positions are at most 2 %, 3 % below a billion."""
    checked = 0
    for model in store.models():
        if model.shape is None or model.params is None or model.shape.encoder_layers:
            continue
        share = layout.parameters(model.arch, model.shape) / model.params - 1
        assert abs(share) < (0.02 if model.params > 1e9 else 0.03), (model.id, f"{share:+.1%}")
        checked += 1
    assert checked > 550


def test_allocator_reuses_in_place_and_frees() -> None:
    graph = Graph()
    x = graph.input(1 << 20)
    first = op(x, dims=(1 << 18,))
    last = over(over(first))
    graph.expand(last)
    assert graph.peak() == 2 << 20
    wide = Graph()
    x = wide.input(1 << 20)
    a, b = op(x, dims=(1 << 18,)), op(x, dims=(1 << 18,))
    wide.expand(Node((1 << 18,), (a, b), in_place=True))
    assert wide.peak() == 3 << 20
    viewed = Graph()
    x = viewed.input(64)
    seen = view(op(x, dims=(1 << 18,)), (1 << 9, 1 << 9))
    viewed.expand(op(seen, dims=(16,)))
    assert viewed.peak() == 64 + (1 << 20)  # the input is read, so its place is free for the result


def test_micro_batch_makes_the_buffer() -> None:
    assert compute.buffers(llama(), 8192, "f16", 1, 512) == pytest.approx(2 * compute.buffers(llama(), 8192, "f16", 1, 256), rel=0.01)


def test_tables_are_optional() -> None:
    assert estimate(llama(), Q4, HOST, (), "llama.cpp", LLAMA, 4096, tables=Tables()).speed.decode_tps.likely is None


def test_a_model_without_a_shape_gets_a_usual_one() -> None:
    tables = Tables(coefficients=store.estimate_table(), chips=store.devices())
    facts = Facts(memory=Memory(total_bytes=64 << 30, available_bytes=60 << 30))
    shown = next(model for model in store.models() if model.id == "qwen3-14b")
    artifact = Artifact(format="gguf", quant="Q4_K_M")
    rule = MemoryRule(kind="llama.cpp")
    known = estimate(shown, artifact, facts, (), "llama.cpp", rule, 8192, tables=tables)
    rough = estimate(replace(shown, shape=None), artifact, facts, (), "llama.cpp", rule, 8192, tables=tables)
    assert rough.memory.weights_bytes == pytest.approx(known.memory.weights_bytes, rel=0.05)
    assert "not known" in rough.assumed[0]
    speech = replace(shown, shape=None, tasks=("transcribe",))
    assert estimate(speech, artifact, facts, (), "llama.cpp", rule, 8192, tables=tables).memory.weights_bytes == pytest.approx(
        known.memory.weights_bytes, rel=0.1
    )


def test_the_part_that_sees_lies_on_the_first_device() -> None:
    model = replace(llama(), projector_params=400_000_000)
    cards = tuple(Device(id=f"gpu{index}", vendor="nvidia", memory_bytes=24 << 30) for index in range(2))
    form = Artifact(format="gguf", quant="Q4_K_M")
    plain = estimate(llama(), form, Facts(), cards, "llama.cpp", LLAMA, 4096).memory
    for artifact, size in (
        (form, 800_000_000),
        (replace(form, projector_bytes=851_000_000), 851_000_000),
        (replace(form, path="m.gguf"), 0),
    ):
        found = estimate(model, artifact, Facts(), cards, "llama.cpp", LLAMA, 4096).memory
        assert [row.projector_bytes for row in found.per_device] == [size, 0, 0]
        assert found.total_bytes == plain.total_bytes + size
    claimed = estimate(model, form, Facts(), cards, "vllm", MemoryRule(kind="utilisation", utilisation=0.9), 4096).memory
    assert claimed.projector_bytes == 800_000_000
    assert claimed.total_bytes == pytest.approx(2 * 0.9 * (24 << 30), abs=10)


def test_a_projector_is_found_beside_its_model(tmp_path: Path) -> None:
    for name, size in (
        ("gemma-3-4b-it-Q4_K_M.gguf", 9),
        ("mmproj-model-f16.gguf", 800),
        ("mmproj-model-bf16.gguf", 900),
        ("mmproj-F32.gguf", 1600),
    ):
        (tmp_path / name).write_bytes(bytes(size))
    assert gguf_model.beside(tmp_path / "gemma-3-4b-it-Q4_K_M.gguf") == 800
    (tmp_path / "llama-3-8b-Q4_K_M.gguf").write_bytes(b"")
    assert gguf_model.beside(tmp_path / "llama-3-8b-Q4_K_M.gguf") is None
    (tmp_path / "gemma-3-4b-it-mmproj.gguf").write_bytes(bytes(700))
    assert gguf_model.beside(tmp_path / "gemma-3-4b-it-Q4_K_M.gguf") == 700


def test_what_sees_makes_way_for_layers() -> None:
    model = replace(llama(), projector_params=400_000_000)
    form = Artifact(format="gguf", quant="Q4_K_M")
    whole = estimate(llama(), form, Facts(), (Device(id="gpu0", vendor="nvidia", memory_bytes=24 << 30),), "llama.cpp", LLAMA, 4096).memory
    tight = Device(id="gpu0", vendor="nvidia", memory_bytes=whole.per_device[0].total_bytes + (300 << 20))
    facts = Facts(memory=Memory(usable_bytes=32 << 30))
    found = estimate(model, form, facts, (tight,), "llama.cpp", LLAMA, 4096)
    assert found.gpu_layers == 33
    assert [row.projector_bytes for row in found.memory.per_device] == [0, 800_000_000]
    assert any("--no-mmproj-offload" in sentence for sentence in found.assumed)
