"""Which published chip a device is. The table adds bandwidth and compute to what a driver says; it never decides what the device is."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from pathfinder.types.facts import Cpu, Device
from pathfinder.types.words import Frozen

NOISE = re.compile(r"\((?:r|tm|c)\)|®|™|\b(?:nvidia|amd|ati|intel|apple|qualcomm|graphics|corporation|gpu|series|with|design)\b", re.I)
MOBILE = re.compile(r"\b(?:laptop|mobile|max-q)\b", re.I)
LAPTOP = re.compile(r"\b(?:laptop|mobile)\b", re.I)
"""Spellings of one and the same; Max-Q is another chip, with slower memory."""
SIZE = re.compile(r"\b\d+ ?gb\b", re.I)


class Published(Frozen, frozen=True, kw_only=True):
    """Figures of one chip. Bytes, bytes a second, operations a second."""

    name: str
    arch: str | None = None
    memory_bytes: int | None = None
    bandwidth: float | None = None
    fp32_flops: float | None = None
    fp16_flops: float | None = None


_KNOWN: dict[tuple[str | int | None, ...], tuple[Mapping[str, Any], Published | None]] = {}
"""Found before, because one decision asks it of every cell and device set; the documents are kept so that their identity stays theirs."""


def find(device: Device, documents: Mapping[str, Any]) -> Published | None:
    """The chip whose name the device bears; of several (memory variants) the one with the nearest memory."""
    return _once(documents, (device.name, device.vendor, device.memory_bytes), lambda: _search(device, documents))


def _once(documents: Mapping[str, Any], what: tuple[str | int | None, ...], look: Callable[[], Published | None]) -> Published | None:
    key = (id(documents), *what)
    known = _KNOWN.get(key)
    if known is None or known[0] is not documents:
        if len(_KNOWN) > 1000:
            _KNOWN.clear()
        known = _KNOWN[key] = (documents, look())
    return known[1]


def _search(device: Device, documents: Mapping[str, Any]) -> Published | None:
    if device.name is None:
        return None
    told = tuple(names(device.name))
    every_word = frozenset().union(*(said.words for said in told))
    own_vendor = documents.get(device.vendor or "")
    best: tuple[tuple[float, float, float], Published] | None = None
    for name, raw in every({"": own_vendor} if own_vendor else {key: value for key, value in documents.items() if key != "cpu"}):
        for spelling in (name, *raw.get("match", ())):
            lower = spelling.lower()
            if not any(word in lower for word in every_word):
                continue
            own, mobile = words(spelling), bool(MOBILE.search(spelling))
            if not own or not any(own <= said.words and said.mobile == mobile for said in told):
                continue
            found = published(name, raw)
            away = distance(found.memory_bytes, device.memory_bytes)
            ranked = (away if len(told) > 1 else 0.0, -float(len(own)), away), found
            if best is None or ranked[0] < best[0]:
                best = ranked
    return best[1] if best else None


class Said(NamedTuple):
    words: frozenset[str]
    mobile: bool


def names(name: str) -> Iterator[Said]:
    """What a name may mean: lists of PCI ids say `Navi 31 [Radeon RX 7900 XT/7900 XTX]`."""
    listed = re.search(r"\[([^\]]*\d[^\]]*)\]", name)
    first, *rest = (listed[1] if listed else name).split("/")
    lead = re.match(r"\D*", first)
    for one in (first, *(f"{lead[0] if lead else ''}{other.strip()}" for other in rest)):
        yield Said(words(one), bool(MOBILE.search(one)))


def relative(device: Device, documents: Mapping[str, Any]) -> Published | None:
    """Without a known name: the chip of the same architecture with the nearest memory, its figures standing in."""
    if device.arch is None:
        return None
    same = [published(name, raw) for name, raw in every(documents) if raw.get("arch") == device.arch]
    return min(same, key=lambda found: distance(found.memory_bytes, device.memory_bytes), default=None)


def processor(cpu: Cpu, board: str | None, documents: Mapping[str, Any]) -> Published | None:
    """The family of a processor, by the regular expressions of the table."""
    return _once(documents, ("cpu", cpu.model, board), lambda: _family(cpu.model, board, documents))


def _family(model: str | None, board: str | None, documents: Mapping[str, Any]) -> Published | None:
    text = " ".join(part for part in (model, board) if part).lower()
    text = re.sub(r"\((?:r|tm)\)", "", text)
    for name, raw in every({"cpu": documents.get("cpu") or {}}):
        pattern = str(raw.get("pattern") or "")
        if pattern and _lead(pattern) in text and re.search(pattern, text):
            return published(name, raw)
    return None


def _lead(pattern: str) -> str:
    """The letters a regular expression begins with: to look for them costs nothing beside compiling seventy expressions."""
    if "|" in _IN_BRACKETS.sub("", pattern):
        return ""
    found = _LETTERS.match(pattern)
    return found[0] if found else ""


_IN_BRACKETS = re.compile(r"\([^()]*\)")
_LETTERS = re.compile(r"[a-z ]+(?![a-z ?*{])")


def every(documents: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for document in documents.values():
        for id, raw in document.items():
            if id != "defaults" and isinstance(raw, Mapping):
                yield str(raw.get("name") or id), raw


def published(name: str, raw: Mapping[str, Any]) -> Published:
    def number(key: str) -> float | None:
        value = raw.get(key)
        return None if value is None else float(value)

    memory = number("memory_bytes")
    return Published(
        name=name,
        arch=raw.get("arch"),
        memory_bytes=None if memory is None else int(memory),
        bandwidth=number("bandwidth_bytes_per_second"),
        fp32_flops=number("fp32_flops"),
        fp16_flops=number("fp16_flops"),
    )


def words(name: str) -> frozenset[str]:
    """The words that tell a chip: without makers' names, trade marks and memory sizes."""
    plain = SIZE.sub(" ", NOISE.sub(" ", name.lower()))
    plain = LAPTOP.sub(" ", plain)
    return frozenset(re.findall(r"[a-z0-9+]+(?:-[a-z0-9]+)*", plain)) - {"geforce", "radeon", "tesla", "device"}


def distance(a: int | None, b: int | None) -> float:
    return 0.0 if a is None or b is None else abs(a - b) / b if b else 0.0
