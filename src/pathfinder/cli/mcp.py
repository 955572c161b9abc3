"""`pathfinder mcp`: the verbs that only look, for agents, over the Model Context Protocol on standard input and output."""

from typing import Any

import typer

from pathfinder.cli.session import Session
from pathfinder.errors import Problem

TOO_LONG_SECONDS = 120.0
INSTRUCTIONS = (
    "pathfinder knows which local AI runtime (llama.cpp, vLLM, Ollama, MLX, ...) runs on a machine. Call `recommend` with a model's name "
    "for ranked runtimes with exact install and launch commands; `estimate` for memory and speed of one model; `check` to assert facts; "
    "`detect` for the hardware. null means unknown, never no. Nothing is installed or started."
)


def mcp(ctx: typer.Context) -> int:
    """Serve detect, recommend, estimate and check to agents over the Model Context Protocol, on standard input and output.

    --offline and --overlay given here hold for every call. It ends when its input does.
    """
    from importlib.util import find_spec

    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        raise Problem(
            "The Model Context Protocol SDK is not installed, or is older than version 2.",
            where="mcp",
            hint="Get it with: pip install 'llm-pathfinder[mcp]'",
        )
    import anyio

    session: Session = ctx.obj
    anyio.run(_serve, session)
    return 0


async def _serve(session: Session) -> None:
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server
    from mcp_types import CallToolResult, ListToolsResult, TextContent, ToolAnnotations
    from mcp_types import Tool as Offered

    from pathfinder import __version__
    from pathfinder.checking.tools import tools

    known = {tool.name: tool for tool in tools()}
    looks = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

    async def listed(_: Any, params: Any) -> ListToolsResult:
        offered = [
            Offered(name=one.name, description=one.says, input_schema=one.asks(), output_schema=one.answer, annotations=looks)
            for one in known.values()
        ]
        return ListToolsResult(tools=offered)

    async def called(_: Any, params: Any) -> CallToolResult:
        try:
            if params.name not in known:
                raise Problem(f"There is no tool {params.name!r}.", hint=f"There are: {', '.join(known)}.")
            text, document = await _answer(known[params.name].argv(params.arguments or {}), session)
        except Problem as problem:
            says = " ".join(filter(None, (problem.where and f"{problem.where}:", problem.says, problem.hint)))
            return CallToolResult(content=[TextContent(text=says)], is_error=True)
        return CallToolResult(content=[TextContent(text=text)], structured_content=document)

    server: Server[Any] = Server("pathfinder", version=__version__, instructions=INSTRUCTIONS, on_list_tools=listed, on_call_tool=called)
    async with stdio_server() as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())


async def _answer(argv: list[str], session: Session) -> tuple[str, Any]:
    """The verb's document, from a process of its own: a probe that hangs or crashes takes no server along."""
    import json
    import subprocess
    import sys

    import anyio

    program = "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()"
    fixed = [*(["--offline"] if session.offline else []), *(f"--overlay={folder}" for folder in session.overlay)]
    command = [sys.executable, "-X", "utf8", "-c", program, argv[0], *fixed, *argv[1:]]
    try:
        with anyio.fail_after(TOO_LONG_SECONDS):
            done = await anyio.run_process(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    except TimeoutError:
        raise Problem(f"No answer within {TOO_LONG_SECONDS:.0f} seconds.", where=argv[0]) from None
    text = done.stdout.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        raise Problem("It printed no document.", where=argv[0], hint=done.stderr.decode("utf-8", "replace")[-500:]) from None
    if document.get("schema") == "pathfinder/problem/v1":
        raise Problem(document["says"], where=document.get("where"), hint=document.get("hint"))
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")), document
