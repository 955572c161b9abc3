"""The matrix as plain text: aligned columns, one runtime in full, lint findings, the trace of a decision."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from pathfinder.deciding.trace import Traced, WhyDocument
from pathfinder.telling.documents import LintDocument, effective, tasks
from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.plans import Blocker
from pathfinder.types.words import Evidence

MARKS = {"works": "{}", "partial": "{}!", "untested": "{}?", "broken": "({})", "unsupported": "({})"}
LEGEND = "cuda works   cuda! with caveats   cuda? untested   (cuda) broken or unsupported"
_HOLDS = {True: "yes", False: "no ", None: "?  "}


def columns(rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Rows with their columns aligned, the last one ragged. In a terminal of `width`, what is too wide is folded within its column;
    where there is no room for columns, a row's values stand below its name."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))] if rows else []
    if width is not None:
        room = width - 2 * (len(widths) - 1)
        least = [max(len(word) for row in rows for word in (row[at].split() or [""])) for at in range(len(widths))]
        if sum(least) > room:
            return "\n".join(line for row in rows for line in _below(row, rows[0], width))
        while sum(widths) > room:
            widest = max((at for at in range(len(widths)) if widths[at] > least[at]), key=widths.__getitem__)
            widths[widest] -= 1
    return "\n".join(line for row in rows for line in _across(row, widths))


def _across(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """A row as one line, or as many as its longest folded value takes."""
    folded = [[text] if len(text) <= width else textwrap.wrap(text, width) for text, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*folded, fillvalue=""):
        yield "  ".join(text.ljust(width) for text, width in zip(parts, widths, strict=True)).rstrip()


def _below(row: Sequence[str], head: Sequence[str], width: int) -> list[str]:
    """A row's name, and its values below it, each behind the name of its column where columns have names."""
    named = head[0].isupper()
    if named and row is head:
        return []
    values = [f"{name.lower()} {text}" if named else text for name, text in zip(head[1:], row[1:], strict=True) if text not in ("", "-")]
    return [
        *textwrap.wrap(row[0], width),
        *textwrap.wrap(" · ".join(values), width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False),
    ]


def runtimes_text(runtimes: Iterable[Runtime], width: int | None = None) -> str:
    rows: list[tuple[str, ...]] = [("RUNTIME", "STATE", "LINUX", "MACOS", "WINDOWS", "ELSEWHERE")]
    for runtime in runtimes:
        cells = [backends(runtime, family) for family in ("linux", "macos", "windows")]
        elsewhere = sorted({family for cell in runtime.cells for family in cell.os if family not in ("linux", "macos", "windows")})
        rows.append((runtime.id, runtime.project.state, *cells, " ".join(elsewhere) or "-"))
    legend = LEGEND if width is None else "\n".join(textwrap.wrap(LEGEND, width))
    return f"{columns(rows, width)}\n\n{legend}"


def backends(runtime: Runtime, family: str) -> str:
    """The backends of a system with their marks, the best cell of each: `cuda rocm! vulkan`."""
    best: dict[str, str] = {}
    order = list(MARKS)
    for cell in runtime.cells:
        if family in cell.os:
            status = effective(cell)
            if cell.backend not in best or order.index(status) < order.index(best[cell.backend]):
                best[cell.backend] = status
    return " ".join(MARKS[status].format(backend) for backend, status in best.items()) or "-"


