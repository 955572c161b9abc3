"""How `matrix/runtimes/*.yaml` and `matrix/platforms/*.yaml` are written, as types: what editors validate against.

Derived from the resolved types, so that a new field of a cell may be written at once. Compiling does not go through here.
"""

from typing import Any, get_type_hints

import msgspec

from pathfinder.types.matrix import Caveat, Cell, FormatSupport, Platform, Requirement, Runtime
from pathfinder.types.steps import ArgGroup, StepTemplate

When = dict[str, Any] | list[Any]
_MADE = ("id", "inferred_from", "origins", "origin", "install_effort", "launch_effort")
"""Fields that compiling fills in."""


def _author(struct: type[msgspec.Struct], name: str, written: dict[str, Any], optional: bool = False) -> type[msgspec.Struct]:
    """The struct as an author writes it: `written` fields have another form, what is made is left out."""
    hints = get_type_hints(struct)
    fields: list[Any] = []
    for field in msgspec.structs.fields(struct):
        if field.name in _MADE or field.name in written:
            continue
        required = field.required and not optional
        fields.append((field.name, hints[field.name]) if required else (field.name, hints[field.name] | None, None))
    for key, type_ in written.items():
        fields.append((key, type_.type) if isinstance(type_, _Required) else (key, type_ | None, None))
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


class _Required:
    def __init__(self, type: Any) -> None:
        self.type = type


def files() -> dict[str, Any]:
    """By the name that `pathfinder schema` takes: the type of a file."""
    requirement: Any = _author(Requirement, "AuthorRequirement", {"when": _Required(When)})
    caveat: Any = _author(Caveat, "AuthorCaveat", {"when": When})
    support: Any = _author(FormatSupport, "AuthorFormat", {"requires": When})
    group: Any = _author(ArgGroup, "AuthorArgGroup", {"when": _Required(When)})
    step: Any = _author(StepTemplate, "AuthorStep", {"when": When, "argv": list[str | group], "undo": list[dict[str, Any]]})
    recipe: Any = str | list[str | step]
    requires, caveats = dict[str, requirement | None], dict[str, caveat | None]
    steps = {"install": recipe, "launch": recipe, "container": recipe}
    own = {"requires": requires, "caveats": caveats, "formats": list[support], "like": str, "platform": str | list[str], **steps}
    cell: Any = _author(Cell, "AuthorCell", own, optional=True)
    cells = _Required(dict[str, cell | None])
    runtime = _author(Runtime, "RuntimeFile", {"recipes": dict[str, list[step]], "defaults": cell, "cells": cells})
    platform: Any = _author(Platform, "PlatformEntry", {"requires": requires, "caveats": caveats})
    return {"runtime-file": runtime, "platform-file": dict[str, platform]}


def schema(type_: Any) -> dict[str, Any]:
    """The JSON Schema of a file. Where a text is asked for, what an editor takes for a number will do: scalars are read as text."""
    loose: dict[str, Any] = _loose(msgspec.json.schema(type_))
    return loose


def _loose(node: Any) -> Any:
    if isinstance(node, list):
        return [_loose(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _loose(item) for key, item in node.items()}
    return {**found, "type": ["string", "number", "boolean"]} if found.get("type") == "string" else found
