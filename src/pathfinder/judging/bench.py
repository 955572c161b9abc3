"""Speed in llama-bench's terms: `pp512` reads 512 tokens, `tg128` generates 128, `tg128 @ d512` generates behind 512; tokens a second."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from msgspec.structs import replace

from pathfinder import engines
from pathfinder.errors import ExitStatus, Problem
from pathfinder.judging import smoke
from pathfinder.judging.served import FASTEST_SECONDS, address
from pathfinder.telling.plot import Line
from pathfinder.types.estimates import Interval, SpeedEstimate
from pathfinder.types.results import EngineRun
from pathfinder.types.words import Frozen

LOAD = engines.Engine(name="openai", script="bench_openai.py", module="http", distribution="", extra="", reads="gguf")
TEXT = "The quick brown fox jumps over the lazy dog and runs back into the forest. "
Tell = Callable[[str], None]


class Row(Frozen, frozen=True, kw_only=True):
    test: str
    concurrency: int = 1
    tokens: int | None = None
    """Read or generated in one repetition, all requests together; None where the server does not count."""
    tps: float | None = None
    sd_tps: float | None = None
    """Standard deviation over the repetitions."""
    repetitions: int = 0
    first_token_seconds: float | None = None
    """Through a server: the median time to the first token."""
    expected: Interval = Interval()
    before_tps: float | None = None
    change: float | None = None
    """As a part of what was before; None where it is within the noise of both (two standard deviations)."""


class Bench(Frozen, frozen=True, kw_only=True):
    """`pathfinder/bench/v1`."""

    schema: str = "pathfinder/bench/v1"
    engine: str
    engine_version: str | None = None
    device_used: str | None = None
    model: str
    threads: int | None = None
    peak_memory_bytes: int | None = None
    at: str | None = None
    compared_with: str | None = None
    rows: tuple[Row, ...] = ()


class Asked(Frozen, frozen=True, kw_only=True):
    """What an engine is measured at: prompts of `sizes` tokens, `tokens` generated alone and behind each of `depths` tokens."""

    sizes: Sequence[int]
    depths: Sequence[int] = ()
    tokens: int = 128
    repetitions: int = 3
    seconds: float = 1800.0


def of_engine(engine: engines.Engine, path: Path, name: str, asked: Asked, threads: int) -> Bench:
    """Each prompt size, then the generation at each depth, in one process of the engine. Raises `Problem` when it cannot."""
    tokens, times = asked.tokens, asked.repetitions + 1
    tests = [(f"pp{size}", size, 1) for size in asked.sizes]
    if tokens:
        tests += [(f"tg{tokens}", 1, tokens), *((f"tg{tokens} @ d{depth}", depth, tokens) for depth in asked.depths)]
    prompts = [{"text": TEXT, "watch": None, "count": size, "tokens": made} for _, size, made in tests for _ in range(times)]
    request = {
        "model": str(path.absolute()), "threads": threads, "context": None, "batch": None, "tokens": max(tokens, 1), "ignore_end": True,
        "prompts": prompts,
    }  # fmt: skip
    ran = smoke.start(engine, request, asked.seconds)
    _through(ran, str(path), len(prompts))
    rows = []
    for at, (test, size, made) in enumerate(tests):
        kept = ran.samples[at * times + 1 : (at + 1) * times]  # The first one warms up.
        if test.startswith("tg"):
            rates = [(len(one.tokens) - 1) / one.decode_seconds for one in kept if one.decode_seconds and len(one.tokens) > 1]
            rows.append(_row(test, made, rates))
        else:
            rows.append(_row(test, size, [size / one.prefill_seconds for one in kept if one.prefill_seconds]))
    return Bench(
        engine=engine.name, engine_version=ran.engine_version, device_used=ran.device_used, model=name, threads=threads,
        peak_memory_bytes=ran.peak_memory_bytes, rows=tuple(rows),
    )  # fmt: skip


def of_server(
    url: str,
    model: str | None,
    *,
    sizes: Sequence[int],
    tokens: int,
    concurrency: Sequence[int],
    repetitions: int,
    seconds: float,
    tell: Tell,
) -> Bench:
    """Each prompt size with each number of requests at once. Raises `Problem` when the server cannot be asked."""
    events: list[dict[str, Any]] = []
    named: list[str] = []

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "loaded":
            named.append(str(event["model"]))
        elif event["event"] == "load":
            events.append(event)
            tell(f"{event['size']} tokens, {event['concurrency']} at once")

    request = {
        "url": address(url), "model": model, "sizes": list(sizes), "tokens": max(tokens, 1), "concurrency": list(concurrency),
        "repetitions": repetitions, "prompts": [],
    }  # fmt: skip
    ran = smoke.listen(engines.argv(LOAD), url, request, seconds, hear)
    _through(ran, url, 0)
    rows = [
        row
        for size in sizes
        for count in concurrency
        for row in _served([e for e in events if (e["size"], e["concurrency"]) == (size, count)], size, tokens, count)
    ]
    return Bench(engine=url, model=named[0] if named else model or "", rows=tuple(rows))


def _served(events: list[dict[str, Any]], size: int, tokens: int, count: int) -> list[Row]:
    read = [e["prompt_count"] / e["prefill_seconds"] for e in events if e["prompt_count"] and e["prefill_seconds"] > 0]
    steps = [(e["made_count"] - count, e["decode_seconds"]) for e in events]
    made = [number / seconds for number, seconds in steps if number > 0 and seconds > FASTEST_SECONDS * number]
    waits = sorted(e["first_token_seconds"] for e in events)
    first = round(waits[len(waits) // 2], 4) if waits else None
    counted = events[0]["prompt_count"] if events else None
    rows = [replace(_row(f"pp{size}", counted, read), concurrency=count, first_token_seconds=first)]
    if tokens:
        rows.append(replace(_row(f"tg{tokens} @ d{size}", events[0]["made_count"] if events else None, made), concurrency=count))
    return rows


def _row(test: str, tokens: int | None, rates: list[float]) -> Row:
    return Row(
        test=test, tokens=tokens, tps=round(mean(rates), 2) if rates else None,
        sd_tps=round(stdev(rates), 2) if len(rates) > 1 else None, repetitions=len(rates),
    )  # fmt: skip


def _through(ran: EngineRun, where: str, samples: int) -> None:
    """Raises `Problem` unless the run came to its end."""
    if ran.refused:
        raise Problem(f"{ran.refused.rstrip('.')}.", where=where, exit=ExitStatus.NO if ran.unloadable else ExitStatus.USAGE)
    if ran.timed_out is not None:
        raise Problem(f"It was not through after {ran.timed_out:g} s.", where=where, hint="Allow more with --timeout.", exit=ExitStatus.NO)
    if ran.died or len(ran.samples) < samples:
        last = ran.stderr.strip().splitlines()[-1:] or [""]
        raise Problem(f"The engine ended without a result: {ran.died or 'its output stopped'}.", where=where, hint=last[0][:300] or None,
                      exit=ExitStatus.NO)  # fmt: skip


def expecting(bench: Bench, at: Callable[[int], SpeedEstimate]) -> Bench:
    """The predicted interval beside each row of one request; `at` predicts the speeds at so many tokens of context."""

    def one(row: Row) -> Row:
        if row.concurrency > 1:
            return row
        size, depth = sized(row)
        speed = at(size + depth)
        return replace(row, expected=speed.prefill_tps if row.test.startswith("pp") else speed.decode_tps)

    return replace(bench, rows=tuple(one(row) for row in bench.rows))


def sized(row: Row) -> tuple[int, int]:
    """Tokens of a test and tokens of context before it: `tg128 @ d512` is (128, 512)."""
    test, _, depth = row.test.partition(" @ d")
    return int(test[2:]), int(depth or 0)


def compared(bench: Bench, before: Bench, name: str) -> Bench:
    """Each row beside the same one of an earlier run."""
    old = {(row.test, row.concurrency): row for row in before.rows}

    def one(row: Row) -> Row:
        was = old.get((row.test, row.concurrency))
        if was is None or not was.tps or row.tps is None:
            return row
        noise = 2 * ((row.sd_tps or 0.0) ** 2 + (was.sd_tps or 0.0) ** 2) ** 0.5
        change = round(row.tps / was.tps - 1, 4) if abs(row.tps - was.tps) > noise else None
        return replace(row, before_tps=was.tps, change=change)

    return replace(bench, compared_with=name, rows=tuple(one(row) for row in bench.rows))


BAR = 24


def table(bench: Bench) -> list[str]:
    """For a person: a line a test, with a bar among its own kind."""
    most = {kind: max((row.tps or 0 for row in bench.rows if row.test[:2] == kind), default=0) for kind in ("pp", "tg")}
    several = any(row.concurrency > 1 for row in bench.rows)
    heads = ["test", *(["requests"] if several else []), "tokens/s", ""]
    lines = []
    for row in bench.rows:
        rate = "?" if row.tps is None else f"{row.tps:.2f}" + ("" if row.sd_tps is None else f" ± {row.sd_tps:.2f}")
        bar = "█" * round(BAR * (row.tps or 0) / most[row.test[:2]]) if most[row.test[:2]] else ""
        lines.append([row.test, *([str(row.concurrency)] if several else []), rate, " ".join((bar, *_notes(row))).strip()])
    widths = [max(len(line[at]) for line in (heads, *lines)) for at in range(len(heads) - 1)]
    spelt = [[cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=False))]
             + [line[-1]] for line in (heads, *lines)]  # fmt: skip
    return ["  ".join(line).rstrip() for line in spelt]


def curves(bench: Bench) -> list[tuple[str, list[Line]]]:
    """Title and lines of a chart a kind: speed over the requests at once where there were several counts, else over the context."""
    by_requests = len({row.concurrency for row in bench.rows}) > 1
    found = []
    for kind, name, over in (("pp", "Reading", "the prompt's tokens"), ("tg", "Generating", "tokens of context at its end")):
        rows = [row for row in bench.rows if row.test.startswith(kind) and row.tps]
        groups = dict.fromkeys(row.test for row in rows) if by_requests else [kind]
        lines = []
        for group in groups:
            mine = [row for row in rows if row.test == group or not by_requests]
            at = [float(row.concurrency if by_requests else _context(row)) for row in mine]
            lines.append(Line(group if by_requests else "now", [(x, row.tps or 0.0) for x, row in zip(at, mine, strict=True)]))
            was = [(x, row.before_tps) for x, row in zip(at, mine, strict=True) if row.before_tps]
            lines += [Line(f"{group} before" if by_requests else "before", was)] if was else []
        found.append((f"{name}, tokens/s over {'requests at once' if by_requests else over}", lines))
    return found


def _context(row: Row) -> int:
    size, depth = sized(row)
    return size if row.test.startswith("pp") else depth + size


def _notes(row: Row) -> list[str]:
    notes = []
    if row.first_token_seconds is not None:
        notes.append(f"first token {row.first_token_seconds:.3f} s")
    if row.expected.low is not None and row.expected.high is not None:
        notes.append(f"expected {row.expected.low:.3g} to {row.expected.high:.3g}")
    if row.before_tps is not None:
        notes.append(f"before {row.before_tps:.2f}" + (", the same within the noise" if row.change is None else f", {row.change:+.1%}"))
    return notes
