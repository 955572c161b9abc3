"""Generated Markdown: the support table of the README and one page per runtime."""

from collections.abc import Iterable, Iterator

from pathfinder.telling.documents import effective, tasks
from pathfinder.telling.listing import strongest
from pathfinder.telling.quoting import sh
from pathfinder.types.matrix import Cell, Runtime
from pathfinder.types.steps import StepTemplate
from pathfinder.types.words import Evidence

SIGNS = {"works": "✅", "partial": "🟡", "untested": "❔", "broken": "❌", "unsupported": "❌"}
GONE = ("archived", "renamed", "absorbed")


class Notes:
    """Footnotes, each sentence once."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def mark(self, sentences: Iterable[str]) -> str:
        marks = [f"[^{self.numbers.setdefault(says, len(self.numbers) + 1)}]" for says in dict.fromkeys(sentences)]
        return "".join(marks)

    def lines(self) -> Iterator[str]:
        yield from (f"[^{number}]: {says}" for says, number in self.numbers.items())


def support_table(runtimes: Iterable[Runtime]) -> str:
    """Runtimes that live, system by backend; each cell's caveats that always apply as footnotes."""
    notes = Notes()
    rows = ["| Runtime | Linux | macOS | Windows | Best for |", "|---|---|---|---|---|"]
    for runtime in sorted(runtimes, key=lambda one: one.name.lower()):
        if runtime.project.state in GONE:
            continue
        cells = " | ".join(_backends(runtime, family, notes) for family in ("linux", "macos", "windows"))
        rows.append(f"| [{runtime.name}](docs/runtimes/{runtime.id}.md) | {cells} | {_escaped(runtime.best_for)} |")
    legend = "✅ works · 🟡 works with caveats · ❔ untested · ❌ broken or unsupported"
    return "\n".join([*rows, "", legend, "", *notes.lines()]) + "\n"


def _backends(runtime: Runtime, family: str, notes: Notes) -> str:
    best: dict[str, Cell] = {}
    order = list(SIGNS)
    for cell in runtime.cells:
        if family in cell.os and (cell.backend not in best or order.index(effective(cell)) < order.index(effective(best[cell.backend]))):
            best[cell.backend] = cell
    return "<br>".join(f"{SIGNS[effective(cell)]} {backend}{_marks(cell, notes)}" for backend, cell in best.items()) or "-"


def _marks(cell: Cell, notes: Notes) -> str:
    always = [caveat.says for caveat in cell.caveats if caveat.when is None]
    return notes.mark(always or ([caveat.says for caveat in cell.caveats[:1]] if effective(cell) != "works" else []))


# --- one runtime -----------------------------------------------------------------------------------------------------


def runtime_page(runtime: Runtime) -> str:
    """What `matrix show` knows of a runtime, as a page."""
    return "\n".join(_page(runtime)).rstrip() + "\n"


def _page(runtime: Runtime) -> Iterator[str]:
    project = runtime.project
    yield f"# {runtime.name}"
    yield ""
    yield runtime.summary
    yield ""
    if runtime.caveat:
        yield f"> {runtime.caveat}"
        yield ""
    state = f"{project.state}{f' since {project.since}' if project.since else ''}"
    instead = f"; instead: [{project.successor}]({project.successor}.md)" if project.successor else ""
    rows = [
        ("Project", f"{state}{instead}{f'. {project.says}' if project.says else ''}"),
        ("Home", f"`{runtime.home}`"),
        ("Licence", runtime.licence or "unknown"),
        (
            "Version",
            f"{runtime.latest.version}, checked {runtime.latest.checked} (`{runtime.latest.source}`)" if runtime.latest else "unknown",
        ),
        ("Also known as", ", ".join(runtime.aliases)),
        ("Tasks", ", ".join(tasks(runtime))),
        ("Model families", ", ".join(runtime.families)),
        ("Precisions", ", ".join(runtime.precisions)),
        ("In applications", ", ".join(runtime.mobile)),
        ("Best for", runtime.best_for),
    ]
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | {_escaped(text)} |" for name, text in rows if text)
    yield ""
    for cell in runtime.cells:
        yield from _cell(cell)
    if runtime.history:
        yield "## What was once said"
        yield ""
        yield from (f"- {old.claim} ({old.source}). {old.now}" for old in runtime.history)


def _cell(cell: Cell) -> Iterator[str]:
    status = f"untested, inferred from `{cell.inferred_from}`" if cell.inferred_from else cell.status
    proof = strongest(cell.evidence)
    yield f"## {cell.id}"
    yield ""
    yield f"{SIGNS[effective(cell)]} {status}{f' ({proof})' if proof else ''}{f' · {chr(32).join(cell.arch)}' if cell.arch else ''}"
    yield ""
    yield from (f"- Needs: {one.says}" for one in cell.requires)
    yield from (f"- {one.effect}: {one.says}" for one in cell.caveats)
    loads = [f"{one.format}{f' ({one.says})' if one.requires is not None and one.says else ''}" for one in cell.formats]
    if loads:
        yield f"- Loads: {', '.join(dict.fromkeys(loads))}"
    yield ""
    for title, steps in (("Install", cell.install), ("Start", cell.launch), ("In a container", cell.container)):
        yield from _steps(title, steps)
    yield from _evidence(cell.evidence)


def _steps(title: str, steps: tuple[StepTemplate, ...]) -> Iterator[str]:
    if not steps:
        return
    yield f"**{title}**"
    yield ""
    yield "```sh"
    for step in steps:
        yield f"# {step.title}{f' ({step.why})' if step.why else ''}"
        yield from _spelt(step)
    yield "```"
    yield ""


def _spelt(step: StepTemplate) -> Iterator[str]:
    if step.pip is not None:
        index = [f"--index-url {step.pip.index_url}"] if step.pip.index_url else []
        extra = [f"--extra-index-url {url}" for url in step.pip.extra_index_urls]
        yield " ".join(["pip install", *(f"'{package}'" for package in step.pip.packages), *index, *extra])
    elif step.argv is not None:
        # A conditional group is shown; the plan leaves it out where its condition does not hold.
        yield sh(item for group in step.argv for item in ((group,) if isinstance(group, str) else group.argv))
    elif step.url is not None:
        yield f"# {step.url}"


def _evidence(evidence: tuple[Evidence, ...]) -> Iterator[str]:
    if evidence:
        yield "Evidence:"
        yield ""
        yield from (f"- {one.how}, {one.checked}, `{one.source}`: {one.says}" for one in evidence)
        yield ""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


# --- everything generated from the matrix ----------------------------------------------------------------------------

BEGIN, END = "<!-- support table: begin -->", "<!-- support table: end -->"


def generated(runtimes: Iterable[Runtime]) -> dict[str, str]:
    """Path in the repository to its text: a page per runtime, a schema per document."""
    from pathfinder.telling import schemas

    found = {f"docs/runtimes/{runtime.id}.md": runtime_page(runtime) for runtime in runtimes}
    return found | {f"matrix/schema/{name}.json": schemas.text(name) for name in schemas.names()}


def with_table(readme: str, table: str) -> str:
    """The README with the table between its marks; unchanged when it has none."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{begin}\n{table}{end}{tail}" if begin and end else readme
