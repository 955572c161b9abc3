"""Versions, sizes and how they are spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.language.compare import compare, parse_bytes, parse_version, spell_bytes


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("12.4", "12.10"),
        ("6.4.1", "rocm 6.4.2"),
        ("R36.4.3", "R38.2.0"),
        ("5.15.0-91-generic", "6.8.0-45-generic"),
        ("1.2.0rc1", "1.2"),
        ("1.2.0rc1", "1.2.0rc2"),
        ("1.2.0.dev3", "1.2.0a1"),
        ("8.9", "12.0"),
        ("10.0.19045", "10.0.22631"),
        ("525.147.05", "570.86.10"),
    ],
)
def test_order_of_versions(older, newer):
    assert parse_version(older) < parse_version(newer)  # type: ignore[operator]
    assert compare("<", "version", older, newer) is True


def test_equal_versions_and_none():
    assert parse_version("12.4") == parse_version("12.4.0")
    assert parse_version("sid") is None
    assert compare(">=", "version", "sid", "12") is None


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_versions_agree_with_packaging(left, right):
    from packaging.version import Version

    one, two = ".".join(map(str, left)), ".".join(map(str, right))
    for op, theirs in (("<", Version(one) < Version(two)), ("==", Version(one) == Version(two)), (">=", Version(one) >= Version(two))):
        assert compare(op, "version", one, two) is theirs


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GiB", 20 << 30), ("24 GB", 24_000_000_000), ("512 MiB", 512 << 20), ("1024", 1024), ("1.5GiB", 3 << 29),
        ("10kB", 10_000), ("8G", 8_000_000_000), ("2TiB", 2 << 40), ("lots", None), ("-1GiB", None), ("", None), ("1 XB", None),
    ],
)  # fmt: skip
def test_sizes(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [(24 << 30, "24 GiB"), (24_000_000_000, "24 GB"), (25_757_220_864, "24.0 GiB"), (1, "1 B"), (0, "0 B"), (1536 << 20, "1.5 GiB")],
)
def test_spelling_of_sizes(size, text):
    assert spell_bytes(size) == text


@given(st.integers(1, 1 << 45))
def test_spelled_sizes_read_back_near(size):
    assert parse_bytes(spell_bytes(size)) == pytest.approx(size, rel=0.051)
