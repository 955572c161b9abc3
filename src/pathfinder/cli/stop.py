"""`pathfinder stop`: end servers that pathfinder started."""

from typing import Annotated

import typer


def stop(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="As `pathfinder ps` names it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> int:
    """Ask a server to stop, then make it; its child processes go with it."""
    from pathfinder.acting.here import live_root
    from pathfinder.acting.install import home
    from pathfinder.acting.servers import end, listed, named
    from pathfinder.cli.session import say
    from pathfinder.errors import Problem

    folder = home(live_root()) / "servers"
    if name is None and not every:
        only = listed(folder)
        if len(only) != 1:
            raise Problem("Which one?", hint="`pathfinder ps` lists them; --all stops every one." if only else "None is running.")
        name = only[0].name
    for running in listed(folder) if every else (named(folder, name or ""),):
        say(f"{running.name}: {'stopped' if end(running, folder) else 'had ended already'}")
    return 0
