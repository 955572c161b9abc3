"""`pathfinder launch`: start a runtime's server for a model, wait until it answers, say how to ask it, and how it ended."""

from typing import Annotated, Any

import typer


def launch(
    ctx: typer.Context,
    runtime: Annotated[str, typer.Argument(metavar="RUNTIME", help="A runtime by any of its names.")],
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="REF", help="A model by any name, hf:owner/repo, a .gguf file or a folder.")
    ],
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave it running and return when it answers.")] = False,
    task: Annotated[str | None, typer.Option(help="chat, embeddings, transcribe, ...")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="WHOM", help="solo, team or production.")] = "solo",
    prefer: Annotated[str | None, typer.Option(help="simple, fast, throughput or memory.")] = None,
    port: Annotated[int | None, typer.Option(help="Where it listens; the runtime's usual port unless said.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of context.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests at once.")] = None,
    quant: Annotated[str | None, typer.Option(help="Only this quantisation.")] = None,
    wait: Annotated[float, typer.Option(metavar="SECONDS", help="How long it may take until it answers.")] = 600.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Install and fetch what is missing without asking.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Judge its numbers, device and speed once it answers, then end it (with --detach it stays).")
    ] = False,
    record: Annotated[
        str, typer.Option(metavar="FILE", help="With --verify: add the evidence to a file, as matrix/evidence has them.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the command.")] = False,
) -> int:
    """Start a server with the flags that follow from this machine, and wait until it answers.

    In the foreground Ctrl-C ends it; with --detach it stays, and `pathfinder ps`, `logs` and `stop` look after it.
    """
    from pathfinder.cli.acting import aside, show_steps
    from pathfinder.cli.hosts import only_live
    from pathfinder.cli.serving import after_start, check_port, located, make_ready, planned_at, ready, serve
    from pathfinder.cli.wish import Wish
    from pathfinder.errors import Problem

    session = ctx.obj
    if record and not verify:
        raise Problem("There is nothing to record.", where="--record", hint="Add --verify.")
    if not dry_run:
        only_live(session, "launch")
    wish = Wish(model, task, for_, prefer, context, concurrency, quant, runtime, hub=True)
    plan = planned_at(wish, session, port)
    with aside(session):
        plan = located(plan)
    if dry_run:
        show_steps(plan, plan.launch, f"To start {plan.name} ({plan.cell}):")
        return 0
    check_port(plan)
    with aside(session):
        step = make_ready(plan, session, yes)
    if verify:
        return proved(plan, step, model, detach, wait, record, session)
    with serve(plan, step, model, detach) as (running, process):
        with aside(session):
            ready(plan, running, process, wait, session)
            after_start(plan)
        if detach:
            if session.json:
                document(running)
            return 0
        return follow(running, process)


def document(running: Any) -> None:
    """The server left running, as `ps --json` lists it."""
    from msgspec.structs import asdict

    from pathfinder.acting.servers import Listed, Processes
    from pathfinder.cli.session import say_json

    say_json(Processes(processes=(Listed(**asdict(running), state="answers"),)))


def proved(plan: Any, step: Any, model: str, detach: bool, wait: float, record: str, session: Any) -> int:
    """Start it, judge it, and end it unless it shall stay and holds."""
    from pathlib import Path

    from pathfinder.cli import verifying
    from pathfinder.cli.acting import aside
    from pathfinder.cli.serving import after_start, ready, serve
    from pathfinder.errors import Problem

    before = verifying.facts_before(session)
    with serve(plan, verifying.for_verifying(step), model, detach) as (running, process):
        with aside(session):
            ready(plan, running, process, wait, session)
            after_start(plan)
        proof = verifying.verify(plan, running, before, session)
        verifying.show(proof, session)
        if record:
            verifying.record(Path(record), proof)
        if detach and verifying.status(proof):
            raise Problem("The server did not pass its checks, and was stopped.", exit=verifying.status(proof))
    return verifying.status(proof)


def follow(running: Any, process: Any) -> int:
    """Show what the server says until it ends or Ctrl-C does."""
    import time
    from pathlib import Path

    from pathfinder.cli.session import say
    from pathfinder.errors import ExitStatus

    say(f"Ctrl-C ends it. Its log, {running.log}:")
    with open(Path(running.log), encoding="utf-8", errors="replace") as log:
        log.seek(0, 2)
        while True:
            text = log.read()
            if text:
                say(text.rstrip("\n"))
            elif process.poll() is not None:
                return ExitStatus.OK if process.returncode == 0 else ExitStatus.NO
            time.sleep(0.2)
