"""GGUF headers: metadata and tensor table, without the weights and without the vocabulary as Python objects."""

import mmap
import re
import struct
from itertools import repeat
from pathlib import Path
from typing import NoReturn

import msgspec

from pathfinder.errors import Problem
from pathfinder.formats.gguf_types import ARRAY, SCALARS, STRING, TENSOR_TYPES
from pathfinder.types.models import Tensor
from pathfinder.types.words import Frozen

MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 18
MAX_TEXT = 1 << 13
MAX_ITEMS = 1 << 12
MAX_DEPTH = 4
OLD_MAGICS = {b"ggml": "GGML", b"lmgg": "GGML", b"ggmf": "GGMF", b"fmgg": "GGMF", b"ggjt": "GGJT", b"tjgg": "GGJT", b"algg": "GGLA"}
SPLIT_NAME = re.compile(r"^(?P<stem>.+)-(?P<no>\d{5})-of-(?P<count>\d{5})\.gguf$")


class Skipped(Frozen, frozen=True):
    """An array too long to be worth keeping; a vocabulary, mostly."""

    items: int


Scalar = int | float | bool | str
Value = Scalar | tuple[Scalar, ...] | Skipped


class Header(Frozen, frozen=True, kw_only=True):
    """What stands before the weights. `data_offset` and sizes are in bytes from the start of the file."""

    version: int
    big_endian: bool
    metadata: dict[str, Value]
    tensors: tuple[Tensor, ...]
    data_offset: int
    file_bytes: int
    parts: int = 1


