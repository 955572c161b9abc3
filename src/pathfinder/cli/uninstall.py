"""`pathfinder uninstall`: what `install` did, undone."""

from typing import Annotated

import typer


def uninstall(
    ctx: typer.Context,
    runtime: Annotated[str, typer.Argument(metavar="RUNTIME", help="A runtime by any of its names.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be removed.")] = False,
) -> int:
    """Remove a runtime that pathfinder installed, and nothing else."""
    from pathfinder.acting.here import live_root
    from pathfinder.acting.install import home, installed
    from pathfinder.acting.install import uninstall as undo
    from pathfinder.cli.acting import agree
    from pathfinder.cli.hosts import only_live
    from pathfinder.cli.session import say
    from pathfinder.data import store
    from pathfinder.errors import ExitStatus, Problem

    session = ctx.obj
    only_live(session, "uninstall")
    id = store.runtime(runtime, session.overlay).id
    root = live_root()
    found = [state for state in installed(root) if state.runtime == id]
    if not found:
        raise Problem(f"pathfinder has not installed {id} here.", exit=ExitStatus.NO)
    for state in found:
        say(f"To remove: {home(root) / 'runtimes' / state.runtime / state.cell}")
    if dry_run:
        return 0
    agree("Remove?", yes)
    for state in found:
        undo(root, state, say)
    return 0
