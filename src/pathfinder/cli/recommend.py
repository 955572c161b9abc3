"""`pathfinder recommend`: which runtimes run a model on a host, best first."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathfinder.errors import ExitStatus, Problem

if TYPE_CHECKING:
    from pathfinder.cli.session import Session
    from pathfinder.cli.wish import Wish
    from pathfinder.types.facts import Facts
    from pathfinder.types.plans import Recommendation

PICTURES = "recommendation"
"""The folder of the templates that `--as` names."""

SHOWN = 5
"""Candidates a person is shown unless more are asked for."""


def recommend(
    ctx: typer.Context,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="REF", help="A model by any name, hf:owner/repo, a .gguf file or a folder.")
    ],
    task: Annotated[str | None, typer.Option(help="chat, embeddings, transcribe, ...: the model's own unless said.")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="WHOM", help="solo, team or production.")] = "solo",
    prefer: Annotated[str | None, typer.Option(help="simple, fast, throughput or memory.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of context to plan for.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests at once.")] = None,
    quant: Annotated[str | None, typer.Option(help="Only this quantisation, such as Q8_0.")] = None,
    top: Annotated[int | None, typer.Option(help="The first N; in a terminal five, in JSON all unless said.")] = None,
    runtime: Annotated[str | None, typer.Option(metavar="ID", help="Only this runtime, with all its builds.")] = None,
    as_: Annotated[str | None, typer.Option("--as", metavar="svg|html", help="A picture in one file, on standard output.")] = None,
    deadline: Annotated[float, typer.Option(help="Seconds for looking at the host.")] = 3.0,
) -> int:
    """Which local AI runtimes run a model here, best first: why, what to mind, how much memory, how fast, and the exact commands."""
    from pathfinder.cli.hosts import Known, answer
    from pathfinder.cli.wish import Wish, decided

    session = ctx.obj
    if top is not None and top < 1:
        raise Problem(f"{top} is not a number above zero.", where="--top")
    if as_ is not None:
        picturable(as_, session)
    wish = Wish(model, task, for_, prefer, context, concurrency, quant, runtime)
    seen: dict[str, Any] = {}

    def one(known: Known) -> tuple[Any, int]:
        found = decided(wish, known, session, top if top is not None or session.json or session.explain else SHOWN)
        seen["facts"] = known.facts
        return found, status(found)

    def show(found: Any) -> None:
        from pathfinder.cli.session import say

        say(text(found, seen["facts"], session) if as_ is None else drawn(as_, found, seen["facts"], wish, session))
        if as_ is None and (then := next_step(found, wish)):
            say(f"\nTo have it done, every step printed and asked about first:\n  {then}")

    return answer(session, one, show, deadline=deadline)


def text(found: "Recommendation", facts: "Facts", session: "Session") -> str:
    from pathfinder.cli.wish import columns
    from pathfinder.data.store import rank_table
    from pathfinder.telling.show import recommendation

    return recommendation(found, facts, columns(), session.explain, rank_table(session.overlay)["ranks"]["reach"]["also"])


def next_step(found: "Recommendation", wish: "Wish") -> str:
    """The verb that carries out the first plan, with the same wish; empty for another machine than this, or with nothing to carry out."""
    from pathfinder.cli.hosts import LIVE
    from pathfinder.telling.quoting import sh

    if found.host != LIVE or not found.candidates:
        return ""
    first = found.candidates[0]
    starts = any(step.kind == "start" for step in first.launch)
    argv = ["pathfinder", "launch" if starts else "install", first.runtime, "--model", wish.model]
    for option, said in (("--task", wish.task), ("--prefer", wish.prefer), ("--for", wish.audience if wish.audience != "solo" else None)):
        argv += [option, said] if said else []
    limits = (("--context", wish.context), ("--concurrency", wish.users), ("--quant", wish.quant)) if starts else ()
    for option, number in limits:
        argv += [option, str(number)] if number else []
    return sh(argv)


def picturable(format: str, session: "Session") -> None:
    """Raises Problem for a format that is not there, and for what no one picture can show."""
    from pathfinder.cli.hosts import references
    from pathfinder.data.store import templates
    from pathfinder.telling.render import template

    template(format, templates() / PICTURES)
    if len(references(session)) > 1 and not session.json:
        raise Problem("A picture is of one host.", where="--as", hint="Ask for each host by itself.")


def drawn(format: str, found: "Recommendation", facts: "Facts", wish: "Wish", session: "Session") -> str:
    from pathfinder import __version__
    from pathfinder.cli.wish import demand, rules
    from pathfinder.data.store import templates
    from pathfinder.deciding.qualities import by_quality
    from pathfinder.telling.picture import picture, render

    asked = demand(wish, session)
    data = rules(session, asked.runtime)
    drawing = picture(found, facts, by_quality(facts, asked, data), data.table, __version__)
    return render(format, drawing, templates() / PICTURES).rstrip("\n")


def status(found: Any) -> int:
    """0: something runs; 1: nothing does; 3: whether anything does is not known."""
    if not found.candidates:
        open_questions = any(not any(blocker.holds is False for blocker in one.why) for one in found.rejected)
        return ExitStatus.UNKNOWN if open_questions else ExitStatus.NO
    return ExitStatus.UNKNOWN if all(plan.verdict == "unknown" for plan in found.candidates) else ExitStatus.OK
