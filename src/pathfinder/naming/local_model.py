"""A model named by a path: what kind it is, and whether it is whole, before any engine sees it."""

from pathlib import Path
from typing import Literal

from pathfinder.errors import Problem


def local_model(ref: str) -> tuple[Path, Literal["gguf", "folder"]]:
    """The path and kind of a local model. Raises `Problem`, one sentence, for what is no whole GGUF file or model folder."""
    path = Path(ref).expanduser()
    if path.is_dir():
        _folder(path, ref)
        return path, "folder"
    if not path.exists():
        raise Problem("There is no such file or folder.", where=ref, hint="Name a .gguf file or a folder with config.json and safetensors.")
    from pathfinder.formats.gguf import read

    read(path)
    return path, "gguf"


def _folder(path: Path, ref: str) -> None:
    import json

    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem("The folder has no config.json, so it is no model.", where=ref) from None
    except (OSError, ValueError, RecursionError):
        raise Problem("The folder's config.json cannot be read.", where=str(path / "config.json")) from None
    if not isinstance(config, dict) or "model_type" not in config:
        raise Problem("The folder's config.json names no model_type.", where=str(path / "config.json"))
    if "model_file" in config:
        says = "The folder brings code of its own to run (model_file), which is not run."
        raise Problem(says, where=str(path / "config.json"), hint="Use a model whose architecture mlx-lm knows.")
    weights = sorted(path.glob("model*.safetensors"))
    if not weights:
        raise Problem("The folder has no model*.safetensors file.", where=ref, hint="Other weight files are not read.")
    for file in weights:
        _safetensors(file)


def _safetensors(file: Path) -> None:
    """Header length, JSON header, bytes (huggingface/safetensors README): the last offset is the file's end."""
    import json

    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or not 2 <= length <= min(size - 8, 100 << 20):
                raise ValueError
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        if not all(isinstance(end, int) for end in ends):
            raise ValueError
    except OSError as error:
        raise Problem(f"The file cannot be read: {error.strerror}.", where=str(file)) from None
    except (ValueError, AttributeError, KeyError, TypeError, IndexError, RecursionError):
        raise Problem("This is not a safetensors file, or its header is cut off.", where=str(file), hint="Download it again.") from None
    if 8 + length + max(ends, default=0) > size:
        raise Problem("The file is cut off.", where=str(file), hint="Download it again.")
