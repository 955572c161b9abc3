"""Image names and download addresses, looked at without asking anybody: their shape, and whether they are for the cell."""

import re
from collections.abc import Iterator
from itertools import takewhile
from urllib.parse import urlsplit

from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.steps import StepTemplate
from pathfinder.verify.flags import words
from pathfinder.verify.report import Found
from pathfinder.verify.wheels import file_name

IMAGE = re.compile(
    r"(?:(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?)/)?(?P<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""The grammar of an image reference, github:distribution/reference regexp.go."""
_ENGINES = ("docker", "podman", "nerdctl")
_VALUED = re.compile(
    r"-[peveunw]|--(?:publish|volume|env|env-file|user|name|gpus|device|ipc|shm-size|network|net|entrypoint|group-add|security-opt|cap-add"
    r"|runtime|ulimit|memory|mount|platform|workdir|pull|hostname|restart|pid|cpus|add-host|tmpfs)"
)
"""Options of `docker run` whose value is the next word."""
_SYSTEMS = {
    "linux": r"linux|ubuntu|debian|manylinux|\.deb$|\.rpm$|\.appimage$",
    "macos": r"macos|darwin|osx|apple|\.dmg$|\.pkg$",
    "windows": r"windows|(?<![a-z])win(?:32|64|-|_|\.|$)|win-x64|msvc|\.exe$|\.msi$",
    "android": r"android|\.apk$",
    "ios": r"(?<![a-z])ios(?![a-z])",
}
_ARCHES = {"x86_64": r"x86[_-]64|amd64|(?<![a-z0-9])x64(?![0-9])", "aarch64": r"aarch64|arm64"}


def check(runtime: Runtime, cell: Cell) -> Iterator[Found]:
    """What is wrong with the references of a cell's recipes."""
    for step in (*cell.install, *cell.launch, *cell.container):
        yield from (Found(kind="wrong", says=f"'{step.title}': {says}") for says in _step(step, cell))


def _step(step: StepTemplate, cell: Cell) -> Iterator[str]:
    if step.url is not None:
        yield from address(step.url, cell)
    for name in images(step):
        yield from image_name(name)


def images(step: StepTemplate) -> tuple[str, ...]:
    """The image of a `docker run` or `docker pull`, the images where conditions choose; none where options hide it."""
    said = words(step)
    said = said[1:] if said[:1] == ["sudo"] else said
    if len(said) < 3 or said[0] not in _ENGINES or said[1] not in ("run", "pull"):
        return ()
    at = 2
    while at < len(said) and said[at].startswith("-"):
        at += 2 if _VALUED.fullmatch(said[at]) else 1
    return tuple(said[at : at + 1]) + tuple(takewhile(lambda word: "{" not in word and re.search(r"\w/\w.*:\w", word), said[at + 1 :]))


def image_name(name: str) -> Iterator[str]:
    match = IMAGE.fullmatch(name)
    if match is None:
        yield f"{name} is not an image reference."
    elif not match["tag"] and not match["digest"]:
        yield f"the image {name} has neither a tag nor a digest."


def address(url: str, cell: Cell) -> Iterator[str]:
    """A download: https, a file's name, and no other system or architecture in it than the cell's."""
    place = urlsplit(url)
    if place.scheme != "https" or not place.netloc:
        yield f"{url} is not an https address."
        return
    name = file_name(url).lower()
    if not name:
        yield f"{url} names no file."
    systems = [system for system, pattern in _SYSTEMS.items() if re.search(pattern, name)]
    if systems and cell.os and not set(systems) & set(cell.os):
        yield f"{name} is for {systems[0]}, the cell for {', '.join(cell.os)}."
    arches = [arch for arch, pattern in _ARCHES.items() if re.search(pattern, name)]
    if len(arches) == 1 and cell.arch and arches[0] not in cell.arch:
        yield f"{name} is for {arches[0]}, the cell for {', '.join(cell.arch)}."
