"""One question in a terminal: a list to move in, narrowed by typing, with a way back. Drawn in place and gone when answered."""

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from pathfinder.telling.questions import Choice

MOST_ROWS = 12
LEAST_WIDTH_FOR_NOTES = 64


class Question(NamedTuple):
    title: str
    choices: Sequence[Choice]
    default: str | None = None
    free: str | None = None
    """What typed text is taken for when it is none of the choices, such as "a file or hf:owner/repo"; None: it is not taken."""
    back: bool = True
    complaint: str = ""
    """Why the answer before was not taken."""


class State:
    """Where the person is: what was typed, and which row is chosen."""

    def __init__(self, question: Question) -> None:
        self.question = question
        values = [choice.value for choice in question.choices]
        self.usual = values.index(question.default) if question.default in values else 0
        self.typed, self.at = "", self.usual

    def rows(self) -> list[Choice]:
        words = self.typed.lower().split()
        found = [one for one in self.question.choices if all(word in f"{one.label} {one.value} {one.note}".lower() for word in words)]
        if self.question.free and self.typed.strip():
            found.append(Choice(self.typed.strip(), f'"{self.typed.strip()}"', f"as typed: {self.question.free}"))
        return found

    def move(self, by: int, around: bool = False) -> None:
        rows = self.rows()
        if rows:
            self.at = (self.at + by) % len(rows) if around else min(max(self.at + by, 0), len(rows) - 1)

    def type(self, text: str) -> None:
        self.typed, self.at = text, 0 if text else self.usual

    def chosen(self) -> Choice | None:
        rows = self.rows()
        return rows[self.at] if self.at < len(rows) else None


def lines(state: State, width: int, height: int) -> list[tuple[str, str]]:
    """The picture: (style, line), no line wider than the terminal. ASCII only, so that any terminal shows it."""
    question, rows = state.question, state.rows()
    drawn = [("bold", line) for line in _wrapped(question.title, width)]
    if question.complaint:
        drawn += [("", line) for line in _wrapped(question.complaint, width)]
    if state.typed:
        drawn.append(("", _cut(f"Filter: {state.typed}_", width)))
    chosen = state.chosen()
    below = [("", line) for line in _wrapped(chosen.note, width - 4, "    ")][:3] if chosen and chosen.note else []
    wide = width >= LEAST_WIDTH_FOR_NOTES
    keys = "Up/Down move, type to filter, Enter takes" + (", Esc goes back" if question.back or state.typed else "") + ", Ctrl-C ends."
    foot = [("", line) for line in _wrapped(keys, width)]
    room = max(3, min(MOST_ROWS, height - len(drawn) - len(foot) - (0 if wide else 3) - 3))
    first = min(max(0, state.at - room // 2), max(0, len(rows) - room))
    column = min(max((len(row.label) for row in rows[first : first + room]), default=0), width // 2)
    for index, row in enumerate(rows[first : first + room], first):
        here = index == state.at
        text = f"{row.label:<{column}}  {row.note}" if wide and row.note else row.label
        drawn.append(("reverse" if here else "", _cut(f"{'>' if here else ' '} {text}", width)))
    if not rows:
        drawn.append(("", _cut("  Nothing matches; Backspace widens.", width)))
    left = len(rows) - first - room
    if left > 0:
        drawn.append(("", _cut(f"  ... {left} more", width)))
    return drawn + ([] if wide else below) + foot


def pick(question: Question) -> str | None:
    """The value chosen or typed; None for the way back. Raises KeyboardInterrupt on Ctrl-C."""
    from prompt_toolkit.application import Application, get_app
    from prompt_toolkit.layout import FormattedTextControl, Layout, Window

    state = State(question)

    def picture() -> Any:
        size = get_app().output.get_size()
        drawn = lines(state, max(size.columns - 1, 20), size.rows)
        return [part for style, line in drawn for part in ((style, line), ("", "\n"))][:-1]

    window = Window(FormattedTextControl(picture, show_cursor=False), dont_extend_height=True)
    app: Application[str | None] = Application(
        layout=Layout(window), key_bindings=_keys(state), erase_when_done=True, full_screen=False, mouse_support=False
    )
    app.ttimeoutlen = 0.05
    return app.run()


def _keys(state: State) -> Any:
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.keys import Keys

    keys = KeyBindings()

    for key, by in (("up", -1), ("c-p", -1), ("down", 1), ("c-n", 1), ("s-tab", -1), ("tab", 1)):
        keys.add(key)(lambda event, by=by: state.move(by, around=True))
    for key, by in (("pageup", -10), ("pagedown", 10), ("home", -(1 << 30)), ("end", 1 << 30)):
        keys.add(key)(lambda event, by=by: state.move(by))

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        chosen = state.chosen()
        if chosen is not None:
            event.app.exit(result=chosen.value)

    @keys.add("escape", eager=True)
    @keys.add("left")
    def _(event: KeyPressEvent) -> None:
        if state.typed:
            state.type("")
        elif state.question.back:
            event.app.exit(result=None)

    @keys.add("c-c")
    @keys.add("c-d")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt)

    @keys.add("backspace")
    def _(event: KeyPressEvent) -> None:
        state.type(state.typed[:-1])

    @keys.add("c-u")
    def _(event: KeyPressEvent) -> None:
        state.type("")

    @keys.add(Keys.BracketedPaste)
    @keys.add(Keys.Any)
    def _(event: KeyPressEvent) -> None:
        state.type((state.typed + "".join(char for char in event.data if char.isprintable()))[:500])

    return keys


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, max(width, 10), initial_indent=indent, subsequent_indent=indent) or [""]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 0)] + "..."
