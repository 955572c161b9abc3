"""The choices of the four questions, and the picture of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.cli.picker import Question, State, lines
from pathfinder.data import store
from pathfinder.telling import questions
from pathfinder.telling.questions import Choice

TABLE = store.table("questions")


@pytest.mark.parametrize("what", TABLE["tasks"])
def test_every_suggested_model_is_catalogued_and_does_the_task(what: str) -> None:
    catalogue = {model.id: model for model in store.models()}
    for id in TABLE["tasks"][what]["models"]:
        assert questions.task_of(TABLE, what) in catalogue[id].tasks, id


def test_the_words_are_those_of_the_options() -> None:
    from typing import get_args

    from pathfinder.types.words import Audience, Prefer, Task

    assert tuple(TABLE["audiences"]) == get_args(Audience)
    assert set(TABLE["wishes"]) == {"none", *get_args(Prefer)}
    assert {questions.task_of(TABLE, what) for what in TABLE["tasks"]} <= set(get_args(Task))


def test_the_same_question_as_a_command() -> None:
    answers = {"what": "code", "model": "phi-4", "audience": "team", "wish": "fast", "host": "profile:dgx-spark"}
    argv = questions.command(answers, "chat")
    assert " ".join(argv) == "pathfinder recommend --model phi-4 --task chat --for team --prefer fast --host profile:dgx-spark"
    plain = {"what": "chat", "model": "phi-4", "audience": "solo", "wish": "none", "host": "live"}
    assert questions.command(plain, "chat") == ("pathfinder", "recommend", "--model", "phi-4", "--task", "chat")


def test_models_that_run_come_first_and_the_most_capable_readable_one_is_the_default() -> None:
    from pathfinder.cli.dialogue import suggested

    big = suggested("chat", "chat", "profile:desktop-rtx-4090")
    assert [one.value for one in big.choices].index(big.default or "") <= 4
    assert "fits" in next(one for one in big.choices if one.value == big.default).note
    small = suggested("chat", "chat", "profile:raspberry-pi-5-8gb")
    assert small.default in {"llama-3.2-1b-instruct", "llama-3.2-3b-instruct", "qwen3.5-4b"}
    ids = [one.value for one in small.choices]
    assert ids.index("gpt-oss-120b") > ids.index("llama-3.2-1b-instruct")
    assert len(ids) == len(set(ids)) > 200


ROWS = [Choice("a", "Apple", "a fruit"), Choice("b", "Banana", "long and yellow, " * 9), Choice("c", "Cherry")]


def test_typing_narrows_and_typed_text_can_be_the_answer() -> None:
    state = State(Question("Which?", ROWS, default="b", free="a file"))
    assert state.chosen() == ROWS[1]
    state.type("fruit")
    assert [row.value for row in state.rows()] == ["a", "fruit"]
    state.type("")
    assert state.chosen() == ROWS[1]
    state.move(2, around=True)
    assert state.chosen() == ROWS[0]
    state.type("no such")
    assert state.rows()[0].value == "no such"
    assert State(Question("Which?", ROWS)).chosen() == ROWS[0]


@given(st.integers(20, 200), st.integers(6, 80), st.text(max_size=30), st.integers(-5, 400))
def test_no_line_is_wider_than_the_terminal_nor_the_picture_higher(width: int, height: int, typed: str, steps: int) -> None:
    many = [Choice(str(number), f"Row number {number}", "note " * 20) for number in range(300)]
    state = State(Question("A question that is rather long, for a terminal that is rather narrow?", many))
    state.type(typed)
    state.move(steps)
    drawn = lines(state, width, height)
    assert all(len(line) <= width for _, line in drawn)
    assert height < 20 or len(drawn) <= height
    assert sum(style == "reverse" for style, _ in drawn) == bool(state.rows())
    assert all(line.isascii() for _, line in drawn) or not typed.isascii()
