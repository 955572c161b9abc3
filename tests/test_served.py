"""The smoke test through a server: servers made of the reference that tell it in every spelling, err on demand, or are hostile."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema
import pytest

from pathfinder.cli import main
from pathfinder.errors import ExitStatus, Problem
from pathfinder.judging import probe_model, served
from pathfinder.telling import schemas

FORM = "q8_0"
REFERENCE = probe_model.reference(FORM)
ANSWERS = {answer.prompt: answer for answer in REFERENCE.answers}
TEXT = {id: text for text, id in probe_model.pieces().items()}
MODEL = "probe-q8_0.gguf"
Reply = Callable[["Handler", dict[str, Any]], Any]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.models(self)  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self.server.reply(self, body)  # type: ignore[attr-defined]
        except (BrokenPipeError, ConnectionResetError):
            pass

    def say(self, body: Any, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def stream(self, pieces: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")


@contextmanager
def server(reply: Reply, models: Any = (MODEL,)) -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listed = models if callable(models) else lambda at: at.say({"data": [{"id": name} for name in models]})
    running.reply, running.models = reply, listed  # type: ignore[attr-defined]
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()


def right(how: str = "legacy", shift: float = 0.0, top: int = 6, text: str | None = None) -> Reply:
    """A server of the probe model: `legacy` or `chat` spelling of log-probabilities, or `none`; the likeliest ones off by `shift`."""

    def reply(at: Handler, body: dict[str, Any]) -> None:
        if "prompt" not in at.path and "prompt" not in body:
            return at.say({"error": "no chat"}, 404)
        answer = ANSWERS[body["prompt"]]
        said = answer.text if text is None else text
        steps = [(ids[:top], [v + shift for v in lps[:top]]) for ids, lps in zip(answer.top, answer.logprobs, strict=True)][:-1]
        choice: dict[str, Any] = {"text": said, "finish_reason": "stop"}
        if body.get("stream"):
            return at.stream([{"choices": [{"text": said[:1]}]}, {"choices": [{**choice, "text": said[1:]}]}, {"choices": []}])
        if how == "legacy":
            if body.get("logprobs") is True:
                return at.say({"error": {"message": "logprobs is a number"}}, 422)
            tops = [{TEXT[i]: v for i, v in zip(ids, lps, strict=True)} for ids, lps in steps]
            tokens = [TEXT[ids[0]] for ids, _ in steps]
            choice["logprobs"] = {"tokens": tokens, "token_logprobs": [lps[0] for _, lps in steps], "top_logprobs": tops}
        elif how == "chat":
            if body.get("logprobs") is not True:
                return at.say({"error": "logprobs must be of type bool"}, 400)
            choice["logprobs"] = {
                "content": [
                    {"id": ids[0], "logprob": lps[0], "top_logprobs": [{"id": i, "logprob": v} for i, v in zip(ids, lps, strict=True)]}
                    for ids, lps in steps
                ]
            }
        return at.say({"choices": [choice], "usage": {"prompt_tokens": len(answer.prompt_tokens), "completion_tokens": len(steps)}})

    return reply


@pytest.mark.parametrize(
    ("reply", "verdict", "basis"),
    [
        (right("legacy"), "same", "logprobs"),
        (right("chat"), "same", "logprobs"),
        (right("legacy", top=3), "same", "logprobs"),
        (right("none"), "close", "text"),
        (right("legacy", shift=2 * REFERENCE.tolerance), "close", "logprobs"),
        (right("chat", shift=-6 * REFERENCE.tolerance), "wrong", "logprobs"),
        (right("none", text=" London."), "wrong", "text"),
        (right("none", text="  "), "silent", "none"),
    ],
)
def test_a_server_of_the_probe_model_is_judged(reply: Reply, verdict: str, basis: str) -> None:
    with server(reply) as url:
        result = served.run(url)
    assert (result.verdict, result.numerics.basis, result.model) == (verdict, basis, "pathfinder-probe q8_0")
    assert result.first_token_seconds is None if verdict == "silent" and not result.text.strip() else result.first_token_seconds


def test_an_untold_token_that_ought_to_be_likely_is_an_error() -> None:
    """The reference's second-likeliest is not among those told, although the least told is far less likely."""

    def reply(at: Handler, body: dict[str, Any]) -> None:
        if body.get("stream"):
            return right()(at, body)
        answer = ANSWERS[body["prompt"]]
        tops = [{TEXT[ids[0]]: lps[0], "\n": -19.0} for ids, lps in zip(answer.top, answer.logprobs, strict=True)][:-1]
        tokens = [TEXT[ids[0]] for ids in answer.top][:-1]
        owns = [lps[0] for lps in answer.logprobs][:-1]
        choice = {
            "text": answer.text,
            "finish_reason": "stop",
            "logprobs": {"tokens": tokens, "token_logprobs": owns, "top_logprobs": tops},
        }
        return at.say({"choices": [choice]})

    with server(reply) as url:
        assert served.run(url).verdict == "wrong"


