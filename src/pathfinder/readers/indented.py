"""Trees that tools print: XML without attributes worth reading, and `Key : Value` lines under indented headings.

A tree is a list of `(key, value or None, depth)`: enough for what is read here, and nothing in it can expand or recurse.
"""

import re

Line = tuple[str, str | None, int]
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]{0,80})([^<>]{0,400})>([^<]{0,4000})")
_PAIR = re.compile(r"(\s*)(\S.*?)\s*:(?:\s+(.*))?$")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}


def key(text: str) -> str:
    """`FB Memory Usage` -> `fb_memory_usage`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def unescape(text: str) -> str:
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text


def from_xml(text: str) -> list[Line]:
    """Elements in order; the text of a leaf is its value, `id` the only attribute kept (`gpu` of `<gpu id="...">`)."""
    lines: list[Line] = []
    depth = 0
    for close, name, attributes, content in _TAG.findall(text):
        if close:
            depth = max(0, depth - 1)
            continue
        identity = re.search(r'\bid="([^"]*)"', attributes)
        lines.append((name, unescape(identity[1] if identity else content).strip() or None, depth))
        if not attributes.endswith("/"):
            depth += 1
    return lines


def from_text(text: str) -> list[Line]:
    """`Key : Value` and headings; depth is the indentation in characters (a tab counts as four)."""
    lines: list[Line] = []
    for raw in (line[:4000] for line in text.expandtabs(4).splitlines()):
        if not raw.strip():
            continue
        indent = len(raw) - len(raw.lstrip())
        match = _PAIR.match(raw) if re.search(r"\s:(\s|$)|:\s|:$", raw) else None
        if match:
            lines.append((key(match[2]), (match[3] or "").strip() or None, indent))
        else:
            lines.append((key(raw), None, indent))
    return lines


def flatten(lines: list[Line]) -> dict[str, str]:
    """`{parent/child: value}`; where a path comes twice the first one stays."""
    flat: dict[str, str] = {}
    trail: list[tuple[str, int]] = []
    for name, value, depth in lines:
        while trail and trail[-1][1] >= depth:
            trail.pop()
        trail.append((name, depth))
        if value is not None and len(trail) < 32:
            flat.setdefault("/".join(part for part, _ in trail), value)
    return flat


def split(lines: list[Line], name: str) -> list[list[Line]]:
    """The subtrees under every line called `name`, each with that line first."""
    found: list[list[Line]] = []
    at: int | None = None
    for line in lines:
        if at is not None and line[2] <= at:
            at = None
        if at is None and line[0] == name:
            at = line[2]
            found.append([])
        if at is not None:
            found[-1].append(line)
    return found


def first(flat: dict[str, str], *paths: str) -> str | None:
    """The value of the first path that is there."""
    for path in paths:
        if path in flat:
            return flat[path]
    return None
