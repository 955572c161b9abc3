"""Lines over a logarithmic axis, drawn with characters; pure."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log2
from typing import NamedTuple

MARKS = ("●○■□▲△", "ox+*#@")
"""One a line, in Unicode and in ASCII."""
HEIGHT = 10
TICKS = 3


class Line(NamedTuple):
    name: str
    points: Sequence[tuple[float, float]]
    """(x, y), x above zero."""


def plot(title: str, lines: Sequence[Line], width: int, ascii: bool = False) -> list[str]:
    """A chart of at most `width` columns; y begins at zero. Empty where no line has two points to join."""
    drawn = [line for line in lines if line.points]
    if not any(len({x for x, _ in line.points}) > 1 for line in drawn):
        return []
    xs, top = [x for line in drawn for x, _ in line.points], max(y for line in drawn for _, y in line.points) or 1.0
    labels = [_short(top * tick / TICKS) for tick in range(TICKS + 1)]
    margin = max(map(len, labels))
    columns = max(12, min(64, width - margin - 3))
    grid = [[" "] * columns for _ in range(HEIGHT)]
    low, span = log2(min(xs)), log2(max(xs)) - log2(min(xs))

    def place(x: float, y: float) -> tuple[int, int]:
        return round((columns - 1) * (log2(x) - low) / span), HEIGHT - 1 - round((HEIGHT - 1) * y / top)

    for mark, line in zip(MARKS[ascii], drawn, strict=False):
        _draw(grid, [place(x, y) for x, y in sorted(line.points)], mark, "." if ascii else "·")
    left = {HEIGHT - 1 - round((HEIGHT - 1) * tick / TICKS): label for tick, label in enumerate(labels)}
    rows = [f"{left.get(at, '').rjust(margin)} {'|' if ascii else '┤' if at in left else '│'}{''.join(row)}" for at, row in enumerate(grid)]
    foot = f"{' ' * margin} {'+' if ascii else '└'}{('-' if ascii else '─') * columns}"
    names = "   ".join(f"{mark} {line.name}" for mark, line in zip(MARKS[ascii], drawn, strict=False)) if len(drawn) > 1 else ""
    below = " " * (margin + 2) + _ticks(sorted(set(xs)), columns, lambda x: place(x, 0)[0])
    return [line.rstrip() for line in (title, *rows, foot, below, *([f"{' ' * (margin + 2)}{names}"] if names else []))]


def _draw(grid: list[list[str]], points: Sequence[tuple[int, int]], mark: str, dot: str) -> None:
    """Dots from point to point, a column at a time, and the points themselves."""
    for (x0, y0), (x1, y1) in pairwise(points):
        for x in range(x0, x1 + 1):
            y = round(y0 + (y1 - y0) * (x - x0) / max(1, x1 - x0))
            grid[y][x] = dot if grid[y][x] == " " else grid[y][x]
    for x, y in points:
        grid[y][x] = mark


def _ticks(xs: Sequence[float], columns: int, column: Callable[[float], int]) -> str:
    """The x of the points below the axis, those left out that would touch the one before."""
    text = ""
    for x in xs:
        label = f"{x:g}"
        at = min(column(x), columns - len(label))
        if not text or at > len(text):
            text = text.ljust(at) + label
    return text


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == 0 else f"{value:.3g}"
