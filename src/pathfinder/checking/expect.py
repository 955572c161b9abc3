"""Expectations over facts: parsed into conditions and answered by `when`; what `check` reports.

`PATH`, `PATH OP VALUE`, `runtime:ID [installed]`, `model:REF [fits]`. Every expectation on a device binds one and the same device.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pathfinder.deciding.sets import planable, set_facts
from pathfinder.deciding.unlock import change
from pathfinder.errors import Problem
from pathfinder.language.compare import parse_bytes
from pathfinder.language.when import Answer, any_of, compile_when, evaluate, scope_of
from pathfinder.types.facts import Device, Facts
from pathfinder.types.plans import Blocker
from pathfinder.types.results import CheckReport, CheckResult
from pathfinder.types.words import When

ALIASES = {"cuda": "backends.cuda.version", "vram": "device.memory_bytes", "vram.free": "device.memory_free_bytes"}
_GRAMMAR = re.compile(r"(?P<path>[^\s<>=!]+)\s*(?:(?P<op>>=|<=|==|!=|=|<|>)\s*(?P<value>.+))?", re.DOTALL)
_MODEL = re.compile(r"model:\s*(?P<ref>.+?)(?:\s+fits)?", re.DOTALL)
_RUNTIME = re.compile(r"runtime:\s*(?P<id>[^\s]+)(?:\s+(?P<how>installed|runs))?")
WISH_ROOTS = ("model", "want")
MOST = 1000
"""Expectations of one call."""

Asked = Callable[[str], CheckResult]
"""Answers for a runtime's name or a model's REF; the caller fills in the expectation's text."""


class Expectation(NamedTuple):
    text: str
    when: When | None = None
    runtime: str | None = None
    model: str | None = None
    device: bool = False
    toolkit: str | None = None


# --- parse -----------------------------------------------------------------------------------------------------------


def parse(text: str) -> Expectation:
    """One expectation. Raises Problem for one that cannot be read, naming what would be."""
    plain = text.strip()
    if plain.startswith("model:"):
        match = _MODEL.fullmatch(plain)
        if match is None:
            raise Problem("A model expectation is 'model:REF fits'.", where=shown(text))
        return Expectation(plain, model=match["ref"])
    if plain.startswith("runtime:"):
        match = _RUNTIME.fullmatch(plain)
        if match is None:
            raise Problem("A runtime expectation is 'runtime:ID' or 'runtime:ID installed'.", where=shown(text))
        if match["how"] == "installed":
            return Expectation(plain, when=_compiled(f"runtimes.{match['id']}.found", "true", text))
        return Expectation(plain, runtime=match["id"])
    return _condition(plain, text)


def parse_lines(text: str) -> list[str]:
    """The expectations of a file: one a line, `#` begins a comment."""
    return [line for line in (raw.split("#", 1)[0].strip() for raw in text.splitlines()) if line]


def _condition(plain: str, text: str) -> Expectation:
    match = _GRAMMAR.fullmatch(plain)
    if match is None:
        raise Problem("This is no expectation.", where=shown(text), hint="Write 'PATH OP VALUE': 'vram.free >= 20GiB'.")
    said, value = match["path"], match["value"]
    op = "==" if match["op"] == "=" else match["op"]
    if said.startswith("toolkit."):
        kind = said.removeprefix("toolkit.")
        when = _compiled(f"toolkits.{kind}.version", f"{op} {value}" if op else "!= 0", text)
        _one_value(said, value, when, text)
        return Expectation(plain, when=when, toolkit=kind)
    path = _path(said, bare=op is None)
    if path.partition(".")[0] in WISH_ROOTS:
        raise Problem(f"{said} is a wish, not a fact.", where=shown(text), hint="For a model: 'model:REF fits'.")
    if path.startswith("cpu.features."):
        if op is not None:
            raise Problem("A CPU feature is there or not.", where=shown(text), hint=f"Write '{said}' alone.")
        when = compile_when({"cpu.features": {"has": [path.removeprefix("cpu.features.")]}})
        return Expectation(plain, when=when)
    _known(said, path, text)
    when = _compiled(path, f"{op} {value}" if op else "true", text)
    _one_value(said, value, when, text)
    if op and when.get("kind") == "bytes" and parse_bytes(value) is not None and value.strip().replace(".", "").isdigit():
        raise Problem(
            f"{said} is a size and {value.strip()!r} has no unit.", where=shown(text), hint=f"Write '{said} {op} {value.strip()}GiB'."
        )
    return Expectation(plain, when=when, device=path.startswith("device."))


