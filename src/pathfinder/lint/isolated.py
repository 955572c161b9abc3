"""Nothing is installed into the system's Python."""

from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix

_PIPS = {"pip", "pip3", "pipx"}
_PYTHONS = {"python", "python3", "py", "py.exe"}
_HINT = "Use a step of kind `pip`, which has its own environment."


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, step in matrix.steps():
        argv = tuple(item for item in step.argv or () if isinstance(item, str))
        if not argv or "uninstall" in argv:
            continue
        if argv[0] in _PIPS or (argv[0] in _PYTHONS and argv[1:3] == ("-m", "pip")):
            yield Finding("isolated", where, "It installs into the system's Python.", hint=_HINT)
