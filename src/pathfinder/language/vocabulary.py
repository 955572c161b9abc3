"""What a path of a condition is: its kind, its words, and what changing it takes, read off the types.

Asked when conditions are compiled, never when they are evaluated.
"""

import types as pytypes
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from pathfinder.errors import Problem
from pathfinder.types import words
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import ModelFacts, PlanFacts, SetFacts, WantFacts
from pathfinder.types.words import Fact, FactKind, Takes

FACT_ROOTS = (
    "os", "cpu", "memory", "cgroup", "disk", "board", "pci", "devices", "links",
    "backends", "toolkits", "tools", "runtimes",
)  # fmt: skip


class PathKind(msgspec.Struct, frozen=True, kw_only=True):
    """How a path is compared, and the closed list of its words where it has one."""

    kind: FactKind
    takes: Takes = "hardware"
    words: tuple[str, ...] = ()


Kinds = Callable[[str], PathKind | None]
"""From a path to what it is; None: there is no such path."""


def kind_of(path: str) -> PathKind | None:
    """What a dotted path is; None when no fact, device, set, model or wish has that place."""
    root, _, rest = path.partition(".")
    hint = _roots().get(root)
    return None if hint is None else _walk(hint, rest.split(".") if rest else [], Fact())


def roots() -> tuple[str, ...]:
    return tuple(_roots())


def near(path: str) -> list[str]:
    """Paths that somebody who wrote this one could have meant: a part of the thing, else a place of nearly that name beside it."""
    from difflib import get_close_matches

    parts = [f"{path}.{name}" for name in ("found", "usable", "version") if kind_of(f"{path}.{name}") is not None]
    head, dot, last = path.rpartition(".")
    return parts or [head + dot + name for name in get_close_matches(last, _places(head), 2, 0.7)]


def _places(head: str) -> tuple[str, ...]:
    """The names that may stand behind `head`: roots without one, else the fields of a root's values."""
    if not head:
        return roots()
    hint = _bare(_roots().get(head.partition(".")[0]), Fact())[0]
    item = _item(hint)
    hint = hint if item is None else _bare(item, Fact())[0]
    return tuple(_hints(hint)) if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else ()


@cache
def _roots() -> dict[str, Any]:
    facts = get_type_hints(Facts, include_extras=True)
    found = {name: facts[name] for name in FACT_ROOTS}
    return found | {
        "device": Device,
        "set": SetFacts,
        "model": ModelFacts,
        "want": WantFacts,
        "plan": PlanFacts,
    }


@cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct, include_extras=True)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(struct)}


def _walk(hint: Any, parts: list[str], said: Fact) -> PathKind | None:
    hint, said = _bare(hint, said)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        inner = _hints(hint).get(parts[0]) if parts else None
        bytes_kind: FactKind | None = "bytes" if parts and parts[0].endswith("_bytes") else None
        return None if inner is None else _walk(inner, parts[1:], Fact(bytes_kind, said.takes))
    item = _item(hint)
    if item is None:
        return _leaf(hint, said) if not parts else None
    if not parts:
        return PathKind(kind="list", takes=said.takes) if _bare(item, said)[0] is str and get_origin(hint) is tuple else None
    # A key may hold dots (`runtimes.llama.cpp.found`, a PCI address): the longest key whose rest is a path wins.
    answers = (_walk(item, parts[cut:], said) for cut in range(len(parts), 0, -1))
    return next((answer for answer in answers if answer is not None), None)


def _bare(hint: Any, said: Fact) -> tuple[Any, Fact]:
    """The type under `Annotated` and `| None`, with the innermost annotation met."""
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *notes = get_args(hint)
            said = next((note for note in notes if isinstance(note, Fact)), said)
        elif origin in (Union, pytypes.UnionType):
            hint = next(arg for arg in get_args(hint) if arg is not type(None))
        else:
            return hint, said


def _item(hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    return args[1] if origin is dict else args[0] if origin is tuple else None


def _leaf(hint: Any, said: Fact) -> PathKind:
    words = tuple(str(word) for word in get_args(hint)) if get_origin(hint) is Literal else ()
    return PathKind(kind=said.kind or _kind(hint, bool(words)), takes=said.takes, words=words)


def _kind(hint: Any, literal: bool) -> FactKind:
    if literal:
        return "word"
    if hint is bool:
        return "flag"
    return "number" if hint in (int, float) else "text"


def must_be(where: str, word: str | None, vocabulary: str) -> None:
    """Raises Problem when a word is not of a closed vocabulary of `types/words.py`, named as there; None is no word."""
    allowed = get_args(getattr(words, vocabulary))
    if word is not None and word not in allowed:
        raise Problem(f"There is no {word!r}.", where=where, hint=f"One of: {', '.join(allowed)}.")
