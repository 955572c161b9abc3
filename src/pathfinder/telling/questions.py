"""What `pathfinder` without a verb asks: the choices of each question, with what suits a host first. Decides nothing itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pathfinder.naming.models import count
from pathfinder.telling.show import interval, machine
from pathfinder.types.facts import Facts
from pathfinder.types.models import Model
from pathfinder.types.plans import Plan

READABLE_TPS = 6.0
"""Tokens a second somebody reads comfortably; the default is the most capable model above it."""
QUICK = ("whole", "integrated", "cpu")
"""Placements that are not split between two memories."""


class Choice(NamedTuple):
    value: str
    label: str
    note: str = ""


class Suggestions(NamedTuple):
    choices: tuple[Choice, ...]
    default: str | None


def tasks(table: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(Choice(id, entry["says"]) for id, entry in table["tasks"].items())


def task_of(table: Mapping[str, Any], id: str) -> str:
    """The task of the vocabulary that a choice stands for: writing code is chat."""
    return str(table["tasks"][id].get("task", id))


def worded(rows: Mapping[str, Sequence[str]]) -> tuple[Choice, ...]:
    return tuple(Choice(id, words[0], words[1]) for id, words in rows.items())


def models(ids: Iterable[str], catalogue: Sequence[Model], task: str, plan_of: Callable[[str], Plan | None]) -> Suggestions:
    """The models of a task: those suggested that run on the host, then the other suggested ones, then the rest of the catalogue."""
    known = {model.id: model for model in catalogue}
    suggested = [(id, plan_of(id)) for id in ids if id in known]
    runs = [(id, plan) for id, plan in suggested if plan is not None]
    rows = [Choice(id, id, _fit(plan)) for id, plan in runs]
    rows += [Choice(id, id, "too large here, or nothing here runs it") for id, plan in suggested if plan is None]
    seen = {row.value for row in rows}
    rest = [model for model in catalogue if task in model.tasks and model.id not in seen]
    rest.sort(key=lambda model: model.released or "", reverse=True)
    rows += [Choice(model.id, model.id, f"{count(model.params)} parameters" if model.params else "") for model in rest]
    return Suggestions(tuple(rows), _default(runs))


def _default(runs: Sequence[tuple[str, Plan]]) -> str | None:
    easy = [id for id, plan in runs if plan.placement in QUICK and _likely(plan) >= READABLE_TPS]
    return easy[0] if easy else max(runs, key=lambda row: _likely(row[1]))[0] if runs else None


def _likely(plan: Plan) -> float:
    tps = plan.estimate.speed.decode_tps.likely if plan.estimate else None
    return tps if tps is not None else READABLE_TPS


def _fit(plan: Plan) -> str:
    split = "partly in system memory" if plan.placement == "split" else "fits"
    speed = interval(plan.estimate.speed.decode_tps) if plan.estimate else ""
    return ", ".join(filter(None, (split, speed, f"with {plan.name}")))


def answered(table: Mapping[str, Any], answers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What was asked and answered, in words."""
    where = "this machine" if answers["host"] == "live" else answers["host"]
    who, wish = table["audiences"][answers["audience"]][0], table["wishes"][answers["wish"]][0]
    return ("Run", answers["model"]), ("For", who), ("First", wish), ("On", where)


def hosts(profiles: Iterable[tuple[str, Facts]], recordings: Iterable[str], here: Facts | None) -> tuple[Choice, ...]:
    """This machine, the recordings at hand, the hand-written machines."""
    first = Choice("live", "This machine", machine(here) if here else "")
    return (
        first,
        *(Choice(path, path, "a recording") for path in recordings),
        *(Choice(f"profile:{id}", f"profile:{id}", machine(facts)) for id, facts in profiles),
    )


def command(answers: Mapping[str, str], task: str) -> tuple[str, ...]:
    """The same question as arguments of `pathfinder recommend`."""
    argv = ["pathfinder", "recommend", "--model", answers["model"], "--task", task]
    argv += ["--for", answers["audience"]] if answers["audience"] != "solo" else []
    argv += ["--prefer", answers["wish"]] if answers["wish"] != "none" else []
    argv += ["--host", answers["host"]] if answers["host"] != "live" else []
    return tuple(argv)
