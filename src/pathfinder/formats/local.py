"""A model on this machine: a GGUF file, or a folder as Hugging Face and MLX lay it out."""

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import msgspec

from pathfinder.errors import Problem
from pathfinder.types.models import Artifact, Model, Source, Tensor

MAX_CONFIG = 4 << 20


def read(path: Path) -> tuple[Model, Artifact]:
    """The model a path holds. Raises Problem, one sentence, for anything else."""
    if path.is_dir():
        return folder(path)
    if path.suffix == ".safetensors":
        return folder(path.parent)
    from pathfinder.formats import gguf_model

    return gguf_model.read(path)


def folder(path: Path) -> tuple[Model, Artifact]:
    from pathfinder.formats import hf_config, safetensors

    if not (path / "config.json").is_file():
        files = sorted(path.glob("*.gguf"))
        whole = [
            file for file in files if "mmproj" not in file.name.lower() and not re.search(r"-0000[2-9]-of-|-000[1-9]\d-of-", file.name)
        ]
        if len(whole) == 1:
            return read(whole[0])
        says = f"The folder holds {len(whole)} GGUF models." if whole else "The folder has no config.json and no GGUF file."
        raise Problem(says, where=str(path), hint="Name one .gguf file, or a folder with config.json and weights.")
    config = document(path / "config.json")
    reading = hf_config.read(config)
    tensors, size = safetensors.folder(path)
    quant = reading.quant or dominant(tensors) or "unknown"
    params = elements(tensors, config)
    described = Model(
        id=re.sub(r"[^a-z0-9.]+", "-", path.resolve().name.lower()).strip("-") or "model",
        name=path.resolve().name,
        family=str(config.get("model_type") or reading.arch),
        arch=reading.arch,
        hf_arch=reading.hf_arch,
        params=params,
        shape=reading.shape,
        tasks=reading.tasks,
        sources=(Source(source=f"{path.name}/config.json", checked="", how="read"),),
        tensors=tensors,
    )
    bits = 8 * sum(tensor.bytes for tensor in tensors) / params if params and tensors else None
    return described, Artifact(format=reading.format, quant=quant, path=str(path), bytes=size or None, bits_per_weight=bits)


def document(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG:
            raise Problem("The configuration is larger than any model's.", where=str(path))
        found = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise Problem(f"The file cannot be read: {error.strerror}.", where=str(path)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem("The configuration is not a JSON object.", where=str(path), hint="Fetch the folder again.")
    return found


def dominant(tensors: tuple[Tensor, ...]) -> str | None:
    """The type most bytes are in."""
    sizes: dict[str, int] = {}
    for tensor in tensors:
        sizes[tensor.type] = sizes.get(tensor.type, 0) + tensor.bytes
    return max(sizes, key=lambda type_: sizes[type_], default=None)


def elements(tensors: tuple[Tensor, ...], config: Mapping[str, Any]) -> int | None:
    """Parameters: packed integers (MLX, GPTQ, AWQ) are unpacked by their bits; scales, zeros and biases of groups do not count."""
    if not tensors:
        return None
    block = config.get("quantization") or config.get("quantization_config")
    bits = block.get("bits") if isinstance(block, dict) else None
    packed = {"U32", "I32"} if isinstance(bits, int) and 1 <= bits <= 8 else set()
    names = {tensor.name for tensor in tensors}
    count = 0
    for tensor in tensors:
        stem, _, last = tensor.name.rpartition(".")
        if packed and (last in ("scales", "qzeros", "g_idx") or (last == "biases" and f"{stem}.scales" in names)):
            continue
        count += tensor.bytes * 8 // int(bits or 8) if tensor.type in packed else prod(tensor.shape)
    return count
