"""A GGUF header -> Model and Artifact."""

import re
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pathfinder.errors import Problem
from pathfinder.formats import gguf
from pathfinder.formats.gguf_shape import shape
from pathfinder.formats.gguf_types import FILE_TYPES
from pathfinder.types.models import Artifact, Model, Source
from pathfinder.types.words import Task

QUANT_IN_NAME = re.compile(
    r"(?:^|[-_.])((?:UD-)?(?:IQ[1-4]_[A-Z]{1,3}|T?Q[1-8]_(?:K(?:_(?:S|M|L|XL))?|[01])|BF16|F16|F32|MXFP4(?:_MOE)?))(?:[-_.]|$)", re.I
)
EMBEDDERS = {
    "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "modern-bert", "neo-bert", "eurobert", "gemma-embedding",
    "llama-embed", "t5encoder",
}  # fmt: skip


def read(path: Path) -> tuple[Model, Artifact]:
    """The model of a local GGUF file. Raises Problem for a damaged file or one that holds no model (an adapter, a projector)."""
    found, artifact = model(gguf.read(path), path)
    return found, replace(artifact, projector_bytes=beside(path))


def beside(path: Path) -> int | None:
    """Size of the projector in the same folder; of several the one in F16, as runtimes take it; None without any.

    In a folder of several models only a projector that bears the model's name is its own."""
    try:
        files = [file for file in path.parent.glob("*.gguf") if not re.search(r"-0000[2-9]-of-|-000[1-9]\d-of-", file.name)]
        own = path.stem[: found.start()].lower() if (found := QUANT_IN_NAME.search(path.stem)) else path.stem.lower()
        alone = sum("mmproj" not in file.name.lower() for file in files) <= 1
        sizes = {
            file.name.lower(): file.stat().st_size
            for file in files
            if "mmproj" in file.name.lower() and (alone or own in file.name.lower())
        }
    except OSError:
        return None
    return sizes[preferred(sizes)] if sizes else None


def preferred(names: Iterable[str]) -> str:
    return min(names, key=lambda name: ("bf16" in name.lower(), "f16" not in name.lower(), name))


def model(header: gguf.Header, path: Path) -> tuple[Model, Artifact]:
    """The model a header describes; `path` gives the name where the header has none, and the artefact's place."""
    metadata = header.metadata
    arch = _word(metadata, "general.architecture")
    if arch is None:
        raise Problem("The file does not state an architecture.", where=str(path), hint="It may be an adapter or another tool's GGUF.")
    kind = _word(metadata, "general.type")
    if arch == "clip" or kind in ("mmproj", "adapter"):
        says = "This is a projector (the vision part of a model)" if kind != "adapter" else "This is an adapter (LoRA)"
        raise Problem(f"{says}, not a model by itself.", where=str(path), hint="Name the model's own GGUF file.")
    names = {tensor.name for tensor in header.tensors}
    elements = sum(prod(tensor.shape) for tensor in header.tensors)
    name = _word(metadata, "general.name") or path.stem
    quant = quantisation(header, path)
    size = sum(tensor.bytes for tensor in header.tensors)
    base = _word(metadata, "general.base_model.0.repo_url")
    described = Model(
        id=slug(path.stem),
        name=name,
        family=_word(metadata, "general.basename") or arch,
        arch=arch,
        params=elements or None,
        shape=shape(metadata, arch, _vocab(header, arch), "token_embd.weight" in names and "output.weight" not in names),
        tasks=_tasks(metadata, arch),
        licence=_word(metadata, "general.license"),
        repo="/".join(base.rstrip("/").split("/")[-2:]) if base else None,
        sources=(Source(source=f"header of {path.name}", checked="", how="read"),),
        tensors=header.tensors,
    )
    bits = 8 * size / elements if elements else None
    return described, Artifact(format="gguf", quant=quant, file=path.name, path=str(path), bytes=header.file_bytes, bits_per_weight=bits)


def quantisation(header: gguf.Header, path: Path) -> str:
    """What people call the file: the name's own word, the stated file type, or the type most bytes are in."""
    named = QUANT_IN_NAME.search(path.stem)
    if named:
        return named[1].upper()
    stated = header.metadata.get("general.file_type")
    if isinstance(stated, int) and stated in FILE_TYPES:
        return FILE_TYPES[stated]
    sizes: dict[str, int] = {}
    for tensor in header.tensors:
        sizes[tensor.type] = sizes.get(tensor.type, 0) + tensor.bytes
    return max(sizes, key=lambda type_: sizes[type_]) if sizes else "unknown"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _word(metadata: dict[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) and value else None


def _vocab(header: gguf.Header, arch: str) -> int | None:
    for tensor in header.tensors:
        if tensor.name == "token_embd.weight" and len(tensor.shape) == 2:
            return tensor.shape[0]
    tokens, stated = header.metadata.get("tokenizer.ggml.tokens"), header.metadata.get(f"{arch}.vocab_size")
    if isinstance(tokens, gguf.Skipped):
        return tokens.items
    return stated if isinstance(stated, int) else None


def _tasks(metadata: dict[str, Any], arch: str) -> tuple[Task, ...]:
    if metadata.get(f"{arch}.pooling_type") == 4:
        return ("rerank",)
    if arch in EMBEDDERS or isinstance(metadata.get(f"{arch}.pooling_type"), int):
        return ("embeddings",)
    return ("chat", "completion") if "tokenizer.chat_template" in metadata else ("completion",)
