"""Only known placeholders stand in braces."""

import re
from collections.abc import Iterator

from pathfinder.deciding.steps import PLACEHOLDERS
from pathfinder.lint import Finding, Matrix, strings

_HOLE = re.compile(r"(?<![{$])\{([A-Za-z_][A-Za-z0-9_.]*)\}(?!\})")


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, step in matrix.steps():
        for text in strings(step):
            for name in _HOLE.findall(text):
                if name not in PLACEHOLDERS:
                    yield Finding("placeholders", where, f"There is no placeholder {{{name}}}.", hint="docs/add-a-runtime.md lists them.")
