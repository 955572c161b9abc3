"""A name leads to one runtime, and an id is a file name."""

import re
from collections.abc import Iterator

from pathfinder.language.compare import fold
from pathfinder.lint import Finding, Matrix

_ID = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def check(matrix: Matrix) -> Iterator[Finding]:
    owners = {fold(runtime.id): runtime.id for runtime in matrix.runtimes}
    for runtime in matrix.runtimes:
        where = f"runtimes/{runtime.id}.yaml"
        if not _ID.fullmatch(runtime.id):
            yield Finding("names", where, "An id is lower-case letters, digits, dots, plus signs and hyphens.")
        for name in (runtime.name, *runtime.aliases):
            owner = owners.setdefault(fold(name), runtime.id)
            if owner != runtime.id:
                yield Finding("names", where, f"The name {name!r} is also one of {owner}'s.")
