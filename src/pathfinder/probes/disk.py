"""Free space where models are kept: Hugging Face's cache first, then the other caches and the root."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation


def probe(host: Host) -> Iterator[Observation]:
    seen: set[str] = set()
    for path in _places(host):
        if path in seen:
            continue
        seen.add(path)
        answer = host.ask("statvfs", path)
        if isinstance(answer.value, dict):
            value = {"path": path, "free_bytes": answer.value.get("free_bytes")}
            yield Observation(path="disk", value=value, source="statvfs", elapsed_seconds=answer.elapsed_seconds)
        elif answer.silence != "not-recorded":
            yield Observation(path="disk", value=None, source=f"statvfs {path}", note=answer.note or answer.silence)


def _places(host: Host) -> Iterator[str]:
    """The model cache is the first (huggingface_hub: HF_HUB_CACHE, else HF_HOME/hub, else the XDG cache)."""
    home = host.env("HOME").value or host.env("USERPROFILE").value
    cache = host.env("HF_HUB_CACHE").value
    hf_home = host.env("HF_HOME").value
    base = host.env("XDG_CACHE_HOME").value or (f"{home}/.cache" if home else None)
    if cache:
        yield cache
    elif hf_home:
        yield f"{hf_home}/hub"
    elif base:
        yield f"{base}/huggingface/hub"
    ollama = host.env("OLLAMA_MODELS").value
    if ollama:
        yield ollama
    uname = host.uname().value
    yield "C:\\" if uname is not None and uname.sysname == "Windows" else "/"
