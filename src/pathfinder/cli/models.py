"""`pathfinder models`: the catalogue."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from pathfinder.errors import ExitStatus, Problem

app = typer.Typer(add_completion=False, no_args_is_help=False, help="The catalogue of models: what they are and where their files are.")


@app.command("list", help="Every model, one line each.")
def list_(
    ctx: typer.Context,
    task: Annotated[str | None, typer.Option(help="Only those that do this: chat, embeddings, transcribe, ...")] = None,
    family: Annotated[str | None, typer.Option(help="Only this family, such as Qwen.")] = None,
    largest: Annotated[float | None, typer.Option("--max", metavar="BILLIONS", help="At most this many billion parameters.")] = None,
) -> int:
    from typing import get_args

    from pathfinder.data import store
    from pathfinder.naming.models import Filter, listed
    from pathfinder.types.words import Task

    if task is not None and task not in get_args(Task):
        raise Problem(f"{task!r} is no task.", where="--task", hint=f"One of {', '.join(get_args(Task))}.")
    _rows(ctx, listed(store.models(ctx.obj.overlay), Filter(task, family, None if largest is None else largest * 1e9)))
    return ExitStatus.OK


@app.command("search", help="Models whose names hold these words.")
def search(
    ctx: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="WORDS")],
    online: Annotated[bool, typer.Option("--online", help="Ask the hub as well: its repositories, as references hf:owner/name.")] = False,
) -> int:
    from pathfinder.data import store
    from pathfinder.naming.models import search as found

    rows = found(store.models(ctx.obj.overlay), " ".join(text))
    if online:
        rows += _online(ctx, " ".join(text))
    if not rows and not ctx.obj.json:
        raise Problem(
            "No model of the catalogue has such a name.",
            where=" ".join(text),
            hint="A model on Hugging Face: hf:owner/name.",
            exit=ExitStatus.NO,
        )
    _rows(ctx, rows)
    return ExitStatus.OK if rows else ExitStatus.NO


@app.command("show", help="One model: shape, files, sources.")
def show(ctx: typer.Context, ref: Annotated[str, typer.Argument(metavar="REF", help="Any name, a .gguf file or a folder.")]) -> int:
    from pathfinder.cli.session import say_folded
    from pathfinder.naming.models import ModelDocument, model_text

    found = _resolve(ctx, ref)
    model = found.model
    if ctx.obj.json:
        from pathfinder.cli.hosts import _print_json

        _print_json([ModelDocument(**{name: getattr(model, name) for name in model.__struct_fields__})])
    else:
        for line in model_text(model):
            say_folded(line, 6)
    return ExitStatus.OK


@app.command("resolve", help="Which model a name means, and what else it could have meant.")
def resolve(ctx: typer.Context, ref: Annotated[str, typer.Argument(metavar="REF")]) -> int:
    from pathfinder.cli.session import say
    from pathfinder.naming.models import ResolutionDocument

    found = _resolve(ctx, ref)
    document = ResolutionDocument(
        asked=ref,
        model=found.model.id,
        name=found.model.name,
        repo=found.model.repo,
        quant=found.quant,
        artifact=found.artifact,
        alternatives=found.alternatives,
    )
    if ctx.obj.json:
        from pathfinder.cli.hosts import _print_json

        _print_json([document])
    else:
        say(document.model)
        for other in document.alternatives:
            say(f"  not to be confused with {other}")
    return ExitStatus.OK


def _online(ctx: typer.Context, text: str) -> tuple[Any, ...]:
    if ctx.obj.offline:
        raise Problem("Asking the hub needs the network.", where="--offline", hint="Leave out --online or --offline.")
    from pathfinder.network import online

    return online.search(text)


def _resolve(ctx: typer.Context, ref: str) -> Any:
    from pathfinder.data import store
    from pathfinder.estimate.asking import local
    from pathfinder.naming.ask import resolve

    return resolve(ref, store.models(ctx.obj.overlay), local)


def _rows(ctx: typer.Context, rows: Sequence[Any]) -> None:
    from pathfinder.cli.session import say
    from pathfinder.naming.models import ModelsDocument, rows_text

    if ctx.obj.json:
        from pathfinder.cli.hosts import _print_json

        _print_json([ModelsDocument(models=tuple(rows))])
    else:
        from pathfinder.cli.session import terminal_width
        from pathfinder.telling.listing import columns

        say(columns(list(rows_text(rows)), terminal_width()))
