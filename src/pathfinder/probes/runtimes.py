"""Installed runtimes: programs on the search path and Python distributions beside the Python found there."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

PROGRAMS: dict[str, tuple[str, ...]] = {
    "llama.cpp": ("llama-server", "llama-cli"),
    "ollama": ("ollama",),
    "lm-studio": ("lms",),
    "vllm": ("vllm",),
    "sglang": ("sglang",),
    "mlx-lm": ("mlx_lm.server",),
    "localai": ("local-ai", "localai"),
    "ramalama": ("ramalama",),
    "llamafile": ("llamafile",),
    "koboldcpp": ("koboldcpp",),
    "jan": ("jan",),
    "lemonade": ("lemonade-server", "lemonade"),
    "foundry-local": ("foundry",),
    "text-generation-inference": ("text-generation-launcher",),
    "mistral.rs": ("mistralrs-server", "mistralrs"),
    "lmdeploy": ("lmdeploy",),
    "tabbyapi": ("tabbyapi",),
    "whisper.cpp": ("whisper-cli", "whisper-server"),
    "stable-diffusion.cpp": ("sd", "sd-server"),
    "mlc-llm": ("mlc_llm",),
    "gpustack": ("gpustack",),
    "exo": ("exo",),
    "shimmy": ("shimmy",),
    "llama-swap": ("llama-swap",),
    "docker-model-runner": ("docker-model",),
}
DISTRIBUTIONS: dict[str, str] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "mlx-lm": "mlx-lm",
    "transformers": "transformers",
    "llama-cpp-python": "llama-cpp-python",
    "openvino": "openvino-genai",
    "exllamav2": "exllamav2",
    "exllamav3": "exllamav3",
    "tensorrt-llm": "tensorrt-llm",
    "lmdeploy": "lmdeploy",
    "ctransformers": "ctransformers",
    "ctranslate2": "ctranslate2",
    "onnxruntime-genai": "onnxruntime-genai",
    "faster-whisper": "faster-whisper",
    "mlc-llm": "mlc-llm",
    "gpt4all": "gpt4all",
    "aphrodite": "aphrodite-engine",
    "diffusers": "diffusers",
    "mlx-vlm": "mlx-vlm",
    "gpustack": "gpustack",
    "xinference": "xinference",
    "litellm": "litellm",
}
WINDOWED = frozenset({"lm-studio", "jan", "foundry-local", "lemonade", "gpt4all"})
"""Applications that need not be on the search path: not found there is unknown, not "no"."""
PLACES: dict[str, tuple[str, ...]] = {"lm-studio": ("{home}/.lmstudio/bin/lms", "{home}/.cache/lm-studio/bin/lms")}
MAC_APPS: dict[str, str] = {
    "ollama": "/Applications/Ollama.app",
    "lm-studio": "/Applications/LM Studio.app",
    "jan": "/Applications/Jan.app",
}


def probe(host: Host) -> Iterator[Observation]:
    words = tuple(dict.fromkeys(word for spellings in PROGRAMS.values() for word in spellings))
    answer = host.ask("which", *words)
    if isinstance(answer.value, dict):
        for name, spellings in PROGRAMS.items():
            path = next((answer.value[word] for word in spellings if word in answer.value), None)
            if path is not None or name not in DISTRIBUTIONS:
                path = path or _elsewhere(host, name)
                fields = {"found": True if path else None if name in WINDOWED else False, "path": path}
                yield _said(name, fields, "the search path", answer.elapsed_seconds)
    yield from _packages(host)
    uname = host.uname().value
    if uname is not None and uname.sysname == "Darwin":
        for name, path in MAC_APPS.items():
            if host.access(path, "f").value:
                yield _said(name, {"found": True, "path": path}, path, 0.0)


def _elsewhere(host: Host, name: str) -> str | None:
    home = host.env("HOME").value or host.env("USERPROFILE").value or ""
    places = (place.format(home=home) for place in PLACES.get(name, ()))
    return next((place for place in places if home and host.access(place, "x").value), None)


def _packages(host: Host) -> Iterator[Observation]:
    found = host.ask("which", "python3", "python").value
    python = next(iter(found.values()), "") if isinstance(found, dict) else ""
    answer = host.ask("distributions", python, *sorted(DISTRIBUTIONS.values()))
    if not isinstance(answer.value, dict):
        return
    for name, distribution in DISTRIBUTIONS.items():
        version, folder = answer.value.get(distribution, (None, None))
        fields = {"found": version is not None, "version": version, "path": folder}
        yield _said(name, fields, "installed distributions", answer.elapsed_seconds)


def _said(name: str, fields: dict[str, object], source: str, seconds: float) -> Observation:
    trust = "kernel" if fields.get("found") else "guess"
    return Observation(path=f"runtimes.{name}", value=fields, source=source, trust=trust, elapsed_seconds=seconds)  # type: ignore[arg-type]
