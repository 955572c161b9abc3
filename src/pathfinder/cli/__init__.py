"""The command: one verb per module, built only when it is asked for, and the one place where errors become exit codes."""

import gc
import sys
from collections.abc import Sequence

from pathfinder.errors import ExitStatus, Problem

VERBS: dict[str, str] = {
    "detect": "What is in this machine: every fact with its source.",
    "recommend": "Which runtime runs a model here, ranked, with the commands.",
    "setup": "Write the plan as a script, a document or a configuration.",
    "install": "Put a runtime into an environment of its own.",
    "uninstall": "Take away what install did.",
    "launch": "Start a runtime's server for a model and wait until it answers.",
    "ps": "The servers that launch left running.",
    "logs": "What a server says.",
    "stop": "End servers that launch started.",
    "run": "Smoke test: load, generate, measure, judge the numbers.",
    "bench": "Speed in llama-bench's terms: prompt sizes, concurrency, an earlier run.",
    "estimate": "Memory and speed of one model on one host.",
    "check": "Assert facts about a machine, for CI.",
    "models": "The catalogue of models.",
    "matrix": "The compatibility matrix: list, show, why, lint, export.",
    "profiles": "Hand-written machines to try decisions on.",
    "schema": "Print the JSON Schema of a document.",
    "doctor": "A report on this installation and machine, to paste into an issue.",
    "mcp": "Serve detect, recommend, estimate and check to agents (Model Context Protocol).",
    "completion": "Make a shell complete verbs, options and names.",
}
"""In the order of the help. A verb `v` is the function `v` of `pathfinder.cli.v`, or its Typer application `app`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status (`pathfinder.errors.ExitStatus`)."""
    # Start-up allocates much and frees nothing: collecting during imports costs a tenth of the whole run.
    gc.disable()
    args = list(sys.argv[1:] if argv is None else argv)
    if (getattr(sys.stdout, "encoding", None) or "utf-8").lower() not in ("utf-8", "utf8"):
        from pathfinder.cli.plain import speak_plainly

        speak_plainly("--json" in args)
    try:
        status = _run(args)
    except Problem as problem:
        status = _tell(problem, as_json="--json" in args)
    except KeyboardInterrupt:
        print("pathfinder: Interrupted.", file=sys.stderr)
        status = ExitStatus.INTERRUPTED
    except BrokenPipeError:
        status = ExitStatus.OK
    except Exception as error:
        lacking = _lacking(error)
        status = _tell(lacking, as_json="--json" in args) if lacking else _bug(error, as_json="--json" in args)
    return _flush(status)


def script() -> None:
    """Entry point of the installed command."""
    import os

    status = main()
    sys.stderr.flush()
    # Tearing the interpreter down costs a tenth of the run, and would wait for a probe that hangs in a system call.
    os._exit(status)


def _run(args: list[str]) -> int:
    from pathfinder.cli.app import run

    return run(args)


def _tell(problem: Problem, *, as_json: bool) -> int:
    if as_json:
        import json

        document = {
            "schema": "pathfinder/problem/v1",
            "says": problem.says,
            "where": problem.where,
            "hint": problem.hint,
            "exit": int(problem.exit),
        }
        print(json.dumps(document, ensure_ascii=False))
    else:
        where = f"{problem.where}: " if problem.where else ""
        for line in filter(None, (f"pathfinder: {where}{problem.says}", problem.hint)):
            print(_folded(line), file=sys.stderr)
    return problem.exit


def _folded(line: str) -> str:
    """Broken at words where the terminal is narrower."""
    import os
    import textwrap

    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return line
    return "\n".join(textwrap.wrap(line, max(width, 24), break_long_words=False, break_on_hyphens=False)) if len(line) > width else line


def _lacking(error: Exception) -> Problem | None:
    """What to say where a package we need is not installed: a checkout run with a system's own packages may lack one."""
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if not name or name == "pathfinder":
        return None
    return Problem(f"This needs the Python package {name.replace('_', '-')}, which is not installed.", hint="See docs/install.md.")


def _bug(error: Exception, *, as_json: bool) -> int:
    import platform
    import traceback

    from pathfinder import __version__

    if as_json:
        _tell(Problem(f"{type(error).__name__}: {error}", hint="This is a bug in pathfinder.", exit=ExitStatus.BUG), as_json=True)
    print(
        f"pathfinder: this is a bug in pathfinder, not in what you typed. Please report the lines below.\n"
        f"pathfinder {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        file=sys.stderr,
    )
    frames = traceback.TracebackException.from_exception(error, limit=-6).format()
    print("".join(frames).rstrip(), file=sys.stderr)
    return ExitStatus.BUG


def _flush(status: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        import os

        # The reader left early (`| head -1`): nobody is there to tell, and the interpreter must not try again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(status)
