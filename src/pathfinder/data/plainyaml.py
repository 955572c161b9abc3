"""YAML read as text: every scalar stays what was written, so that `on`, `1.10` and `12_0` survive; the types convert later.

Only an empty or plain `null` is None. With `guess`, plain `true`, `false`, integers and decimals become values, for tables without a type.
"""

import re
from typing import Any

from pathfinder.errors import Problem

MOST_BYTES, MOST_VALUES, DEEPEST = 4 << 20, 500_000, 40
"""A file beyond these is refused: aliases can make a small file endlessly large."""
_INTEGER, _DECIMAL = re.compile(r"-?(0|[1-9]\d*)"), re.compile(r"-?(0|[1-9]\d*)\.\d+")
_WORDS = {"true": True, "false": False}


def parse(text: str, where: str, *, guess: bool = False) -> Any:
    """The document as mappings, lists and texts; None when it is empty. Raises Problem with the line of the mistake."""
    import yaml

    if len(text) > MOST_BYTES:
        raise Problem(f"The file is larger than {MOST_BYTES >> 20} MiB.", where=where)
    builder = Builder(where, guess)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        says = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise Problem(f"Not valid YAML: {says}.", where=f"{where}:{mark.line + 1}" if mark else where) from None
    return builder.root


class Builder:
    """Values out of parser events, without recursion: a file may be hostile."""

    def __init__(self, where: str, guess: bool) -> None:
        self.root: Any = None
        self._where, self._guess = where, guess
        self._made = 0
        self._open: list[tuple[Any, str | None, int]] = []
        """Containers that are being filled, their anchor, and how many values there were before them."""
        self._keys: list[str | None] = []
        """For each of them the key that waits for its value."""
        self._anchors: dict[str, tuple[Any, int]] = {}
        """Finished values that have a name, and how many values they are."""
        self._documents = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._put(event, _scalar(event, self._guess), 1, key=event.value)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._start(event, {} if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end()
        elif kind == "AliasEvent":
            if event.anchor not in self._anchors:
                raise self._problem(event, f"There is no anchor {event.anchor!r} above, or it holds itself.")
            self._put(event, *self._anchors[event.anchor])
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise self._problem(event, "A file holds one document.")

    def _start(self, event: Any, container: Any) -> None:
        before = self._made
        self._put(event, container, 1)
        if len(self._open) >= DEEPEST:
            raise self._problem(event, "Nested too deep.")
        self._open.append((container, event.anchor, before))
        self._keys.append(None)

    def _end(self) -> None:
        container, anchor, before = self._open.pop()
        self._keys.pop()
        if anchor is not None:
            self._anchors[anchor] = (container, self._made - before)

    def _put(self, event: Any, value: Any, size: int, key: str | None = None) -> None:
        self._made += size
        if self._made > MOST_VALUES:
            raise self._problem(event, "Too many values.")
        if key is not None and event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        if not self._open:
            self.root = value
            return
        inside = self._open[-1][0]
        if isinstance(inside, list):
            inside.append(value)
        elif self._keys[-1] is not None:
            inside[self._keys[-1]] = value
            self._keys[-1] = None
        elif key is None:
            raise self._problem(event, "A key must be a word.")
        elif key in inside:
            raise self._problem(event, f"The key {key!r} is given twice.")
        else:
            self._keys[-1] = key

    def _problem(self, event: Any, says: str) -> Problem:
        return Problem(says, where=f"{self._where}:{event.start_mark.line + 1}")


def _scalar(event: Any, guess: bool) -> Any:
    text: str = event.value
    if event.style:  # quoted or a block; plain is None or empty, by which parser is there
        return text
    if text in ("", "null"):
        return None
    if not guess:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else _WORDS.get(text, text)
