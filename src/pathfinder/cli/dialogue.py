"""`pathfinder` alone in a terminal: what to run, for whom, what matters most, on which host; then what to do with the answer."""

import sys
import textwrap
from functools import cache, partial
from typing import Any

from pathfinder.cli.hosts import LIVE, Known, facts_of
from pathfinder.cli.picker import Question, pick
from pathfinder.cli.session import Session, say
from pathfinder.cli.wish import columns
from pathfinder.errors import ExitStatus, Problem
from pathfinder.telling import questions
from pathfinder.telling.questions import Choice
from pathfinder.telling.show import machine, recommendation
from pathfinder.types.facts import Facts
from pathfinder.types.plans import Plan, Recommendation

SHOWN = 3
HELLO = "pathfinder finds out which local AI runs on a machine, and how to start it. Four questions; --help lists the verbs."
SESSION = Session(host=[], json=False, offline=False, no_color=False, overlay=[], override=[], explain=False)
Answers = dict[str, str]


def possible() -> bool:
    """Whether there is a terminal to ask in."""
    import os

    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def dialogue() -> int:
    """Ask, answer, offer to act; the exit status of what was done last."""
    asked = Asked()
    for text in (HELLO, f"This machine: {machine(facts(LIVE))}."):
        say(textwrap.fill(text, columns()))
    while True:
        answers = asked.all()
        known = Known(answers["host"], facts(answers["host"]))
        found = decision(answers, asked.task(), known)
        print_decision(found, known.facts, questions.command(answers, asked.task()))
        status = act(found, answers, asked.task())
        if status is not None:
            return status
        asked.again(found)


class Asked:
    """The questions in their order, and what was answered so far; going back keeps the answers as defaults."""

    STEPS = ("what", "model", "audience", "wish", "host")

    def __init__(self) -> None:
        from pathfinder.data import store

        self.table = store.table("questions")
        self.answers: Answers = {"host": LIVE, "audience": "solo", "wish": "none"}
        self.at = 0
        self.complaint = ""

    def task(self) -> str:
        return questions.task_of(self.table, self.answers["what"])

    def again(self, found: Recommendation) -> None:
        """Start over; when nothing runs the model, at the model."""
        self.at = 0 if found.candidates else 1

    def all(self) -> Answers:
        while self.at < len(self.STEPS):
            step = self.STEPS[self.at]
            answer = pick(self.question(step))
            if answer is None:
                self.at -= 1
                continue
            self.complaint = self.wrong(step, answer)
            if not self.complaint:
                self.answers[step] = answer
                self.at += 1
        for title, answer in questions.answered(self.table, self.answers):
            say(f"{title + ':':<7}{answer}")
        return dict(self.answers)

    def question(self, step: str) -> Question:
        from pathfinder.data import store

        default = self.answers.get(step)
        if step == "what":
            return Question("1 of 4: What do you want to run?", questions.tasks(self.table), default, back=False)
        if step == "model":
            offered = suggested(self.answers["what"], self.task(), self.answers["host"])
            known = {choice.value for choice in offered.choices}
            free = "a name, hf:owner/repo, a .gguf file or a folder"
            title = "1 of 4: Which model? The best that suit the machine come first."
            return Question(title, offered.choices, default if default in known else offered.default, free, complaint=self.complaint)
        if step == "audience":
            return Question("2 of 4: Who will use it?", questions.worded(self.table["audiences"]), default)
        if step == "wish":
            return Question("3 of 4: What matters most?", questions.worded(self.table["wishes"]), default)
        profiles = ((id, store.profile(id)) for id in store.profiles())
        choices = questions.hosts(profiles, recordings(), facts(LIVE))
        return Question("4 of 4: On which host?", choices, default, "a recording's file", complaint=self.complaint)

    def wrong(self, step: str, answer: str) -> str:
        """Why an answer cannot be taken; empty when it can."""
        try:
            if step == "host":
                facts(answer)
            if step == "model":
                from pathfinder.cli.wish import Wish, demand

                demand(Wish(answer, self.task()), SESSION)
        except Problem as problem:
            return " ".join(filter(None, (problem.where and f"{problem.where}:", problem.says, problem.hint)))
        return ""


@cache
def facts(ref: str) -> Facts:
    return facts_of(ref, SESSION)


@cache
def suggested(what: str, task: str, host: str) -> questions.Suggestions:
    from pathfinder.cli.wish import Wish, demand, rules
    from pathfinder.data import store
    from pathfinder.deciding.decide import decide

    data, known = rules(SESSION), facts(host)

    def plan_of(id: str) -> Plan | None:
        plans = decide(known, demand(Wish(id, task), SESSION), data).plans
        return plans[0] if plans else None

    return questions.models(store.table("questions")["tasks"][what]["models"], store.models(), task, plan_of)


def recordings() -> list[str]:
    """Recordings in the current folder, by their first line."""
    from pathlib import Path

    found = []
    for path in sorted(Path().glob("*.json"))[:50]:
        try:
            with path.open("rb") as file:
                head = file.read(200)
        except OSError:
            continue
        if b"pathfinder/recording/" in head:
            found.append(str(path))
    return found


def decision(answers: Answers, task: str, known: Known) -> Recommendation:
    from pathfinder.cli.wish import Wish, decided

    wish = answers["wish"]
    return decided(Wish(answers["model"], task, answers["audience"], None if wish == "none" else wish), known, SESSION, SHOWN)


def print_decision(found: Recommendation, facts: Facts, argv: tuple[str, ...]) -> None:
    """The plans and the first one's commands; the rejected only when there is nothing else to tell."""
    from msgspec.structs import replace

    from pathfinder.telling.quoting import sh

    say()
    say(recommendation(replace(found, rejected=()) if found.candidates else found, facts, columns()))
    say()
    say(textwrap.fill("The same without questions, with what does not run and why:", columns()))
    say(f"  {sh(argv)}")
    say()


def act(found: Recommendation, answers: Answers, task: str) -> int | None:
    """What to do with it, and its exit status; None to change an answer."""
    deeds: dict[str, Any] = {}
    rows: list[Choice] = []
    if found.candidates:
        plan = found.candidates[0]
        format = "ps1" if plan.os == "windows" else "sh"
        rows.append(Choice("write", "Write these commands as a script", f"{format}, into this folder; nothing is run"))
        deeds["write"] = partial(run, ["setup", plan.runtime, *wished(answers, task), "--as", format, "-o", "."])
        if answers["host"] == LIVE:
            rows.append(Choice("launch", f"Install {plan.name} and start it", "every step is printed, and asked about first"))
            rows.append(Choice("install", f"Only install {plan.name}", "every step is printed, and asked about first"))
            deeds["launch"] = partial(run, ["launch", plan.runtime, *wished(answers, task)])
            deeds["install"] = partial(run, ["install", plan.runtime, *wished(answers, task)])
    rows += [Choice("change", "Change an answer"), Choice("done", "Nothing more")]
    chosen = pick(Question("And now?", rows))
    if chosen in (None, "change"):
        return None
    return deeds[chosen]() if chosen in deeds else ExitStatus.OK if found.candidates else ExitStatus.NO


def wished(answers: Answers, task: str) -> list[str]:
    """The options of `setup`, `launch` and `install` that say the same."""
    return list(questions.command(answers, task)[2:])


def run(argv: list[str]) -> int:
    from pathfinder.cli.app import run as run_verb

    say(f"$ pathfinder {' '.join(argv)}")
    return run_verb(argv)
