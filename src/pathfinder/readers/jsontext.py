"""JSON out of a tool's output, which may have warning lines before it."""

from typing import Any


def first_value(text: str) -> Any:
    """The JSON value that starts at the first line beginning with `{` or `[`; None when there is none or it is broken."""
    import msgspec

    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines[:200]):
        if line.lstrip("\ufeff \t")[:1] in ("{", "["):
            try:
                return msgspec.json.decode("".join(lines[at:]).strip().lstrip("\ufeff"))
            except (msgspec.DecodeError, RecursionError, UnicodeError):
                continue
    return None


def flatten(value: Any, trail: str = "", depth: int = 8) -> dict[str, str]:
    """Leaves of nested mappings as `{a/b: text}`, keys in lower case; `{value, unit}` becomes one text; lists are left out."""
    if not isinstance(value, dict) or depth == 0:
        return {}
    if "value" in value and "unit" in value:
        return {trail: f"{value['value']} {value['unit']}"}
    flat: dict[str, str] = {}
    for key, item in value.items():
        path = f"{trail}/{str(key).lower()}" if trail else str(key).lower()
        if isinstance(item, dict):
            flat.update(flatten(item, path, depth - 1))
        elif isinstance(item, (str, int, float)):
            flat.setdefault(path, str(item))
    return flat
