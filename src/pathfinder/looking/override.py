"""What if a fact were so: `--override devices.0.memory_bytes=24GiB` makes a copy of the facts with that one changed."""

from collections.abc import Sequence
from typing import Any

import msgspec

from pathfinder.errors import Problem
from pathfinder.language.compare import parse_bytes
from pathfinder.language.vocabulary import kind_of
from pathfinder.types.facts import Facts, Why

_WORDS = {"true": True, "yes": True, "false": False, "no": False, "null": None, "unknown": None}


def override(facts: Facts, changes: Sequence[str]) -> Facts:
    """The facts with every `PATH=VALUE` applied in order; the source of each such fact becomes `--override`.

    Raises `Problem` for a path that is no fact, an element that is not there, or a value of the wrong kind.
    """
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals:
            raise Problem(f"'{change}' is not PATH=VALUE.", where="--override", hint="Example: --override devices.0.memory_bytes=24GiB")
        facts = _one(facts, path.strip(), text.strip())
    return facts


def _one(facts: Facts, path: str, text: str) -> Facts:
    known = kind_of(path)
    if known is None:
        raise Problem(f"There is no fact '{path}'.", where="--override", hint="`pathfinder detect --json` shows the paths.")
    document: dict[str, Any] = msgspec.to_builtins(facts)
    _put(document, path, path.split("."), _value(path, known.kind, text))
    document["why"][path] = msgspec.to_builtins(Why(source=f"--override {path}={text}"))
    try:
        return msgspec.convert(document, Facts)
    except msgspec.ValidationError as error:
        raise Problem(f"'{text}' is no value for {path}: {error}.", where="--override") from None


def _put(place: Any, path: str, parts: list[str], value: Any) -> None:
    if isinstance(place, (list, tuple)):
        place, parts = _element(place, path, parts)
        return _put(place, path, parts, value) if parts else None
    # A key may hold dots (`tools.llama.cpp.found`): take the longest that is there.
    for cut in range(len(parts) - 1, 0, -1):
        key = ".".join(parts[:cut])
        if isinstance(place.get(key), (dict, list, tuple)):
            return _put(place[key], path, parts[cut:], value)
    if len(parts) > 1 and place.get(parts[0], {}) is None:
        raise Problem(f"'{parts[0]}' is unknown on this host, so '{path}' has no place.", where="--override")
    if len(parts) > 1:
        return _put(place.setdefault(".".join(parts[:-1]), {}), path, parts[-1:], value)
    place[parts[0]] = value
    return None


def _element(items: Sequence[Any], path: str, parts: list[str]) -> tuple[Any, list[str]]:
    """The item of a list by its index, or by its id (which may hold dots and colons), and what is left of the path."""
    if parts[0].isdigit() and int(parts[0]) < len(items):
        return items[int(parts[0])], parts[1:]
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        for item in items:
            if name in (item.get("id"), item.get("pci"), item.get("path")):
                return item, parts[cut:]
    raise Problem(f"This host has no '{path}': the list holds {len(items)}.", where="--override")


def _value(path: str, kind: str, text: str) -> Any:
    if text.lower() in ("null", "unknown"):
        return None
    if kind == "flag" and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if kind == "bytes" and (size := parse_bytes(text)) is not None:
        return size
    if kind == "number":
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            raise Problem(f"'{text}' is no number for {path}.", where="--override") from None
    if kind in ("flag", "bytes"):
        raise Problem(f"'{text}' is no {'yes or no' if kind == 'flag' else 'size'} for {path}.", where="--override")
    return [part.strip() for part in text.split(",") if part.strip()] if kind == "list" else text
