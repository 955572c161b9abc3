"""What a start command asks of its program, and what the program's own help says it has."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from pathfinder.types.steps import StepTemplate

_FLAG = re.compile(r"--?[A-Za-z][\w.-]*")
_IN_HELP = re.compile(r"(?<![\w/-])--?[A-Za-z0-9](?:[\w.-]*\w)?")
_EITHER = re.compile(r"--\[(no-?|no_)\]([\w.-]+)")
_SUBCOMMAND = re.compile(r"[a-z][a-z0-9_-]*")


class Asked(NamedTuple):
    """A program, as far as its name and subcommands go, and the flags it is started with."""

    program: tuple[str, ...]
    subcommands: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    code: str | None = None
    """Of `python -c`: there is no help, but its imports can be tried."""


def words(step: StepTemplate) -> list[str]:
    """Every word a step may be started with, conditional ones included."""
    return [word for item in step.argv or () for word in ((item,) if isinstance(item, str) else item.argv)]


def asked(step: StepTemplate) -> Asked | None:
    """What a step that starts a program of the environment asks of it; None for any other."""
    said = words(step)
    if not said or not said[0].startswith(("{bin}/", "{python}")):
        return None
    if said[0] == "{python}" and said[1:2] == ["-c"]:
        return Asked(tuple(said[:1]), code=said[2] if len(said) > 2 else "")
    length = 3 if said[0] == "{python}" and said[1:2] == ["-m"] else 1
    rest = said[length:]
    subcommands: list[str] = []
    for word in rest:
        if not _SUBCOMMAND.fullmatch(word):
            break
        subcommands.append(word)
    upto = rest.index("--") if "--" in rest else len(rest)
    flags = [word.partition("=")[0] for word in rest[:upto]]
    return Asked(tuple(said[:length]), tuple(subcommands), tuple(dict.fromkeys(filter(_FLAG.fullmatch, flags))))


def known(text: str) -> frozenset[str]:
    """Every flag that a help text names, `--[no-]x` as both."""
    pairs = {f"--{no}{name}" for match in _EITHER.finditer(text) for no, name in [("", match[2]), (match[1], match[2])]}
    return frozenset(_IN_HELP.findall(text)) | pairs


def imports(code: str) -> str:
    """The import statements of a program, one a line. Raises SyntaxError when it is none."""
    return "\n".join(_imports(ast.parse(code)))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield ast.unparse(node)
