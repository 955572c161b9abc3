"""Are an engine's numbers right? A pure judge of what it said against a float64 reference.

`same`: all greedy tokens equal, largest log-probability error within the tolerance T. `close`: within 5T, and where a token differs the
reference itself has the two within 5T. `nan` and `silent` are seen without a reference; so are `crashed` and `timeout`.
"""

from math import isfinite

from pathfinder.types.results import EngineRun, Judgement, Numerics, Reference, ReferenceAnswer, Sample
from pathfinder.types.words import RunVerdict

CLOSE = 5
"""`close` reaches to this many tolerances."""
WORST_FIRST: tuple[RunVerdict, ...] = ("timeout", "crashed", "nan", "silent", "wrong", "close", "unjudged", "same")
FAILED: frozenset[RunVerdict] = frozenset({"timeout", "crashed", "nan", "silent", "wrong"})


def judge(run: EngineRun, reference: Reference | None, limit: int | None = None) -> Judgement:
    """The verdict on one run. `limit`: tokens asked for per prompt, where fewer than the reference's answers."""
    name = reference.name if reference else None
    unfinished = _unfinished(run, len(reference.answers) if reference else 1)
    if unfinished:
        return Judgement(verdict=unfinished[0], says=unfinished[1], numerics=Numerics(reference=name))
    odd = next((s for s in run.samples if not _finite(s)), None)
    if odd is not None:
        says = f"The engine computed a number that is not finite after {_quoted(odd.prompt)}, token {len(odd.tokens) + 1}."
        return Judgement(verdict="nan", says=says, numerics=Numerics(reference=name))
    if all(not s.text.strip() for s in run.samples):
        says = "The engine answered with nothing, end-of-text or white space alone."
        return Judgement(verdict="silent", says=says, numerics=Numerics(reference=name))
    if reference is None:
        return Judgement(verdict="unjudged", says="There is no reference for this model and prompt to judge the numbers against.")
    if any(s.logprobs is None for s in run.samples):
        return _by_text(run.samples, reference)
    return _by_logprobs(run.samples, reference, limit)


def _unfinished(run: EngineRun, expected: int) -> tuple[RunVerdict, str] | None:
    if run.timed_out is not None:
        return "timeout", f"The engine was not through after {run.timed_out:g} seconds and was stopped."
    if not run.done:
        return "crashed", f"The engine ended without a result: {run.died or 'its output stopped'}."
    if len(run.samples) < expected:
        return "crashed", f"The engine answered {len(run.samples)} of {expected} prompts."
    return None


def _finite(sample: Sample) -> bool:
    return sample.finite and all(isfinite(v) for step in sample.logprobs or () for v in step)


def _by_text(samples: tuple[Sample, ...], reference: Reference) -> Judgement:
    for sample, answer in zip(samples, reference.answers, strict=True):
        if sample.text.strip() != answer.text.strip():
            return Judgement(verdict="wrong", says=_other_text(sample, answer), numerics=Numerics(basis="text", reference=reference.name))
    says = f"All {len(samples)} answers are the reference's; the engine gives no log-probabilities."
    return Judgement(verdict="close", says=says, numerics=Numerics(basis="text", reference=reference.name))


def _by_logprobs(samples: tuple[Sample, ...], reference: Reference, limit: int | None) -> Judgement:
    worst, parted, wrong = 0.0, "", ""
    for sample, answer in zip(samples, reference.answers, strict=True):
        error, tie, says = _compare(sample, answer, reference.tolerance, limit)
        worst, parted, wrong = max(worst, error), parted or tie, wrong or says
    steps = sum(len(s.tokens) for s in samples)
    figure = f"largest log-probability error {worst:.2g}, tolerance {reference.tolerance:g}"
    verdict: RunVerdict
    if wrong or worst > CLOSE * reference.tolerance:
        verdict, says = "wrong", f"{wrong or 'All tokens are right, their probabilities are not'} ({figure})."
    elif parted or worst > reference.tolerance:
        verdict, says = "close", f"{parted or f'All {steps} greedy tokens are right'} ({figure})."
    else:
        verdict, says = "same", f"All {steps} greedy tokens are right ({figure})."
    numerics = Numerics(basis="logprobs", reference=reference.name, max_abs_logprob_error=round(worst, 6), tolerance=reference.tolerance)
    return Judgement(verdict=verdict, says=says, numerics=numerics)


def _compare(sample: Sample, answer: ReferenceAnswer, tolerance: float, limit: int | None) -> tuple[float, str, str]:
    """Largest error up to where the two part, the near-tie they part at, and what is wrong beyond a near-tie."""
    if sample.prompt_tokens != answer.prompt_tokens:
        return 0.0, "", f"The engine cuts {_quoted(answer.prompt)} into other tokens"
    expected = answer.tokens[:limit]
    worst = 0.0
    for step, token in enumerate(expected):
        if step >= len(sample.tokens):
            return worst, "", f"The engine stopped after {step} of {len(expected)} tokens of {_quoted(answer.text)}"
        got = (sample.logprobs or ())[step : step + 1]
        if not got or len(got[0]) != len(answer.logprobs[step]):
            return worst, "", f"The engine gave no log-probabilities for token {step + 1} after {_quoted(answer.prompt)}"
        worst = max(worst, *(abs(a - b) for a, b in zip(got[0], answer.logprobs[step], strict=True)))
        if sample.tokens[step] != token:
            gap = _gap(answer, step, sample.tokens[step])
            if gap is None or gap > CLOSE * tolerance:
                return worst, "", _other_text(sample, answer)
            return worst, f"After {_quoted(answer.prompt)} the engine took the other token of a near-tie", ""
    if len(sample.tokens) > len(expected):
        return worst, "", f"The engine did not stop after {_quoted(answer.text)}"
    if len(expected) == len(answer.tokens) and sample.text != answer.text:
        return worst, "", _other_text(sample, answer)
    return worst, "", ""


def _gap(answer: ReferenceAnswer, step: int, token: int) -> float | None:
    """How much likelier the reference finds its own token than this one; None when it is not among its best."""
    if token not in answer.top[step]:
        return None
    return answer.logprobs[step][0] - answer.logprobs[step][answer.top[step].index(token)]


def _other_text(sample: Sample, answer: ReferenceAnswer) -> str:
    return f"After {_quoted(answer.prompt)} the engine says {_quoted(sample.text)} and not {_quoted(answer.text)}"


def _quoted(text: str) -> str:
    flat = " ".join(text.split())
    return f"'{flat if len(flat) <= 60 else flat[:57] + '...'}'"
