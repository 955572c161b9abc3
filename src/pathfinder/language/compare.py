"""Comparing what was found with what is needed, and spelling both: versions, sizes, numbers, words, flags, lists."""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

_ORDER: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_VERSION = re.compile(r"(\d+(?:\.\d+)*)[-_.]?(a|b|rc|alpha|beta|dev|pre|preview)?(?:[-_.]?(\d+))?", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?", re.IGNORECASE)
_UNITS = "kmgtp"
_STAGES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "pre": -1, "preview": -1, "rc": -1}

Version = tuple[tuple[int, ...], int, int]
"""Dotted numbers without trailing zeros, the stage before the release (0: released), and the stage's number."""


def parse_version(text: str) -> Version | None:
    """The first dotted number of a text (`rocm 6.4.1`, `R38.2.0`, `6.8.0-45-generic`); None when there is none."""
    match = _VERSION.search(text)
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    stage = _STAGES[match[2].lower()] if match[2] else 0
    return tuple(numbers), stage, int(match[3] or 0) if stage else 0


def parse_bytes(text: str) -> int | None:
    """`20GiB`, `24 GB`, `512 MiB`, `1024`; binary units with an i, decimal without. None when it is no size."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    power = _UNITS.index(match[2].lower()) + 1 if match[2] else 0
    unit: int = pow(1024 if match[3] else 1000, power)
    return round(float(match[1]) * unit)


def compare(op: str, kind: str, found: Any, value: Any) -> bool | None:
    """Whether a known value passes a test; None when what was found cannot be read as its kind."""
    if op == "has":
        return _has(found, value)
    if kind == "list":
        return _list(op, found, value)
    if op == "in":
        answers = [compare("==", kind, found, item) for item in value]
        return True if True in answers else None if None in answers else False
    if kind == "version":
        return _versions(op, str(found), str(value))
    if kind in ("word", "text"):
        return _ORDER[op](str(found).strip().lower(), value)
    if kind == "flag":
        return _ORDER[op](bool(found), value)
    return _ORDER[op](found, value) if isinstance(found, (int, float)) else None


def _versions(op: str, found: str, value: str) -> bool | None:
    left, right = parse_version(found), parse_version(value.removesuffix(".*"))
    if left is None or right is None:
        return None
    if value.endswith(".*"):
        wanted = [int(part) for part in re.findall(r"\d+", value)]
        same = [*left[0], *[0] * len(wanted)][: len(wanted)] == wanted
        return not same if op == "!=" else same
    return _ORDER[op](left, right)


def _has(found: Any, wanted: list[str]) -> bool:
    if isinstance(found, str):
        return all(part in found.lower() for part in wanted)
    have = {str(item).lower() for item in found}
    return all(item in have for item in wanted)


def _list(op: str, found: Any, value: Any) -> bool:
    have = {str(item).lower() for item in found}
    wanted = value if isinstance(value, list) else [value]
    return not have & set(wanted) if op == "!=" else bool(have & set(wanted))


def fold(name: str) -> str:
    """Names compare without case, spaces, dots, hyphens and underscores."""
    return "".join(letter for letter in name.casefold() if letter.isalnum() or letter in "+#")


# --- spell -----------------------------------------------------------------------------------------------------------


def spell_bytes(size: float) -> str:
    """A size as a person would say it: `24 GiB`, `24 GB` when it is round in decimals, `23.6 GiB`."""
    units = [(base**power, f"{_UNITS[power - 1].upper()}{mark}B") for base, mark in ((1024, "i"), (1000, "")) for power in range(1, 6)]
    whole = [(int(size // unit), name) for unit, name in units if size >= unit and size % unit == 0]
    if whole and min(whole)[0] < 1024:
        return "{} {}".format(*min(whole))
    rough = [(size / unit, name) for unit, name in units[:5] if size >= unit]
    return "{:.1f} {}".format(*rough[-1]) if rough else f"{size:g} B"


def spell_value(kind: str, value: Any) -> str:
    if kind == "flag":
        return "yes" if value else "no"
    if kind == "bytes" and isinstance(value, (int, float)):
        return spell_bytes(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def spell(op: str, kind: str, value: Any) -> str:
    """What a test needs: `>= 12.4`, `one of linux, macos`, `has avx2, fma`; bare when it is equality."""
    if op == "has":
        return f"has {', '.join(value)}"
    if op == "in":
        return f"one of {', '.join(spell_value(kind, item) for item in value)}"
    if kind == "list":
        return f"{'not ' if op == '!=' else ''}has {value}"
    return spell_value(kind, value) if op == "==" else f"{op} {spell_value(kind, value)}"


def spell_found(kind: str, found: Any) -> str | None:
    """What was found, short; None when it is unknown."""
    if found is None:
        return None
    if isinstance(found, (tuple, list)):
        return ", ".join(map(str, found[:8])) + (" ..." if len(found) > 8 else "") or "none"
    return spell_value(kind, found)