def csv_text(runtimes: Iterable[Runtime]) -> str:
    """One row a cell."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["runtime", "cell", "os", "arch", "backend", "status", "project", "tasks", "formats", "needs", "caveats", "proof"])
    for runtime in runtimes:
        for cell in runtime.cells:
            lists = (cell.os, cell.arch, cell.tasks, dict.fromkeys(support.format for support in cell.formats))
            os, arch, does, formats = (" ".join(words) for words in lists)
            needs, minds = " ".join(one.says for one in cell.requires), " ".join(one.says for one in cell.caveats)
            state, proof = runtime.project.state, strongest(cell.evidence)
            writer.writerow([runtime.id, cell.id, os, arch, cell.backend, effective(cell), state, does, formats, needs, minds, proof])
    return out.getvalue()


# --- one runtime -----------------------------------------------------------------------------------------------------


def runtime_text(runtime: Runtime, width: int = 100, explain: bool = False) -> str:
    return "\n".join(_runtime(runtime, width, explain))


def _runtime(runtime: Runtime, width: int, explain: bool) -> Iterator[str]:
    project = runtime.project
    yield f"{runtime.name} ({runtime.id})"
    yield from _wrapped(runtime.summary, width)
    yield ""
    state = " ".join(filter(None, [project.state, f"since {project.since}" if project.since else ""]))
    facts = [
        ("project", f"{state}{f'; instead: {project.successor}' if project.successor else ''}"),
        ("", project.says or ""),
        ("home", runtime.home),
        ("licence", runtime.licence or "unknown"),
        ("version", f"{runtime.latest.version} (checked {runtime.latest.checked})" if runtime.latest else "unknown"),
        ("known as", ", ".join(runtime.aliases)),
        ("tasks", ", ".join(tasks(runtime))),
        ("families", ", ".join(runtime.families)),
        ("precisions", ", ".join(runtime.precisions)),
        ("best for", runtime.best_for),
        ("mind", runtime.caveat),
    ]
    for name, text in facts:
        if text:
            yield from _wrapped(text, width, f"{name:<12}")
    for cell in runtime.cells:
        yield ""
        yield from _cell(cell, width, explain)
    for old in runtime.history:
        yield ""
        yield from _wrapped(f"Once said ({old.source}): {old.claim}. Now: {old.now}", width)


def _cell(cell: Cell, width: int, explain: bool) -> Iterator[str]:
    status = f"untested (inferred from {cell.inferred_from})" if cell.inferred_from else cell.status
    proof = strongest(cell.evidence)
    yield f"{cell.id}: {status}{f', {proof}' if proof else ''}"
    for requirement in cell.requires:
        yield from _wrapped(requirement.says, width, "  needs  ")
    for caveat in cell.caveats:
        yield from _wrapped(caveat.says, width, f"  {caveat.effect}: ")
    formats = ", ".join(dict.fromkeys(support.format for support in cell.formats))
    if formats:
        yield from _wrapped(formats, width, "  loads  ")
    if explain:
        for one in cell.evidence:
            yield from _wrapped(f"{one.says} ({one.source}, {one.checked})", width, f"  {one.how}  ")
        for place, origin in cell.origins.items():
            yield f"  {place}: from {origin}"


def strongest(evidence: tuple[Evidence, ...]) -> str:
    """`run 2026-11`: the kind and month of the best proof; empty when there is none."""
    from pathfinder.data.pooling import strongest as best

    return "".join(f"{one.how} {one.checked[:7]}" for one in best(evidence))


def _wrapped(text: str, width: int, lead: str = "") -> list[str]:
    wrapper = textwrap.TextWrapper(max(40, width), lead, " " * len(lead), break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text) or [lead]


# --- lint, why -------------------------------------------------------------------------------------------------------


def lint_text(found: LintDocument) -> str:
    lines = [f"{one.level}: {one.where}: {one.says} [{one.rule}]{f' {one.hint}' if one.hint else ''}" for one in found.findings]
    counts = ", ".join(f"{count} {name if count != 1 else name[:-1]}" for name, count in found.counts.items())
    return "\n".join([*lines, f"matrix lint: {counts}."])


ELSEWHERE = ("os.family", "os.arch")
"""A build for another system or architecture is told in one line."""


def why_text(found: WhyDocument, width: int = 100, explain: bool = False) -> str:
    head = f"{found.runtime}, {found.model}, host {found.host}"
    here = [one for one in found.decisions if not _elsewhere(one)]
    lines = [line for one in here for line in ("", *_traced(one, width, explain))]
    others: dict[str, list[str]] = {}
    for one in found.decisions:
        for blocker in _elsewhere(one)[:1]:
            others.setdefault(_leaf(blocker), []).append(one.cell)
    for why, cells in others.items():
        lines += ["", *_wrapped(f"{', '.join(dict.fromkeys(cells))}: no, {why}", width)]
    return "\n".join([head, *lines])


def _elsewhere(one: Traced) -> list[Blocker]:
    return [blocker for blocker in one.blockers if blocker.fact in ELSEWHERE and blocker.holds is False and blocker.says is None]


def _traced(one: Traced, width: int, explain: bool) -> Iterator[str]:
    on = f" on {', '.join(one.devices)}" if one.devices else ""
    yield f"{one.cell}{on}: {one.verdict or 'no'}"
    asked = {leaf.fact for requirement in one.requirements for leaf in requirement.facts}
    for blocker in one.blockers:
        if blocker.fact not in asked:
            yield from _wrapped(_leaf(blocker), width, f"  {_HOLDS[blocker.holds]}  ")
    for requirement in one.requirements if not any(blocker.fact == "devices" for blocker in one.blockers) else ():
        yield from _wrapped(requirement.says, width, f"  {_HOLDS[requirement.holds]}  ")
        for leaf in requirement.facts if explain or requirement.holds is not True else ():
            yield from _wrapped(_leaf(leaf), width, f"         {_HOLDS[leaf.holds]}  ")
    for caveat in one.caveats:
        yield from _wrapped(caveat.says, width, f"  {caveat.effect}{'' if caveat.applies else ' (may apply)'}: ")
    if one.artifacts and not one.planned:
        yield from _wrapped(", ".join(one.artifacts[:6]) + (" ..." if len(one.artifacts) > 6 else ""), width, "  loads  ")
    if one.planned:
        yield from _wrapped(f"{one.planned}. {' '.join(one.reasons)}", width, "  plan   ")
        yield from _wrapped(", ".join(f"{name} {word}" for name, word in one.ranks.items()), width, "  ranks  ")


def _leaf(leaf: Blocker) -> str:
    return f"{leaf.fact}: needs {leaf.needed}, found {leaf.found or 'unknown'}"
