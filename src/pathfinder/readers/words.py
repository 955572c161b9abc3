"""Words and numbers as vendors' tools print them."""

import re

UNITS = {
    "b": 1,
    "bytes": 1,
    "kb": 1 << 10,
    "kib": 1 << 10,
    "mb": 1 << 20,
    "mib": 1 << 20,
    "gb": 1 << 30,
    "gib": 1 << 30,
    "tb": 1 << 40,
    "tib": 1 << 40,
}
_NOTHING = {"", "n/a", "none", "not supported", "unknown", "unknown error", "err!", "insufficient permissions", "deprecated", "-"}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]{0,5})$")
_BDF = re.compile(r"(?:([0-9a-f]{1,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])$")
_INTEGER = re.compile(r"\d{1,18}$")
_HEX = re.compile(r"(?:0x)?([0-9a-f]{4})$")


def word(text: str | None) -> str | None:
    """The text, or None where the tool says that it does not know: `N/A`, `[N/A]`, `Not Supported`, `GPU is lost`, ..."""
    bare = (text or "").strip().strip("[]").strip()
    lower = bare.lower()
    return None if lower in _NOTHING or "is lost" in lower or lower.startswith(("requested functionality", "deprecated")) else bare


def supported(text: str | None) -> bool:
    """False where the tool says that the device has no such thing, as opposed to failing to read it."""
    return (text or "").strip().strip("[]").strip().lower() not in ("n/a", "not supported")


def size(text: str | None, unit: str = "b") -> int | None:
    """Bytes from `24564 MiB`, `16 GB` (binary, as drivers mean it) or a bare number of `unit`s."""
    match = _SIZE.match(word(text) or "")
    if not match:
        return None
    scale = UNITS.get((match[2] or unit).lower())
    return int(float(match[1]) * scale) if scale and "." in match[1] else int(match[1]) * scale if scale else None


def integer(text: str | None) -> int | None:
    match = _INTEGER.match((text or "").strip())
    return int(match[0]) if match else None


def leading(text: str | None) -> int | None:
    """The integer a word begins with: `16x` and `16 lanes` are 16."""
    match = re.match(r"\d{1,9}", word(text) or "")
    return int(match[0]) if match else None


def bdf(text: str | None) -> str | None:
    """A PCI address as `dddd:bb:dd.f`, lower case, from any width of domain."""
    match = _BDF.match((text or "").strip().lower())
    return f"{int(match[1] or '0', 16):04x}:{match[2]}:{match[3]}.{match[4]}" if match else None


def hex4(text: str | None) -> str | None:
    """A PCI vendor or device id as four lower-case digits."""
    match = _HEX.match((text or "").strip().lower())
    return match[1] if match else None


def version(text: str | None) -> str | None:
    """The first dotted number of a text; None for `N/A` and `ERR!`."""
    match = re.match(r"\d{1,9}(?:\.\d{1,9}){0,4}", word(text) or "")
    return match[0] if match else None


def known(**values: object) -> dict[str, object]:
    """The values that are not None."""
    return {key: value for key, value in values.items() if value is not None}