def _known(said: str, path: str, text: str) -> None:
    from difflib import get_close_matches

    from pathfinder.language.vocabulary import kind_of, near

    if kind_of(path) is None:
        meant = get_close_matches(said, [*ALIASES, "disk.free"], 1, 0.7) or near(path)
        hint = f"Did you mean {' or '.join(meant)}?" if meant else "`pathfinder detect --json` shows the facts."
        raise Problem(f"There is no fact {said!r}.", where=shown(text), hint=hint)


_FURTHER = re.compile(r"\s(and|or)\s|&&|\|\|")


def _one_value(said: str, value: str | None, when: When, text: str) -> None:
    """`cuda >= 12 and vram >= 20GiB` is two expectations: a version that goes on behind a blank would hide the second."""
    if value is None or when.get("kind", "version") != "version":
        return
    if _FURTHER.search(value) or any(" " in part.strip().lstrip("<>=! ") for part in value.split(",")):
        raise Problem(
            f"{value.strip()!r} is more than a version.", where=shown(text), hint=f"One expectation each: '{said} >= 12.4' '...'."
        )


def _path(said: str, bare: bool) -> str:
    if bare and said == "cuda":
        return "backends.cuda.usable"
    if said in ALIASES:
        return ALIASES[said]
    if said == "disk.free":
        return "disk.0.free_bytes"
    if said.startswith("cpu.") and not said.startswith("cpu.features") and not _is_field(said):
        return "cpu.features." + said.removeprefix("cpu.").lower()
    return said


def _is_field(path: str) -> bool:
    from pathfinder.types.facts import Cpu

    return path.removeprefix("cpu.") in Cpu.__struct_fields__


def _compiled(path: str, test: str, text: str) -> When:
    try:
        return compile_when({path: test})
    except Problem as problem:
        hint = problem.hint or "`pathfinder detect --json` shows the facts."
        raise Problem(problem.says, where=shown(text), hint=hint) from None


def shown(text: str) -> str:
    """An expectation as it may be printed: one line, not endless."""
    plain = " ".join("".join(letter if letter.isprintable() else "\ufffd" for letter in text).split())
    return plain if len(plain) <= 100 else plain[:97] + "..."


# --- answer ----------------------------------------------------------------------------------------------------------


def check(texts: Sequence[str], facts: Facts, host: str, runtime: Asked, model: Asked) -> CheckReport:
    """Every expectation answered. Raises Problem for one that cannot be read; nothing is answered then."""
    if len(texts) > MOST:
        raise Problem(f"{len(texts)} expectations are too many for one call.", hint=f"At most {MOST}.")
    wanted = [parse(text) for text in texts]
    device = bound(wanted, facts)
    results = tuple(_answer(one, facts, device, runtime, model) for one in wanted)
    counts = {word: sum(result.result == word for result in results) for word in ("pass", "fail", "unknown")}
    return CheckReport(host=host, results=results, counts=counts)


def bound(wanted: Sequence[Expectation], facts: Facts) -> Device | None:
    """The one device that meets most device expectations; unknown counts less than met, more than failed; the larger of equals."""
    asked = [one.when for one in wanted if one.device]
    if not asked:
        return None

    about_free = any(when is not None and when.get("path") == ALIASES["vram.free"] for when in asked)

    def met(device: Device) -> tuple[int, int, int]:
        answers = [evaluate(when, _scope(facts, device)).holds for when in asked]
        nearest = device.memory_free_bytes if about_free else device.memory_bytes
        return answers.count(True), answers.count(None), nearest or 0

    return max(planable(facts), key=met, default=None)


def _scope(facts: Facts, device: Device | None = None) -> dict[str, Any]:
    gpus = tuple(one for one in planable(facts) if one.kind != "npu")
    return scope_of(facts, device=device, set=set_facts(gpus, facts))


