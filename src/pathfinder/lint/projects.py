"""What is not active says since when, and where to go or why; a successor is a runtime that is here."""

import re
from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix

_SINCE = re.compile(r"20\d\d(-\d\d(-\d\d)?)?")


def check(matrix: Matrix) -> Iterator[Finding]:
    known = {runtime.id for runtime in matrix.runtimes}
    for runtime in matrix.runtimes:
        project, where = runtime.project, f"runtimes/{runtime.id}.yaml project"
        if project.since is not None and not _SINCE.fullmatch(project.since):
            yield Finding("projects", where, f"since: {project.since!r} is not a year, month or day.")
        if project.successor is not None and (project.successor not in known or project.successor == runtime.id):
            yield Finding("projects", where, f"The successor {project.successor!r} is no other runtime.")
        if project.state in ("archived", "renamed", "absorbed"):
            if project.since is None:
                yield Finding("projects", where, f"{project.state} since when?")
            if project.successor is None and not project.says:
                yield Finding("projects", where, f"{project.state} with neither a successor nor a sentence.")
