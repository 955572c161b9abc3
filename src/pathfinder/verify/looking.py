"""What is there once a recipe is installed: what imports, which flags the program's own help knows."""

from collections.abc import Callable, Sequence

from pathfinder.acting.run import Outcome
from pathfinder.types.steps import StepTemplate
from pathfinder.verify.flags import Asked, asked, imports, known
from pathfinder.verify.targets import listed

HELP_SECONDS = 240.0
LOOK = """
import importlib, importlib.metadata as m, json, sys
found = {"versions": {d.metadata["Name"]: d.version for d in m.distributions() if d.metadata["Name"]}, "imported": [], "failed": ""}
owners = m.packages_distributions()
for name in sys.argv[1:]:
    fold = lambda text: text.lower().replace("-", "_").replace(".", "_")
    mine = sorted((module for module, owned in owners.items() if fold(name) in map(fold, owned) and module.isidentifier()),
                  key=lambda module: (fold(module) != fold(name), fold(module) not in fold(name), module.startswith("_"), module))
    if mine:
        try:
            importlib.import_module(mine[0])
            found["imported"].append(mine[0])
        except BaseException as error:
            found["failed"] = f"import {mine[0]}: {type(error).__name__}: {error}"
print("\\n" + json.dumps(found))
"""


Run = Callable[[Sequence[str], float], tuple[Outcome, str]]


def check_start(step: StepTemplate, run: Run) -> tuple[list[str], list[str]]:
    """What holds and what does not of a start command: its flags in the program's help, or the imports of its code."""
    ask = asked(step)
    if ask is None:
        return [], []
    if ask.code is not None:
        return _code(ask, run)
    heard, shown = "", ""
    for program in _ladder(ask):
        for option in ("--help", "--help=all", "-h"):
            ended, said = run([*program, option], HELP_SECONDS)
            if ended.code == 0 and known(said):
                heard, shown = f"{heard}\n{said}", shown or " ".join([*_spelt(program), option])
            if set(ask.flags) <= known(heard):
                break
        if heard:
            break
    if not heard:
        return [], [f"`{' '.join(_spelt((*ask.program, *ask.subcommands)))} --help` does not answer: {last(said) or ended.signal}"]
    missing = [flag for flag in ask.flags if flag not in known(heard)]
    there = [flag for flag in ask.flags if flag not in missing]
    bad = [f"`{shown}` knows no {listed(missing)}"] if missing else []
    return [f"`{shown}` knows {listed(there)}" if there else f"`{shown}` answers"], bad


def _ladder(ask: Asked) -> list[tuple[str, ...]]:
    """The program with all its subcommands, then with fewer: a bare word may as well be a model's name."""
    return [(*ask.program, *ask.subcommands[:length]) for length in range(len(ask.subcommands), -1, -1)]


def _spelt(program: Sequence[str]) -> list[str]:
    return [word.replace("{bin}/", "").replace("{python}", "python") for word in program]


def _code(ask: Asked, run: Run) -> tuple[list[str], list[str]]:
    try:
        lines = imports(ask.code or "")
    except SyntaxError as error:
        return [], [f"the start command is no Python: {error.msg}"]
    ended, said = run([*ask.program, "-c", lines], HELP_SECONDS)
    told = listed(lines.splitlines())
    return ([f"the start command's `{told}` works"], []) if ended.code == 0 else ([], [f"`{told}` fails: {last(said) or ended.signal}"])


def last(text: str) -> str:
    return next((line.strip()[:300] for line in reversed(text.splitlines()) if line.strip()), "")
