"""Values in configuration languages: the language's own reader, or one written after its manual, gives them back unchanged."""

import json
import re
import shlex
import shutil
import subprocess

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.errors import Problem
from pathfinder.telling import spelling

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
SHARP = st.text("ab $%\\\"'`{}()[]:#&*!|>-~\n\t;=,é🦙\u2028\x07", max_size=20)
WORDS = st.lists(st.one_of(TEXT, SHARP), min_size=1, max_size=8)


VALUE = st.one_of(TEXT, SHARP, st.integers(), st.booleans(), st.none())


@given(st.recursive(VALUE, lambda inner: st.lists(inner) | st.dictionaries(SHARP, inner)))
def test_yaml_gives_values_back(value):
    text = spelling.yaml(value)
    assert "\n" not in text
    assert yaml.safe_load(f"key: {text}\n") == {"key": value}


def interpolated(text):
    """Compose's interpolation: `$$` is a dollar, another one begins a variable."""

    def one(found):
        assert found[0] == "$$", f"a variable: {found[0]}"
        return "$"

    return re.sub(r"\$(?:\$|\{?[A-Za-z_])", one, text)


def expanded(text):
    """Kubernetes' expansion of commands and environments (third_party/forked/golang/expansion): `$$` is a dollar, `$(NAME)` a variable."""
    found, at = [], 0
    while at < len(text):
        if text[at] == "$" and at + 1 < len(text):
            assert text[at + 1] != "(", "a variable"
            found.append("$" if text[at + 1] == "$" else text[at : at + 2])
            at += 2
        else:
            found.append(text[at])
            at += 1
    return "".join(found)


@given(st.one_of(TEXT, SHARP))
def test_a_dollar_begins_no_variable(text):
    assert interpolated(spelling.dollars(text)) == text
    assert expanded(spelling.dollars(text)) == text


ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "s": " "}


def unit_words(line, dollars="$$"):
    """Words of a line as systemd.syntax(7) and systemd.service(5) describe them; `%h` is /home/me."""
    assert "\n" not in line
    words = []
    for raw in re.findall(r'"(?:\\.|[^"\\])*"|[^\s"]+', line):
        body = raw[1:-1] if raw.startswith('"') else raw
        text = re.sub(
            r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)",
            lambda found: chr(int(found[1][1:], 16)) if len(found[1]) > 1 else ESCAPED[found[1]],
            body,
        )
        assert not re.search(r"(?<!%)(?:%%)*%(?![%h])", text), text
        text = re.sub(r"%[%h]", lambda found: "%" if found[0] == "%%" else "/home/me", text)
        if dollars == "$$":
            assert not re.sub(r"\$\$", "", text).count("$"), text
            text = text.replace("$$", "$")
        words.append(text)
    return words


@given(WORDS)
def test_systemd_gives_words_back(words):
    home = ["/home/me" + word[1:] if word.startswith("~/") else word for word in words]
    assert unit_words(spelling.unit(words)) == home


@given(st.dictionaries(st.text("ABC_", min_size=1, max_size=4), st.one_of(TEXT, SHARP), min_size=1, max_size=3))
def test_systemd_gives_environments_back(env):
    said = [f"{key}={'/home/me' + value[1:] if value.startswith('~/') else value}" for key, value in env.items()]
    assert unit_words(spelling.unit_env(env), "$") == said
    assert unit_words(spelling.quadlet_env(env)) == said


HOSTILE = [
    "a b", "$(touch /tmp/x)", "${HOME}", "%h %% %n", "`id`", "'", '"', "\\", "a\\", "a'b\"c", "-n", ";", "\n[Service]\nUser=root",
    "é🦙", "\x07", "",
]  # fmt: skip


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_itself_takes_hostile_words(tmp_path):
    unit = tmp_path / "hostile.service"
    unit.write_text(
        f"[Unit]\nDescription={spelling.description('100% of a b ' + chr(92))}\n[Service]\n"
        f"ExecStart={spelling.unit(['/usr/bin/env', *HOSTILE])}\n"
        f"Environment={spelling.unit_env({f'V{number}': word for number, word in enumerate(HOSTILE)})}\n"
    )
    ran = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@given(WORDS)
def test_a_dockerfile_gives_commands_back(words):
    text = spelling.json_text(words)
    assert "\n" not in text
    assert json.loads(text) == words


@given(WORDS)
def test_llama_swap_gives_commands_back(words):
    if any("\n" in word or "\r" in word for word in words):
        with pytest.raises(Problem):
            spelling.swap(words)
        return
    line = yaml.safe_load(spelling.swap(words))
    assert "${" not in line.replace('"${env.HOME}"', "")
    assert shlex.split(line.replace("${env.HOME}", "/home/me"), comments=False) == [
        "/home/me" + word[1:] if word.startswith("~/") else word for word in words
    ]


def test_a_workflow_has_no_expression_of_others():
    said = yaml.safe_load(spelling.actions("a ${{ github.token }} b"))
    assert re.sub(r"\$\{\{ '(.*?)' \}\}", r"\1", said) == "a ${{ github.token }} b"
    assert "${{ github" not in said.replace("${{ '${{' }}", "")


@pytest.mark.parametrize(
    ("filter", "text"),
    [
        (spelling.unit_value, "a\nb"),
        (spelling.unit_value, "a\\"),
        (spelling.unit_path, " a"),
        (spelling.xml, "a\x01"),
        (spelling.modelfile, 'a"b'),
        (spelling.modelfile, "a\nPARAMETER x 1"),
        (spelling.docker_value, "a\nRUN x"),
        (spelling.one_word, "a AS b"),
        (spelling.no_macro, "${PORT}"),
        (spelling.no_secret, "${{ secrets.X }}"),
    ],
)
def test_what_a_language_cannot_say_is_refused(filter, text):
    with pytest.raises(Problem) as caught:
        filter(text)
    assert caught.value.exit == 1


def test_values_to_the_end_of_the_line():
    assert spelling.unit_value("~/a b%c$d") == "%h/a b%%c$$d"
    assert spelling.unit_path("~/a$d") == "%h/a$d"
    assert spelling.gibibytes(1) == "1Gi"
    assert spelling.gibibytes((3 << 30) + 1) == "4Gi"
