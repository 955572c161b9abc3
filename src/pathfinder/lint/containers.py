"""A recipe that starts a container is one that every format can spell: all its options are known."""

from collections.abc import Iterator

from pathfinder.errors import Problem
from pathfinder.lint import Finding, Matrix
from pathfinder.telling.containers import is_run, parse


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, step in matrix.steps():
        # The port is the one placeholder that must be a number.
        words = (word for item in step.argv or () for word in ((item,) if isinstance(item, str) else item.argv))
        argv = tuple(word.replace("{port}", "8080") for word in words)
        if step.kind != "start" or not is_run(argv):
            continue
        try:
            parse(argv)
        except Problem as problem:
            yield Finding("containers", where, str(problem.says), hint=problem.hint)
