"""What the hub has beside the catalogue: one question, asked only when somebody says `--online`."""

from collections.abc import Iterator, Sequence
from typing import Any

from pathfinder.naming.models import ModelRow
from pathfinder.network.fetch import _told
from pathfinder.types.words import Task

MOST = 20
FORMATS = ("gguf", "mlx", "awq", "gptq", "exl2", "exl3", "onnx", "openvino", "safetensors")
"""Tags of repositories that are formats of ours."""
TASKS: dict[str, tuple[Task, ...]] = {
    "text-generation": ("chat", "completion"),
    "image-text-to-text": ("chat", "completion"),
    "feature-extraction": ("embeddings",),
    "sentence-similarity": ("embeddings",),
    "text-ranking": ("rerank",),
    "automatic-speech-recognition": ("transcribe",),
    "text-to-speech": ("tts",),
    "text-to-image": ("image",),
    "text-to-audio": ("music",),
    "object-detection": ("object-detection",),
    "voice-activity-detection": ("vad",),
}
"""`pipeline_tag` -> tasks."""


def search(text: str) -> tuple[ModelRow, ...]:
    """Repositories whose names hold the words, the most downloaded first. Asks the hub (`HF_ENDPOINT`, `HF_TOKEN`).

    Raises Problem when it cannot be reached."""
    from huggingface_hub import HfApi

    with _told(text):
        found = list(HfApi().list_models(search=text, sort="downloads", limit=MOST))
    return tuple(row(one) for one in found)


def row(found: Any) -> ModelRow:
    """A repository as the catalogue would list it; its size and shape are read by `estimate hf:owner/name`."""
    repo = str(found.id)
    tags = [str(tag).lower() for tag in found.tags or ()]
    created = getattr(found, "created_at", None)
    return ModelRow(
        id=f"hf:{repo}",
        name=repo.partition("/")[2] or repo,
        family="",
        params=None,
        active_params=None,
        tasks=TASKS.get(str(found.pipeline_tag or ""), ()),
        context=None,
        formats=tuple(_formats(tags)),
        repo=repo,
        released=f"{created:%Y-%m}" if created else None,
    )


def _formats(tags: Sequence[str]) -> Iterator[str]:
    yield from (format for format in FORMATS if format in tags)
