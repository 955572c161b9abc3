"""`pathfinder check`: assert facts about a host; for CI."""

from typing import Annotated, Any

import typer

from pathfinder.errors import ExitStatus

FORMATS = ("text", "json", "github", "junit", "sarif")
LIMIT_BYTES = 1 << 20


def check(
    ctx: typer.Context,
    expectation: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXPECTATION", help="'cuda >= 12.4', 'vram.free >= 20GiB', cpu.avx2, runtime:vllm, 'model:REF fits'."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="One expectation a line, # for comments, or a YAML list; - reads standard input."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="FILE", help="A recording: what changed since fails (driver, devices, memory, ...).")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="text, json, github, junit or sarif.")] = "text",
    deep: Annotated[bool, typer.Option("--deep", help="Also ask slow tools.")] = False,
    deadline: Annotated[float, typer.Option(help="Seconds for looking at the host.")] = 3.0,
) -> int:
    """Assert facts about a machine. Exit status: 0 all hold, 1 one fails, 3 one is unknown and none fails."""
    from pathfinder.checking.expect import check as check_all
    from pathfinder.checking.expect import parse, parse_lines
    from pathfinder.cli.hosts import Known, answer, facts_of
    from pathfinder.errors import Problem

    session = ctx.obj
    if format not in FORMATS:
        raise Problem(f"There is no format {format!r}.", where="--format", hint=f"One of: {', '.join(FORMATS)}.")
    if format == "json":
        session = session._replace(json=True)
    texts = [*(expectation or ()), *(lines(file, parse_lines) if file else ())]
    if not texts and not baseline:
        raise Problem("Nothing is expected.", where="check", hint="Example: pathfinder check 'vram.free >= 20GiB'")
    for text in texts:
        parse(text)

    before = facts_of(baseline, session._replace(override=[])) if baseline else None
    reports: list[Any] = []

    def one(known: Known) -> tuple[Any, int]:
        report = check_all(texts, known.facts, known.name, runtime_here(known, session), model_here(known, session))
        if before is not None:
            from pathfinder.checking.drift import drift

            report = both(report, drift(before, known.facts, known.name), baseline)
        reports.append(report)
        return report, status(report.counts)

    def show(report: Any) -> None:
        show_report(report, session.explain)

    code = answer(session, one, show if format == "text" else None, deep=deep, deadline=deadline)
    if format not in ("text", "json"):
        tell(format, reports, source(file, texts))
    return code


def both(asked: Any, changed: Any, baseline: str | None) -> Any:
    """One report of the expectations and of what changed; what is as it was is counted, and one line where all of it is."""
    from msgspec.structs import replace

    from pathfinder.types.results import CheckResult

    counts = {word: asked.counts[word] + changed.counts[word] for word in asked.counts}
    told = tuple(result for result in changed.results if result.result == "fail")
    if not told:
        told = (CheckResult(expectation=f"as recorded in {baseline}", result="pass", found=f"{changed.counts['pass']} facts unchanged"),)
    return replace(asked, results=(*asked.results, *told), counts={**counts, "unknown": asked.counts["unknown"]})


def source(file: str | None, texts: list[str]) -> Any:
    """Where in the file each expectation stands, for annotations."""
    from pathfinder.telling.reports import INLINE, Source

    if file is None or file == "-":
        return INLINE
    rows = read(file).splitlines()
    found = {text: next((number for number, row in enumerate(rows, 1) if text in row), 0) for text in texts}
    return Source(file, {text: line for text, line in found.items() if line})


def tell(format: str, reports: list[Any], source: Any) -> None:
    """The report in a format of a CI system; on GitHub also onto the job's summary page."""
    import os

    from pathfinder.cli.session import say
    from pathfinder.telling.reports import FORMATS as WRITERS
    from pathfinder.telling.reports import github_summary

    say(WRITERS[format](reports, source))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if format == "github" and summary:
        with open(summary, "a", encoding="utf-8") as page:
            page.write(github_summary(reports))


