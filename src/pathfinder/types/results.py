"""Arrow 7: what a run said, and how it was judged; what a check found."""

from typing import Literal

from pathfinder.types.estimates import Interval
from pathfinder.types.steps import Step
from pathfinder.types.words import Evidence, Frozen, RunVerdict


class Sample(Frozen, frozen=True, kw_only=True):
    """What one engine run produced for one prompt; log-probabilities are natural logarithms."""

    prompt: str
    prompt_tokens: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    """Generated ones, the end-of-text included where the engine stopped at it."""
    text: str = ""
    logprobs: tuple[tuple[float, ...], ...] | None = None
    """Per step, the engine's log-probability of each of the reference's top tokens, in the reference's order."""
    finite: bool = True
    """False where the engine met a logit that is no finite number, and stopped there."""
    prefill_seconds: float | None = None
    decode_seconds: float | None = None


class EngineRun(Frozen, frozen=True, kw_only=True):
    """Everything one engine process said before it ended, and how it ended."""

    engine: str
    engine_version: str | None = None
    device_used: str | None = None
    load_seconds: float | None = None
    peak_memory_bytes: int | None = None
    samples: tuple[Sample, ...] = ()
    done: bool = False
    """The engine said itself that it was through."""
    timed_out: float | None = None
    """The deadline in seconds, when that is what ended it."""
    died: str | None = None
    """How it ended without being through: `SIGSEGV`, `exit status 1`, ..."""
    refused: str | None = None
    """The engine's own sentence for not even trying, such as a file it cannot load."""
    unloadable: bool = False
    """It refused the model itself, not what was asked of it."""
    stderr: str = ""
    """The last lines."""


class ReferenceAnswer(Frozen, frozen=True, kw_only=True):
    """The one right greedy continuation of a prompt, from a float64 forward pass over the same weights."""

    prompt: str
    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    text: str
    top: tuple[tuple[int, ...], ...]
    """Per step, the likeliest tokens, best first."""
    logprobs: tuple[tuple[float, ...], ...]


class Reference(Frozen, frozen=True, kw_only=True):
    name: str
    tolerance: float
    """Largest absolute log-probability error that is still `same`."""
    answers: tuple[ReferenceAnswer, ...]


class FormNumerics(Frozen, frozen=True, kw_only=True):
    """One form of the same weights, judged by itself."""

    reference: str
    verdict: RunVerdict
    max_abs_logprob_error: float | None = None
    tolerance: float | None = None


class Numerics(Frozen, frozen=True, kw_only=True):
    basis: Literal["logprobs", "text", "none"] = "none"
    reference: str | None = None
    max_abs_logprob_error: float | None = None
    tolerance: float | None = None
    forms: tuple[FormNumerics, ...] = ()
    """Each form, where one run judged several (the bundled model's F16, Q8_0 and Q4_0)."""


class Judgement(Frozen, frozen=True, kw_only=True):
    verdict: RunVerdict
    says: str
    """One sentence: why."""
    numerics: Numerics = Numerics()


class Expected(Frozen, frozen=True, kw_only=True):
    decode_tps: Interval = Interval()


class Result(Frozen, frozen=True, kw_only=True):
    """`pathfinder/result/v1`."""

    schema: str = "pathfinder/result/v1"
    engine: str
    engine_version: str | None = None
    device_used: str | None = None
    model: str
    verdict: RunVerdict
    says: str = ""
    """One sentence: why this verdict."""
    text: str = ""
    prompt_tokens: int | None = None
    generated_tokens: int | None = None
    load_seconds: float | None = None
    first_token_seconds: float | None = None
    """Through a server: the median time to the first token, as a client sees it."""
    prefill_tps: float | None = None
    decode_tps: float | None = None
    peak_memory_bytes: int | None = None
    threads: int | None = None
    numerics: Numerics = Numerics()
    expected: Expected = Expected()
    steps: tuple[Step, ...] = ()


class ProofCheck(Frozen, frozen=True, kw_only=True):
    what: Literal["numbers", "device", "speed"]
    holds: bool | None
    says: str


class Proof(Frozen, frozen=True, kw_only=True):
    """`pathfinder/proof/v1`: what `launch --verify` found out about a server that runs."""

    schema: str = "pathfinder/proof/v1"
    runtime: str
    cell: str
    verdict: Literal["proved", "partial", "failed"]
    """proved: the numbers and the device hold; failed: one of them does not; partial: one could not be shown."""
    checks: tuple[ProofCheck, ...]
    result: Result
    evidence: Evidence | None = None
    """What the matrix may take in; None when it failed."""


class CheckResult(Frozen, frozen=True, kw_only=True):
    expectation: str
    result: Literal["pass", "fail", "unknown"]
    found: str | None = None
    source: str | None = None
    device: str | None = None
    fix: str | None = None


class CheckReport(Frozen, frozen=True, kw_only=True):
    """`pathfinder/check/v1`."""

    schema: str = "pathfinder/check/v1"
    host: str
    results: tuple[CheckResult, ...]
    counts: dict[str, int]
