"""Columns of text on terminals of every width."""

import subprocess
import sys

import pytest
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


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of POSIX")
@pytest.mark.parametrize(
    "args",
    [
        ("detect", "--host", "profile:desktop-rtx-4090"),
        ("estimate", "llama-3-8b", "--host", "profile:desktop-rtx-4090", "--cpu"),
        ("check", "cpu.avx2", "runtime:vllm", "--host", "profile:vps-2-vcpu-4gb"),
        ("models", "show", "llama-3-8b"),
        ("recommend", "--model", "no-such-model"),
    ],
)
def test_a_narrow_terminal_breaks_no_word(args: tuple[str, ...]) -> None:
    pytest.importorskip("pyte", reason="pyte is not installed", exc_type=ImportError)
    from .terminal import PROGRAM, terminal

    piped = subprocess.run([*PROGRAM, *args], capture_output=True, text=True, check=False, timeout=60)
    with terminal(*args, columns=44) as one:
        assert one.end() == piped.returncode
        shown = one.all().split()
    bars = "█▓▒░·"
    wanted = [word for word in (piped.stdout + piped.stderr).split() if len(word) < 30 and not set(word) & set(bars)]
    assert not [word for word in wanted if word not in shown]
