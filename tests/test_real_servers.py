"""The way of a new user with servers that people run: install, launch, ask through OpenAI's own client, verify, stop. Nothing is made up.

Each runtime goes into a data folder of its own below a temporary home; packages come from the registry or pip's cache. Where the
registry does not answer the tests are skipped. `PATHFINDER_REAL_HOME=DIR` keeps the environments for the next run.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pathfinder.judging import probe_model
from pathfinder.telling import schemas

openai = pytest.importorskip("openai", reason="the openai client is not installed")

PROMPT, ANSWER = "The capital of France is", " Paris."
FORMS = {form.name: form.path for form in probe_model.every()}
SERVERS = {
    "llama-cpp-python": (FORMS["q8_0"], "same", 0.3),
    "mlx-lm": (FORMS["hf"], "same", 0.06),
    "mlx-vlm": (FORMS["hf"], "same", 0.06),
    "transformers-serve": (FORMS["hf"], "close", None),
}
CHAT_ONLY = ("mlx-vlm",)
"""Servers without completions; a model without a chat template gets the prompt as it is from them."""


def registry() -> str | None:
    """Why packages cannot be had, if so."""
    if sys.platform != "linux":
        return "the recipes tried here are Linux's"
    asked = [sys.executable, "-m", "pip", "index", "versions", "llama-cpp-python"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
    return None if done.returncode == 0 else "the package registry is not reachable"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    why = registry()
    if why:
        pytest.skip(why)
    kept = os.environ.get("PATHFINDER_REAL_HOME")
    return Path(kept) if kept else tmp_path_factory.mktemp("home")


def environment(home: Path) -> dict[str, str]:
    """A new user's, except that pip's cache is shared, no index is asked twice, and a CPU wheel of PyTorch that is here is taken."""
    cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False).stdout.strip()
    env = {**os.environ, "HOME": str(home), "PIP_CACHE_DIR": cache, "PIP_RETRIES": "0", "PIP_NO_COMPILE": "1"}
    if shutil.which("uv"):
        env["UV_CACHE_DIR"] = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=False).stdout.strip()
    here = next((wheel for place in os.environ.get("PIP_FIND_LINKS", "").split() for wheel in Path(place).glob("torch-*+cpu-*.whl")), None)
    if here is not None:
        constraint = home / "constraint.txt"
        constraint.write_text(f"torch=={here.name.split('-')[1].partition('+')[0]}\n")
        env["PIP_CONSTRAINT"] = str(constraint)
    return env


def pathfinder(home: Path, *args: str, ok: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from pathfinder.cli import script; script()", *args],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not ok or done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    def __init__(self, runtime: str, at: int, home: Path, proof: dict[str, Any], evidence: Path) -> None:
        self.runtime, self.url, self.home, self.proof, self.evidence = runtime, f"http://127.0.0.1:{at}/v1", home, proof, evidence
        self.model, self.verdict, self.tolerance = SERVERS[runtime]
        self.client = openai.OpenAI(base_url=self.url, api_key="none", max_retries=0, timeout=120)
        self.completes = runtime not in CHAT_ONLY

    def answer(self) -> str:
        """The answer to `PROMPT`, by a completion where there are such."""
        if self.completes:
            return str(self.client.completions.create(model=self.model, prompt=PROMPT, max_tokens=16, temperature=0).choices[0].text)
        said = [{"role": "user", "content": PROMPT}]
        return str(
            self.client.chat.completions.create(model=self.model, messages=said, max_tokens=16, temperature=0).choices[0].message.content
        )


@pytest.fixture(scope="module", params=list(SERVERS))
def served(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Installed, launched, verified, left running; at last stopped."""
    runtime, model, at = request.param, SERVERS[request.param][0], port()
    evidence = tmp_path_factory.mktemp("evidence") / f"{runtime}.json"
    assert "is installed" in pathfinder(home, "install", runtime, "--model", model, "--yes")
    args = ("--model", model, "--port", str(at), "--detach", "--wait", "180", "--verify", "--record", str(evidence), "--json")
    proof = json.loads(pathfinder(home, "launch", runtime, *args))
    try:
        yield Served(runtime, at, home, proof, evidence)
    finally:
        assert "stopped" in pathfinder(home, "stop", "--all")
        assert "No servers" in pathfinder(home, "ps")
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", at), timeout=1).close()


def test_launch_verify_proves_and_records_what_the_matrix_takes_in(served: Served, tmp_path: Path) -> None:
    said = served.proof
    assert (said["schema"], said["verdict"], said["result"]["verdict"]) == ("pathfinder/proof/v1", "proved", served.verdict)
    jsonschema.validate(said, schemas.schema("proof"))
    assert said["result"]["numerics"]["basis"] == ("text" if served.tolerance is None else "logprobs")
    assert said["result"]["numerics"]["tolerance"] == served.tolerance
    assert {check["what"]: check["holds"] for check in said["checks"]} == {"numbers": True, "device": True, "speed": None}
    ((cell, (entry,)),) = json.loads(served.evidence.read_text())["cells"].items()
    assert (cell, entry["how"]) == (said["cell"], "run")
    overlay = tmp_path / "evidence"
    overlay.mkdir()
    (overlay / served.evidence.name).write_bytes(served.evidence.read_bytes())
    shown = json.loads(pathfinder(served.home, "matrix", "show", served.runtime, "--overlay", str(tmp_path), "--json"))
    (found,) = [one for one in shown["cells"] if one["id"] == cell]
    assert entry in found["evidence"]


