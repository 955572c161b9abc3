"""From a folder to its lint findings: compiled with every mistake noted, then asked by every rule."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pathfinder.data import compiled, compiler, store
from pathfinder.errors import Problem
from pathfinder.lint import Matrix, lint
from pathfinder.telling.documents import FindingRow, LintDocument
from pathfinder.types.matrix import Platform, Runtime
from pathfinder.types.models import Model


def lint_document(folder: Path | None = None, overlays: Sequence[str] = ()) -> LintDocument:
    """Findings of a folder of its own, of overlays on the built-in data, or of this checkout."""
    findings = lint(matrix_of(folder, overlays))
    rows = tuple(FindingRow(rule=one.rule, where=one.where, says=one.says, level=one.level, hint=one.hint) for one in findings)
    errors = sum(row.level == "error" for row in rows)
    return LintDocument(findings=rows, counts={"errors": errors, "warnings": len(rows) - errors})


def matrix_of(folder: Path | None, overlays: Sequence[str] = ()) -> Matrix:
    mistakes: list[Problem] = []
    tree = compiler.read(folder or compiled.source(), compiler.Heed(mistakes))
    for overlay in store.chosen(overlays):
        tree = compiler.merged(tree, compiler.read(Path(overlay), compiler.Heed(mistakes)), Path(overlay).name)
    data = compiled.Data(compiler.pack(compiler.sections(tree, compiler.Heed(mistakes)), b'""\n'))
    ids = sorted(name.removeprefix("runtime/") for name in data.index if name.startswith("runtime/"))
    return Matrix(
        runtimes=[data.get(f"runtime/{id}", Runtime) for id in ids],
        platforms=data.get("platforms", tuple[Platform, ...]),
        models=data.get("models", tuple[Model, ...]),
        raw=data.get("raw", dict[str, Any]),
        mistakes=mistakes,
    )
