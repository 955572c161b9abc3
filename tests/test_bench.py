"""Speed in llama-bench's terms: a server whose speed is known, a real engine, an earlier run."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder import engines
from pathfinder.cli import main
from pathfinder.judging.bench import Bench, Row, compared, curves, expecting, table
from pathfinder.telling import schemas
from pathfinder.telling.plot import MARKS, Line, plot
from pathfinder.types.estimates import Interval, SpeedEstimate

WAIT, PACE = 0.2, 0.02


class Handler(BaseHTTPRequestHandler):
    """Three tokens to two words; the first token after `WAIT`, then one every `PACE`, for however many requests at once."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.say(b'{"data": [{"id": "toy"}]}')

    def say(self, raw: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.chats:  # type: ignore[attr-defined]
            if not self.path.endswith("/chat/completions"):
                return self.say(b'{"detail": "Not Found"}', 404)
            body["prompt"] = body["messages"][0]["content"]
        seen: list[Any] = self.server.seen  # type: ignore[attr-defined]
        seen.append(body)
        if "ignore_eos" in body and self.server.strict:  # type: ignore[attr-defined]
            return self.say(b'{"error": "unexpected field"}', 422)
        self.send_response(200)
        self.end_headers()
        time.sleep(WAIT)
        for number in range(0 if self.server.mute else body["max_tokens"]):  # type: ignore[attr-defined]
            if number:
                time.sleep(PACE)
            self.wfile.write(b'data: {"choices": [{"text": "x "}]}\n\n')
        count = len(body["prompt"].split()) * 3 // 2
        self.wfile.write(b'data: {"choices": [{"text": "", "finish_reason": "stop"}]}\n\n')
        made = 0 if self.server.mute else body["max_tokens"]  # type: ignore[attr-defined]
        usage = {"choices": [], "usage": {"prompt_tokens": count, "completion_tokens": made}}
        if not self.server.strict:  # type: ignore[attr-defined]
            self.wfile.write(b"data: " + json.dumps(usage).encode() + b"\n\n")
        return self.wfile.write(b"data: [DONE]\n\n") and None


@contextmanager
def server(strict: bool = False, mute: bool = False, chats: bool = False) -> Iterator[tuple[str, list[Any]]]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.seen, running.strict, running.mute, running.chats = [], strict, mute, chats  # type: ignore[attr-defined]
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", running.seen  # type: ignore[attr-defined]
    finally:
        running.shutdown()
        running.server_close()


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Any]:
    status = main(["bench", *args, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_server_of_known_speed(capsys: pytest.CaptureFixture[str]) -> None:
    with server() as (url, seen):
        status, said = ask(
            capsys, "--engine", url, "--prompts", "90,30", "--tokens", "11", "--concurrency", "1,4", "--repetitions", "2"
        )  # fmt: skip
    assert status == 0
    jsonschema.validate(said, schemas.schema("bench"))
    rows = {(row["test"], row["concurrency"]): row for row in said["rows"]}
    assert list(rows) == [
        (test, count) for size in (90, 30) for count in (1, 4) for test in (f"pp{size}", f"tg11 @ d{size}")
    ]  # fmt: skip
    # Slower than set is the machine's load; faster than set would be ours.
    assert 0.2 * 90 / WAIT < rows["pp90", 1]["tps"] <= 1.1 * 90 / WAIT
    assert 0.2 / PACE < rows["tg11 @ d90", 1]["tps"] <= 1.1 / PACE
    assert rows["tg11 @ d90", 4]["tps"] > 1.5 * rows["tg11 @ d90", 1]["tps"]
    assert WAIT <= rows["pp30", 1]["first_token_seconds"] < 10 * WAIT
    assert (rows["pp90", 1]["tokens"], rows["pp90", 4]["tokens"], rows["tg11 @ d90", 4]["tokens"]) == (90, 360, 44)
    prompts = [body["prompt"] for body in seen if body["max_tokens"] == 11]
    assert len(set(prompts)) == len(prompts), "a prompt that was asked before may come out of a cache"


def test_a_server_that_counts_nothing_and_knows_no_extras(capsys: pytest.CaptureFixture[str]) -> None:
    with server(strict=True) as (url, _):
        status, said = ask(capsys, "--engine", url, "--prompts", "16", "--tokens", "5", "--repetitions", "1")
    read, made = said["rows"]
    assert (status, read["tps"], read["tokens"], made["tokens"]) == (0, None, None, 5) and made["tps"] > 0


@pytest.mark.parametrize("strict", [False, True])
def test_a_server_that_has_chats_only(strict: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with server(strict=strict, chats=True) as (url, seen):
        status, said = ask(capsys, "--engine", url, "--prompts", "30", "--tokens", "5", "--repetitions", "1")
    assert status == 0 and said["rows"][1]["tps"] > 0 and seen[-1]["messages"][0]["role"] == "user"


def test_a_model_that_ends_at_once_has_read_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with server(mute=True) as (url, _):
        status, said = ask(capsys, "--engine", url, "--prompts", "30", "--tokens", "5", "--repetitions", "1", "--concurrency", "2")
    read, made = said["rows"]
    assert status == 0 and read["tps"] > 0 and made["tps"] is None


@pytest.mark.skipif(not engines.installed(engines.ENGINES["llama.cpp"]), reason="llama-cpp-python is not installed")
def test_an_engine_reads_exactly_so_many_tokens(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, said = ask(capsys, "--prompts", "7,64", "--depths", "40", "--tokens", "16", "--repetitions", "2", "--threads", "1")
    assert status == 0 and said["threads"] == 1
    jsonschema.validate(said, schemas.schema("bench"))
    assert [(row["test"], row["tokens"], row["repetitions"]) for row in said["rows"]] == [
        ("pp7", 7, 2), ("pp64", 64, 2), ("tg16", 16, 2), ("tg16 @ d40", 16, 2)
    ]  # fmt: skip
    assert all(row["tps"] > 0 for row in said["rows"])
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps(said))
    again = ask(capsys, "--prompts", "64", "--tokens", "0", "--repetitions", "2", "--threads", "1", "--compare", str(earlier))[1]
    assert again["compared_with"] == str(earlier) and again["rows"][0]["before_tps"] == said["rows"][1]["tps"]


def test_a_change_is_told_where_it_exceeds_the_noise() -> None:
    def bench(*rows: Row) -> Bench:
        return Bench(engine="e", model="m", rows=rows)

    before = bench(Row(test="pp512", tps=100.0, sd_tps=1.0), Row(test="tg128", tps=10.0, sd_tps=1.0))
    now = bench(
        Row(test="pp512", tps=120.0, sd_tps=1.0), Row(test="tg128", tps=11.0, sd_tps=1.0), Row(test="tg128", concurrency=2, tps=20.0)
    )
    read, made, new = compared(now, before, "old.json").rows
    assert (read.change, made.change, made.before_tps, new.before_tps) == (0.2, None, 10.0, None)
    lines = table(compared(now, before, "old.json"))
    assert "before 100.00, +20.0%" in lines[1] and "the same within the noise" in lines[2]


def test_what_is_expected_stands_beside() -> None:
    def at(context: int) -> SpeedEstimate:
        return SpeedEstimate(prefill_tps=Interval(low=1, likely=2, high=context), decode_tps=Interval(low=4, likely=5, high=context))

    rows = (Row(test="pp512", tps=2.0), Row(test="tg128 @ d512", tps=9.0), Row(test="tg128", concurrency=4, tps=9.0))
    done = expecting(Bench(engine="e", model="m", rows=rows), at)
    assert [row.expected.high for row in done.rows] == [512, 640, None]
    assert "expected 4 to 640" in table(done)[2]


def test_curves_go_over_the_context_or_over_the_requests_at_once() -> None:
    read = [Row(test=f"pp{size}", tps=float(size), before_tps=1.0) for size in (512, 64)]
    made = [Row(test="tg8", tps=9.0), Row(test="tg8 @ d100", tps=5.0), Row(test="tg8 @ d200")]
    (_, reading), (_, making) = curves(Bench(engine="e", model="m", rows=(*read, *made)))
    assert [(line.name, line.points) for line in reading] == [
        ("now", [(512.0, 512.0), (64.0, 64.0)]), ("before", [(512.0, 1.0), (64.0, 1.0)])
    ]  # fmt: skip
    assert [line.points for line in making] == [[(8.0, 9.0), (108.0, 5.0)]]
    served = [Row(test=test, concurrency=count, tps=7.0 * count) for test in ("pp64", "pp512") for count in (1, 4)]
    (title, lines), (_, nothing) = curves(Bench(engine="e", model="m", rows=tuple(served)))
    assert "requests at once" in title and [line.name for line in lines] == ["pp64", "pp512"] and not nothing
    assert lines[0].points == [(1.0, 7.0), (4.0, 28.0)]


POINTS = st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1e9)), min_size=1, max_size=8)


