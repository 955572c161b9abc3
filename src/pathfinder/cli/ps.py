"""`pathfinder ps`: the servers pathfinder started."""

import typer


def ps(ctx: typer.Context) -> int:
    """List the servers that `launch --detach` left running, and whether they answer."""
    from pathfinder.cli.acting import live_root
    from pathfinder.cli.session import say
    from pathfinder.install import home
    from pathfinder.servers import alive, answers, listed

    session = ctx.obj
    rows = []
    for running in listed(home(live_root()) / "servers"):
        lives = alive(running)
        healthy = running.endpoint is not None and lives and answers(running.endpoint)
        rows.append((running, "answers" if healthy else "running" if lives else "ended"))
    if session.json:
        import msgspec

        listing = [{**msgspec.to_builtins(running), "state": state} for running, state in rows]
        say(msgspec.json.format(msgspec.json.encode({"schema": "pathfinder/processes/v1", "processes": listing}), indent=1).decode())
        return 0
    if not rows:
        say("No servers. `pathfinder launch RUNTIME --model REF --detach` starts one.")
    for running, state in rows:
        url = running.endpoint.url if running.endpoint else ""
        say(f"{running.name}  {state}  process {running.pid}  since {running.started}  {running.model}  {url}".rstrip())
    return 0
