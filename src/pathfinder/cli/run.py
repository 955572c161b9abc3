"""`pathfinder run`: a smoke test of the engines of this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pathfinder.cli.hosts import LIVE, facts_of, only_live
from pathfinder.cli.session import Session, say
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.facts import Facts


def run(
    ctx: typer.Context,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="REF",
            help="A model by any name, hf:owner/repo[:QUANT], a .gguf file or a folder; a server's name for one; else the probe model.",
        ),
    ] = "",
    engine: Annotated[
        str,
        typer.Option(metavar="llama.cpp|mlx|URL", help="The engine, or a running server's address; every installed engine when left out."),
    ] = "",
    prompt: Annotated[str, typer.Option(help="Text to continue.")] = "",
    tokens: Annotated[int, typer.Option(help="Most tokens to generate per prompt.")] = 0,
    context: Annotated[int, typer.Option(help="Context size in tokens.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads; the usable CPUs when left out.")] = 0,
    timeout: Annotated[float, typer.Option(metavar="S", help="Seconds one engine process may take.")] = 300.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Fetch the model without asking.")] = False,
    record: Annotated[str, typer.Option(metavar="FILE", help="Write the results to a file as well.")] = "",
) -> int:
    """Smoke test: load a model, generate, measure, and judge the numbers against a float64 reference.

    With no --model, the bundled probe model on every installed engine. Exit status 1: wrong, nan, silent, crashed or timeout.
    """
    session: Session = ctx.obj
    only_live(session, "run")
    _positive(tokens=tokens, context=context, threads=threads, timeout=timeout)
    from pathfinder.cli.acting import aside
    from pathfinder.cli.fetching import for_engine
    from pathfinder.cli.streaming import Progress
    from pathfinder.judging import smoke

    if engine.startswith(("http://", "https://")):
        return _finish([_served(engine, model, prompt, tokens, timeout, session)], session, record)
    with aside(session):
        there = for_engine(model, engine, yes, session) if model else None
    facts = facts_of(LIVE, session)
    asked = smoke.Asked(
        threads=threads or smoke.threads(facts),
        prompt=prompt or None,
        tokens=tokens or None,
        context=context or None,
        seconds=timeout,
    )
    with Progress(quiet=session.json, color=not session.no_color) as progress:
        results = [_one(*there, model, asked, progress, facts)] if there else _bundled(engine, asked, progress)
    return _finish(results, session, record)


def _finish(results: list[Any], session: Session, record: str) -> int:
    _print(results, session.json)
    if record:
        _record(Path(record), results)
    from pathfinder.judging.verdict import FAILED

    return ExitStatus.NO if any(r.verdict in FAILED for r in results) else ExitStatus.OK


def _served(url: str, model: str, prompt: str, tokens: int, seconds: float, session: Session) -> Any:
    from pathfinder.cli.streaming import Progress
    from pathfinder.judging import served

    if session.offline and not served.loopback(url):
        raise Problem("Asking another machine needs the network.", where="--offline", exit=ExitStatus.NO)
    with Progress(quiet=session.json, color=not session.no_color) as progress:
        progress.start(url, model or "the model it serves")
        result = served.run(url, model or None, prompt=prompt or None, tokens=tokens or None, seconds=seconds, on_event=progress.listener)
        progress.result(result)
    return result


def _bundled(name: str, asked: Any, progress: Any) -> list[Any]:
    from pathfinder import engines
    from pathfinder.judging import smoke

    chosen = [engines.engine(name)] if name else [e for e in engines.ENGINES.values() if engines.installed(e)]
    if not chosen:
        hints = " or ".join(f"'llm-pathfinder[{e.extra}]'" for e in engines.ENGINES.values())
        raise Problem("No engine is installed.", hint=f"Get one with: pip install {hints}")
    results = []
    for one in chosen:
        engines.need(one)
        progress.start(one.name, "the bundled probe model")
        results.append(smoke.probe(one, asked, progress.listener))
        progress.result(results[-1])
    for missing in [] if name else [e for e in engines.ENGINES.values() if e not in chosen]:
        progress.note(f"{missing.name}: not installed. Get it with: pip install 'llm-pathfinder[{missing.extra}]'")
    return results


def _one(chosen: Any, path: Path, model: str, asked: Any, progress: Any, facts: Facts) -> Any:
    from msgspec.structs import replace

    from pathfinder.judging import probe_model, smoke
    from pathfinder.judging.forecast import forecast

    progress.start(chosen.name, model)
    form = probe_model.form_of(path)
    result = smoke.model(chosen, path, asked, form, progress.listener)
    if form is None:
        context = asked.context or (result.prompt_tokens or 0) + (result.generated_tokens or 0)
        result = replace(result, model=model, expected=forecast(chosen.name, path, result.device_used, facts, context))
    progress.result(result)
    return result


def _print(results: list[Any], as_json: bool) -> None:
    if as_json:
        say(_json(results))


def _json(results: list[Any]) -> str:
    import msgspec

    body = results[0] if len(results) == 1 else {"schema": "pathfinder/fleet/v1", "results": results}
    return msgspec.json.format(msgspec.json.encode(body), indent=1).decode()


def _record(path: Path, results: list[Any]) -> None:
    try:
        path.write_text(_json(results) + "\n", encoding="utf-8")
    except OSError as error:
        raise Problem(f"The results could not be written: {error.strerror}.", where=str(path)) from error


def _positive(**values: float) -> None:
    for name, value in values.items():
        if value < 0 or (name == "timeout" and value == 0):
            raise Problem("The value must be positive.", where=f"--{name}")
