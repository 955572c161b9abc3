"""For terminals and pipes that are not Unicode: the nearest ASCII of what is printed, instead of an error in the middle of it."""

import codecs
import sys
from typing import Any

NEAREST = {
    "·": "-", "…": "...", "→": ">", "█": "#", "▓": "=", "▚": "%", "▒": "-", "░": ".", "×": "x", "≥": ">=", "≤": "<=", "µ": "u", "±": "+-",
    "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "✓": "+", "✗": "x", "≈": "~", "•": "*", "│": "|", "─": "-",
    "├": "|", "└": "`", "┌": "+", "┐": "+", "┘": "+", "▏": "|", "▕": "|", "∞": "inf", "²": "2", "³": "3", "°": " deg", "\u00a0": " ",
}  # fmt: skip


def speak_plainly(json: bool) -> None:
    """JSON is UTF-8 whatever the terminal is; other text goes out in the terminal's own encoding, in its nearest form."""
    codecs.register_error("pathfinder.nearest", _nearest)
    for stream in (sys.stdout, sys.stderr):
        if not hasattr(stream, "reconfigure"):
            continue
        if json and stream is sys.stdout:
            stream.reconfigure(encoding="utf-8")
        else:
            stream.reconfigure(errors="pathfinder.nearest")


def _nearest(error: Any) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(NEAREST.get(char) or _bare(char) for char in error.object[error.start : error.end]), error.end


def _bare(char: str) -> str:
    """The letter below an accent; else a question mark."""
    import unicodedata

    return unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode() or "?"
