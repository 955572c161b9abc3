"""What the verbs that act share: a plan for this machine, showing its steps, asking, one line of progress."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any

from pathfinder.cli.session import Session, say
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step

if TYPE_CHECKING:
    from pathfinder.cli.wish import Wish


def any_plan(wish: "Wish", session: Session) -> Plan:
    """The best plan of a runtime on the host; without a model, for the smallest catalogued one that it runs."""
    from pathfinder.cli.hosts import LIVE, Known, facts_of
    from pathfinder.cli.wish import planned
    from pathfinder.data import store

    ref = session.host[0] if session.host else LIVE
    known = Known(ref, facts_of(ref, session))
    if wish.model:
        return planned(wish, known, session)
    runtime = wish.runtime or ""
    tasks = {task for cell in store.runtime(runtime, session.overlay).cells for task in cell.tasks if wish.task in (None, task)}
    fitting = [one for one in store.models(session.overlay) if set(one.tasks) & tasks and one.artifacts]
    problem: Problem | None = None
    for one in sorted(fitting, key=lambda one: one.params or 1 << 62)[:40]:
        task = next(task for task in one.tasks if task in tasks)
        try:
            return planned(wish._replace(model=one.id, task=task), known, session)
        except Problem as no:
            problem = problem or no
    if problem is not None:
        raise Problem(f"{runtime} does not run on this host.", hint=problem.hint, exit=problem.exit)
    raise Problem(f"No catalogued model is known to run on {runtime}.", hint="Name one with --model.", exit=ExitStatus.NO)


def show_steps(plan: Plan, steps: tuple[Step, ...], title: str) -> None:
    from pathfinder.telling.quoting import command

    say(title)
    for number, step in enumerate(steps, 1):
        needs = f"  [needs {', '.join(step.needs)}]" if step.needs else ""
        say(f"  {number}. {step.title}{needs}")
        say(f"     {command(step, plan.os, plan.root)}")


def agree(question: str, yes: bool) -> None:
    """Go on only when the person says so. Raises `Problem` without a terminal to ask in, or on a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem("Nothing was done: there is no terminal to ask in.", hint="Add --yes to agree beforehand.", exit=ExitStatus.NO)
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise Problem("Nothing was done.", exit=ExitStatus.NO)


def aside(session: Session) -> AbstractContextManager[Any]:
    """With --json what is told on the way goes to standard error, so that the document stands alone."""
    return redirect_stdout(sys.stderr) if session.json else nullcontext()


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """The last line of what runs, rewritten in place on a terminal; nothing elsewhere (the log has it all)."""
    if not sys.stdout.isatty():
        yield lambda line: None
        return
    from pathfinder.cli.wish import columns

    def tell(line: str) -> None:
        width = columns() - 3
        sys.stdout.write("\r\x1b[K  " + "".join(char for char in line if char.isprintable())[:width])
        sys.stdout.flush()

    try:
        yield tell
    finally:
        sys.stdout.write("\r\x1b[K")
        sys.stdout.flush()
