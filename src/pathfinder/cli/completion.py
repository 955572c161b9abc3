"""`pathfinder completion`: the script that makes a shell complete verbs, options, runtimes, models and profiles."""

from importlib import import_module
from typing import Annotated

import typer

FIRST_TAB = """
if [[ ${funcstack[1]} = _pathfinder ]]; then _pathfinder_completion "$@"; fi
"""
"""zsh reads the file at the first Tab and takes it for the answer: it must answer as well as define."""
SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def completion(
    ctx: typer.Context,
    shell: Annotated[str | None, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell; this one unless said.")] = None,
    install: Annotated[bool, typer.Option("--install", help="Write it where the shell reads it, instead of printing it.")] = False,
) -> int:
    """Print the completion script of a shell, or install it.

    For this session alone, in bash or zsh: eval "$(pathfinder completion bash)"
    """
    from pathfinder.cli.app import COMPLETE
    from pathfinder.cli.session import say
    from pathfinder.errors import Problem

    name = shell or _this_shell()
    if name not in SHELLS:
        raise Problem(
            f"There is no completion for {name!r}." if name else "Which shell this is cannot be told.",
            where="completion",
            hint=f"Name one of: {', '.join(SHELLS)}.",
        )
    typers = import_module("typer.completion")
    if install:
        _, path = typers.install(shell=name, prog_name="pathfinder", complete_var=COMPLETE)
        if name == "zsh":
            path.write_text(path.read_text(encoding="utf-8") + FIRST_TAB, encoding="utf-8")
        say(f"Written to {path}. It works in shells started from now on.")
    else:
        say(typers.get_completion_script(prog_name="pathfinder", complete_var=COMPLETE, shell=name))
    return 0


def _this_shell() -> str | None:
    """By the name of the process that started this one, else by SHELL."""
    import os

    import shellingham

    try:
        return str(shellingham.detect_shell()[0])
    except (shellingham.ShellDetectionFailure, OSError):
        return os.path.basename(os.environ.get("SHELL", "")) or None  # noqa: PTH119
