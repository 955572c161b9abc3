"""The bundled probe model: its forms, and the float64 reference of each."""

from functools import cache
from pathlib import Path
from typing import Any

from pathfinder.types import Frozen, Reference, ReferenceAnswer

NAME = "pathfinder-probe"


class Form(Frozen, frozen=True, kw_only=True):
    name: str
    """`f16`, `q8_0`, `q4_0` (GGUF) or `hf` (a Hugging Face folder)."""
    path: str
    sha256: str
    """Of the file with the weights."""
    engine: str


def folder() -> Path:
    return Path(__file__).with_name("_probe")


def forms(engine: str) -> list[Form]:
    """The forms an engine reads, the plainest first."""
    return [form for form in _forms() if form.engine == engine]


def form_of(path: Path) -> Form | None:
    """The form a local file or folder is a copy of, else None. Reads no more than a small file."""
    weights = path / "model.safetensors" if path.is_dir() else path
    try:
        if weights.stat().st_size > 4 << 20:
            return None
        import hashlib

        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError:
        return None
    kind = "mlx" if path.is_dir() else "llama.cpp"
    return next((form for form in _forms() if form.sha256 == digest and form.engine == kind), None)


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
    return [
        Form(name=name, path=str(folder() / of["file"]), sha256=of["sha256"], engine="mlx" if name == "hf" else "llama.cpp")
        for name, of in made.items()
    ]


@cache
def _document(name: str) -> dict[str, Any]:
    import json

    document: dict[str, Any] = json.loads((folder() / name).read_text(encoding="utf-8"))
    return document
