"""Library answers come as JSON from another process or a file: only values of the expected type are believed."""

from collections.abc import Mapping
from typing import Any

Spec = Mapping[str, type]
LIMIT = 1 << 63


def typed(raw: Any, spec: Spec) -> dict[str, Any]:
    """The members of a mapping that are named in `spec` and have its type; whole numbers between 0 and 2**63."""
    if not isinstance(raw, dict):
        return {}
    return {key: value for key, kind in spec.items() if fits(value := raw.get(key), kind)}


def fits(value: Any, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LIMIT
    return isinstance(value, kind)


def rows(raw: Any, spec: Spec) -> list[dict[str, Any]]:
    """The mappings of a list, typed; at most 256 of them."""
    return [typed(item, spec) for item in raw[:256] if isinstance(item, dict)] if isinstance(raw, list) else []
