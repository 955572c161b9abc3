"""GGUF headers: gguf-py writes them and is the truth; damaged and hostile files are one-sentence problems."""

import struct
import time
import tracemalloc
from pathlib import Path

import pytest

gguf = pytest.importorskip("gguf")
numpy = pytest.importorskip("numpy")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from pathfinder.errors import Problem  # noqa: E402
from pathfinder.formats import gguf as reader  # noqa: E402
from pathfinder.formats import gguf_model, gguf_shape  # noqa: E402
from pathfinder.formats.gguf_types import BLOCK, TENSOR_TYPES  # noqa: E402


def written(path: Path, *, big: bool = False, vocab: int = 8, **split: int) -> Path:
    endian = gguf.GGUFEndian.BIG if big else gguf.GGUFEndian.LITTLE
    writer = gguf.GGUFWriter(str(path), "llama", endianess=endian, **split)
    writer.add_name("A small model")
    writer.add_block_count(2)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(128)
    writer.add_head_count(4)
    writer.add_head_count_kv([2, 1])
    writer.add_context_length(512)
    for kind, value in (("uint8", 200), ("int8", -3), ("uint16", 60_000), ("int16", -300), ("uint32", 4_000_000_000), ("int32", -70_000)):
        getattr(writer, f"add_{kind}")(f"test.{kind}", value)
    writer.add_uint64("test.uint64", 2**63 + 1)
    writer.add_int64("test.int64", -(2**62))
    writer.add_float32("test.float32", 1.5)
    writer.add_float64("test.float64", 2.25)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "naïve ☃")
    writer.add_array("test.floats", [1.0, 2.0, 3.5])
    writer.add_array("test.words", ["one", "two"])
    writer.add_token_list([f"token{index}" for index in range(vocab)])
    for name, shape in (("token_embd.weight", (vocab, 64)), ("blk.0.attn_q.weight", (64, 64)), ("blk.1.ffn_up.weight", (128, 64))):
        writer.add_tensor(name, numpy.zeros(shape, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def field(truth: "gguf.GGUFReader", key: str) -> object:
    return truth.get_field(key).contents()


@pytest.mark.parametrize("big", [False, True])
def test_agrees_with_gguf_py(tmp_path: Path, big: bool) -> None:
    path = written(tmp_path / "small.gguf", big=big)
    header, truth = reader.read(path), gguf.GGUFReader(str(path))
    assert header.big_endian is big
    for key, value in header.metadata.items():
        if isinstance(value, reader.Skipped):
            continue
        want = field(truth, key)
        assert (list(value) if isinstance(value, tuple) else value) == want, key
    assert header.metadata["test.string"] == "naïve ☃"
    assert header.metadata["llama.attention.head_count_kv"] == (2, 1)
    mine = {tensor.name: (tuple(reversed(tensor.shape)), tensor.type, tensor.bytes) for tensor in header.tensors}
    assert mine == {
        tensor.name: (tuple(int(n) for n in tensor.shape), tensor.tensor_type.name, int(tensor.n_bytes)) for tensor in truth.tensors
    }
    assert header.data_offset == truth.data_offset


def test_types_are_ggmls() -> None:
    for type_, (per_block, size) in gguf.GGML_QUANT_SIZES.items():
        if type_.name == "Q8_1":  # never stored in a file; older gguf-py states it four bytes too large
            continue
        assert TENSOR_TYPES.get(int(type_)) == (type_.name, per_block, size)
    assert len(BLOCK) == len(TENSOR_TYPES)


def test_split_files(tmp_path: Path) -> None:
    written(tmp_path / "model.gguf", split_max_tensors=1)
    parts = sorted(tmp_path.glob("model-*-of-00003.gguf"))
    assert len(parts) == 3
    whole = reader.read(parts[1])
    assert whole.parts == 3
    assert {tensor.name for tensor in whole.tensors} == {"token_embd.weight", "blk.0.attn_q.weight", "blk.1.ffn_up.weight"}
    assert whole.file_bytes == sum(part.stat().st_size for part in parts)
    parts[2].unlink()
    with pytest.raises(Problem, match=r"Part 3 of 3 .* missing"):
        reader.read(parts[0])


def test_model_of_a_header(tmp_path: Path) -> None:
    model, artifact = gguf_model.read(written(tmp_path / "tiny-Q8_0.gguf"))
    assert model.shape is not None
    assert (model.arch, model.shape.layers, model.shape.hidden, model.shape.kv_heads_per_layer) == ("llama", 2, 64, (2, 1))
    assert (model.shape.vocab, model.shape.tied_embeddings, artifact.quant) == (8, True, "Q8_0")


def test_what_a_loader_fills_in() -> None:
    """GLM 5.2's first files state no pattern of indexers, GLM 5's have one in each layer; arrays mark them where they are written."""

    def indexed(arch: str, **stated: object) -> tuple[int, ...] | None:
        keys = {"block_count": 8, "embedding_length": 64, "attention.indexer.key_length": 128, **stated}
        found = gguf_shape.shape({f"{arch}.{key}": value for key, value in keys.items()}, arch, None, False)
        assert found is not None
        return found.indexer_layers

    assert indexed("glm-dsa", context_length=202752) is None
    assert indexed("glm-dsa", context_length=1 << 20) == (0, 1, 2, 6)
    assert indexed("hy_v4", **{"attention.indexer.types": (1, 0, 0, 1, 0, 0, 0, 1)}) == (0, 3, 7)
    assert indexed("minimax-m3", leading_dense_block_count=3) == (3, 4, 5, 6, 7)


@pytest.mark.parametrize("arch", ["granite_swa", "spark2_5", "step35"])
def test_windows_marked_in_the_file(arch: str) -> None:
    stated = {"block_count": 3, "embedding_length": 64, "attention.sliding_window": 512, "attention.sliding_window_pattern": (0, 1, 1)}
    found = gguf_shape.shape({f"{arch}.{key}": value for key, value in stated.items()}, arch, None, False)
    assert found is not None
    assert (found.sliding_window, found.sliding_layers) == (512, (1, 2))


def test_a_large_vocabulary_is_skipped_fast(tmp_path: Path) -> None:
    path = written(tmp_path / "large.gguf", vocab=131_072)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        reader.read(path)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.06
    tracemalloc.start()
    header = reader.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert header.metadata["tokenizer.ggml.tokens"] == reader.Skipped(131_072)
    assert peak < 200_000


def raw(version: int = 3, tensors: int = 0, keys: int = 0, body: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + body


def text(word: bytes) -> bytes:
    return struct.pack("<Q", len(word)) + word


NESTED = text(b"k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 40 + struct.pack("<IQ", 4, 0)
HOSTILE = {
    "empty": b"",
    "short": b"GGUF\x03\x00",
    "foreign": b"PK\x03\x04" + bytes(100),
    "old": b"tjgg" + bytes(100),
    "version": raw(version=9),
    "count of tensors": raw(tensors=2**63),
    "count of keys": raw(keys=2**63),
    "length of a key": raw(keys=1, body=struct.pack("<Q", 2**63) + b"x"),
    "length of an array": raw(keys=1, body=text(b"k") + struct.pack("<IIQ", 9, 4, 2**62)),
    "length of a string array": raw(keys=1, body=text(b"k") + struct.pack("<IIQ", 9, 8, 2**62)),
    "strings that lie": raw(keys=1, body=text(b"k") + struct.pack("<IIQ", 9, 8, 100) + struct.pack("<Q", 2**61) * 100),
    "cycle of arrays": raw(keys=1, body=NESTED),
    "unknown value": raw(keys=1, body=text(b"k") + struct.pack("<I", 77)),
    "same key twice": raw(keys=2, body=(text(b"k") + struct.pack("<II", 4, 1)) * 2),
    "alignment": raw(keys=1, body=text(b"general.alignment") + struct.pack("<II", 4, 0)),
    "unknown tensor type": raw(tensors=1, body=text(b"t") + struct.pack("<IQIQ", 1, 4, 99, 0)),
    "impossible shape": raw(tensors=1, body=text(b"t") + struct.pack("<IQQQIQ", 3, 2**40, 2**40, 2**40, 0, 0)),
    "tensor beyond the end": raw(tensors=1, body=text(b"t") + struct.pack("<IQIQ", 1, 1024, 0, 2**40)),
    "many dimensions": raw(tensors=1, body=text(b"t") + struct.pack("<I", 2**31)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_one_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hostile.gguf"
    path.write_bytes(HOSTILE[name])
    tracemalloc.start()
    with pytest.raises(Problem) as caught:
        reader.read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.where == str(path)
    assert "\n" not in caught.value.says
    assert peak < 1 << 20


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        reader.read(tmp_path / "nowhere.gguf")


class Bytes:
    """Bytes that a failing property test does not print."""

    def __init__(self, path: Path) -> None:
        self.all = path.read_bytes()


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    return Bytes(written(tmp_path_factory.mktemp("fuzz") / "valid.gguf"))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_bytes_make_anything_but_a_header_or_a_problem(valid: Bytes, data: st.DataObject) -> None:
    damaged = bytearray(valid.all[: data.draw(st.integers(0, 1400))])
    for _ in range(data.draw(st.integers(0, 6))):
        if damaged:
            at = data.draw(st.integers(0, len(damaged) - 1))
            damaged[at] = data.draw(st.integers(0, 255))
    claimed = data.draw(st.sampled_from([len(damaged), len(valid.all), 2**40]))
    try:
        header = reader.parse(bytes(damaged), max(claimed, len(damaged)), "fuzz")
    except (Problem, reader.Short):
        return
    gguf_shape.shape(header.metadata, "llama", None, False)


@given(cut=st.integers(0, 1300))
@settings(max_examples=100, deadline=None)
def test_a_part_of_a_file_asks_for_more(valid: Bytes, cut: int) -> None:
    """What reads over a network gets the whole header by doubling, and never more than four times what it needs."""
    have = max(24, cut)
    while True:
        try:
            header = reader.parse(valid.all[:have], len(valid.all), "part")
            break
        except reader.Short as short:
            assert short.needed > have
            have = max(short.needed, 2 * have)
    assert header.data_offset - 32 <= have <= max(cut, 4 * header.data_offset)
