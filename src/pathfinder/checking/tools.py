"""What an agent may call: verbs that only look, as tools with JSON Schemas made from the verbs' own options and documents."""

from collections.abc import Mapping
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from pathfinder.errors import Problem

DOCUMENTS = {"detect": "facts", "recommend": "recommendation", "estimate": "estimate", "check": "check"}
"""Verb to the document it answers with."""
LEFT_OUT = {"save", "measure", "file", "baseline", "format", "exact"}
"""Options that write, read files of the caller's naming, take minutes, or change the form of the answer."""
SHORT = {"recommend": {"top": 3}}
"""Defaults of an agent's own: a whole recommendation is long."""
WORDS = {"task": "Task", "for": "Audience", "prefer": "Prefer"}
HOST = "Which machine: 'live' (this one, the default), a recording's path, or 'profile:ID', such as profile:desktop-rtx-4090."


class Option(NamedTuple):
    name: str
    flag: str | None
    """None: an argument by its place."""
    schema: dict[str, Any]
    required: bool


class Tool(NamedTuple):
    name: str
    says: str
    options: tuple[Option, ...]
    answer: dict[str, Any]
    """JSON Schema of the document."""

    def asks(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        required = [one.name for one in self.options if one.required]
        properties = {one.name: one.schema for one in self.options}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def argv(self, given: Mapping[str, Any]) -> list[str]:
        """The arguments as the verb takes them, `--json` among them. Raises Problem for one that it does not."""
        known = {one.name: one for one in self.options}
        for name in given:
            if name not in known:
                raise Problem(f"{self.name} takes no {name!r}.", where=self.name, hint=f"It takes: {', '.join(known)}.")
        for one in self.options:
            if one.required and given.get(one.name) in (None, "", []):
                raise Problem(f"{self.name} needs {one.name!r}.", where=self.name)
        values = {**SHORT.get(self.name, {}), **{name: value for name, value in given.items() if value is not None}}
        flags = [word for name, value in values.items() if known[name].flag for word in _words(known[name], value)]
        places = [str(item) for one in self.options if one.flag is None for item in _list(values.get(one.name, []))]
        return [self.name, "--json", *flags, *(["--", *places] if places else [])]


def tools() -> tuple[Tool, ...]:
    return tuple(_tool(verb, document) for verb, document in DOCUMENTS.items())


def _tool(verb: str, document: str) -> Tool:
    from json import loads

    from pathfinder.telling.schemas import text

    function = getattr(import_module(f"pathfinder.cli.{verb}"), verb)
    hints = get_type_hints(function, include_extras=True)
    defaults = {name for name, one in signature(function).parameters.items() if one.default is not Parameter.empty}
    options = [_option(name, hint, name in defaults) for name, hint in hints.items() if name not in {"ctx", "return", *LEFT_OUT}]
    host = Option("host", "--host", {"type": "string", "description": HOST}, False)
    return Tool(verb, " ".join((function.__doc__ or "").split()), (*options, host), loads(text(document)))


def _option(name: str, hint: Any, has_default: bool) -> Option:
    type_, said = get_args(hint)[:2]
    name = name.rstrip("_")
    spelt = next((decl for decl in said.param_decls or () if decl.startswith("--")), f"--{name.replace('_', '-')}")
    body: dict[str, Any] = _schema(type_)
    if name in WORDS:
        from pathfinder.types import words

        body["enum"] = list(get_args(getattr(words, WORDS[name])))
    body["description"] = said.help or ""
    positional = type(said).__name__ == "ArgumentInfo"
    return Option(name, None if positional else spelt, body, positional or not has_default)


def _schema(type_: Any) -> dict[str, Any]:
    ways = (type_,) if get_origin(type_) is list else get_args(type_) or (type_,)
    plain = next((one for one in ways if one is not type(None)), str)
    if get_origin(plain) is list:
        return {"type": "array", "items": {"type": "string"}}
    return {"type": {str: "string", int: "integer", float: "number", bool: "boolean"}[plain]}


def _words(one: Option, value: Any) -> list[str]:
    if one.schema["type"] == "boolean":
        return [str(one.flag)] if value else []
    return [f"{one.flag}={item}" for item in _list(value)]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
