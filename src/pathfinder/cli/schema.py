"""`pathfinder schema`: the JSON Schema of a document."""

from typing import Annotated

import typer

from pathfinder.errors import ExitStatus


def schema(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="facts, recommendation, estimate, result, ...; all names without one.")] = None,
) -> int:
    """Print the JSON Schema of a document; every JSON document that pathfinder prints validates against its own."""
    from pathfinder.cli.session import say
    from pathfinder.telling.schemas import names, text

    say(text(name).rstrip("\n") if name is not None else "\n".join(names()))
    return ExitStatus.OK
