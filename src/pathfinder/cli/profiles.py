"""`pathfinder profiles`: hand-written machines, to try decisions on."""

from typing import Annotated

import typer

from pathfinder.errors import ExitStatus

app = typer.Typer(add_completion=False, no_args_is_help=False, help="Hand-written machines to try decisions on: --host profile:ID.")


@app.command("list", help="Every profile, one line each.")
def list_(ctx: typer.Context) -> int:
    from pathfinder.cli.session import say, terminal_width
    from pathfinder.data import store
    from pathfinder.telling.documents import profiles_document
    from pathfinder.telling.listing import columns

    session = ctx.obj
    ids = store.profiles(session.overlay)
    document = profiles_document((id, store.profile(id, session.overlay)) for id in ids)
    if session.json:
        from pathfinder.cli.hosts import _print_json

        _print_json([document])
    else:
        say(columns([(row.id, row.says) for row in document.profiles], terminal_width()))
    return ExitStatus.OK


@app.command("show", help="The facts of one profile.")
def show(ctx: typer.Context, id: Annotated[str, typer.Argument(help="As `profiles list` prints it.")]) -> int:
    from pathfinder.cli.hosts import _print_json
    from pathfinder.data import store

    _print_json([store.profile(id, ctx.obj.overlay)])
    return ExitStatus.OK
