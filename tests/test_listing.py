"""Columns of text on terminals of every width."""

from hypothesis import given
from hypothesis import strategies as st

from pathfinder.telling.listing import columns

ROWS = [("RUNTIME", "STATE", "LINUX"), ("llama.cpp", "active", "cuda rocm vulkan"), ("bark", "maintenance", "-")]
WORDS = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=5).map(" ".join)
TABLES = st.integers(1, 5).flatmap(lambda wide: st.lists(st.tuples(*[WORDS] * wide), min_size=1, max_size=6))


def test_without_a_terminal_a_row_is_a_line() -> None:
    assert columns(ROWS).splitlines()[1] == "llama.cpp  active       cuda rocm vulkan"


def test_what_is_too_wide_is_folded_within_its_column() -> None:
    assert columns(ROWS, 32).splitlines()[1:3] == ["llama.cpp  active       cuda", "                        rocm"]


def test_without_room_for_columns_values_stand_below_with_their_names() -> None:
    assert columns(ROWS, 24).splitlines() == [
        "llama.cpp",
        "  state active · linux",
        "  cuda rocm vulkan",
        "bark",
        "  state maintenance",
    ]


@given(TABLES, st.integers(24, 120))
def test_no_line_is_wider_and_no_word_is_lost(rows: list[tuple[str, ...]], width: int) -> None:
    text = columns(rows, width)
    assert all(len(line) <= width or " " not in line.strip() for line in text.splitlines())
    assert sorted(text.replace("·", " ").split()) == sorted(" ".join(" ".join(row) for row in rows).split())