def test_another_number_of_prompt_tokens_is_another_tokenizer() -> None:
    def reply(at: Handler, body: dict[str, Any]) -> None:
        def say(said: Any, status: int = 200, **_: str) -> None:
            Handler.say(at, {**said, "usage": {"prompt_tokens": 99}} if "choices" in said else said, status)

        at.say = say  # type: ignore[method-assign]
        right()(at, body)

    with server(reply) as url:
        result = served.run(url)
    assert result.verdict == "wrong" and "other tokens" in result.says


def test_a_chat_is_right_or_not_judged() -> None:
    def chat(said: str | None) -> Reply:
        def reply(at: Handler, body: dict[str, Any]) -> None:
            if at.path.endswith("/v1/completions"):
                return at.say({"detail": "Not Found"}, 404)
            text = said or ANSWERS[body["messages"][0]["content"]].text
            return at.stream([{"choices": [{"delta": {"content": word}}]} for word in text.split(" ")])

        return reply

    with server(chat(None)) as url:
        assert served.run(url).verdict in ("close", "unjudged")
    with server(chat("Paris is nice.")) as url:
        assert served.run(url).verdict == "unjudged"


@pytest.mark.parametrize(
    ("shift", "template", "verdict", "basis"),
    [(0.0, 0, "same", "logprobs"), (-6 * REFERENCE.tolerance, 0, "wrong", "logprobs"), (-6 * REFERENCE.tolerance, 9, "close", "text")],
)
def test_a_chat_tells_log_probabilities_of_the_prompt_alone(shift: float, template: int, verdict: str, basis: str) -> None:
    """They count where the server read as many tokens as the prompt has, so that no template stood around it (mlx-vlm)."""
    completion = right("chat", shift)

    def reply(at: Handler, body: dict[str, Any]) -> None:
        if at.path.endswith("/v1/completions"):
            return at.say({"detail": "Not Found"}, 404)
        if body.get("logprobs") and not body["top_logprobs"] <= 20:
            return at.say({"detail": "top_logprobs"}, 422)
        say, count = at.say, len(ANSWERS[body["messages"][0]["content"]].prompt_tokens) + template
        at.say = lambda said, *rest, **more: say({**said, "usage": {"prompt_tokens": count}}, *rest, **more)  # type: ignore[method-assign]
        return completion(at, {**body, "prompt": body["messages"][0]["content"]})

    with server(reply) as url:
        result = served.run(url)
    assert (result.verdict, result.numerics.basis) == (verdict, basis)


