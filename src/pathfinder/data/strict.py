"""Text from YAML into structs: converted as the types ask, and a key the types do not know is refused by name."""

import types as pytypes
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from pathfinder.errors import Problem

T = TypeVar("T")


def convert(value: Any, type_: type[T], where: str) -> T:
    """A value of `type_`. Raises Problem with the place inside the document."""
    if stray := _stray(value, type_, ""):
        place, key, near = stray
        hint = f"Did you mean {near[0]!r}?" if near else None
        raise Problem(f"There is no field {key!r}{f' in {place}' if place else ''}.", where=where, hint=hint)
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as error:
        says, _, place = str(error).partition(" - at ")
        place = place.strip("`").lstrip("$.")
        raise Problem(f"{says}{f' at {place}' if place else ''}.", where=where) from None


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(struct)}


def _stray(value: Any, hint: Any, place: str) -> tuple[str, str, list[str]] | None:
    """The first key that no struct of the type has: its place, itself, and what it may have meant."""
    if isinstance(value, dict):
        struct = _struct(hint)
        if struct is None:
            items = _arg(hint, dict)
            return next((s for key, item in value.items() if (s := _stray(item, items, _join(place, key)))), None) if items else None
        fields = _fields(struct)
        for key, item in value.items():
            if key not in fields:
                return place, key, get_close_matches(key, fields, 1)
            if found := _stray(item, fields[key], _join(place, key)):
                return found
    if isinstance(value, (list, tuple)) and (inner := _arg(hint, tuple)):
        return next((s for at, item in enumerate(value) if (s := _stray(item, inner, _join(place, str(at))))), None)
    return None


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _options(hint: Any) -> tuple[Any, ...]:
    origin = get_origin(hint)
    if origin is Annotated:
        return _options(get_args(hint)[0])
    return tuple(one for arg in get_args(hint) for one in _options(arg)) if origin in (Union, pytypes.UnionType) else (hint,)


def _struct(hint: Any) -> type[msgspec.Struct] | None:
    return next((one for one in _options(hint) if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def _arg(hint: Any, container: type) -> Any:
    found = next((get_args(one) for one in _options(hint) if get_origin(one) is container), ())
    return None if not found else found[1] if container is dict else found[0]
