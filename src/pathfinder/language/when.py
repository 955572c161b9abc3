"""The one condition language: compiled once into a JSON tree, evaluated with three values, the reasons with the answer.

Author form: `{PATH: TEST}` all of, `[when, ...]` any of, `{not: when}`. TEST is a value, `[one of]`, `'OP value'` with
`== != < <= > >=` (several by comma: `'>= 7.5, < 9'`), or `{has: [all of]}` for lists and parts of a text.
Compiled form: `{"all": [..]}`, `{"any": [..]}`, `{"not": w}`, `{"path", "op", "value", "kind", "takes"}`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pathfinder.errors import Problem
from pathfinder.language.compare import compare, parse_bytes, parse_version, spell, spell_found
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import ModelFacts, SetFacts, WantFacts
from pathfinder.types.plans import Blocker
from pathfinder.types.words import Takes, When

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathfinder.language.vocabulary import Kinds, PathKind

ALWAYS: When = {"all": []}

_TEST = re.compile(r"\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*")
_ORDERED = ("version", "bytes", "number")
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


class Answer(NamedTuple):
    """`holds`: yes, no, or None when a fact that decides is unknown. `reasons`: every leaf asked, in order."""

    holds: bool | None
    reasons: tuple[Blocker, ...]

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """The leaves that kept it from holding: the failed ones, or the unknown ones when none failed."""
        return tuple(leaf for leaf in self.reasons if leaf.holds is self.holds) if self.holds is not True else ()


# --- evaluate --------------------------------------------------------------------------------------------------------


def scope_of(
    facts: Facts,
    device: Device | None = None,
    set: SetFacts | None = None,
    model: ModelFacts | None = None,
    want: WantFacts | None = None,
) -> dict[str, Any]:
    """The roots of a condition: every fact, and one and the same device, set, model and wish."""
    roots: dict[str, Any] = {name: getattr(facts, name) for name in facts.__struct_fields__}
    roots.update(device=device, set=set, model=model, want=want)
    return roots


def evaluate(when: When | None, scope: Mapping[str, Any]) -> Answer:
    """Kleene's three values: unknown never becomes no, and every leaf is asked so that the reasons are whole."""
    if when is None:
        return Answer(True, ())
    if "path" in when:
        return _leaf(when, scope)
    if "not" in when:
        inner = evaluate(when["not"], scope)
        return Answer(_invert(inner.holds), tuple(_inverted(leaf) for leaf in inner.reasons))
    if "all" in when:
        return all_of(evaluate(part, scope) for part in when["all"])
    return any_of(evaluate(part, scope) for part in when["any"])


def all_of(answers: Iterable[Answer]) -> Answer:
    """No when one is no, else unknown when one is unknown, else yes."""
    met = tuple(answers)
    values = {answer.holds for answer in met}
    holds = False if False in values else None if None in values else True
    return Answer(holds, tuple(leaf for answer in met for leaf in answer.reasons))


def any_of(answers: Iterable[Answer]) -> Answer:
    """Yes when one is yes, else unknown when one is unknown, else no."""
    met = tuple(answers)
    values = {answer.holds for answer in met}
    holds = True if True in values else None if None in values else False
    return Answer(holds, tuple(leaf for answer in met for leaf in answer.reasons))


def resolve(path: str, scope: Mapping[str, Any]) -> Any:
    """The value at a dotted path; list items by index or id, keys and ids may hold dots. None: unknown or nowhere."""
    root, _, rest = path.partition(".")
    return _walk(scope.get(root), rest) if rest else scope.get(root)


def _walk(value: Any, rest: str) -> Any:
    while rest:
        if value is None:
            return None
        if isinstance(value, (dict, tuple, list)):
            key, rest = _longest(value, rest)
            value = value.get(key) if isinstance(value, dict) else _item(value, key)
        else:
            name, _, rest = rest.partition(".")
            value = getattr(value, "class_" if name == "class" else name, None)
    return value


def _longest(value: Any, rest: str) -> tuple[str, str]:
    parts = rest.split(".")
    for cut in range(len(parts), 0, -1):
        key = ".".join(parts[:cut])
        if key in value if isinstance(value, dict) else _item(value, key) is not None:
            return key, ".".join(parts[cut:])
    return parts[0], ".".join(parts[1:])


def _item(items: Iterable[Any], key: str) -> Any:
    """By identity first (`devices.0000:01:00.0`, `toolkits.cuda`, `disk./srv`), then by index."""
    listed = list(items)
    for name in ("id", "pci", "kind", "path"):
        for item in listed:
            if getattr(item, name, None) == key:
                return item
    return listed[int(key)] if key.isdecimal() and int(key) < len(listed) else None


def _leaf(when: When, scope: Mapping[str, Any]) -> Answer:
    """One test. Cells share conditions and hosts repeat values, so an answer once worded is kept."""
    found = resolve(when["path"], scope)
    key = (id(when), found if not isinstance(found, list) else tuple(found))
    kept = _KEPT.get(key)
    if kept is None or kept[0] is not when:
        if len(_KEPT) > _MOST:
            _KEPT.clear()
        kept = _KEPT[key] = (when, _asked(when, found))
    return kept[1]


_MOST = 20_000
_KEPT: dict[tuple[int, Any], tuple[When, Answer]] = {}
"""By the condition's identity and what was found. The condition is kept too: an identity is only unique while its object lives."""


