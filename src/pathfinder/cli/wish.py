"""What several verbs share: the wish from the command line, the data a decision rests on, and the decision."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from pathfinder.cli.hosts import LIVE, Known
from pathfinder.cli.session import Session
from pathfinder.deciding.decide import Rules, decide, recommend, spelt
from pathfinder.deciding.steps import Places, places_for
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.facts import Facts
from pathfinder.types.models import Artifact, Demand, Model
from pathfinder.types.plans import Plan, Recommendation


class Wish(NamedTuple):
    """The options of a decision as typed."""

    model: str
    task: str | None = None
    audience: str = "solo"
    prefer: str | None = None
    context: int | None = None
    users: int | None = None
    quant: str | None = None
    runtime: str | None = None
    hub: bool = False
    """Whether a repository that the catalogue lacks may be asked about on the hub."""


def demand(wish: Wish, session: Session) -> Demand:
    from pathfinder.data import store
    from pathfinder.naming.ask import ask

    runtime = store.runtime(wish.runtime, session.overlay).id if wish.runtime else None
    exact = store.named(wish.model, session.overlay)
    found = ask(
        wish.model,
        store.models(session.overlay) if exact is None else exact[:1],
        task=wish.task,
        audience=wish.audience,
        prefer=wish.prefer,
        context=wish.context,
        users=wish.users,
        runtime=runtime,
        quant=wish.quant,
        local=partial(seen, session=session) if wish.hub else local,
    )
    return found if exact is None or found.artifact is not None else replace(found, alternatives=exact[1])


def rules(session: Session, only: str | None = None) -> Rules:
    from pathfinder.data import store

    runtimes = store.matrix(session.overlay)
    if only is not None:
        runtimes = tuple(runtime for runtime in runtimes if runtime.id == only)
    return Rules(
        runtimes=runtimes,
        table=store.rank_table(session.overlay),
        tables=tables(session),
        whole=lambda id: store.whole(id, session.overlay),
    )


def tables(session: Session) -> Any:
    from pathfinder.data import store
    from pathfinder.estimate import Tables

    return Tables(coefficients=store.estimate_table(session.overlay), chips=store.devices(session.overlay))


def local(text: str) -> tuple[Model, Artifact] | None:
    """A file or folder on this machine, read by its header; None when there is none of that name."""
    path = os.path.expanduser(text)  # noqa: PTH111 (pathlib costs start-up time)
    if not os.path.exists(path):  # noqa: PTH110
        return None
    from pathlib import Path

    from pathfinder.formats.local import read

    return read(Path(path).absolute())


def seen(text: str, session: Session) -> tuple[Model, Artifact] | None:
    """A local model, or one of the hub that the catalogue does not know, by its header."""
    from pathfinder.data import store
    from pathfinder.naming.ask import hub

    if not text.lower().startswith("hf:"):
        return local(text)
    if "/" not in hub(text, store.models(session.overlay)).model.id:
        return None
    from pathfinder.cli.fetching import described

    return described(text, session)


def places(known: Known) -> Places:
    """Where things go: below this user's home when the host is this machine, else below a home only that machine knows."""
    return places_for(known.facts, os.path.expanduser("~") if known.name == LIVE else None)  # noqa: PTH111


def decided(wish: Wish, known: Known, session: Session, top: int | None = None) -> Recommendation:
    asked = demand(wish, session)
    return recommend(known.facts, asked, rules(session, asked.runtime), places(known), known.name, top)


def planned(wish: Wish, known: Known, session: Session, port: int | None = None, suits: Callable[[Plan], bool] | None = None) -> Plan:
    """The best plan with its steps, its server on `port` where one is named; where no runtime was named, the best that `suits`.

    Raises Problem (1) when there is none, with what would unlock it.
    """
    asked = demand(wish, session)
    with_data = rules(session, asked.runtime)
    decision = decide(known.facts, asked, with_data)
    if not decision.plans:
        raise nothing(asked, decision.rejected, known.facts)
    there = replace(places(known), port=port)
    spelt_out = (spelt(one, decision, known.facts, asked, with_data, there) for one in decision.plans)
    first = next(spelt_out)
    if suits is None or asked.runtime is not None or suits(first):
        return first
    return next((plan for plan in spelt_out if suits(plan)), first)


def nothing(asked: Demand, rejected: Any, facts: Facts) -> Problem:
    from pathfinder.telling.show import why

    what = f"{asked.runtime} does not run" if asked.runtime else "Nothing in the matrix runs"
    hint = f"{rejected[0].runtime}: {why(rejected[0]).rstrip('.')}." if rejected else None
    return Problem(f"{what} {asked.model.id} on this host.", hint=hint, exit=ExitStatus.NO)


def columns() -> int:
    """Width of the terminal, also behind `| less`; 100 where there is none."""
    said = os.environ.get("COLUMNS", "")
    asked = int(said) if said.isdigit() and int(said) > 0 else None
    return _width(1) or asked or _width(2) or 100


def _width(descriptor: int) -> int | None:
    try:
        return os.get_terminal_size(descriptor).columns or None
    except OSError:
        return None
