"""The matrix as one HTML file that asks nothing of anywhere: rows to read as they are, data for filters, evidence and one's own hardware.

Whatever the matrix says is text: Jinja escapes it into the rows, and the data block is base64. The policy allows the page's own
script and style by their hashes and nothing else, so that not even a mistake here could run an overlay's words.
"""

import gzip
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pathfinder.deciding.plan import proof
from pathfinder.deciding.sets import SPOKEN
from pathfinder.deciding.steps import effort
from pathfinder.deciding.unlock import LABELS
from pathfinder.telling.documents import effective, tasks
from pathfinder.telling.listing import strongest
from pathfinder.telling.offers import Known, offers, recipe
from pathfinder.types.matrix import Caveat, Cell, FormatSupport, Requirement, Runtime
from pathfinder.types.words import Evidence

SIGNS = {"works": "✓", "partial": "◐", "untested": "?", "broken": "✗", "unsupported": "✗"}
READERS = ("solo", "team", "production", "distributed")
QUANTS_SHOWN = 3
SCRIPTS = ("when.js", "verdict.js", "speed.js", "estimate.js", "recommend.js", "commands.js", "advice.js", "hardware.js", "page.js")
_GITHUB = re.compile(r"github:([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)")
_SITE = re.compile(r"(?:https://)?([a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9._~/-]*)?)")


class Pool:
    """Values that many cells share, each kept once; a cell names them by number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[bytes, int] = {}

    def number(self, value: Any) -> int:
        at = self._numbers.setdefault(msgspec.json.encode(value), len(self.values))
        if at == len(self.values):
            self.values.append(value)
        return at


def page(runtimes: Iterable[Runtime], folder: Path, known: Known, version: str) -> str:
    """The whole file. `folder` holds `page.html.j2`, `page.css` and the scripts."""
    import jinja2

    every = sorted(runtimes, key=lambda one: (one.name.lower(), one.id))
    style = (folder / "page.css").read_text(encoding="utf-8")
    script = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True, loader=jinja2.FileSystemLoader(folder)
    )
    return environment.get_template("page.html.j2").render(
        policy=policy(script, style),
        style=style,
        script=script,
        data=data_block(data(every, known)),
        rows=[_row(runtime, cell) for runtime in every for cell in runtime.cells],
        choices=choices(every),
        readers=READERS,
        version=version,
        newest=newest(every),
        counts={"runtimes": len(every), "cells": sum(len(runtime.cells) for runtime in every)},
    )


def policy(script: str, style: str) -> str:
    """A Content-Security-Policy under which this script and this style work, and nothing else."""
    spelt = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    return f"default-src 'none'; script-src 'sha256-{spelt[0]}'; style-src 'sha256-{spelt[1]}'; base-uri 'none'; form-action 'none'"


def data_block(value: Any) -> str:
    """JSON, packed by gzip and in base64: a sixth of its length, and nothing in it can end a script element."""
    return b64encode(gzip.compress(msgspec.json.encode(value), mtime=0)).decode()


def newest(runtimes: Iterable[Runtime]) -> str:
    """Day of the newest evidence; empty when there is none."""
    return max((one.checked for runtime in runtimes for cell in runtime.cells for one in cell.evidence), default="")


def home(said: str) -> str | None:
    """The address of a project's home; None where it is none that may be linked."""
    if match := _GITHUB.fullmatch(said):
        return f"https://github.com/{match[1]}"
    return f"https://{match[1]}" if (match := _SITE.fullmatch(said)) else None


# --- rows ------------------------------------------------------------------------------------------------------------


def _row(runtime: Runtime, cell: Cell) -> dict[str, Any]:
    status = effective(cell)
    return {
        "runtime": runtime,
        "cell": cell,
        "status": status,
        "sign": SIGNS[status],
        "formats": [_format(name, quants) for name, quants in forms(cell).items()],
        "fit": [(reader, getattr(runtime.fit, reader)) for reader in READERS[:3]],
        "caveats": caveats(runtime, cell),
        "proof": (strongest(cell.evidence) or "none").partition(" ")[::2],
    }


def forms(cell: Cell) -> dict[str, tuple[str, ...]]:
    """Format to the quantisations it loads, in the order stated; none named: every one of the format."""
    found: dict[str, dict[str, None]] = {}
    every: set[str] = set()
    for support in cell.formats:
        found.setdefault(support.format, {}).update(dict.fromkeys(support.quants))
        if not support.quants:
            every.add(support.format)
    return {name: () if name in every else tuple(quants) for name, quants in found.items()}


def _format(name: str, quants: tuple[str, ...]) -> dict[str, str]:
    more = len(quants) - QUANTS_SHOWN
    shown = quants if more <= 1 else quants[:QUANTS_SHOWN]
    return {"name": name, "quants": " ".join(shown) + (f" +{more}" if more > 1 else "")}


