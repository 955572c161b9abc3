"""Bytes to text, whatever a file or a tool wrote."""

from typing import Any

OUTPUT_LIMIT = 8 << 20
"""The most bytes one command may print before it is stopped."""


def decode(raw: bytes) -> str:
    """UTF-8, or UTF-16 where a mark or every second byte being NUL says so; what is neither is replaced."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").replace("\r\n", "\n")
    if len(raw) > 3 and raw[1] == 0 and raw[3] == 0 and raw[0] and raw[2]:
        return raw.decode("utf-16-le", "replace").replace("\r\n", "\n")
    if raw[:3] == b"\xef\xbb\xbf":
        raw = raw[3:]
    return raw.decode("utf-8", "replace").replace("\r\n", "\n")


def printable(value: Any) -> Any:
    """A value whose texts hold nothing that moves a cursor: control and format characters become blanks, an empty text None."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split()) or None
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return type(value)(map(printable, value)) if isinstance(value, (list, tuple)) else value
