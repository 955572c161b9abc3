"""Versions are pinned: packages by `==` or a commit, images by a tag, downloads by a digest."""

import re
from collections.abc import Iterator

from pathfinder.lint import Finding, Matrix
from pathfinder.types.steps import StepTemplate

_PINNED = re.compile(r"==\s*[0-9]|@\s*(?:git\+)?https?://.*(?:@[\w.-]+|\.whl|\.tar\.gz|\.zip)|^https?://.*\.whl$")
_BOUND = re.compile(r"[<>=~!@]")


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, _, step in matrix.steps():
        if step.pip is not None:
            packages = step.pip.packages
            if not any(map(_PINNED.search, packages)):
                yield Finding("pinned", where, f"None of {', '.join(packages)} is pinned.", hint="NAME==VERSION.")
            loose = [package for package in packages if not _BOUND.search(package)]
            if loose and len(loose) < len(packages):
                yield Finding("pinned", where, f"{', '.join(loose)}: any version at all.", "warning")
        if step.kind == "download" and step.sha256 is None and not _says_unpinned(step):
            yield Finding("pinned", where, "A download without a digest that does not say it is unpinned.", "warning")
        for item in step.argv or ():
            if isinstance(item, str) and item.endswith(":latest"):
                yield Finding("pinned", where, f"The image {item} changes under its name.", "warning")


def _says_unpinned(step: StepTemplate) -> bool:
    return "unpinned" in f"{step.title} {step.why or ''}".lower()
