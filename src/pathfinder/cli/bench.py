"""`pathfinder bench`: speed in llama-bench's terms, through an engine or a running server."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pathfinder.cli.hosts import LIVE, facts_of, only_live
from pathfinder.cli.session import Session, say, say_json
from pathfinder.errors import ExitStatus, Problem


def bench(
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
    engine: Annotated[str, typer.Option(metavar="llama.cpp|mlx|URL", help="The engine, or a running server's address.")] = "",
    prompts: Annotated[str, typer.Option(metavar="N,N", help="Prompt sizes in tokens.")] = "512",
    tokens: Annotated[int, typer.Option(help="Tokens to generate; 0 for none.")] = 128,
    depths: Annotated[str, typer.Option(metavar="N,N", help="Generate behind so many tokens of context as well (an engine's).")] = "",
    concurrency: Annotated[str, typer.Option(metavar="N,N", help="Requests at once; more than one needs a server.")] = "1",
    repetitions: Annotated[int, typer.Option(help="Of each test, behind one that warms up.")] = 3,
    threads: Annotated[int, typer.Option(help="CPU threads of an engine; the usable CPUs when left out.")] = 0,
    timeout: Annotated[float, typer.Option(metavar="S", help="Seconds the whole may take.")] = 1800.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Fetch the model without asking.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the decode speed: `estimate` on this machine is refined by it.")] = False,
    compare: Annotated[str, typer.Option(metavar="FILE", help="An earlier --json to compare with.")] = "",
) -> int:
    """Measure speed: pp512 is reading 512 tokens, tg128 generating 128, `tg128 @ d512` generating behind 512; tokens per second.

    Through a server the requests are counted together, transport included. A change is told where it exceeds the noise of both runs.
    """
    from pathfinder.judging import bench as measure

    session: Session = ctx.obj
    only_live(session, "bench")
    sizes, counts = _numbers(prompts, "--prompts"), _numbers(concurrency, "--concurrency")
    deep = _numbers(depths, "--depths") if depths else []
    if tokens < 0 or repetitions < 1 or threads < 0 or timeout <= 0:
        raise Problem("--tokens, --repetitions, --threads and --timeout take positive numbers.")
    before = _earlier(compare) if compare else None
    if engine.startswith(("http://", "https://")):
        done = _through_server(engine, model, sizes, counts, tokens, repetitions, timeout, session)
        path = None
    else:
        if counts != [1]:
            raise Problem("An engine answers one request at a time.", where="--concurrency", hint="Name a running server: --engine URL.")
        chosen, path = _engine(engine, model, yes, session)
        plan = measure.Asked(sizes=sizes, depths=deep, tokens=tokens, repetitions=repetitions, seconds=timeout)
        done = _through_engine(chosen, path, model, plan, threads, session)
    from time import strftime

    from msgspec.structs import replace

    done = replace(done, at=strftime("%Y-%m-%d"))
    if keep:
        _keep(done, path, session)
    if before is not None:
        done = measure.compared(done, before, compare)
    _print(done, session)
    return ExitStatus.OK


def _engine(name: str, model: str, yes: bool, session: Session) -> tuple[Any, Path]:
    """The engine and a local model it reads: the one asked for, fetched where it must be, else the probe model."""
    from pathfinder import engines
    from pathfinder.cli.acting import aside
    from pathfinder.cli.fetching import for_engine
    from pathfinder.judging import probe_model

    if model:
        with aside(session):
            return for_engine(model, name, yes, session)
    chosen = engines.engine(name or "llama.cpp")
    engines.need(chosen)
    return chosen, Path(probe_model.forms(chosen.name)[0].path)


def _through_engine(chosen: Any, path: Path, model: str, plan: Any, threads: int, session: Session) -> Any:
    from pathfinder.judging import bench as measure
    from pathfinder.judging import forecast, probe_model, smoke

    facts = facts_of(LIVE, session)
    done = measure.of_engine(chosen, path, model or probe_model.NAME, plan, threads or smoke.threads(facts))
    if probe_model.form_of(path) is not None:
        return done  # So small a model is timed by its overhead; there is nothing to predict.

    def at(context: int) -> Any:
        return forecast.speeds(chosen.name, path, done.device_used, facts, context, tuple(session.overlay))

    return measure.expecting(done, at)


def _through_server(
    url: str, model: str, sizes: list[int], counts: list[int], tokens: int, repetitions: int, seconds: float, session: Session
) -> Any:
    from pathfinder.cli.acting import progress_line
    from pathfinder.judging import bench as measure
    from pathfinder.judging.served import loopback

    if session.offline and not loopback(url):
        raise Problem("Asking another machine needs the network.", where="--offline", exit=ExitStatus.NO)
    with progress_line() as tell:
        return measure.of_server(
            url, model or None, sizes=sizes, tokens=tokens, concurrency=counts, repetitions=repetitions, seconds=seconds, tell=tell
        )


def _keep(done: Any, path: Path | None, session: Session) -> None:
    """The speed of generating, below the data folder. Raises `Problem` for what says nothing of this machine."""
    from pathfinder.acting.here import live_root
    from pathfinder.deciding.measured import Measured, host_of, keep

    row = next((row for row in done.rows if row.test.startswith("tg") and "@" not in row.test and row.concurrency == 1 and row.tps), None)
    if row is None or path is None or not done.device_used:
        raise Problem(
            "Only the speed of an engine that generates can be kept.", where="--keep", hint="Leave --engine URL and --tokens 0 out."
        )
    facts = facts_of(LIVE, session)
    placed = "cpu" if done.device_used == "cpu" else "gpu"
    one = Measured(
        at=done.at or "", host=host_of(facts), engine=done.engine, placed=placed, model=path.name, decode_tps=row.tps,
        expected_tps=row.expected.likely,
    )  # fmt: skip
    keep(Path(live_root()), one)


def _print(done: Any, session: Session) -> None:
    from pathfinder.cli.wish import columns
    from pathfinder.judging.bench import curves, table
    from pathfinder.telling.plot import plot

    if session.json:
        say_json(done)
        return
    device = f" on {done.device_used}" if done.device_used else ""
    threads = f", {done.threads} thread{'' if done.threads == 1 else 's'}" if done.threads else ""
    say(f"{done.engine} {done.engine_version or ''}".rstrip() + f"{device}{threads}: {done.model}")
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    for line in table(done):
        say(line.replace("█", "#").replace("±", "+-") if plain else line)
    for title, lines in curves(done):
        for line in plot(title, lines, columns(), plain):
            say(line)
    if session.explain:
        from pathfinder.telling.sources import of_bench

        for line in of_bench(done):
            say(f"  · {line}")


def _numbers(text: str, option: str) -> list[int]:
    """`512,2048` as numbers, each once. Raises `Problem` for anything else."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and 0 < int(word) <= 1 << 20 for word in words) or len(words) > 64:
        raise Problem("This is no list of numbers.", where=f"{option} {text}", hint="For example: 512,2048")
    return list(dict.fromkeys(int(word) for word in words))


def _earlier(path: str) -> Any:
    import msgspec

    from pathfinder.judging.bench import Bench

    try:
        found = msgspec.json.decode(Path(path).read_bytes(), type=Bench)
    except OSError as error:
        raise Problem(f"It cannot be read: {error.strerror}.", where=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(f"This is no result of `pathfinder bench --json`: {error}.", where=path) from None
    if found.schema != "pathfinder/bench/v1":
        raise Problem("This is no result of `pathfinder bench --json`.", where=path)
    return found
