"""The options every verb has, and what a verb needs from them: hosts, output, colour."""

import sys
from typing import Annotated, Any, NamedTuple

import typer


class Session(NamedTuple):
    host: list[str]
    """`live`, a recording's path, `sysroot:DIR[,bin=DIR2]` or `profile:ID`; several are a fleet."""
    json: bool
    offline: bool
    no_color: bool
    overlay: list[str]
    override: list[str]
    explain: bool


def everywhere(
    host: Annotated[list[str], typer.Option(metavar="HOST", help="live, FILE, sysroot:DIR[,bin=DIR] or profile:ID; repeatable.")] = [],  # noqa: B006
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never touch the network.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Plain text (NO_COLOR does the same).")] = False,
    overlay: Annotated[list[str], typer.Option(metavar="DIR", help="A folder of your own matrix files.")] = [],  # noqa: B006
    override: Annotated[list[str], typer.Option(metavar="PATH=VALUE", help="What if a fact were so.")] = [],  # noqa: B006
    explain: Annotated[bool, typer.Option("--explain", help="Say where every figure comes from.")] = False,
) -> None:
    """Options of every verb."""


def say(text: str = "") -> None:
    """Print to standard output; a reader that left early (`| head -1`) is not an error."""
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminal_width() -> int | None:
    """Columns of the terminal on standard output; None where there is none: in a pipe a line stays a line."""
    import os

    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return None


def say_folded(text: str, indent: int = 2) -> None:
    """Print a line; in a terminal that is narrower it is broken at words."""
    width = terminal_width()
    if width is None or len(text) <= width:
        say(text)
        return
    import textwrap

    for part in textwrap.wrap(text, max(width, 24), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False):
        say(part)


def say_json(value: Any) -> None:
    """One JSON document, readable, alone on standard output."""
    import msgspec

    say(msgspec.json.format(msgspec.json.encode(value), indent=1).decode())