def _asked(when: When, found: Any) -> Answer:
    holds = None if found is None else compare(when["op"], when["kind"], found, when["value"])
    takes: Takes = when["takes"]
    needed = spell(when["op"], when["kind"], when["value"])
    return Answer(holds, (Blocker(fact=when["path"], needed=needed, found=spell_found(when["kind"], found), holds=holds, takes=takes),))


def _invert(holds: bool | None) -> bool | None:
    return None if holds is None else not holds


def _inverted(leaf: Blocker) -> Blocker:
    needed = leaf.needed.removeprefix("not ") if leaf.needed.startswith("not ") else f"not {leaf.needed}"
    return Blocker(fact=leaf.fact, needed=needed, found=leaf.found, holds=_invert(leaf.holds), says=leaf.says, takes=leaf.takes)


def paths(when: When | None) -> set[str]:
    """Every fact path a condition asks."""
    if when is None:
        return set()
    if "path" in when:
        return {when["path"]}
    parts: list[When] = [when["not"]] if "not" in when else when.get("all", []) + when.get("any", [])
    return {path for part in parts for path in paths(part)}


# --- compile ---------------------------------------------------------------------------------------------------------


def compile_when(value: Any, kinds: "Kinds | None" = None) -> When:
    """The tree of an author's condition. Raises Problem on an unknown path, word, unit or test."""
    if kinds is None:
        from pathfinder.language.vocabulary import kind_of

        kinds = kind_of
    if isinstance(value, Mapping):
        return _one_or("all", [_entry(str(key), test, kinds) for key, test in value.items()])
    if isinstance(value, (list, tuple)) and value:
        return _one_or("any", [compile_when(part, kinds) for part in value])
    raise Problem(f"A condition is a mapping or a list of them, not {value!r}.", hint="Write {PATH: TEST}.")


def _one_or(word: str, parts: list[When]) -> When:
    return parts[0] if len(parts) == 1 else {word: parts}


def _entry(path: str, test: Any, kinds: "Kinds") -> When:
    if path == "not":
        return {"not": compile_when(test, kinds)}
    kind = kinds(path)
    if kind is None:
        raise Problem(
            f"There is no fact {path!r}.", hint="`pathfinder detect --json` shows the facts, `pathfinder schema facts` every field."
        )
    return _test(path, kind, test)


def _test(path: str, kind: "PathKind", test: Any) -> When:
    def leaf(op: str, value: Any) -> When:
        return {"path": path, "op": op, "value": value, "kind": kind.kind, "takes": kind.takes}

    if isinstance(test, Mapping):
        if set(test) != {"has"} or kind.kind not in ("list", "text", "word"):
            raise Problem(f"{path} cannot be tested with {dict(test)!r}.", hint="The only mapping is {has: [..]}, for lists and texts.")
        wanted = test["has"] if isinstance(test["has"], (list, tuple)) else [test["has"]]
        return leaf("has", [str(item).lower() for item in wanted])
    if isinstance(test, (list, tuple)):
        plain = [item for item in test if not _TEST.fullmatch(str(item))]
        if not test or len(plain) != len(test):
            return _one_or("any", [_test(path, kind, item) for item in test])
        return leaf("in", [_value(path, kind, item) for item in plain])
    parts = _tests(test)
    return _one_or("all", [leaf(op, _ordered(path, kind, op, text)) for op, text in parts])


def _tests(test: Any) -> list[tuple[str, Any]]:
    if not isinstance(test, str) or not _TEST.fullmatch(test):
        return [("==", test)]
    found = [_TEST.fullmatch(part) for part in test.split(",")]
    if None in found:
        raise Problem(f"{test!r} is not a test.", hint="Write 'OP value', several by comma: '>= 7.5, < 9'.")
    return [(match[1], match[2]) for match in found if match]


def _ordered(path: str, kind: "PathKind", op: str, text: Any) -> Any:
    if op in ("<", "<=", ">", ">=") and kind.kind not in _ORDERED:
        raise Problem(f"{path} is a {kind.kind}; it has no order, so {op!r} cannot be asked of it.")
    return _value(path, kind, text)


_SPELT = {"flag": "yes or no", "bytes": "a size such as 20GiB", "number": "a number", "version": "a version such as 12.4"}


def _value(path: str, kind: "PathKind", text: Any) -> Any:
    """The value in the unit it is compared in: bytes as an integer, numbers as such, words in lower case."""
    said = str(text).strip()
    lower = said.lower()
    if text is None or isinstance(text, (Mapping, list, tuple)) or not said:
        raise Problem(f"{path} needs a value, not {text!r}.", hint="Unknown is not a value that can be asked for; `none` is a word.")
    if kind.kind == "flag" and lower in _YES + _NO:
        return lower in _YES
    if kind.kind == "bytes" and (size := parse_bytes(said)) is not None:
        return size
    if kind.kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", said):
        return float(said) if "." in said else int(said)
    if kind.kind == "version" and parse_version(said.removesuffix(".*")) is not None:
        return said
    if kind.kind in _SPELT:
        raise Problem(f"{path} is {_SPELT[kind.kind]}; {said!r} is none.")
    if kind.words and lower not in kind.words:
        raise Problem(f"{path} is never {said!r}.", hint=f"One of: {', '.join(kind.words)}.")
    return lower
