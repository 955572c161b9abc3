"""`pathfinder logs`: what a server says."""

from typing import Annotated

import typer


def logs(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="As `pathfinder ps` names it; the newest unless said.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it says more, until it ends or Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
) -> int:
    """Print the end of a server's log."""
    import time
    from pathlib import Path

    from pathfinder.acting.here import live_root
    from pathfinder.acting.install import home
    from pathfinder.acting.servers import alive, listed, named, tail
    from pathfinder.cli.session import say
    from pathfinder.errors import Problem

    folder = home(live_root()) / "servers"
    every = listed(folder)
    if name is None and not every:
        raise Problem("There is no server.", hint="`pathfinder launch` starts one.")
    running = named(folder, name) if name else every[-1]
    for line in tail(Path(running.log), lines):
        say(line)
    if not follow:
        return 0
    with open(running.log, encoding="utf-8", errors="replace") as log:
        log.seek(0, 2)
        while True:
            text = log.read()
            if text:
                say(text.rstrip("\n"))
            elif not alive(running):
                return 0
            time.sleep(0.2)
