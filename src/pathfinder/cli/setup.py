"""`pathfinder setup`: the plan as a script, a document or data."""

from typing import Annotated

import typer


def setup(
    ctx: typer.Context,
    runtime: Annotated[str | None, typer.Argument(metavar="RUNTIME", help="A runtime; the best one unless said.")] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="REF", help="A model by any name, hf:owner/repo, a .gguf file or a folder.")
    ] = "",
    as_: Annotated[
        str, typer.Option("--as", metavar="FORMAT", help="sh, compose, systemd, kubernetes, ...: see docs/formats.md.")
    ] = "markdown",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="DIR", help="Write into this folder instead of printing.")] = None,
    task: Annotated[str | None, typer.Option(help="chat, embeddings, transcribe, ...")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="WHOM", help="solo, team or production.")] = "solo",
    prefer: Annotated[str | None, typer.Option(help="simple, fast, throughput or memory.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of context to plan for.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests at once.")] = None,
    quant: Annotated[str | None, typer.Option(help="Only this quantisation.")] = None,
    nodes: Annotated[int, typer.Option(help="Machines, for formats beyond one: ray, kuberay, lws.")] = 2,
    deadline: Annotated[float, typer.Option(help="Seconds for looking at the host.")] = 3.0,
) -> int:
    """Write the plan for a model as a script or a document. Nothing is run."""
    from pathfinder.cli.hosts import hosts, references
    from pathfinder.cli.session import say
    from pathfinder.cli.wish import Wish, planned
    from pathfinder.data.store import templates
    from pathfinder.errors import Problem
    from pathfinder.telling.render import file_name, render, suits, template

    session = ctx.obj
    if not model:
        raise Problem("No model was named.", where="--model", hint="Example: pathfinder setup --model llama-3-8b --as sh")
    if nodes < 1:
        raise Problem(f"{nodes} is not a number above zero.", where="--nodes")
    format = "json" if session.json else as_
    template(format, templates())
    if output is None and len(references(session)) > 1:
        raise Problem("Several hosts need a folder to write to.", where="--output", hint="Add -o DIR.")
    wish = Wish(model, task, for_, prefer, context, concurrency, quant, runtime)
    for number, known in enumerate(hosts(session, deadline=deadline), 1):
        plan = planned(wish, known, session, suits=lambda one: suits(format, one, templates()))
        text = render(format, plan, templates(), nodes)
        if output is None:
            say(text.rstrip("\n"))
            continue
        name = file_name(format, plan, templates())
        say(write(output, name if len(references(session)) == 1 else f"{number}-{name}", text))
    return 0


def write(folder: str, name: str, text: str) -> str:
    """The file written, whole or not at all. Raises Problem when the folder cannot be written."""
    import os
    from pathlib import Path

    from pathfinder.errors import Problem

    target = Path(folder) / name
    part = target.with_name(target.name + f".{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        if name.endswith(".sh"):
            part.chmod(0o755)
        part.replace(target)
    except OSError as error:
        raise Problem(f"The file cannot be written: {error.strerror}.", where=str(target), hint="Name another folder with -o.") from None
    return str(target)
