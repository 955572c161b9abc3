"""The Typer application: a group that builds one verb, and options whose plain values need no validation library."""

import os
import sys
from functools import partial
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from pathfinder.cli import VERBS
from pathfinder.cli.session import Session, everywhere
from pathfinder.errors import ExitStatus

COMPLETE = "_PATHFINDER_COMPLETE"
"""Set when a shell asks what could follow (`pathfinder.cli.complete`)."""
_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


def run(args: list[str]) -> int:
    """Parse and run; raises `Problem` for a usage error."""
    if args[:1] == ["help"]:
        args = [*args[1:], "--help"]
    if not args or not {"-h", "--help"}.isdisjoint(args):
        _fit_the_terminal()
    command = _group()
    if COMPLETE in os.environ:
        _answer_the_shell()
    try:
        status = command.main(_verb_first(args), prog_name="pathfinder", standalone_mode=False)
    except typer.Exit as stop:
        status = stop.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        from pathfinder.cli.mistakes import usage

        raise usage(error) from None
    if status == ExitStatus.INTERRUPTED:  # Typer makes Ctrl-C an exit of its own
        raise KeyboardInterrupt
    return int(status or 0)


def build(verb: str) -> Any:
    """The command object of one verb, its options and the options every verb has."""
    module = import_module(f"pathfinder.cli.{verb}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(verb, help=getattr(module, verb).__doc__ or VERBS[verb])(getattr(module, verb))
    app.rich_markup_mode = None
    command = typer.main.get_command(app)
    command.name = verb
    command.context_settings = _SETTINGS
    for leaf in getattr(command, "commands", {"": command}).values():
        leaf.params.extend(_everywhere_params())
        for parameter in leaf.params:
            parameter.metavar = parameter.metavar or _placeholder(parameter)
        if COMPLETE in os.environ:
            from pathfinder.cli.complete import attach

            attach(leaf, verb)
        leaf.context_settings = _SETTINGS
        leaf.__class__ = _Verb
    _quicken(command)
    return command


_SAYS = "Which local AI runtime runs on this machine, how to start it, and whether it computes the right numbers."
_BEGIN = [
    ("pathfinder", "In a terminal: four questions, then what to do."),
    ("pathfinder recommend --model llama-3-8b", "The same with options; any model's name will do."),
    ("pathfinder VERB --help", "A verb's options."),
]


class _Group(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return build(cmd_name) if cmd_name in VERBS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in VERBS and not args[0].startswith("-"):
            from pathfinder.cli.mistakes import no_verb

            raise no_verb(args[0])
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Verbs with their sentences; building each to ask it would take ten times as long."""
        found = [_completion_item()(verb, help=says) for verb, says in VERBS.items() if verb.startswith(incomplete)]
        return found or TyperCommand.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, VERBS[verb]) for verb in self.list_commands(ctx)])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("To begin"):
            formatter.write_dl(_BEGIN, col_max=24)


class _Verb(TyperCommand):
    """Takes the options every verb has out of the call and into a `Session` at `ctx.obj`."""

    def invoke(self, ctx: Any) -> Any:
        ctx.obj = Session(**{name: ctx.params.pop(name) for name in Session.__annotations__})
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return ["[OPTIONS]", *(_written(one) for one in self.get_params(ctx) if one.param_type_name == "argument")]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[Any]] = {"Arguments": [], "Options": [], "Everywhere": []}
        for parameter in self.get_params(ctx):
            kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
            record = parameter.get_help_record(ctx)
            if record:
                words = parameter.metavar if kind == "Arguments" else record[0]
                section = "Everywhere" if parameter.name in Session.__annotations__ else kind
                sections[section].append((words, record[1].replace("\\[", "[")))
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _written(argument: Any) -> str:
    """An argument in the line of usage: `RUNTIME`, `[RUNTIME]`, `[RUNTIME]...`; versions of Typer differ in who adds the brackets."""
    name = argument.metavar if argument.required else f"[{argument.metavar}]"
    return f"{name}..." if argument.nargs == -1 else name


def _placeholder(parameter: Any) -> str | None:
    """What stands for a value in the help: `N` for a number, else the parameter's name."""
    if getattr(parameter, "is_flag", False):
        return None
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None) or getattr(parameter.type, "name", "")
    if parameter.name == "deadline":
        return "SECONDS"
    return "N" if kind in (int, float, "integer", "float", "integer range") else str(parameter.name).strip("_").replace("_", "-").upper()


def _group() -> Any:
    app = typer.Typer(
        cls=_Group,
        add_completion=False,
        context_settings=_SETTINGS,
        rich_markup_mode=None,
        subcommand_metavar="VERB [OPTIONS] [ARGUMENTS]",
        help=_SAYS,
    )
    app.callback(invoke_without_command=True)(_top)
    group = typer.main.get_command(app)
    _quicken(group)
    return group


def _top(ctx: typer.Context, version: bool = typer.Option(False, "--version", "-V", help="Print the version and exit.")) -> None:
    """Which local AI runtime runs on this machine, how to start it, and whether it computes the right numbers."""
    if version:
        from pathfinder import __version__

        print(f"pathfinder {__version__}")
        raise typer.Exit(0)
    if ctx.invoked_subcommand is None:
        if sys.stdin.isatty() and sys.stdout.isatty():
            from pathfinder.cli.dialogue import dialogue, possible

            if possible():
                raise typer.Exit(dialogue())
        print(ctx.get_help())
        raise typer.Exit(0)


def _fit_the_terminal() -> None:
    """Help is made for 50 columns and more: in a narrower terminal it is told how many there are."""
    from shutil import get_terminal_size

    columns = get_terminal_size().columns
    if columns < 52:
        _SETTINGS["terminal_width"] = max(columns, 30)


def _answer_the_shell() -> None:
    from pathfinder.cli.complete import glue

    import_module("typer.completion").completion_init()
    shells = sys.modules.get("typer._completion_classes")
    if hasattr(shells, "_sanitize_help_text"):
        shells._sanitize_help_text = str  # type: ignore[union-attr]  # ours has no markup to take out, and rich takes longer than the rest
    if os.environ[COMPLETE].endswith("bash"):
        glue()


def _completion_item() -> Any:
    """Click's class, from Typer's own copy of it or, with an older Typer, from Click."""
    try:
        return import_module("typer._click.shell_completion").CompletionItem
    except ImportError:
        return import_module("click.shell_completion").CompletionItem


def _everywhere_params() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(everywhere)
    return typer.main.get_command(app).params


def _verb_first(args: list[str]) -> list[str]:
    """Options every verb has may also stand before the verb: move them behind it."""
    valued = {"--host", "--overlay", "--override"}
    plain = {"--json", "--offline", "--no-color", "--explain"}
    index = 0
    while index < len(args) and (args[index] in plain or args[index].split("=", 1)[0] in valued):
        index += 2 if args[index] in valued else 1
    head, rest = args[:index], args[index:]
    return [*rest[:1], *head, *rest[1:]] if rest else head


# Typer validates every value with pydantic, whose import alone costs twice the rest of a run. Text needs no validation, and a
# number that `int` or `float` reads needs none either; everything else goes the long way, which also words the errors.
# Should a newer Typer move this hook, the options keep Typer's own conversion and are only slower.


def _plain(annotation: Any, value: Any) -> tuple[bool, Any]:
    if value is None:
        return annotation in (str, int, float, bool), None
    if annotation in (str, bool) and type(value) is annotation:
        return True, value
    if annotation in (int, float) and isinstance(value, (str, int, float)):
        try:
            return True, annotation(value)
        except ValueError:
            return False, None
    if annotation == list[str] and isinstance(value, (list, tuple)):
        return True, [str(item) for item in value]
    return False, None


def _quicken(command: Any) -> None:
    for parameter in command.params:
        _quicken_one(parameter)
    help_option = command.get_help_option
    command.get_help_option = lambda ctx: _quicken_one(help_option(ctx))
    for child in getattr(command, "commands", {}).values():
        _quicken(child)


def _quicken_one(parameter: Any) -> Any:
    if hasattr(parameter, "type_descriptor") and not isinstance(parameter.process_value, partial):
        parameter.process_value = partial(_process, parameter, parameter.process_value)
    return parameter


def _process(parameter: Any, typers_own: Any, ctx: Any, value: Any) -> Any:
    quick, converted = _plain(getattr(parameter.type_descriptor, "annotation", None), value)
    if not quick or (parameter.required and converted in (None, []) and not ctx.resilient_parsing):
        return typers_own(ctx, value)
    return parameter.callback(ctx, parameter, converted) if parameter.callback is not None else converted


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