def lines(file: str, parse_lines: Any) -> list[str]:
    """The expectations of a file: a YAML list (or one below `expect`) by its ending, else one a line."""
    from pathfinder.errors import Problem

    text = read(file)
    if not file.endswith((".yaml", ".yml")):
        found: list[str] = parse_lines(text)
        return found
    from pathfinder.data.plainyaml import parse

    document = parse(text, file)
    listed = document.get("expect") if isinstance(document, dict) else document
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise Problem("It must be a list of expectations, or a mapping with one below 'expect'.", where=file)
    return listed


def status(counts: dict[str, int]) -> int:
    return ExitStatus.NO if counts["fail"] else ExitStatus.UNKNOWN if counts["unknown"] else ExitStatus.OK


def show_report(report: Any, explain: bool = False) -> None:
    from pathfinder.cli.session import say_folded

    marks = {"pass": "pass   ", "fail": "FAIL   ", "unknown": "unknown"}
    for result in report.results:
        device = f" on {result.device}" if result.device else ""
        found = f"found {result.found}" if result.found is not None else ""
        detail = ", ".join(part for part in (found + device if found else device.strip(), sourced(result.source)) if part)
        say_folded(f"{marks[result.result]} {result.expectation}{'  (' + detail + ')' if detail else ''}", 8)
        if result.fix:
            say_folded(f"        {result.fix}", 8)
        if explain and (more := how_known(result.expectation, report.host)):
            say_folded(f"        Why: {more}", 8)


def how_known(expectation: str, host: str) -> str | None:
    """The command that tells how an answer about a runtime or a model came about; a fact's source stands beside it."""
    from pathfinder.telling.quoting import sh

    where = [] if host == "live" else ["--host", host]
    kind, colon, name = expectation.partition(":")
    if not colon or kind not in ("model", "runtime"):
        return None
    if kind == "model":
        return sh(["pathfinder", "recommend", "--model", name.strip().removesuffix(" fits"), "--explain", *where])
    return sh(["pathfinder", "matrix", "why", name.split()[0], *where])


def sourced(source: str | None) -> str:
    return f"from {source.removeprefix('from ')}" if source else ""


def read(name: str) -> str:
    """A file of expectations. Raises Problem when it cannot be read or is no text."""
    import sys
    from pathlib import Path

    from pathfinder.errors import Problem

    try:
        if name == "-":
            return sys.stdin.read(LIMIT_BYTES)
        with Path(name).open("rb") as stream:
            content = stream.read(LIMIT_BYTES + 1)
        if len(content) > LIMIT_BYTES:
            raise Problem("The file is larger than a mebibyte.", where=name)
        return content.decode()
    except OSError as error:
        raise Problem(f"The file cannot be read: {error.strerror}.", where=name) from None
    except UnicodeDecodeError:
        raise Problem("The file is not UTF-8 text.", where=name) from None


def runtime_here(known: Any, session: Any) -> Any:
    """Whether a runtime has a cell that runs on this host, whatever the model."""

    def one(name: str) -> Any:
        from pathfinder.data import store
        from pathfinder.deciding.decide import runs

        runtime = store.runtime(name, session.overlay)
        return runs(known.facts, runtime, store.rank_table(session.overlay))

    return one


def model_here(known: Any, session: Any) -> Any:
    """Whether any runtime has a plan for a model that fits this host."""

    def one(ref: str) -> Any:
        from pathfinder.cli.wish import Wish, demand, rules
        from pathfinder.deciding.decide import fits
        from pathfinder.errors import Problem

        try:
            asked = demand(Wish(ref), session)
        except Problem as problem:
            raise Problem(problem.says, where=f"model:{ref}", hint=problem.hint, exit=problem.exit) from None
        return fits(known.facts, asked, rules(session))

    return one
