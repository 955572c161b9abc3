"""A byte-level BPE in GPT-2's manner, learnt from the corpus: small, and the same in llama.cpp (`gpt-2`), tokenizers and here."""

import re
from collections import Counter
from functools import cache
from itertools import pairwise

END = "<|endoftext|>"
_SPLIT = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")
"""GPT-2's pre-tokenizer, for ASCII text."""


@cache
def byte_names() -> tuple[str, ...]:
    """GPT-2's printable character for each of the 256 bytes (openai/gpt-2 `encoder.py`)."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    names, spare = [], 256
    for byte in range(256):
        if byte in printable:
            names.append(chr(byte))
        else:
            names.append(chr(spare))
            spare += 1
    return tuple(names)


def words(text: str) -> list[str]:
    """The text cut as GPT-2 does, each piece spelled in byte names."""
    names = byte_names()
    return ["".join(names[b] for b in piece.encode()) for piece in _SPLIT.findall(text)]


def learn(documents: list[str], merges: int) -> list[tuple[str, str]]:
    """The `merges` most frequent pairs, one after another; ties go to the alphabetically first, so the result is fixed."""
    counts = Counter(w for text in documents for w in words(text))
    pieces = {w: tuple(w) for w in counts}
    found: list[tuple[str, str]] = []
    while len(found) < merges:
        pairs: Counter[tuple[str, str]] = Counter()
        for w, parts in pieces.items():
            for pair in pairwise(parts):
                pairs[pair] += counts[w]
        if not pairs:
            raise ValueError(f"the corpus gives {len(found)} merges only")
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        found.append(best)
        pieces = {w: _merge(parts, best) for w, parts in pieces.items()}
    return found


def _merge(parts: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)


class Tokenizer:
    """Ids: the 256 bytes in GPT-2's order, then one per merge, then end-of-text."""

    def __init__(self, merges: list[tuple[str, str]]) -> None:
        self.merges = merges
        self.tokens = [*sorted(byte_names()), *(a + b for a, b in merges), END]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.end = self.ids[END]
        self._rank = {pair: i for i, pair in enumerate(merges)}
        self._bytes = {name: byte for byte, name in enumerate(byte_names())}

    def encode(self, text: str) -> list[int]:
        return [self.ids[part] for word in words(text) for part in self._split(word)]

    def decode(self, ids: list[int]) -> str:
        return bytes(self._bytes[c] for i in ids if i != self.end for c in self.tokens[i]).decode(errors="replace")

    def _split(self, word: str) -> tuple[str, ...]:
        parts = tuple(word)
        while len(parts) > 1:
            pair = min(pairwise(parts), key=lambda p: self._rank.get(p, len(self._rank)))
            if pair not in self._rank:
                break
            parts = _merge(parts, pair)
        return parts
