"""Bytes to text, whatever a file or a tool wrote."""

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