def test_completions_and_their_stream(served: Served) -> None:
    assert served.answer().strip() == ANSWER.strip()
    if not served.completes:
        return
    asked: dict[str, Any] = {"model": served.model, "prompt": PROMPT, "max_tokens": 16, "temperature": 0}
    pieces = [event.choices[0].text for event in served.client.completions.create(**asked, stream=True) if event.choices]
    assert "".join(pieces).strip() == ANSWER.strip() and len(pieces) > 1


def test_the_call_that_launch_prints_works(served: Served) -> None:
    served.client.models.list()


def test_chat_and_its_stream(served: Served) -> None:
    """The probe model's repository has no chat template: a server either has a usual one or says that there is none."""
    asked: dict[str, Any] = {"model": served.model, "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 8, "temperature": 0}
    try:
        whole = served.client.chat.completions.create(**asked).choices[0].message.content
    except openai.APIStatusError as no:
        assert served.runtime != "llama-cpp-python" and no.status_code >= 400
        return
    pieces = [
        event.choices[0].delta.content or "" for event in served.client.chat.completions.create(**asked, stream=True) if event.choices
    ]
    assert isinstance(whole, str) and "".join(pieces).strip() == whole.strip()


def test_wrong_input_is_an_error_and_the_server_lives(served: Served) -> None:
    for body in (b"{", b'{"model": 7, "prompt": ["x", {"y": 1}], "max_tokens": "many"}'):
        request = urllib.request.Request(
            f"{served.url}/{'completions' if served.completes else 'chat/completions'}", body, {"Content-Type": "application/json"}
        )
        with pytest.raises((urllib.error.URLError, ConnectionError, OSError)):
            urllib.request.urlopen(request, timeout=60).read()
    assert served.answer().strip() == ANSWER.strip()


def test_log_probabilities_where_the_server_offers_them(served: Served) -> None:
    asked: dict[str, Any] = {"model": served.model, "prompt": PROMPT, "max_tokens": 16, "temperature": 0}
    if served.runtime == "mlx-lm":
        said = served.client.completions.create(**asked, extra_body={"logprobs": True, "top_logprobs": 11}).choices[0].model_dump()
        tops = said["logprobs"]["content"][0]["top_logprobs"]
        assert len(tops) == 11 and max(top["logprob"] for top in tops) == pytest.approx(-0.02, abs=0.02)
    elif served.runtime == "llama-cpp-python":
        found = served.client.completions.create(**asked, logprobs=5).choices[0].logprobs
        assert found and found.tokens == [" P", "aris", "."] and len(found.top_logprobs[0]) == 5
    elif served.runtime == "mlx-vlm":
        said = [{"role": "user", "content": PROMPT}]
        top = served.client.chat.completions.create(model=served.model, messages=said, max_tokens=8, logprobs=True, top_logprobs=5)  # type: ignore[call-overload]
        assert len(top.choices[0].logprobs.content[0].top_logprobs) == 5
    elif served.completes:
        assert not served.client.completions.create(**asked, logprobs=5).choices[0].logprobs


def test_a_running_server_is_judged(served: Served) -> None:
    said = json.loads(pathfinder(served.home, "run", "--engine", served.url, "--model", served.model, "--json"))
    assert said["verdict"] == served.verdict and said["first_token_seconds"] > 0


def test_it_is_listed_and_its_log_is_there(served: Served) -> None:
    (one,) = json.loads(pathfinder(served.home, "ps", "--json"))["processes"]
    assert (one["runtime"], one["state"]) == (served.runtime, "answers")
    assert pathfinder(served.home, "logs", "--lines", "200").strip()


def test_log_probabilities_cost_nothing_unless_verified(home: Path, served: Served) -> None:
    """`llama_cpp.server` keeps an array of context x vocabulary floats for them, so it is told not to."""
    if served.runtime != "llama-cpp-python":
        pytest.skip("one server has that option")
    at = str(port())
    said = pathfinder(home, "launch", served.runtime, "--model", served.model, "--port", at, "--detach")
    assert f"http://127.0.0.1:{at}/v1" in said
    call = next(line for line in said.splitlines() if line.strip().startswith("python -c ")).replace(
        "python", shlex.quote(sys.executable), 1
    )
    assert "Paris" in subprocess.run(["sh", "-c", call], capture_output=True, text=True, check=True, timeout=60).stdout
    judged = json.loads(pathfinder(home, "run", "--engine", f"http://127.0.0.1:{at}", "--json"))
    assert (judged["verdict"], judged["numerics"]["basis"]) == ("close", "text")
    assert "stopped" in pathfinder(home, "stop", "llama-cpp-python-2")
