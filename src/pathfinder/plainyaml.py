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
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        says = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise Problem(f"Not valid YAML: {says}.", where=f"{where}:{mark.line + 1}" if mark else where) from None
    except RecursionError:
        raise Problem("Nested too deep.", where=where) from None
    return None if node is None else Reader(where, guess).value(node, 0)


class Reader:
    """From nodes to values; counts what it makes."""

    def __init__(self, where: str, guess: bool) -> None:
        self.where = where
        self.guess = guess
        self.made = 0

    def value(self, node: Any, depth: int) -> Any:
        self.made += 1
        if self.made > MOST_VALUES or depth > DEEPEST:
            raise Problem("Nested too deep." if depth > DEEPEST else "Too many values.", where=self.line(node))
        if node.id == "scalar":
            return _scalar(node, self.guess)
        if node.id == "sequence":
            return [self.value(item, depth + 1) for item in node.value]
        found: dict[str, Any] = {}
        for key, item in node.value:
            if key.id != "scalar":
                raise Problem("A key must be a word.", where=self.line(key))
            if key.value in found:
                raise Problem(f"The key {key.value!r} stands twice.", where=self.line(key))
            found[key.value] = self.value(item, depth + 1)
        return found

    def line(self, node: Any) -> str:
        return f"{self.where}:{node.start_mark.line + 1}"


def _scalar(node: Any, guess: bool) -> Any:
    text: str = node.value
    if node.style:  # quoted or a block; plain is None or empty, by which parser is there
        return text
    if text in ("", "null"):
        return None
    if not guess:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else _WORDS.get(text, text)