class Short(Exception):
    """The bytes at hand end inside the header; `needed` more will be asked for by whoever reads over a network."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


def read(path: Path) -> Header:
    """The header of a file, or of all parts of a split one (any part may be named).

    Raises Problem, one sentence, for what is not a whole and sane GGUF file."""
    match = SPLIT_NAME.match(path.name)
    first = _read_one(path)
    if match is None or first.metadata.get("split.count", 1) in (0, 1):
        return first
    return _join([_read_one(part) for part in _parts(path, match)], path)


def _parts(path: Path, match: re.Match[str]) -> list[Path]:
    count = int(match["count"])
    parts = [path.with_name(f"{match['stem']}-{no:05d}-of-{match['count']}.gguf") for no in range(1, min(count, 10_000) + 1)]
    missing = next((part for part in parts if not part.is_file()), None)
    if missing is not None:
        raise Problem(
            f"Part {parts.index(missing) + 1} of {count} of a split model is missing.",
            where=str(missing),
            hint="Put all parts into one folder.",
        )
    return parts


def _join(headers: list[Header], path: Path) -> Header:
    if any(header.metadata.get("split.count") != len(headers) for header in headers):
        raise Problem(
            "The parts of this split model do not agree on their number.", where=str(path), hint="Fetch all parts again from one place."
        )
    if [header.metadata.get("split.no") for header in headers] != list(range(len(headers))):
        raise Problem(
            "The parts of this split model are out of order or repeated.", where=str(path), hint="Fetch all parts again from one place."
        )
    tensors = tuple(tensor for header in headers for tensor in header.tensors)
    return msgspec.structs.replace(headers[0], tensors=tensors, file_bytes=sum(header.file_bytes for header in headers), parts=len(headers))


def _read_one(path: Path) -> Header:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size == 0:
                raise Problem("The file is empty.", where=str(path), hint="Download it again.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as buffer:
                return parse(buffer, size, str(path))
    except (OSError, ValueError) as error:
        says = getattr(error, "strerror", None) or str(error)
        raise Problem(f"The file cannot be read: {says}.", where=str(path), hint="Check the path and its permissions.") from None


def parse(buffer: "bytes | bytearray | mmap.mmap", size: int, where: str) -> Header:
    """The header inside `buffer`, the first bytes of a file of `size` bytes.

    Raises Short when `buffer` is only a part of the file and ends too early, Problem for anything that is no sane GGUF header."""
    try:
        return _Reader(buffer, size, where).header()
    except struct.error:
        if len(buffer) < size:
            raise Short(min(size, 2 * len(buffer))) from None
        raise Problem("The file ends inside its header.", where=where, hint="The download is incomplete; fetch it again.") from None


class _Reader:
    """A cursor over untrusted bytes. Every count is checked against the bytes that are left before anything is built from it."""

    def __init__(self, buffer: "bytes | bytearray | mmap.mmap", size: int, where: str) -> None:
        self.buffer = buffer
        self.size = size
        self.where = where
        self.at = 24
        self.order = "<"

    def fail(self, says: str) -> NoReturn:
        raise Problem(f"{says}.", where=self.where, hint="The file is damaged or hostile; fetch it again from its publisher.")

    def need(self, count: int) -> None:
        """Ask for `count` bytes at the cursor."""
        end = self.at + count
        if end > self.size:
            self.fail("The header promises more than the file holds")
        if end > len(self.buffer):
            raise Short(end)

    def number(self, code: str, count: int) -> int:
        self.need(count)
        value: int = struct.unpack_from(self.order + code, self.buffer, self.at)[0]
        self.at += count
        return value

    def text(self, limit: int = MAX_TEXT) -> str:
        length = self.number("Q", 8)
        self.need(length)
        value = self.buffer[self.at : self.at + min(length, limit)]
        self.at += length
        return bytes(value).decode("utf-8", "replace")

    def header(self) -> Header:
        version, tensors, keys = self.start()
        metadata = self.metadata(keys)
        table = self.table(tensors)
        alignment = metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20 or alignment & (alignment - 1):
            self.fail(f"The header states an impossible alignment of {alignment}")
        data = -(-self.at // alignment) * alignment
        end = max((data + offset + tensor.bytes for tensor, offset in table if tensor.bytes), default=0)
        if end > self.size:
            says = f"The file is cut off: its tensors need {end} bytes and it has {self.size}."
            raise Problem(says, where=self.where, hint="The download is incomplete; fetch it again.")
        return Header(
            version=version,
            big_endian=self.order == ">",
            metadata=metadata,
            tensors=tuple(tensor for tensor, _ in table),
            data_offset=data,
            file_bytes=self.size,
        )

    def start(self) -> tuple[int, int, int]:
        magic = bytes(self.buffer[:4])
        if magic in OLD_MAGICS:
            says = f"This is a {OLD_MAGICS[magic]} file, a form of 2023 that today's runtimes no longer read."
            raise Problem(says, where=self.where, hint="Get the model as GGUF, or convert the original weights.")
        if magic != b"GGUF":
            raise Problem("This is not a GGUF file.", where=self.where, hint="Name a .gguf file, or a folder with config.json.")
        version = struct.unpack_from("<I", self.buffer, 4)[0]
        if version & 0xFFFF == 0:
            self.order = ">"
            version = struct.unpack_from(">I", self.buffer, 4)[0]
        if version not in (2, 3):
            raise Problem(
                f"GGUF version {version} is not one this reads (2 and 3).", where=self.where, hint="Get a newer conversion of the model."
            )
        tensors, keys = struct.unpack_from(self.order + "QQ", self.buffer, 8)
        if tensors > MAX_TENSORS or keys > MAX_KEYS:
            self.fail(f"The header claims {tensors} tensors and {keys} metadata keys, more than any model has")
        return version, tensors, keys

    def metadata(self, keys: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for _ in range(keys):
            key = self.text(256)
            if key in found:
                self.fail(f"The metadata key {key[:80]!r} is there twice")
            found[key] = self.value(self.number("I", 4), 0)
        return found

    def value(self, kind: int, depth: int) -> Value:
        if kind in SCALARS:
            code, size = SCALARS[kind]
            return self.number(code, size)
        if kind == STRING:
            return self.text()
        if kind == ARRAY:
            return self.array(depth + 1)
        self.fail(f"The metadata has a value of unknown type {kind}")

    def array(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            self.fail("The metadata nests arrays without end")
        kind, items = self.number("I", 4), self.number("Q", 8)
        if kind in SCALARS:
            return self.numbers(kind, items)
        if kind == STRING:
            return self.strings(items)
        if kind != ARRAY:
            self.fail(f"The metadata has an array of unknown type {kind}")
        if items > MAX_ITEMS:
            self.fail("The metadata nests too many arrays")
        for _ in range(items):
            self.array(depth + 1)
        return Skipped(items)

    def numbers(self, kind: int, items: int) -> Value:
        code, size = SCALARS[kind]
        self.need(items * size)
        start, self.at = self.at, self.at + items * size
        if items > MAX_ITEMS:
            return Skipped(items)
        return struct.unpack_from(f"{self.order}{items}{code}", self.buffer, start)

    def strings(self, items: int) -> Value:
        if self.at + 8 * items > self.size:
            self.fail("The header promises more than the file holds")
        if items <= 64:
            return tuple(self.text(256) for _ in range(items))
        length = struct.Struct(self.order + "Q").unpack_from
        buffer, at = self.buffer, self.at
        # Lengths beyond the end make the next unpack_from fail, so one check at the end is enough.
        for _ in repeat(None, items):
            at += length(buffer, at)[0] + 8
        if at > self.size:
            self.fail("The header promises more than the file holds")
        self.at = at
        self.need(0)
        return Skipped(items)

    def table(self, tensors: int) -> list[tuple[Tensor, int]]:
        return [self.tensor() for _ in range(tensors)]

    def tensor(self) -> tuple[Tensor, int]:
        name = self.text(256)
        dimensions = self.number("I", 4)
        if dimensions > 8:
            self.fail(f"The tensor {name[:80]!r} claims {dimensions} dimensions")
        self.need(8 * dimensions)
        shape = struct.unpack_from(f"{self.order}{dimensions}Q", self.buffer, self.at)
        self.at += 8 * dimensions
        kind, offset = self.number("I", 4), self.number("Q", 8)
        if kind not in TENSOR_TYPES:
            says = f"The tensor {name[:80]!r} has the unknown type {kind}."
            raise Problem(says, where=self.where, hint="A newer llama.cpp or a fork may read it; this does not.")
        type_, per_block, block = TENSOR_TYPES[kind]
        elements = 1
        for extent in shape:
            elements *= extent
        if elements >= 1 << 63 or (shape and shape[0] % per_block):
            self.fail(f"The tensor {name[:80]!r} has the impossible shape {list(shape)} for {type_}")
        return Tensor(name=name, shape=tuple(reversed(shape)), type=type_, bytes=elements // per_block * block), offset
