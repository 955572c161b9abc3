"""What is said to somebody who typed what the command cannot read: what is wrong, and what to type instead."""

import re
from typing import Any

from pathfinder.errors import ExitStatus, Problem

EXAMPLES = {
    "recommend": "pathfinder recommend --model llama-3-8b",
    "estimate": "pathfinder estimate llama-3-8b",
    "install": "pathfinder install llama.cpp",
    "launch": "pathfinder launch llama.cpp --model qwen3-0.6b",
}
"""What to type where something is missing that the verb cannot do without."""


_WORDING = {
    r"Input should be a valid integer.*": "it takes a whole number",
    r"Input should be a valid number.*": "it takes a number",
    r"'[^']*' is not a valid integer": "it takes a whole number",
    r"'[^']*' is not a valid float": "it takes a number",
}
"""What Typer's libraries say of numbers, and what a person is told."""


def usage(error: Any) -> Problem:
    """Click's own error, with an example or the choices there are."""
    says = error.format_message().strip().rstrip(".")
    for theirs, ours in _WORDING.items():
        says = re.sub(theirs, ours, says)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "pathfinder"
    below = ", ".join(getattr(getattr(context, "command", None), "commands", ()))
    hint = f"See '{path} --help'."
    if says.startswith("Missing command") and below:
        hint = f"One of: {below}. {hint}"
    elif says.startswith("Missing") and path.rpartition(" ")[2] in EXAMPLES:
        hint = f"Example: {EXAMPLES[path.rpartition(' ')[2]]}"
    return Problem(says if says.endswith("?") else f"{says}.", hint=hint, exit=ExitStatus.USAGE)


def no_verb(name: str) -> Problem:
    from difflib import get_close_matches

    from pathfinder.cli import VERBS

    near = get_close_matches(name.lower(), VERBS, 2)
    hint = f"Did you mean {' or '.join(near)}? " if near else _with_verb(name)
    return Problem(f"There is no verb {name!r}.", hint=f"{hint}See 'pathfinder --help'.")


def _with_verb(name: str) -> str:
    """For the name of a model or a runtime where a verb should stand: the command that was probably meant."""
    from pathfinder.data import store
    from pathfinder.naming.names import plainly
    from pathfinder.telling.quoting import sh

    if name.lower().startswith("hf:") or name.lower().endswith(".gguf") or store.named(plainly(name), ()) is not None:
        return f"For a model: {sh(['pathfinder', 'recommend', '--model', name])}. "
    try:
        return f"For a runtime: {sh(['pathfinder', 'setup', store.runtime(name).id, '--model', 'llama-3-8b'])}. "
    except Problem:
        return ""
