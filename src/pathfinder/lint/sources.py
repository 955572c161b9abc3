"""Evidence names a registry, a forge or a document, never a host, and carries a date."""

import re
from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix

_HOST = re.compile(r"://|\bwww\.|(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:com|org|io|dev|ai|net|co|cn)\b(?:/|$|\s)", re.IGNORECASE)
_DAY = re.compile(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_HINT = "Name the registry: pypi:NAME==1.2, github:OWNER/NAME PATH."


def check(matrix: Matrix) -> Iterator[Finding]:
    for model in matrix.models:
        for read in model.sources:
            if _HOST.search(read.source) or not _DAY.fullmatch(read.checked):
                yield Finding(
                    "sources", f"models {model.id}", f"{read.source!r}, {read.checked!r}: name a registry, and a day.", hint=_HINT
                )
    for where, one in matrix.evidence():
        if _HOST.search(one.source):
            yield Finding("sources", where, f"The source {one.source!r} names a host.", hint=_HINT)
        if not _DAY.fullmatch(one.checked):
            yield Finding("sources", where, f"{one.checked!r} is not a day.", hint="Write 2026-11-20.")
        if not one.source.strip() or not one.says.strip():
            yield Finding("sources", where, "Evidence without a source or without what it says.")
