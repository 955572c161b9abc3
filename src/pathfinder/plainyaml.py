"""YAML read as text: every scalar stays what was written, so that `on`, `1.10` and `12_0` survive; the types convert later.

Only an empty or plain `null` is None. With `guess`, plain `true`, `false`, integers and decimals become values, for tables without a type.
"""

import re
from typing import Any

from pathfinder.errors import Problem

_INTEGER, _DECIMAL = re.compile(r"-?(0|[1-9]\d*)"), re.compile(r"-?(0|[1-9]\d*)\.\d+")
_WORDS = {"true": True, "false": False}


def parse(text: str, where: str, *, guess: bool = False) -> Any:
    """The document as mappings, lists and texts; None when it is empty. Raises Problem with the line of the mistake."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        says = getattr(error, "problem", None) or str(error)
        raise Problem(f"Not valid YAML: {says}.", where=f"{where}:{mark.line + 1}" if mark else where) from None
    return None if node is None else _value(node, where, guess, ())


def _value(node: Any, where: str, guess: bool, above: tuple[Any, ...]) -> Any:
    line = f"{where}:{node.start_mark.line + 1}"
    if any(node is one for one in above):
        raise Problem("An anchor that holds itself.", where=line)
    if node.id == "scalar":
        return _scalar(node, guess)
    inside = (*above, node)
    if node.id == "sequence":
        return [_value(item, where, guess, inside) for item in node.value]
    found: dict[str, Any] = {}
    for key, item in node.value:
        if key.id != "scalar":
            raise Problem("A key must be a word.", where=line)
        if key.value in found:
            raise Problem(f"The key {key.value!r} stands twice.", where=f"{where}:{key.start_mark.line + 1}")
        found[key.value] = _value(item, where, guess, inside)
    return found


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
