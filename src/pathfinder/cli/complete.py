"""What a shell's Tab offers for the values of options and arguments, by the parameter's name; options and verbs Typer knows itself."""

import os
from collections.abc import Callable, Iterable
from typing import Any, get_args

_FILES_BEGIN = (".", "/", "~", "\\")


def attach(command: Any, verb: str) -> None:
    """Give the parameters of a verb their values. Nothing is looked up yet."""
    for parameter in command.params:
        values = _BY_VERB.get((verb, parameter.name)) or _BY_NAME.get(parameter.name)
        if values is not None:
            parameter._custom_shell_complete = lambda ctx, param, incomplete, values=values: offered(values(), incomplete)


def offered(values: Iterable[str], incomplete: str) -> list[str]:
    """Those that begin as typed, the later parts of a name left out while there are many; none for a path, which the shell completes."""
    if incomplete.startswith(_FILES_BEGIN):
        return []
    glued = os.environ.get("_PATHFINDER_GLUED", "")
    typed = glued + incomplete
    return [value[len(glued) :] for value in values if value.lower().startswith(typed.lower())]


def glue() -> None:
    """Bash makes three words of `profile:dgx`: put them together again, and remember what is in front of the last colon."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    index = os.environ.get("COMP_CWORD", "")
    if not index.isdigit() or ":" not in words:
        return
    joined: list[str] = []
    open_, at, before = False, int(index), 0
    for number, word in enumerate(words):
        if joined and (word == ":" or open_):
            joined[-1] += word
            before += number <= at
        else:
            joined.append(word)
        open_ = word == ":"
    at -= before
    head, colon, tail = joined[at].rpartition(":") if at < len(joined) else ("", "", "")
    if colon:
        joined[at] = tail
        os.environ["_PATHFINDER_GLUED"] = head + colon
    os.environ.update(COMP_WORDS="\n".join(joined), COMP_CWORD=str(at))


def _models() -> Iterable[str]:
    from pathfinder.data import compiled, store

    return sorted(name.removeprefix("model/") for name in compiled.load(store.chosen(())).index if name.startswith("model/"))


def _runtimes() -> Iterable[str]:
    from pathfinder.data import compiled, store

    return sorted(name.removeprefix("runtime/") for name in compiled.load(store.chosen(())).index if name.startswith("runtime/"))


def _profiles() -> Iterable[str]:
    from pathfinder.data import store

    return store.profiles()


def _formats() -> Iterable[str]:
    from pathfinder.data import store
    from pathfinder.telling.render import formats

    return formats(store.templates())


def _servers() -> Iterable[str]:
    from pathfinder.acting.here import live_root
    from pathfinder.acting.install import home
    from pathfinder.acting.servers import listed

    return [one.name for one in listed(home(live_root()) / "servers")]


def _documents() -> Iterable[str]:
    from pathfinder.telling.schemas import names

    return names()


def _expectations() -> Iterable[str]:
    from pathfinder.checking.expect import ALIASES
    from pathfinder.language.vocabulary import roots

    plain = (*ALIASES, "disk.free", "toolkit.cuda", "cpu.avx2", "cpu.avx512_vnni", "cpu.amx_tile", "cpu.neon", "cpu.dotprod", "cpu.i8mm")
    return (*plain, *(f"{root}." for root in roots()), *(f"runtime:{id}" for id in _runtimes()), *(f"model:{id}" for id in _models()))


def _literal(name: str) -> Callable[[], Iterable[str]]:
    def values() -> Iterable[str]:
        from pathfinder.types import words

        return [str(word) for word in get_args(getattr(words, name))]

    return values


def _words(*words: str) -> Callable[[], Iterable[str]]:
    return lambda: words


_QUANTS = "Q4_K_M Q5_K_M Q6_K Q8_0 Q3_K_M Q2_K IQ4_XS IQ3_M IQ2_M Q4_0 F16 BF16 MXFP4 AWQ GPTQ FP8 4bit 8bit".split()  # noqa: SIM905
_BY_NAME: dict[str, Callable[[], Iterable[str]]] = {
    "runtime": _runtimes,
    "runtimes": _runtimes,
    "model": _models,
    "ref": _models,
    "host": lambda: ("live", *(f"profile:{id}" for id in _profiles())),
    "as_": _formats,
    "name": _servers,
    "task": _literal("Task"),
    "for_": _literal("Audience"),
    "prefer": _literal("Prefer"),
    "os": _literal("OsFamily"),
    "backend": _literal("Backend"),
    "state": _literal("ProjectState"),
    "quant": lambda: _QUANTS,
    "kv_type": _words("f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "fp8", "bf16", "f32"),
    "shell": _words("bash", "zsh", "fish", "powershell", "pwsh"),
    "format": _words("text", "json", "github", "junit", "sarif"),
    "expectation": _expectations,
}
_BY_VERB: dict[tuple[str, str], Callable[[], Iterable[str]]] = {
    ("matrix", "as_"): _words("json", "csv", "markdown", "html"),
    ("recommend", "as_"): _words("svg", "html"),
    ("profiles", "id"): _profiles,
    ("schema", "name"): _documents,
    ("run", "engine"): _words("llama.cpp", "mlx"),
    ("estimate", "engine"): _words("llama.cpp", "vllm", "mlx-lm", "transformers", "sglang", "exllamav2", "exllamav3", "tensorrt-llm"),
}
