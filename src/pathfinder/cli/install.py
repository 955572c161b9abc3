"""`pathfinder install`: a runtime into an environment of its own, every step printed first and undone by `uninstall`."""

from typing import Annotated

import typer


def install(
    ctx: typer.Context,
    runtime: Annotated[str, typer.Argument(metavar="RUNTIME", help="A runtime by any of its names.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="REF", help="Choose the build for this model; a small one unless said.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="chat, embeddings, transcribe, ...")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="WHOM", help="solo, team or production.")] = "solo",
    prefer: Annotated[str | None, typer.Option(help="simple, fast, throughput or memory.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the steps.")] = False,
) -> int:
    """Install a runtime: print the steps, ask, carry them out, check that the runtime answers.

    Everything goes below pathfinder's own data folder. A step that failed or was interrupted is where the same command goes on;
    `pathfinder uninstall` takes it all away again.
    """
    from pathfinder.acting.install import check, state_of
    from pathfinder.acting.install import install as carry_out
    from pathfinder.cli.acting import agree, any_plan, progress_line, show_steps
    from pathfinder.cli.hosts import only_live
    from pathfinder.cli.session import say
    from pathfinder.cli.wish import Wish
    from pathfinder.errors import ExitStatus, Problem

    session = ctx.obj
    if not dry_run:
        only_live(session, "install")
    plan = any_plan(Wish(model or "", task, for_, prefer, runtime=runtime, hub=True), session)
    if not plan.install:
        raise Problem(
            f"{plan.name} has no recipe for this system that could be carried out.",
            hint="See `pathfinder matrix show`.",
            exit=ExitStatus.NO,
        )
    done = state_of(plan)
    if done.complete and not dry_run:
        said = check(plan)
        say(f"{plan.name} ({plan.cell}) is installed already{spoken(said)}")
        return 0
    show_steps(plan, plan.install, f"To install {plan.name} ({plan.cell}):")
    if dry_run:
        return 0
    if session.offline:
        raise Problem("Installing needs the network.", where="--offline", exit=ExitStatus.NO)
    agree("Carry these steps out?", yes)
    with progress_line() as tell:
        said = carry_out(plan, say, tell)
    say(f"{plan.name} is installed{spoken(said)}")
    return 0


def spoken(said: str | None) -> str:
    """What the runtime's own check said, as the end of a sentence."""
    if said is None:
        return "; its recipe has no check to run."
    return f"; its own check says: {said}" if said else "; its own check passes."
