"""Commands are argv lists: no shell is given a line of its own to interpret."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pathfinder.deciding.steps import PLACEHOLDERS
from pathfinder.lint import Finding, Matrix

_SHELLS = {"sh", "bash", "dash", "zsh", "cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh"}
_LINE_FLAGS = {"-c", "-lc", "-ec", "/c", "/k", "-command", "-encodedcommand"}
_SHELL_MARKS = re.compile(r"\$\(|`|&&|\|\||\s\|\s|\|\s*(?:sh|bash|iex)\b|\s>{1,2}\s|;\s")
_INTERPRETER = re.compile(r"(?:^|[/\\])(?:\{python\}|python[\d.]*|node|deno)(?:\.exe)?$")
_HINT = "Write the argv itself, or a `write` step and a script."


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, step in matrix.steps():
        argv = [item for item in step.argv or () if isinstance(item, str)]
        for item, flag in pairwise(argv):
            if item.lower().rpartition("/")[2] in _SHELLS and flag.lower() in _LINE_FLAGS:
                yield Finding("no_shell", where, f"It hands {item} a line to interpret.", hint=_HINT)
        code = {at + 1 for at, item in enumerate(argv[:-1]) if item in ("-c", "-e") and at and _INTERPRETER.search(argv[at - 1])}
        for at in code:
            if any(f"{{{name}}}" in argv[at] for name in PLACEHOLDERS):
                yield Finding("no_shell", where, f"{argv[at]!r} has a value inside code.", hint="Hand it over as an argument: sys.argv[1].")
            if '"' in argv[at]:
                yield Finding("no_shell", where, f"{argv[at]!r} has double quotes, which Windows PowerShell drops.", level="warning")
        for at, item in enumerate(argv):
            if at not in code and _SHELL_MARKS.search(item):
                yield Finding("no_shell", where, f"{item!r} holds what only a shell would understand.")
