"""Whether a format fits a plan. A template says in its first line what it needs: `{# needs: container linux runtime:vllm #}`. Pure."""

import re
from collections.abc import Callable

from pathfinder.types.plans import Plan

_LINE = re.compile(r"\{#-?\s*needs:\s*([^#]*?)\s*-?#\}")


def needs(template: str) -> tuple[str, ...] | None:
    """The words of a template's first line; None for a format that takes every plan as it is."""
    found = _LINE.match(template)
    return None if found is None else tuple(found[1].split())


def unmet(needed: tuple[str, ...], plan: Plan) -> str | None:
    """Why a plan (with `deploy`) does not fit, half a sentence; None when it does. Raises KeyError for a word nobody knows."""
    for word in needed:
        name, _, choices = word.partition(":")
        if name == "runtime":
            if plan.runtime not in choices.split(","):
                return f"it is for {' and '.join(choices.split(','))}"
            continue
        holds, says = _WORDS[name]
        if not holds(plan):
            return says
    return None


def runtimes(needed: tuple[str, ...]) -> tuple[str, ...]:
    """The runtimes a format is made for; empty for all."""
    return tuple(choice for word in needed if word.startswith("runtime:") for choice in word.partition(":")[2].split(","))


def _format(plan: Plan) -> str | None:
    return plan.artifact.format if plan.artifact else None


def _folder(plan: Plan) -> str | None:
    return plan.deploy.server.cwd if plan.deploy and plan.deploy.server else None


_WORDS: dict[str, tuple[Callable[[Plan], bool], str]] = {
    "any": (lambda plan: True, ""),
    "container": (lambda plan: bool(plan.deploy and plan.deploy.container), "it needs a container, and this recipe starts none"),
    "process": (lambda plan: bool(plan.deploy and plan.deploy.server), "it needs one command that keeps running outside a container"),
    "server": (lambda plan: plan.endpoint is not None, "it needs a server, and this plan starts none"),
    "openai": (lambda plan: plan.endpoint is not None and plan.endpoint.api == "openai", "it needs a server with an OpenAI-compatible API"),
    "linux": (lambda plan: plan.os == "linux", "it is for Linux"),
    "macos": (lambda plan: plan.os == "macos", "it is for macOS"),
    "posix": (lambda plan: plan.os in ("linux", "macos"), "it is for Linux and macOS"),
    "gguf": (lambda plan: _format(plan) == "gguf", "it takes GGUF files"),
    "hub": (lambda plan: bool(plan.artifact and plan.artifact.repo), "it needs a model of the hub, which every machine can fetch"),
    "weights": (lambda plan: plan.artifact is not None, "it needs to know the model's files"),
    "engine": (lambda plan: bool(plan.deploy and plan.deploy.engine), "none of its backends takes this form of the model"),
    "gpu": (lambda plan: bool(plan.node and plan.node.device_count) and plan.backend != "cpu", "it needs GPUs"),
    "localai-model": (lambda plan: bool(plan.deploy and plan.deploy.localai_model), "it needs the name of the model's file"),
    "anywhere": (lambda plan: _folder(plan) is None, "it starts programs in no folder of their own"),
    "editor": (lambda plan: bool(plan.deploy and plan.deploy.roles), "it is for chat, completion, embeddings and reranking"),
    "mode": (lambda plan: bool(plan.deploy and plan.deploy.mode), "it has no word for this task"),
    "chat": (lambda plan: plan.values.get("task") in ("chat", "completion"), "it is for models that chat"),
}
"""Every word a template may need: its test, and the half sentence when it fails."""