def _answer(one: Expectation, facts: Facts, device: Device | None, runtime: Asked, model: Asked) -> CheckResult:
    if one.runtime is not None or one.model is not None:
        found = runtime(one.runtime) if one.runtime is not None else model(one.model or "")
        return CheckResult(
            expectation=one.text, result=found.result, found=found.found, source=found.source, device=found.device, fix=found.fix
        )
    if one.device and device is None:
        return _no_device(one, facts)
    if one.toolkit is not None:
        return _result(one, _toolkits(one, facts), facts, None)
    answer = evaluate(one.when, _scope(facts, device))
    return _unusable(one, answer, facts) or _result(one, answer, facts, device if one.device else None)


def _unusable(one: Expectation, answer: Answer, facts: Facts) -> CheckResult | None:
    """A backend that is known not to be usable has no version: what is asked of it fails instead of being unknown."""
    if answer.holds is not None:
        return None
    root, _, rest = answer.reasons[0].fact.partition(".")
    backend = facts.backends.get(rest.partition(".")[0]) if root == "backends" else None
    if backend is None or backend.usable is not False:
        return None
    path = answer.reasons[0].fact
    return CheckResult(
        expectation=one.text,
        result="fail",
        found=f"not usable: {backend.why}" if backend.why else "not usable",
        source=source(path, facts, None),
    )


def _no_device(one: Expectation, facts: Facts) -> CheckResult:
    if facts.devices is None:
        return CheckResult(expectation=one.text, result="unknown", fix="No source could say which devices there are.")
    hidden = any(device.visible is False for device in facts.devices)
    fix = "Every device is hidden by an environment variable." if hidden else "needs a GPU or accelerator"
    return CheckResult(expectation=one.text, result="fail", found="no visible device" if hidden else "no device", fix=fix)


def _toolkits(one: Expectation, facts: Facts) -> Answer:
    """Any toolkit of the kind will do."""
    if facts.toolkits is None:
        return evaluate(one.when, _scope(facts))
    every = [kit for kit in facts.toolkits if kit.kind == one.toolkit]
    if not every:
        leaf = evaluate(one.when, _scope(facts)).reasons[0]
        none = Blocker(fact=leaf.fact, needed=leaf.needed, found="none", holds=False, takes=leaf.takes)
        return Answer(False, (none,))
    return any_of(evaluate(one.when, {"toolkits": (kit,)}) for kit in every)


def _result(one: Expectation, answer: Answer, facts: Facts, device: Device | None) -> CheckResult:
    leaf = next((reason for reason in answer.reasons if reason.holds is answer.holds), None)
    path = leaf.fact if leaf else ""
    word = {True: "pass", False: "fail", None: "unknown"}[answer.holds]
    return CheckResult(
        expectation=one.text,
        result=word,  # type: ignore[arg-type]
        found=_found(leaf),
        source=source(path, facts, device),
        device=None if device is None else device.id,
        fix=_fix(leaf, facts) if leaf is not None and answer.holds is not True else None,
    )


def _found(leaf: Blocker | None) -> str | None:
    if leaf is None or leaf.fact != "cpu.features" or leaf.holds is None:
        return leaf.found if leaf else None
    return "yes" if leaf.holds else "no"


def source(path: str, facts: Facts, device: Device | None) -> str | None:
    """Where the fact was read: the source of the path itself, of its device, or of what it is part of."""
    if device is not None:
        index = next((index for index, one in enumerate(facts.devices or ()) if one.id == device.id), 0)
        field = path.removeprefix("device.")
        paths = [f"devices.{index}.{field}", f"devices.{device.id}.{field}", f"devices.{index}", f"devices.{device.id}", "devices"]
    else:
        parts = path.split(".")
        paths = [".".join(parts[:cut]) for cut in range(len(parts), 0, -1)]
    return next((facts.why[one].source for one in paths if one in facts.why), None)


def _fix(leaf: Blocker, facts: Facts) -> str:
    """What would turn a fail into a pass, or what keeps the answer from being known."""
    if leaf.holds is None:
        note = next((why.note for name, why in facts.why.items() if why.note and leaf.fact.startswith(name)), None)
        return f"{leaf.fact} could not be read{': ' + note if note else '; try --deep'}"
    words = {"hardware": "needs other hardware", "os": "change the system", "admin": "ask an administrator", "reboot": "change and reboot"}
    says = change(leaf)
    return f"{words[leaf.takes]}: {says}" if leaf.takes in words else says
