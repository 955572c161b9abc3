"""What works can be installed and started, and every recipe written is used."""

from collections.abc import Iterator
from typing import Any

from pathfinder.lint import Finding, Level, Matrix


def check(matrix: Matrix) -> Iterator[Finding]:
    for where, runtime, cell in matrix.cells():
        runs = cell.status in ("works", "partial") and runtime.project.state in ("active", "maintenance")
        if runs and not cell.install and not cell.container:
            level: Level = "error" if cell.status == "works" else "warning"
            yield Finding("recipes", where, f"It says {cell.status} and not how to install it.", level)
        if runs and not cell.launch and not cell.container:
            yield Finding("recipes", where, f"It says {cell.status} and not how to start it.", "warning")
    for id, raw in matrix.raw.get("runtimes", {}).items():
        unused = set(raw.get("recipes") or {}) - _used(raw)
        if unused:
            yield Finding("recipes", f"runtimes/{id}.yaml recipes", f"Never used: {', '.join(sorted(unused))}.", "warning")


def _used(raw: dict[str, Any]) -> set[str]:
    parts = [raw.get("defaults") or {}, *(cell or {} for cell in (raw.get("cells") or {}).values())]
    named = [part.get(kind) for part in parts for kind in ("install", "launch", "container")]
    listed = [one for value in named for one in (value if isinstance(value, list) else [value])]
    return {one for one in listed if isinstance(one, str)}
