"""YAML as text: what PyYAML would turn into something else survives."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.data.plainyaml import parse
from pathfinder.errors import Problem


def test_scalars_survive():
    text = "on: 1.10\noff: 12_0\nno: yes\ndate: 2026-11-20\nhex: 0x10\noctal: 012\nempty:\nnothing: null\n"
    text += "said: 'null'\ntilde: ~\nlist: [3.10, 1e3, null]\n"
    assert parse(text, "x") == {
        "on": "1.10", "off": "12_0", "no": "yes", "date": "2026-11-20", "hex": "0x10", "octal": "012", "empty": None, "nothing": None,
        "said": "null", "tilde": "~", "list": ["3.10", "1e3", None],
    }  # fmt: skip


def test_a_table_without_a_type_has_its_plain_scalars_converted():
    text = "a: 3\nb: -1.5\nc: true\nd: '3'\ne: 012\nf: 1.2.3\ng: none\nh: on\n"
    assert parse(text, "x", guess=True) == {"a": 3, "b": -1.5, "c": True, "d": "3", "e": "012", "f": "1.2.3", "g": "none", "h": "on"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\na: 2\n", "x.yaml:2"),
        ("a: [1\nb: 2\n", "x.yaml:2"),
        ("? [a]\n: b\n", "x.yaml:1"),
        ("a: &x\n  - *x\n", "x.yaml"),
        ("\ta: b\n", "x.yaml:1"),
    ],
)
def test_a_mistake_names_its_line(text, where):
    with pytest.raises(Problem) as caught:
        parse(text, "x.yaml")
    assert str(caught.value.where).startswith(where)


def test_hostile_files_are_refused_in_a_sentence():
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text in (laughs, "[" * 200 + "]" * 200, "[" * 1_000_000, "- " * 1_000_000, "x" * (5 << 20), "a: 1\n---\nb: 2\n"):
        with pytest.raises(Problem) as caught:
            parse(text, "x.yaml")
        assert str(caught.value.where).startswith("x.yaml")


def test_an_empty_document_is_none():
    assert parse("# nothing\n", "x") is None


PLAIN = st.recursive(
    st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner, max_size=3)),
    max_leaves=12,
)


@given(PLAIN)
def test_texts_come_back_as_they_were_written(value):
    assert parse(yaml.safe_dump(value, default_style='"', allow_unicode=True), "x") == _quoted(value)


@given(PLAIN.filter(lambda value: isinstance(value, (list, dict))))
def test_the_slow_parser_reads_the_same(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    quick = parse(text, "x")
    kept = yaml.CSafeLoader
    try:
        yaml.CSafeLoader = yaml.SafeLoader
        assert parse(text, "x") == quick
    finally:
        yaml.CSafeLoader = kept


def _quoted(value):
    """What `default_style='"'` does to None: it becomes the tagged text `null`, a text here."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    return {key: _quoted(item) for key, item in value.items()} if isinstance(value, dict) else value
