"""The smoke test: one engine process, one model, a few prompts; what it said becomes a judged result."""

import json
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import msgspec

from pathfinder import engines
from pathfinder.acting import run
from pathfinder.errors import Problem, sentence
from pathfinder.judging import probe_model, verdict
from pathfinder.types.facts import Facts
from pathfinder.types.results import EngineRun, FormNumerics, Numerics, Reference, Result, Sample
from pathfinder.types.words import Frozen

DEFAULT_PROMPT = "The capital of France is"
DEFAULT_TOKENS = 64
DEFAULT_SECONDS = 300.0
OnEvent = Callable[[dict[str, Any]], None]


class Asked(Frozen, frozen=True, kw_only=True):
    """What a person asked of the run."""

    threads: int
    prompt: str | None = None
    tokens: int | None = None
    context: int | None = None
    batch: int | None = None
    seconds: float = DEFAULT_SECONDS
    ignore_end: bool = False
    """Generate on after end-of-text, for measuring."""


def threads(facts: Facts) -> int:
    """The CPUs really usable (affinity, cpuset, quotas), whole ones, at least one; half of what is online where that is not known."""
    if facts.cpu.usable_cpus is not None:
        return max(1, int(facts.cpu.usable_cpus))
    return max(1, (facts.cpu.threads or 2) // 2)


def probe(engine: engines.Engine, asked: Asked, on_event: OnEvent | None = None) -> Result:
    """The bundled model, in every form the engine reads; the worst form's result, with each form's numerics."""
    first, *others = probe_model.forms(engine.name)
    results = [model(engine, Path(first.path), asked, first, on_event)]
    for form in others:
        if results[-1].verdict == "timeout":
            break
        results.append(model(engine, Path(form.path), asked, form))
    worst = min(results, key=lambda r: verdict.WORST_FIRST.index(r.verdict))
    parts = tuple(
        FormNumerics(
            reference=r.numerics.reference or r.model,
            verdict=r.verdict,
            max_abs_logprob_error=r.numerics.max_abs_logprob_error,
            tolerance=r.numerics.tolerance,
        )
        for r in results
    )
    return msgspec.structs.replace(worst, numerics=msgspec.structs.replace(worst.numerics, forms=parts))


def model(
    engine: engines.Engine,
    path: Path,
    asked: Asked,
    form: probe_model.Form | None = None,
    on_event: OnEvent | None = None,
) -> Result:
    """One local model on one engine. Raises `Problem` when the engine cannot load the file of a person."""
    reference = probe_model.reference(form.name) if form and asked.prompt is None else None
    name = f"{probe_model.NAME} {form.name}" if form else str(path)
    limit = asked.tokens or (probe_model.longest_answer() if reference else DEFAULT_TOKENS)
    ran = start(engine, request(path, asked, reference, limit), asked.seconds, on_event)
    bundled = form is not None and form.path == str(path)
    if ran.refused and not (bundled and ran.unloadable):
        raise Problem(sentence(ran.refused), where=str(path), hint=_last_error(ran.stderr) if ran.unloadable else None)
    if ran.refused:
        ran = msgspec.structs.replace(ran, died=ran.refused)
    judged = verdict.judge(ran, reference, limit)
    return Result(
        engine=engine.name,
        engine_version=ran.engine_version,
        device_used=ran.device_used,
        model=name,
        verdict=judged.verdict,
        says=" ".join([judged.says, *(_meaning(ran) if judged.verdict == "crashed" else ())]),
        text="\n".join(s.prompt + s.text for s in ran.samples),
        threads=asked.threads,
        numerics=judged.numerics,
        load_seconds=ran.load_seconds,
        peak_memory_bytes=ran.peak_memory_bytes,
        **_measured(ran.samples),
    )


def request(path: Path, asked: Asked, reference: Reference | None, limit: int) -> dict[str, Any]:
    """What the engine's script is told. It learns which tokens to report on, never what they should be worth."""
    if reference:
        prompts: list[dict[str, Any]] = [{"text": a.prompt, "watch": a.top} for a in reference.answers]
    else:
        prompts = [{"text": DEFAULT_PROMPT if asked.prompt is None else asked.prompt, "watch": None}]
    return {
        "model": str(path.absolute()),
        "threads": asked.threads,
        "context": asked.context,
        "batch": asked.batch,
        "tokens": limit,
        "ignore_end": asked.ignore_end,
        "prompts": prompts,
    }


def start(engine: engines.Engine, request: dict[str, Any], seconds: float, on_event: OnEvent | None = None) -> EngineRun:
    """Start the engine's script, listen to the end, and put together what it said."""
    return listen(engines.argv(engine), engine.name, request, seconds, on_event)


def listen(argv: list[str], name: str, request: dict[str, Any], seconds: float, on_event: OnEvent | None = None) -> EngineRun:
    events: list[dict[str, Any]] = []

    def take(line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            return
        if event["event"] != "token":
            events.append(event)
        if on_event:
            on_event({**event, "after": request["prompts"][event["prompt"]]["text"]} if "prompt" in event else event)

    told = json.dumps({"stream": on_event is not None, **request}).encode() + b"\n"
    outcome = run.supervise(argv, seconds=seconds, stdin=told, on_line=take)
    by_name = {event["event"]: event for event in events}
    loaded, done, refused = by_name.get("loaded", {}), by_name.get("done"), by_name.get("refused")
    return EngineRun(
        engine=name,
        engine_version=loaded.get("engine_version"),
        device_used=loaded.get("device"),
        load_seconds=loaded.get("load_seconds"),
        peak_memory_bytes=(done or {}).get("peak_memory_bytes"),
        samples=tuple(sample(event, request["prompts"]) for event in events if event["event"] == "sample"),
        done=done is not None,
        timed_out=seconds if outcome.timed_out and not (done or refused) else None,
        died=None if done or refused else outcome.signal or f"exit status {outcome.code}",
        refused=refused["says"] if refused else None,
        unloadable=bool(refused and refused["unloadable"]),
        stderr=outcome.stderr,
    )


def sample(event: dict[str, Any], prompts: list[dict[str, Any]]) -> Sample:
    """One `sample` event of an engine; a null log-probability is NaN."""
    logprobs = event["logprobs"]
    return Sample(
        prompt=prompts[event["prompt"]]["text"],
        prompt_tokens=tuple(event["prompt_tokens"]),
        tokens=tuple(event["tokens"]),
        text=event["text"],
        logprobs=None if logprobs is None else tuple(tuple(nan if v is None else v for v in step) for step in logprobs),
        finite=event["finite"],
        prefill_seconds=event["prefill_seconds"],
        decode_seconds=event["decode_seconds"],
    )


def _measured(samples: tuple[Sample, ...]) -> dict[str, Any]:
    """Tokens per second over all prompts. The first token of an answer comes out of the prefill; the steps after it are decoding."""
    prompt, made = sum(len(s.prompt_tokens) for s in samples), sum(len(s.tokens) for s in samples)
    steps = made - len(samples)
    prefill, decode = sum(s.prefill_seconds or 0 for s in samples), sum(s.decode_seconds or 0 for s in samples)
    return {
        "prompt_tokens": prompt if samples else None,
        "generated_tokens": made if samples else None,
        "prefill_tps": round(prompt / prefill, 3) if prefill else None,
        "decode_tps": round(steps / decode, 3) if decode and steps > 0 else None,
    }


def _meaning(ran: EngineRun) -> list[str]:
    """The engine's last words, and what they or its signal mean."""
    from pathfinder.acting.diagnose import SIGNALS, diagnose
    from pathfinder.data import store

    last = _last_error(ran.stderr)
    found = diagnose(store.diagnoses(), [last] if last and ran.died not in SIGNALS else [], None, ran.died)
    words = [f"It said last: {last}"] if last else []
    return words if found.id == "unknown" else [*words, f"That means: {found.says}", *([found.fix] if found.fix else [])]


def _last_error(stderr: str) -> str | None:
    """The engine's own words: its last line that names an error, else one that tells of a failure, else the last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for word in ("error", "failed", "cannot", ""):
        telling = [line for line in lines if word in line.lower()]
        if telling:
            return telling[-1][:300]
    return None


def combined(reference: Numerics) -> str:
    """`f16 same, q8_0 same (error 0.1 of 0.3)`: each form in a few words."""
    words = []
    for part in reference.forms:
        error = "" if part.max_abs_logprob_error is None else f" {part.max_abs_logprob_error:.2g} of {part.tolerance:g}"
        words.append(f"{part.reference.rpartition(' ')[2]} {part.verdict}{error}")
    return ", ".join(words)