def caveats(runtime: Runtime, cell: Cell) -> list[dict[str, Any]]:
    """What to mind: the cell's own, those that always apply first; where it has none, the runtime's."""
    own = sorted(cell.caveats, key=lambda one: one.when is not None)
    said = [{"effect": one.effect, "says": one.says, "may": one.when is not None} for one in own]
    return said or [{"effect": "", "says": runtime.caveat, "may": False}]


def choices(runtimes: Sequence[Runtime]) -> dict[str, list[str]]:
    """What each filter offers: the words that occur."""
    cells = [cell for runtime in runtimes for cell in runtime.cells]
    return {
        "os": _words(family for cell in cells for family in cell.os),
        "backend": _words(cell.backend for cell in cells),
        "task": _words(task for cell in cells for task in cell.tasks),
        "format": _words(support.format for cell in cells for support in cell.formats),
        "quant": _words(quant for cell in cells for support in cell.formats for quant in support.quants),
        "state": _words(runtime.project.state for runtime in runtimes),
    }


def _words(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=lambda word: (word.lower(), word))


# --- data ------------------------------------------------------------------------------------------------------------


def data(runtimes: Sequence[Runtime], known: Known) -> dict[str, Any]:
    """What the scripts know: parts that cells share by number, the runtimes, their cells in the order of the rows, the backends, and what
    the models offered need."""
    pool = Pool()
    return {
        "runtimes": [_runtime(runtime, pool) for runtime in runtimes],
        "cells": [_cell(at, runtime, cell, pool) for at, runtime in enumerate(runtimes) for cell in runtime.cells],
        "backends": dict(known.rank["backends"]),
        "spoken": SPOKEN,
        "labels": {**LABELS, "os.family": "system", "os.arch": "processor"},
        "offers": offers(known, runtimes),
        "pool": pool.values,
    }


def _runtime(runtime: Runtime, pool: Pool) -> dict[str, Any]:
    project = runtime.project
    return {
        "id": runtime.id,
        "name": runtime.name,
        "summary": runtime.summary,
        "best": runtime.best_for,
        "caveat": runtime.caveat,
        "aliases": runtime.aliases,
        "families": runtime.families,
        "licence": runtime.licence,
        "home": home(runtime.home),
        "said_home": runtime.home,
        "version": f"{runtime.latest.version}, checked {runtime.latest.checked}" if runtime.latest else None,
        "state": project.state,
        "since": project.since,
        "successor": project.successor,
        "says": project.says,
        "fit": [getattr(runtime.fit, reader) for reader in READERS],
        "tasks": tasks(runtime),
        "proof": [pool.number(_evidence(one)) for one in project.evidence],
    }


def _cell(at: int, runtime: Runtime, cell: Cell, pool: Pool) -> dict[str, Any]:
    return {
        "r": at,
        "id": cell.id,
        "os": cell.os,
        "arch": cell.arch,
        "backend": cell.backend,
        "status": cell.status,
        "inferred": cell.inferred_from,
        "tasks": cell.tasks,
        "features": cell.features,
        "batching": cell.batching,
        "split": cell.split,
        "offload": cell.offload,
        "expert_offload": cell.expert_offload,
        "engine": cell.engine or runtime.id,
        "memory": {"kind": cell.memory.kind, "utilisation": cell.memory.utilisation, "overhead_bytes": cell.memory.overhead_bytes},
        "port": cell.server.port if cell.server else None,
        "effort": (cell.install_effort or effort(cell.install), cell.launch_effort or effort(cell.launch)),
        "formats": [pool.number(_support(one, pool)) for one in cell.formats],
        "requires": [pool.number(_requirement(one, pool)) for one in cell.requires],
        "caveats": [pool.number(_caveat(one, pool)) for one in cell.caveats],
        "evidence": [pool.number(_evidence(one)) for one in cell.evidence],
        "install": recipe(cell.install, pool.number),
        "launch": recipe(cell.launch, pool.number),
        "proof": proof(cell),
    }


def _support(support: FormatSupport, pool: Pool) -> dict[str, Any]:
    found = {
        "format": support.format,
        "quants": pool.number(support.quants),
        "says": support.says if support.requires is not None else None,
        "evidence": [pool.number(_evidence(one)) for one in support.evidence],
    }
    return found if support.requires is None else found | {"requires": pool.number(support.requires)}


def _requirement(requirement: Requirement, pool: Pool) -> dict[str, Any]:
    return {
        "says": requirement.says,
        "when": pool.number(requirement.when),
        "evidence": [pool.number(_evidence(one)) for one in requirement.evidence],
    }


def _caveat(caveat: Caveat, pool: Pool) -> dict[str, Any]:
    found = {
        "id": caveat.id,
        "effect": caveat.effect,
        "says": caveat.says,
        "when": None if caveat.when is None else pool.number(caveat.when),
        "evidence": [pool.number(_evidence(one)) for one in caveat.evidence],
    }
    return found if caveat.factor is None else found | {"factor": caveat.factor}


def _evidence(evidence: Evidence) -> tuple[str, str, str, str]:
    return evidence.how, evidence.checked, evidence.source, evidence.says
