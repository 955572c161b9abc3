"""The judge on made-up runs: every verdict, and its borders at T and 5T."""

from dataclasses import dataclass
from math import inf, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.judging.verdict import FAILED, WORST_FIRST, judge
from pathfinder.types.results import EngineRun, Reference, ReferenceAnswer, Sample

T = 0.1
ANSWER = ReferenceAnswer(
    prompt="one",
    prompt_tokens=(1, 2),
    tokens=(5, 6, 0),
    text=" two",
    top=((5, 6, 7), (6, 5, 7), (0, 6, 5)),
    logprobs=((-0.5, -0.9, -3.0), (-0.1, -4.0, -5.0), (-0.1, -4.0, -5.0)),
)
REFERENCE = Reference(name="made up", tolerance=T, answers=(ANSWER,))
RIGHT = Sample(prompt="one", prompt_tokens=(1, 2), tokens=(5, 6, 0), text=" two", logprobs=ANSWER.logprobs)


def verdict(run: EngineRun | None = None, *, limit: int | None = None, **changes: Any) -> str:
    sample = msgspec.structs.replace(RIGHT, **changes)
    return judge(run or EngineRun(engine="e", samples=(sample,), done=True), REFERENCE, limit).verdict


def off_by(error: float, step: int = 1, place: int = 2) -> tuple[tuple[float, ...], ...]:
    rows = [list(row) for row in ANSWER.logprobs]
    rows[step][place] += error
    return tuple(tuple(row) for row in rows)


def test_the_reference_itself_is_same() -> None:
    judged = judge(EngineRun(engine="e", samples=(RIGHT,), done=True), REFERENCE)
    assert (judged.verdict, judged.numerics.max_abs_logprob_error, judged.numerics.basis) == ("same", 0, "logprobs")


@given(st.floats(-1, 1), st.integers(0, 2), st.integers(0, 2))
def test_the_largest_error_decides(error: float, step: int, place: int) -> None:
    size = abs(error)
    expected = "same" if size <= T - 1e-9 else "close" if T + 1e-9 < size <= 5 * T - 1e-9 else "wrong" if size > 5 * T + 1e-9 else None
    got = verdict(logprobs=off_by(error, step, place))
    assert expected is None or got == expected


@dataclass
class Case:
    expected: str
    changes: dict[str, Any]


CASES = {
    "near-tie": Case("close", {"tokens": (6, 9), "text": " else"}),
    "no near-tie": Case("wrong", {"tokens": (5, 5, 0)}),
    "a token the reference does not rate": Case("wrong", {"tokens": (9, 6, 0)}),
    "cut otherwise": Case("wrong", {"prompt_tokens": (1, 3)}),
    "right tokens, other text": Case("wrong", {"text": " three"}),
    "stopped early": Case("wrong", {"tokens": (5,), "text": " t"}),
    "did not stop": Case("wrong", {"tokens": (5, 6, 0, 4)}),
    "log-probabilities missing": Case("wrong", {"logprobs": ()}),
    "fewer log-probabilities": Case("wrong", {"logprobs": ((-0.5,), (-0.1,), (-0.1,))}),
    "not finite, said by the engine": Case("nan", {"finite": False, "tokens": (), "text": ""}),
    "NaN": Case("nan", {"logprobs": off_by(nan)}),
    "infinity": Case("nan", {"logprobs": off_by(-inf)}),
    "no token": Case("silent", {"tokens": (), "text": ""}),
    "only end-of-text": Case("silent", {"tokens": (0,), "text": ""}),
    "white space": Case("silent", {"tokens": (8, 8, 8), "text": " \n\t"}),
    "text alone, right": Case("close", {"logprobs": None}),
    "text alone, wrong": Case("wrong", {"logprobs": None, "text": " three"}),
}


@pytest.mark.parametrize("name", CASES)
def test_verdict_of(name: str) -> None:
    assert verdict(**CASES[name].changes) == CASES[name].expected


def test_a_shorter_limit_judges_the_shorter_answer() -> None:
    assert verdict(limit=2, tokens=(5, 6), text=" tw", logprobs=ANSWER.logprobs[:2]) == "same"
    assert verdict(limit=2, tokens=(5, 7), text=" tw", logprobs=ANSWER.logprobs[:2]) == "wrong"


def test_without_a_reference_only_the_plain_to_see_is_judged() -> None:
    def of(**changes: Any) -> str:
        return judge(EngineRun(engine="e", samples=(msgspec.structs.replace(RIGHT, **changes),), done=True), None).verdict

    assert of(logprobs=None) == "unjudged"
    assert of(logprobs=None, finite=False) == "nan"
    assert of(logprobs=None, text="\n") == "silent"


def test_an_engine_that_never_said_it_was_through_crashed_or_hung() -> None:
    assert verdict(EngineRun(engine="e", samples=(RIGHT,), died="SIGILL")) == "crashed"
    assert verdict(EngineRun(engine="e", done=True)) == "crashed"
    assert verdict(EngineRun(engine="e", samples=(RIGHT,), timed_out=3.0)) == "timeout"
    judged = judge(EngineRun(engine="e", died="SIGILL"), REFERENCE)
    assert "SIGILL" in judged.says


def test_one_bad_answer_among_good_ones_is_seen() -> None:
    reference = Reference(name="two", tolerance=T, answers=(ANSWER, ANSWER))
    bad = msgspec.structs.replace(RIGHT, tokens=(), text="")
    assert judge(EngineRun(engine="e", samples=(RIGHT, bad), done=True), reference).verdict == "wrong"


def test_every_verdict_has_its_place_in_the_order() -> None:
    assert len(set(WORST_FIRST)) == 8
    assert set(WORST_FIRST[:5]) == FAILED
