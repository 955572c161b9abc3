"""`pathfinder ps`: the servers pathfinder started."""

from typing import Literal

import typer


def ps(ctx: typer.Context) -> int:
    """List the servers that `launch --detach` left running, and whether they answer."""
    import msgspec

    from pathfinder.acting.here import live_root
    from pathfinder.acting.install import home
    from pathfinder.acting.servers import Listed, Processes, alive, answers, listed
    from pathfinder.cli.session import say, say_json

    session = ctx.obj
    rows: list[Listed] = []
    for running in listed(home(live_root()) / "servers"):
        lives = alive(running)
        healthy = running.endpoint is not None and lives and answers(running.endpoint)
        state: Literal["answers", "running", "ended"] = "answers" if healthy else "running" if lives else "ended"
        rows.append(Listed(**msgspec.structs.asdict(running), state=state))
    if session.json:
        say_json(Processes(processes=tuple(rows)))
        return 0
    if not rows:
        say("No servers. `pathfinder launch RUNTIME --model REF --detach` starts one.")
    for running in rows:
        url = running.endpoint.url if running.endpoint else ""
        say(f"{running.name}  {running.state}  process {running.pid}  since {running.started}  {running.model}  {url}".rstrip())
    return 0
