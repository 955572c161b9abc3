"""Which of a repository's files are one model: a GGUF file with all its parts, or a folder; pure."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from pathfinder.errors import Problem
from pathfinder.network.fetch import RemoteFile

PREFERRED = ("Q4_K_M", "MXFP4", "Q4_K_S", "Q4_0", "IQ4_XS", "Q5_K_M", "Q8_0")
FOLDER = ("*.json", "model*.safetensors", "tokenizer.model", "*.tiktoken", "*.txt", "*.jinja")
"""What mlx-lm and transformers load (mlx-lm's `_download` patterns), programs left out."""
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.(?:gguf|safetensors)$")


class Gguf(NamedTuple):
    """A GGUF file of a repository, with all its parts in order."""

    parts: tuple[RemoteFile, ...]
    projector: int | None = None
    """Bytes of the `mmproj` file beside it."""

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


def gguf(files: Sequence[RemoteFile], which: str | None, where: str) -> Gguf | None:
    """The GGUF file meant; None when the repository holds none. Raises Problem when none is of the quantisation asked for."""
    found = [file for file in files if file.name.lower().endswith(".gguf") and "mmproj" not in file.name.lower()]
    if not found:
        if which is not None and not any(file.name == which for file in files):
            raise Problem(
                "The repository has no GGUF file of that name or quantisation.", where=where, hint="Leave what follows the name out."
            )
        return None
    firsts = [file for file in found if (part := _PART.search(file.name)) is None or int(part[1]) == 1]
    wanted = [file for file in firsts if which is None or is_named(file, which) or quant_in(file.name, which)]
    if not wanted:
        known = ", ".join(sorted(PurePosixPath(file.name).stem for file in firsts)[:12])
        raise Problem(f"The repository has no {which}.", where=where, hint=f"It has {known}.")
    by_quant = (file for quant in PREFERRED for file in wanted if quant_in(file.name, quant))
    first = wanted[0] if which is not None else next(by_quant, wanted[0])
    part = _PART.search(first.name)
    stem = first.name[: part.start()] if part else ""
    parts = [file for file in found if part and (one := _PART.search(file.name)) and file.name[: one.start()] == stem]
    return Gguf(tuple(sorted(parts, key=lambda file: file.name)) or (first,), projector(files))


def folder(files: Sequence[RemoteFile]) -> tuple[RemoteFile, ...]:
    """The files of a model folder, the weights last, so that what has them has everything; empty where it is none."""
    mine = [file for file in files if "/" not in file.name and any(fnmatchcase(file.name, pattern) for pattern in FOLDER)]
    names = [file.name for file in mine]
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        return ()
    return tuple(sorted(mine, key=lambda file: (file.name.endswith(".safetensors"), file.name)))


def whole(files: Sequence[RemoteFile]) -> bool:
    """Whether every part is there of what is split into parts (`-00001-of-00003`)."""
    numbered = [match for file in files if (match := _PART.search(file.name))]
    return all(len([other for other in numbered if other[2] == one[2]]) >= int(one[2]) for one in numbered)


def is_named(file: RemoteFile, name: str) -> bool:
    """By its path in the repository, or by the last part of it."""
    return name in (file.name, PurePosixPath(file.name).name)


def projector(files: Sequence[RemoteFile]) -> int | None:
    from pathfinder.formats.gguf_model import preferred

    sizes = {file.name: file.bytes for file in files if "mmproj" in file.name.lower() and file.name.lower().endswith(".gguf")}
    return sizes[preferred(sizes)] if sizes else None


def quant_in(name: str, quant: str) -> bool:
    return re.search(rf"(?:^|[-_./]){re.escape(quant)}(?:[-./]|$)", name, re.I) is not None
