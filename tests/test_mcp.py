"""The agent's view, asked by the SDK's own client over standard input and output."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import jsonschema
import pytest

from pathfinder.checking.tools import DOCUMENTS, tools
from pathfinder.errors import Problem
from pathfinder.telling import schemas

from .test_cli import PROGRAM

needs_sdk = pytest.mark.skipif(not __import__("importlib").util.find_spec("mcp_types"), reason="the SDK is not installed")


def talk(to: Callable[[Any], Awaitable[Any]], *options: str) -> Any:
    import anyio
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def session() -> Any:
        parameters = StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], "mcp", *options])
        async with stdio_client(parameters) as (reads, writes), ClientSession(reads, writes) as client:
            await client.initialize()
            with anyio.fail_after(90):
                return await to(client)

    return anyio.run(session)


def printed(*args: str) -> Any:
    return json.loads(subprocess.run([*PROGRAM, *args, "--json"], capture_output=True, check=False, timeout=60).stdout)


@needs_sdk
def test_four_tools_with_the_schemas_of_the_command() -> None:
    async def ask(client: Any) -> Any:
        return (await client.list_tools()).tools

    offered = {tool.name: tool for tool in talk(ask)}
    assert set(offered) == {"detect", "recommend", "estimate", "check"}
    for name, document in DOCUMENTS.items():
        assert offered[name].output_schema == json.loads(schemas.text(document))
        jsonschema.Draft202012Validator.check_schema(offered[name].input_schema)
        assert all(one["description"] for one in offered[name].input_schema["properties"].values())
        assert offered[name].annotations.read_only_hint
    assert "model" in offered["recommend"].input_schema["required"]
    assert offered["recommend"].input_schema["properties"]["prefer"]["enum"] == ["simple", "fast", "throughput", "memory"]


@needs_sdk
def test_the_answers_are_the_command_s_own() -> None:
    host = "profile:desktop-rtx-4090"

    async def ask(client: Any) -> Any:
        return [
            await client.call_tool("detect", {"host": host}),
            await client.call_tool("recommend", {"model": "llama-3-8b", "host": host, "for": "team", "top": 2}),
            await client.call_tool("estimate", {"ref": "llama-3-8b", "context": 4096, "host": host}),
            await client.call_tool("check", {"expectation": ["cuda >= 99", "vram >= 20GiB"], "host": host}),
        ]

    answers = talk(ask, "--offline")
    same = [
        printed("detect", "--host", host),
        printed("recommend", "--model", "llama-3-8b", "--host", host, "--for", "team", "--top", "2"),
        printed("estimate", "llama-3-8b", "--context", "4096", "--host", host),
        printed("check", "cuda >= 99", "vram >= 20GiB", "--host", host),
    ]
    for answer, document in zip(answers, same, strict=True):
        assert not answer.is_error
        assert answer.structured_content == document
        assert json.loads(answer.content[0].text) == document
        assert document["schema"].startswith("pathfinder/")
    assert answers[3].structured_content["counts"]["fail"] == 1


@needs_sdk
def test_mistakes_are_sentences_and_the_server_goes_on() -> None:
    async def ask(client: Any) -> Any:
        return [
            await client.call_tool("recommend", {"model": "no-such-model-anywhere"}),
            await client.call_tool("check", {"expectation": ["memory.no_such_fact > 1"]}),
            await client.call_tool("estimate", {"ref": "--help"}),
            await client.call_tool("detect", {"save": "/tmp/x"}),
            await client.call_tool("uninstall", {"runtime": "ollama"}),
            await client.call_tool("detect", {"host": "profile:dgx-spark"}),
        ]

    *wrong, right = talk(ask)
    assert all(one.is_error for one in wrong)
    assert "no-such-model-anywhere" in wrong[0].content[0].text
    assert "Traceback" not in " ".join(one.content[0].text for one in wrong)
    assert not right.is_error


def test_arguments_become_words_that_nothing_can_be_smuggled_into() -> None:
    known = {tool.name: tool for tool in tools()}
    given = {"model": "--save=/tmp/x", "for": "team", "context": 4096, "prefer": None}
    assert known["recommend"].argv(given) == ["recommend", "--json", "--top=3", "--model=--save=/tmp/x", "--for=team", "--context=4096"]
    assert known["check"].argv({"expectation": ["--file=/etc/passwd"]}) == ["check", "--json", "--", "--file=/etc/passwd"]
    assert known["estimate"].argv({"ref": "x", "cpu": True, "engine": "vllm"}) == [
        "estimate",
        "--json",
        "--cpu",
        "--engine=vllm",
        "--",
        "x",
    ]
    for name, bad in (("detect", {"save": "x"}), ("recommend", {}), ("check", {"expectation": []}), ("check", {"file": "x"})):
        with pytest.raises(Problem):
            known[name].argv(bad)


def test_without_the_sdk_one_sentence_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['mcp_types'] = None; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()"
    hide = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n.startswith('mcp') else f(n, *a); "
    done = subprocess.run([sys.executable, "-c", hide + code, "mcp"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'llm-pathfinder[mcp]'" in done.stderr
    assert "Traceback" not in done.stderr
