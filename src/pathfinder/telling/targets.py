"""What programs in front of a server, or instead of one, want to know: their words for tasks, folders and forms of a model. Pure."""

from typing import Any

from pathfinder.types.plans import Plan

_PROVIDERS = {"vllm": "hosted_vllm/", "infinity": "infinity/"}
"""LiteLLM's prefixes where a server has one of its own (docs.litellm.ai providers, read 2026-11-20)."""
_MODES = {
    "chat": "chat",
    "completion": "completion",
    "embeddings": "embedding",
    "rerank": "rerank",
    "transcribe": "audio_transcription",
    "tts": "audio_speech",
    "image": "image_generation",
}
_ROLES = {"chat": ("chat", "edit", "apply"), "completion": ("autocomplete",), "embeddings": ("embed",), "rerank": ("rerank",)}
_PAGE = 256


def words(plan: Plan, engine: str | None) -> dict[str, Any]:
    """Fields of `Deploy` that single programs want."""
    task = plan.values.get("task", "")
    folder, name = _folder(plan)
    return {
        "provider": _PROVIDERS.get(plan.runtime, "openai/"),
        "mode": _MODES.get(task),
        "roles": _ROLES.get(task, ()),
        "localai_model": _localai(plan, engine),
        "folder": folder,
        "folder_name": name,
        "cache_tokens": _cache(plan),
    }


def _folder(plan: Plan) -> tuple[str, str]:
    path = plan.artifact.path if plan.artifact else None
    if path is None:
        return plan.values.get("models", ""), plan.values.get("name", plan.model)
    folder, _, name = path.replace("\\", "/").rstrip("/").rpartition("/")
    return folder or "/", name


def _localai(plan: Plan, engine: str | None) -> str:
    """A file of the hub or of Ollama's library for llama.cpp, a repository for the others; empty when the file has no name."""
    artifact = plan.artifact
    if artifact is None or artifact.repo is None:
        return _folder(plan)[1] if artifact else ""
    if engine != "llama-cpp":
        return artifact.repo
    return f"huggingface://{artifact.repo}/{artifact.file}" if artifact.file else f"ollama://{artifact.tag}" if artifact.tag else ""


def _cache(plan: Plan) -> int:
    text = plan.values.get("context_total", "")
    tokens = int(text) if text.isdigit() else 4096
    return -(-tokens // _PAGE) * _PAGE
