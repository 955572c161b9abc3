"""Folders and files of strangers: a whole one is recognised, anything else is one sentence and never a traceback."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.errors import Problem
from pathfinder.judging import probe_model
from pathfinder.naming.local_model import local_model

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data_offsets", "dtype", "a"]), inner, max_size=3),
    max_leaves=8,
)


def test_the_bundled_forms_are_whole() -> None:
    assert local_model(str(probe_model.folder() / "hf")) == (probe_model.folder() / "hf", "folder")
    assert local_model(str(probe_model.folder() / "probe-q8_0.gguf"))[1] == "gguf"


def folder(tmp: Path, config: bytes, weights: bytes) -> Path:
    tmp.mkdir(exist_ok=True)
    (tmp / "config.json").write_bytes(config)
    (tmp / "model.safetensors").write_bytes(weights)
    return tmp


def told(path: Path) -> str | None:
    try:
        local_model(str(path))
    except Problem as problem:
        return problem.says
    return None


@given(header=JSON, body=st.binary(max_size=16))
def test_any_header_is_either_whole_or_told(header: Any, body: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = json.dumps(header).encode()
    weights = struct.pack("<Q", len(text)) + text + body
    said = told(folder(tmp_path_factory.getbasetemp() / "any", b'{"model_type": "llama"}', weights))
    assert said is None or said.endswith(".")


@given(config=st.binary(max_size=40), weights=st.binary(max_size=40))
def test_any_bytes_are_told(config: bytes, weights: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert told(folder(tmp_path_factory.getbasetemp() / "bytes", config, weights)) is not None


@given(length=st.integers(0, 700_000))
def test_a_cut_file_is_told(length: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    whole = (probe_model.folder() / "hf" / "model.safetensors").read_bytes()
    said = told(folder(tmp_path_factory.getbasetemp() / "cut", b'{"model_type": "llama"}', whole[:length]))
    assert said is not None and "cut off" in said
