"""Safetensors headers and the index of a sharded model: names, shapes, types and sizes, never the weights."""

import os
import struct
from pathlib import Path
from typing import Any

import msgspec

from pathfinder.errors import Problem
from pathfinder.types.models import Tensor

MAX_HEADER = 100_000_000
"""The reference implementation's own limit."""
MAX_INDEX = 64 << 20
DTYPES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
"""Bytes an element; smaller types (F4, F6) are checked by their offsets alone."""


class Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


class Index(msgspec.Struct):
    weight_map: dict[str, str]
    metadata: dict[str, Any] | None = None


def read(path: Path) -> tuple[Tensor, ...]:
    """The tensor table of one file. Raises Problem for what is not a whole and sane safetensors file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = header_bytes(file.read(8), size, str(path))
            raw = file.read(length)
    except OSError as error:
        raise Problem(f"The file cannot be read: {error.strerror}.", where=str(path), hint="Check the path and its permissions.") from None
    return parse(raw, size - 8 - length, str(path))


def header_bytes(start: bytes, size: int, where: str) -> int:
    """Length of the JSON header, from the first eight bytes of a file of `size` bytes."""
    if len(start) < 8:
        raise Problem("The file is too short to be safetensors.", where=where, hint="The download is incomplete; fetch it again.")
    length: int = struct.unpack("<Q", start)[0]
    if length > min(MAX_HEADER, size - 8):
        says = "This is not a safetensors file, or its header is cut off."
        raise Problem(says, where=where, hint="Fetch it again; a git LFS pointer is a short text file.")
    return length


def parse(raw: bytes, data: int, where: str) -> tuple[Tensor, ...]:
    """The table in a JSON header, checked against `data`, the bytes that follow it."""
    try:
        document = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        document.pop("__metadata__", None)
        entries = {name: msgspec.json.decode(value, type=Entry) for name, value in document.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("The safetensors header is not what it should be.", where=where, hint="Fetch the file again.") from None
    return tuple(tensor(name, entry, data, where) for name, entry in entries.items())


def tensor(name: str, entry: Entry, data: int, where: str) -> Tensor:
    begin, end = entry.data_offsets
    elements = 1
    for extent in entry.shape:
        elements *= extent
    width = DTYPES.get(entry.dtype)
    lies = any(extent < 0 for extent in entry.shape) or not 0 <= begin <= end or (width is not None and elements * width != end - begin)
    if lies:
        raise Problem(f"The tensor {name[:80]!r} does not have the size it states.", where=where, hint="Fetch the file again.")
    if end > data:
        raise Problem("The file is cut off: its tensors need more bytes than it has.", where=where, hint="Fetch it again.")
    return Tensor(name=name[:256], shape=tuple(entry.shape), type=entry.dtype, bytes=end - begin)


def folder(path: Path) -> tuple[tuple[Tensor, ...], int]:
    """(tensor table, bytes of the files) of all shards in a model folder; `((), 0)` when it has no safetensors files."""
    index = path / "model.safetensors.index.json"
    if index.is_file():
        files = shards(index)
    else:
        files = sorted(found for found in path.glob("*.safetensors") if not found.name.startswith("consolidated"))
    tensors = tuple(tensor for file in files for tensor in read(file))
    return tensors, sum(file.stat().st_size for file in files)


def shards(index: Path) -> list[Path]:
    """The files an index names, each inside its own folder. Raises Problem for a missing one or one that leads elsewhere."""
    try:
        if index.stat().st_size > MAX_INDEX:
            raise Problem("The index is larger than any model's.", where=str(index))
        names = sorted(set(msgspec.json.decode(index.read_bytes(), type=Index).weight_map.values()))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise Problem("The index of the shards cannot be read.", where=str(index), hint="Fetch the folder again.") from None
    for name in names:
        if os.path.basename(name) != name:  # noqa: PTH119 (both separators, on every system)
            raise Problem("The index names a file outside its folder.", where=str(index), hint="Do not use this model.")
        if not (index.parent / name).is_file():
            raise Problem("A shard of the model is missing.", where=str(index.parent / name), hint="Fetch the folder again.")
    return [index.parent / name for name in names]
