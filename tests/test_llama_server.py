"""llama.cpp's own server, where one is on the PATH (or in the folder that PATHFINDER_LLAMA_BIN names, such as a build's bin/).

Built from the sources that llama-cpp-python carries: `cmake -B build -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_UI=OFF
vendor/llama.cpp && cmake --build build --target llama-server`.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pathfinder.data import store
from pathfinder.judging import probe_model
from pathfinder.verify.flags import known, words

openai = pytest.importorskip("openai", reason="the openai client is not installed")
SEARCHED = os.pathsep.join(filter(None, (os.environ.get("PATHFINDER_LLAMA_BIN"), os.environ.get("PATH"))))
PROGRAM = shutil.which("llama-server", path=SEARCHED)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no llama-server on the PATH or in PATHFINDER_LLAMA_BIN")
PROMPT, ANSWER = "The capital of France is", " Paris."


class Served(NamedTuple):
    url: str
    form: str
    proof: dict[str, Any]
    client: Any


def pathfinder(home: Path, *args: str) -> str:
    env = {**os.environ, "HOME": str(home), "PATH": SEARCHED}
    argv = [sys.executable, "-c", "from pathfinder.cli import script; script()", *args]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["f16", "q8_0", "q4_0"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Launched and verified with nothing installed by us, left running, at last stopped."""
    home = tmp_path_factory.mktemp("home")
    model = next(form.path for form in probe_model.forms("llama.cpp") if form.name == request.param)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    proof = json.loads(pathfinder(home, "launch", "llama.cpp", "--model", model, "--port", port, "--detach", "--verify", "--json"))
    url = f"http://127.0.0.1:{port}/v1"
    try:
        yield Served(url, request.param, proof, openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=60))
    finally:
        assert "stopped" in pathfinder(home, "stop")
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()


def test_every_flag_of_the_recipes_is_one_of_the_programs() -> None:
    said = subprocess.run([str(PROGRAM), "--help"], capture_output=True, text=True, check=False, timeout=60).stdout
    there, asked = known(said), set()
    for cell in store.whole("llama.cpp").cells:
        for step in (*cell.launch, *cell.container):
            line = words(step)
            image = next((at for at, word in enumerate(line) if word.startswith("ghcr.io/ggml-org/llama.cpp")), None)
            if line and (line[0].endswith("llama-server") or image is not None):
                asked |= {word for word in line[(image or 0) + 1 :] if word.startswith("-")}
    assert {"-m", "-hf", "-ngl", "-c"} <= asked <= there


def test_its_numbers_are_right_by_log_probabilities(served: Served) -> None:
    said = served.proof
    assert (said["verdict"], said["result"]["verdict"], said["result"]["numerics"]["basis"]) == ("proved", "same", "logprobs")
    assert said["result"]["numerics"]["reference"] == f"pathfinder-probe {served.form}"
    assert {check["what"]: check["holds"] for check in said["checks"]} == {"numbers": True, "device": True, "speed": None}


def test_completions_chat_and_their_streams(served: Served) -> None:
    asked: dict[str, Any] = {"model": "any", "max_tokens": 8, "temperature": 0}
    whole = served.client.completions.create(**asked, prompt=PROMPT, logprobs=3).choices[0]
    assert whole.text == ANSWER
    pieces = [event.choices[0].text for event in served.client.completions.create(**asked, prompt=PROMPT, stream=True) if event.choices]
    assert "".join(pieces) == ANSWER and len(pieces) > 1
    said = [{"role": "user", "content": PROMPT}]
    chat = served.client.chat.completions.create(**asked, messages=said, logprobs=True, top_logprobs=3).choices[0]
    assert len(chat.logprobs.content[0].top_logprobs) == 3
    pieces = [
        event.choices[0].delta.content or ""
        for event in served.client.chat.completions.create(**asked, messages=said, stream=True)
        if event.choices
    ]
    assert "".join(pieces) == chat.message.content


def test_wrong_input_is_an_error_and_the_server_lives(served: Served) -> None:
    with pytest.raises(openai.APIStatusError):
        served.client.chat.completions.create(model="any", messages=[{"role": "user", "content": {"no": "text"}}])
    assert served.client.completions.create(model="any", prompt=PROMPT, max_tokens=8, temperature=0).choices[0].text == ANSWER