def test_another_model_is_measured_and_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    def reply(at: Handler, body: dict[str, Any]) -> None:
        at.send_response(200)
        at.end_headers()
        for number in range(5):
            at.wfile.write(b"data: " + json.dumps({"choices": [{"text": f"w{number} "}]}).encode() + b"\n\n")
            time.sleep(0.02)
        at.wfile.write(b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 5}}\n\ndata: [DONE]\n\n')

    with server(reply, ("owner/model", "other")) as url:
        assert main(["run", "--engine", url, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schemas.schema("result"))
    assert (document["verdict"], document["model"], document["numerics"]["basis"]) == ("unjudged", "owner/model", "none")
    assert document["prompt_tokens"] == 5 and 20 < document["decode_tps"] < 60 and document["first_token_seconds"] > 0


def raw(said: bytes, status: int = 200, **headers: str) -> Reply:
    return lambda at, body: at.say(said, status, **headers)


def endless(start: bytes, more: bytes) -> Reply:
    def reply(at: Handler, body: Any) -> None:
        at.send_response(200)
        at.end_headers()
        at.wfile.write(start)
        try:
            while True:
                at.wfile.write(more)
        except OSError:
            pass

    return reply


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (endless(b"", b"x" * 65536), "longer than"),
        (endless(b"", b": keep waiting\n" * 4096), "longer than"),
        (endless(b"", b'data: {"choices": [{"text": "again "}]}\n' * 1000), "does not stop"),
        (raw(b"<html>hello</html>"), "streams nothing"),
        (raw(b"data: <html>\n\n"), "not JSON"),
        (raw(b"data: " + b"[" * 100_000 + b"\n\n"), "not JSON"),
        (raw(b"data: [1, 2]\n\n"), "other than objects"),
        (raw(b'data: {"choices": {"0": 1}}\n\n'), "no list of choices"),
        (raw(b'data: {"choices": [{"text": 7}]}\n\n'), "holds no text"),
        (raw(b'data: {"error": {"message": "out of \\u001b[31mmemory"}}\n\n'), "breaks off: "),
        (raw(b"", 307, Location="http://127.0.0.1:1/\x7f"), "sends elsewhere"),
        (raw(b'{"error": {"message": "CUDA out of memory"}}', 500), "status 500: CUDA out of memory"),
        (raw(b"no", 401), "wants a key"),
        (lambda at, body: at.connection.close(), "does not speak HTTP|broke off"),
    ],
)
def test_hostile_servers_end_in_one_sentence(reply: Reply, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with server(reply) as url:
        started = time.monotonic()
        status = main(["run", "--engine", url, "--timeout", "60", "--json"])
    said = json.loads(capsys.readouterr().out)["says"]
    assert status == 1 and time.monotonic() - started < 30
    assert re.search(says, said), said
    assert said.isprintable() and len(said) < 500


@pytest.mark.parametrize(
    "models",
    [
        lambda at: at.say(b"[]"),
        lambda at: at.say(b"not json"),
        lambda at: at.say({"data": 3}),
        lambda at: at.say({"data": []}),
        lambda at: at.say(b"", 302, Location="http://example.com/"),
        lambda at: endless(b"{", b" " * 65536)(at, None),
    ],
)
def test_a_hostile_list_of_models_is_one_sentence_too(models: Any) -> None:
    with server(right(), models) as url, pytest.raises(Problem) as no:
        served.run(url)
    assert no.value.exit == ExitStatus.NO and "--model" in f"{no.value.says} {no.value.hint}"


def test_a_list_that_fails_does_not_matter_when_the_model_is_named() -> None:
    with server(right(), lambda at: at.say(b"not json")) as url:
        assert served.run(url, MODEL).verdict == "same"


def test_a_silent_server_meets_the_deadline() -> None:
    with server(lambda at, body: time.sleep(8)) as url:
        started = time.monotonic()
        result = served.run(url, seconds=2)
    assert result.verdict == "timeout" and time.monotonic() - started < 7


def test_nobody_there_and_no_address_are_usage() -> None:
    with server(right()) as url:
        pass
    for bad in (url, "http://", "http://u:p@127.0.0.1:1/v1", "http://127.0.0.1:99999", "http://127.0.0.1:8000/v1?x=1", "ftp://x"):
        with pytest.raises(Problem) as no:
            served.run(bad)
        assert no.value.exit == ExitStatus.USAGE


def test_no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(right()) as url:
        assert served.run(url).verdict == "same"


@pytest.mark.skipif(sys.platform == "win32", reason="ru_maxrss is POSIX")
def test_an_endless_answer_takes_bounded_memory() -> None:
    code = """
import resource, sys
from pathfinder.judging import served
from pathfinder.errors import Problem
try:
    served.run(sys.argv[1])
except Problem as no:
    assert "longer than" in no.says, no.says
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    with server(right(), lambda at: endless(b"", b" " * 65536)(at, None)) as url:
        said = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True, timeout=60)
    assert int(said.stdout) * (1 if sys.platform == "darwin" else 1024) < 200 << 20


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1/"])
def test_addresses_end_in_v1(url: str) -> None:
    assert served.address(url) == "http://127.0.0.1:8000/v1"


def test_all_tokens_that_are_text_are_known_by_it() -> None:
    assert probe_model.pieces()[" P"] == 348 and probe_model.end() == 511
    watched = {id for answer in REFERENCE.answers for ids in answer.top for id in ids}
    assert len(watched - set(TEXT)) < len(watched) / 10
