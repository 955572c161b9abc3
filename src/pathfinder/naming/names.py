"""How people write the names of models: words, sizes, quantisations, formats; compared without their punctuation."""

import re
from typing import NamedTuple

from pathfinder.errors import Problem

NEUTRAL = frozenset(("instruct", "chat", "it", "hf", "latest", "model", "weights", "the", "text", "b"))
"""Words that do not change which model is meant; `base` does."""
FORMATS = frozenset(("gguf", "mlx", "awq", "gptq", "exl2", "exl3", "onnx", "openvino", "safetensors", "imat", "i1", "ud", "bnb", "ggml"))
_DROP = str.maketrans("", "", " -_:/\t")
_DOT = r"(?<!\d)\.|\.(?!\d)"
_QUANT = (
    r"(?<![a-z0-9])(iq[1-4][_-](?:xxs|xs|s|m|nl)|t?q[1-8](?:[_-]?k(?:[_-]?(?:s|m|l|xl))?|[_-][01])?|bf16|fp?16|fp?32|fp8(?:[_-]dynamic)?|mxfp4|nvfp4"
    r"|w\d+a\d+|int[48]|[2-8](?:\.\d+)?[_-]?bpw|[23468][_ -]?bit)(?![a-z0-9])"
)
_UNDERSCORE = r"(?<=\d)_(?=\d)"
_WORD = r"exl[23]|\d+x\d+(?:\.\d+)?[bm]?|[ea]?\d+(?:\.\d+)*[bmk](?![a-z])|[a-z]+|\d+(?:\.\d+)*"
_SIZE = r"\d+x\d+(?:\.\d+)?b?|[ea]?\d+(?:\.\d+)?[bmk]"
# Compiled by `re` when first used: a name that is spelt as the catalogue spells it needs none of them.


class Said(NamedTuple):
    """A name taken apart."""

    words: tuple[str, ...]
    """In order, lower case; sizes (`8b`, `8x7b`, `a3b`) and versions (`3.1`) are words of their own."""
    quant: str | None = None
    """As GGUF spells it in upper case, or `4bit`."""
    format: str | None = None


def fold(text: str) -> str:
    """What two spellings of one name have in common: no case, no separators; dots stay between digits."""
    folded = "".join(text.lower().translate(_DROP).split())
    return re.sub(_DOT, "", folded) if "." in folded else folded


def read(text: str) -> Said:
    lower = text.strip().lower()
    quant = re.search(_QUANT, lower)
    words = tuple(re.findall(_WORD, re.sub(_UNDERSCORE, ".", re.sub(_QUANT, " ", lower))))
    format = next((word for word in words if word in FORMATS), None)
    return Said(words=tuple(word for word in words if word not in FORMATS), quant=spell(quant[1]) if quant else None, format=format)


def spell(quant: str) -> str:
    """`q4-k-m` -> `Q4_K_M`, `4-bit` -> `4bit`, `fp16` -> `F16`."""
    plain = quant.lower().replace("-", "_")
    if plain.endswith("bit"):
        return plain.replace("_", "").replace(" ", "")
    if packed := re.fullmatch(r"(t?q\d)_?k_?(s|m|l|xl)?", plain):
        plain = "_".join(part for part in (packed[1], "k", packed[2]) if part)
    if plain in ("fp16", "fp32"):
        return plain.replace("fp", "F")
    return plain.upper()


_HUB = r"(?i:hf:)([A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*)(?::(.+))?"
_OUTSIDE = r"\\|^/|(?:^|/)\.\.?(?:/|$)"


def at_hub(reference: str) -> tuple[str, str | None]:
    """`hf:owner/name[:FILE|:QUANT]` as repository and file or quantisation. Raises `Problem` for what is no such reference: the hub's
    names hold letters, digits, `-`, `_` and `.`, so that none is code, and its files lie below their repository."""
    match = re.fullmatch(_HUB, reference.strip())
    repo, which = match.groups() if match else ("", None)
    if match is None or ".." in repo or (which and (not which.isprintable() or re.search(_OUTSIDE, which))):
        raise Problem("A reference to the hub is hf:owner/name, with :file or :QUANT if need be.", where=reference)
    return repo, which


def plainly(text: str) -> str:
    """An address of the hub as `hf:owner/name`, a name of Ollama's as it stands in its library; anything else as it is."""
    lower = text.lower()
    for start in ("https://huggingface.co/", "http://huggingface.co/", "huggingface.co/", "https://hf.co/", "hf.co/"):
        if lower.startswith(start):
            return "hf:" + re.sub(
                r"/(?:tree|blob|resolve)/[^/]+/?(?=([^/]+)?$)", lambda found: ":" if found[1] else "", text[len(start) :]
            ).strip("/")
    for start in ("ollama run ", "ollama pull ", "ollama/", "ollama:"):
        if lower.startswith(start):
            return text[len(start) :].strip()
    return text


def dotted(text: str) -> str:
    """`Llama-3_3-70B` and `qwen25-7b` with the dots that file names and identifiers leave out."""
    return re.sub(r"(?<=[a-z])([2-5])([1-9])(?![\d.])", r"\1.\2", re.sub(r"(?<=\d)_(?=\d)", ".", text.lower()))


def is_size(word: str) -> bool:
    return re.fullmatch(_SIZE, word) is not None


def difference(asked: tuple[str, ...], name: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """(words asked for that the name lacks, words of the name that were not asked for), counted, order left out."""
    extra, missing = list(asked), list(name)
    for word in asked:
        if word in missing:
            missing.remove(word)
            extra.remove(word)
    return extra, missing
