"""The bundled probe model: its forms, and the float64 reference of each."""

from functools import cache
from pathlib import Path
from typing import Any

from pathfinder.types.results import Reference, ReferenceAnswer
from pathfinder.types.words import Frozen

NAME = "pathfinder-probe"
FILE_TYPES = {1: "f16", 2: "q4_0", 7: "q8_0"}
"""`general.file_type` of GGUF (llama.cpp's `llama_ftype`)."""


class Form(Frozen, frozen=True, kw_only=True):
    name: str
    """`f16`, `q8_0`, `q4_0` (GGUF) or `hf` (a Hugging Face folder)."""
    path: str
    engine: str


def folder() -> Path:
    return Path(__file__).parents[1] / "_probe"


def forms(engine: str) -> list[Form]:
    """The forms an engine reads, the plainest first."""
    return [form for form in _forms() if form.engine == engine]


def form_of(path: Path) -> Form | None:
    """The form a local model calls itself, else None. Goes by its name and not by its bytes: a damaged copy is to be judged as well."""
    name = _form_of_folder(path) if path.is_dir() else _form_of_file(path)
    return next((form for form in _forms() if form.name == name), None)


def _form_of_file(path: Path) -> str | None:
    from pathfinder.errors import Problem
    from pathfinder.formats.gguf import read

    try:
        metadata = read(path).metadata
    except Problem:
        return None
    if metadata.get("general.name") != NAME:
        return None
    kind = metadata.get("general.file_type")
    return FILE_TYPES.get(kind) if isinstance(kind, int) else None


def _form_of_folder(path: Path) -> str | None:
    import json

    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return "hf" if isinstance(config, dict) and config.get("_name_or_path") == NAME else None


def every() -> list[Form]:
    """All forms, of whatever engine."""
    return _forms()


def end() -> int:
    """The token that ends a text."""
    return int(_document("reference.json")["end"])


def pieces() -> dict[str, int]:
    """Text of a token to its id, as servers tell tokens; those that are no text by themselves are left out."""
    vocabulary: dict[str, int] = _document("hf/tokenizer.json")["model"]["vocab"]
    bytes_of = _byte_level()
    found: dict[str, int] = {}
    for spelt, id in vocabulary.items():
        try:
            found[bytes(bytes_of[char] for char in spelt).decode()] = id
        except (KeyError, UnicodeDecodeError):
            continue
    return found


def _byte_level() -> dict[str, int]:
    """GPT-2's spelling of bytes as printable characters (`bytes_to_unicode`)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(others)}


def reference(form: str) -> Reference:
    """What the form must answer, and how far an engine's log-probabilities may be off."""
    document = _document("reference.json")
    answers = tuple(
        ReferenceAnswer(
            prompt=prompt["text"],
            prompt_tokens=tuple(prompt["tokens"]),
            tokens=tuple(made["tokens"]),
            text=made["text"],
            top=tuple(tuple(step) for step in made["top"]),
            logprobs=tuple(tuple(step) for step in made["logprobs"]),
        )
        for prompt, made in zip(document["prompts"], document["forms"][form]["answers"], strict=True)
    )
    return Reference(name=f"{NAME} {form}", tolerance=_document("tolerance.json")[form]["tolerance"], answers=answers)


def longest_answer() -> int:
    """Tokens a run must be allowed so that every answer ends by itself."""
    return int(_document("reference.json")["steps"])


def _forms() -> list[Form]:
    made = _document("reference.json")["forms"]
    return [Form(name=name, path=str(folder() / of["file"]), engine="mlx" if name == "hf" else "llama.cpp") for name, of in made.items()]


@cache
def _document(name: str) -> dict[str, Any]:
    import json

    document: dict[str, Any] = json.loads((folder() / name).read_text(encoding="utf-8"))
    return document
