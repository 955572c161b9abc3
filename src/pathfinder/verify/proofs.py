"""The evidence file of a runtime, `matrix/evidence/<id>.json`: machine-written, the same for the same findings."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from pathfinder.errors import Problem
from pathfinder.types.words import Evidence, How
from pathfinder.verify.report import CellReport, Found

T = TypeVar("T", Evidence, Found)


class File(msgspec.Struct, omit_defaults=True):
    cells: dict[str, list[Evidence]] = {}
    found: dict[str, list[Found]] = {}
    """What could not be asked, or wants looking at: for people, not read by anything."""


def updated(old: File, reports: Iterable[CellReport], replaces: Iterable[How], cells: Iterable[str]) -> File:
    """The file with new proofs in place of older ones of the kinds that were looked for; the rest stays for cells that are still there.

    A kind is replaced in the cells that were looked at: an old proof of what no longer holds must go. What was proved elsewhere
    stays where nothing could be asked here.
    """
    kinds, there = set(replaces), set(cells)
    kept = {id: list(proofs) for id, proofs in old.cells.items() if id in there}
    found = {id: list(said) for id, said in old.found.items() if id in there}
    for report in reports:
        if report.cell not in there:
            continue
        kinds_found = {one.kind for one in report.found}
        asked = bool(report.proofs) or "wrong" in kinds_found or "open" not in kinds_found
        stay = [proof for proof in kept.get(report.cell, []) if proof.how not in kinds or not asked]
        kept[report.cell] = _ordered([*stay, *report.proofs])
        found[report.cell] = _ordered([*(one for one in found.get(report.cell, []) if one.how not in kinds), *report.found])
    return File(cells=_sorted(kept), found=_sorted(found))


_ORDER: dict[How, int] = {"read": 0, "resolved": 1, "installed": 2, "run": 3}


def _ordered(entries: list[T]) -> list[T]:
    """Without repetitions, by how they were found; within one kind as they stand in the recipes."""
    return sorted(dict.fromkeys(entries), key=lambda one: _ORDER[one.how])


def _sorted(cells: dict[str, list[T]]) -> dict[str, list[T]]:
    return {id: cells[id] for id in sorted(cells) if cells[id]}


def load(path: Path) -> File:
    """What is there; nothing when there is no file. Raises Problem when it is none of ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=File)
    except FileNotFoundError:
        return File()
    except (OSError, msgspec.DecodeError) as error:
        raise Problem(f"Not an evidence file: {error}.", where=str(path)) from None


def save(path: Path, file: File) -> bool:
    """Written whole or not at all, and only when it changes. A file without anything to say is removed."""
    content = msgspec.json.format(msgspec.json.encode(file, order="deterministic"), indent=1) + b"\n"
    if not file.cells and not file.found:
        path.unlink(missing_ok=True)
        return False
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)
    return True