@given(lines=st.lists(POINTS, max_size=6), width=st.integers(0, 200), ascii=st.booleans())
def test_a_chart_fits_its_width_and_shows_every_line(lines: list[list[tuple[float, float]]], width: int, ascii: bool) -> None:
    drawn = plot("t", [Line(str(at), points) for at, points in enumerate(lines)], width, ascii)
    assert all(len(row) <= max(width, 24) for row in drawn[:-1])
    assert bool(drawn) == any(len({x for x, _ in points}) > 1 for points in lines)
    if drawn:
        assert not ascii or "".join(drawn).isascii()
        assert any(MARKS[ascii][len(lines) - 1] in row for row in drawn)  # The last one is drawn on top.


def test_a_chart_has_the_highest_point_at_the_top_and_the_axis_at_zero() -> None:
    drawn = plot("title", [Line("a", [(1, 100.0), (2, 50.0), (4, 0.0)])], 40, ascii=True)
    grid = [row.partition("|")[2] for row in drawn[1:11]]
    assert drawn[0] == "title" and "100 |o" in drawn[1]
    assert grid[-1].endswith("o") and grid[5][len(grid[-1]) // 2] == "o"
    assert drawn[-1].split() == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--prompts", "many"], "no list of numbers"),
        (["--prompts", "0"], "no list of numbers"),
        (["--concurrency", "2"], "one request at a time"),
        (["--repetitions", "0"], "positive"),
        (["--depths", "0"], "no list of numbers"),
        (["--model", "/no/such.gguf"], "no such file"),
        (["--engine", "http://127.0.0.1:9"], "nothing answers"),
        (["--compare", __file__], "no result of `pathfinder bench --json`"),
        (["--compare", "/no/such.json"], "cannot be read"),
    ],
)
def test_mistakes_are_one_sentence(args: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = ask(capsys, *args)
    assert status == 2 and says in said["says"]
