"""`pathfinder matrix`: what runs where, with caveats and evidence; why one runtime does or does not; lint; verify; export."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathfinder.errors import ExitStatus, Problem

if TYPE_CHECKING:
    from pathfinder.types.matrix import Runtime

app = typer.Typer(add_completion=False, help="The compatibility matrix: list, show, why, lint, verify, export.")

Os = Annotated[str | None, typer.Option(help="Only what runs on linux, macos, windows, ...")]
Backend = Annotated[str | None, typer.Option(help="Only what uses cuda, rocm, metal, cpu, ...")]
Task = Annotated[str | None, typer.Option(help="Only what does chat, transcribe, image, ...")]
State = Annotated[str | None, typer.Option(help="Only projects that are active, maintenance, archived, ...")]


@app.command("list", help="Every runtime: systems, backends, what to mind.")
def list_(ctx: typer.Context, os: Os = None, backend: Backend = None, task: Task = None, state: State = None) -> int:
    from pathfinder.cli.session import say, terminal_width
    from pathfinder.telling.listing import runtimes_text

    chosen = _chosen(ctx.obj, os, backend, task, state)
    if ctx.obj.json:
        from pathfinder.telling.documents import matrix_document

        _document(matrix_document(chosen))
    else:
        say(runtimes_text(chosen, terminal_width()))
    return ExitStatus.OK


@app.command("show", help="One runtime in full, by any of its names; --explain adds evidence and where values come from.")
def show(ctx: typer.Context, runtime: Annotated[str, typer.Argument(help="An id, a name or an alias.")]) -> int:
    from pathfinder.cli.session import say
    from pathfinder.cli.wish import columns
    from pathfinder.data import store

    found = store.runtime(runtime, ctx.obj.overlay)
    if ctx.obj.json:
        from pathfinder.telling.documents import runtime_document

        _document(runtime_document(found))
    else:
        from pathfinder.telling.listing import runtime_text

        say(runtime_text(found, columns(), ctx.obj.explain))
    return ExitStatus.OK


@app.command(
    "why",
    help="The trace of a decision: each build on each device set, what was needed, what was found; --explain tells all.",
)
def why(
    ctx: typer.Context,
    runtime: Annotated[str, typer.Argument(help="An id, a name or an alias.")],
    model: Annotated[str, typer.Option("--model", "-m", metavar="REF", help="For which model.")] = "llama-3-8b",
    task: Annotated[str | None, typer.Option(help="The model's own unless said.")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="WHOM", help="solo, team or production.")] = "solo",
    prefer: Annotated[str | None, typer.Option(help="simple, fast, throughput or memory.")] = None,
    context: Annotated[int | None, typer.Option(help="Tokens of context.")] = None,
) -> int:
    from pathfinder.cli.hosts import Known, answer
    from pathfinder.cli.session import say
    from pathfinder.cli.wish import Wish, columns, demand, tables
    from pathfinder.data import store
    from pathfinder.deciding.trace import trace
    from pathfinder.telling.listing import why_text

    session = ctx.obj
    found = store.runtime(runtime, session.overlay)
    asked = demand(Wish(model, task=task, audience=for_, prefer=prefer, context=context, runtime=found.id), session)
    table, coefficients = store.rank_table(session.overlay), tables(session)

    def one(known: Known) -> tuple[Any, int]:
        return trace(known.facts, asked, found, table, coefficients, known.name), ExitStatus.OK

    return answer(session, one, lambda document: say(why_text(document, columns(), session.explain)))


@app.command("lint", help="Everything that is wrong with a matrix folder; warnings alone do not fail.")
def lint(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="A folder like matrix/; this checkout's own without one.")] = None,
) -> int:
    from pathfinder.cli.session import say
    from pathfinder.data.linting import lint_document
    from pathfinder.telling.listing import lint_text

    document = lint_document(folder, ctx.obj.overlay)
    if ctx.obj.json:
        _document(document)
    else:
        say(lint_text(document))
    return ExitStatus.NO if document.counts["errors"] else ExitStatus.OK


@app.command("verify", help="Prove the recipes: resolve them for every system they claim; --install tries those of this machine.")
def verify(
    ctx: typer.Context,
    runtimes: Annotated[list[str] | None, typer.Argument(metavar="RUNTIME", help="Ids, names or aliases; every runtime without.")] = None,
    install: Annotated[bool, typer.Option("--install", help="Install what runs on this machine into throw-away environments.")] = False,
    instead: Annotated[
        list[str] | None,
        typer.Option(
            "--instead", metavar="NAME==VERSION", help="With --install: a build at hand in place of the recipes' own; repeatable."
        ),
    ] = None,
) -> int:
    from pathfinder.cli.hosts import only_live
    from pathfinder.cli.session import say
    from pathfinder.verify import report, verify

    session = ctx.obj
    only_live(session, "matrix verify")
    if session.offline:
        raise Problem("Verifying asks package registries, which needs the network.", where="--offline", exit=ExitStatus.NO)
    document = verify.verify(runtimes or [], session.overlay, install, instead or [], lambda line: print(line, file=sys.stderr))
    if session.json:
        _document(document)
    else:
        say(report.text(document, session.explain))
    return ExitStatus.NO if document.counts["wrong"] else ExitStatus.OK


@app.command("export", help="The whole matrix as one table, document or page.")
def export(
    ctx: typer.Context,
    as_: Annotated[str, typer.Option("--as", metavar="FORMAT", help="json, csv, markdown or html.")] = "json",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of printing.")] = None,
    os: Os = None,
    backend: Backend = None,
    task: Task = None,
    state: State = None,
) -> int:
    from pathfinder.cli.session import say

    if as_ not in EXPORTS:
        raise Problem(f"There is no format {as_!r}.", where="--as", hint=f"One of: {', '.join(EXPORTS)}.")
    text = _exported(as_, _chosen(ctx.obj, os, backend, task, state), ctx.obj)
    if output is None:
        say(text)
        return ExitStatus.OK
    try:
        Path(output).write_text(text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise Problem(f"The file cannot be written: {error.strerror}.", where=output) from None
    return ExitStatus.OK


EXPORTS = ("json", "csv", "markdown", "html")


def _exported(format: str, chosen: "list[Runtime]", session: Any) -> str:
    if format == "json":
        import msgspec

        from pathfinder.telling.documents import matrix_document

        return msgspec.json.format(msgspec.json.encode(matrix_document(chosen)), indent=1).decode()
    if format == "csv":
        from pathfinder.telling.listing import csv_text

        return csv_text(chosen).rstrip("\n")
    if format == "markdown":
        from pathfinder.telling.pages import support_table

        return support_table(chosen).rstrip("\n")
    from pathfinder import __version__
    from pathfinder.data import store
    from pathfinder.telling.offers import Known
    from pathfinder.telling.page import page

    over = session.overlay
    known = Known(
        store.rank_table(over), store.estimate_table(over), store.devices(over), store.table("questions", over), store.models(over)
    )
    return page(chosen, store.templates() / "page", known, __version__)


def _chosen(session: Any, os: str | None, backend: str | None, task: str | None, state: str | None) -> "list[Runtime]":
    """The runtimes that have a cell as asked, whole."""
    from pathfinder.data import store
    from pathfinder.language.vocabulary import must_be

    said = (("--os", os, "OsFamily"), ("--backend", backend, "Backend"), ("--task", task, "Task"), ("--state", state, "ProjectState"))
    for option, word, vocabulary in said:
        must_be(option, word, vocabulary)
    chosen = [
        runtime.id
        for runtime in store.matrix(session.overlay)
        if state in (None, runtime.project.state)
        and any((os is None or os in c.os) and backend in (None, c.backend) and (task is None or task in c.tasks) for c in runtime.cells)
    ]
    return [store.whole(id, session.overlay) for id in chosen]


def _document(document: Any) -> None:
    from pathfinder.cli.hosts import _print_json

    _print_json([document])
