"""The terminal session in the README: commands run in a real pseudo-terminal, and what stood on its screen drawn as an SVG.

Usage: .venv/bin/python tools/record_session.py [FILE]     Needs llama-cpp-python for the smoke test; ends with 1 when a command fails.
"""

import fcntl
import io
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS = 110, 60
COMMANDS = (
    "pathfinder recommend --model llama-3-8b --top 3 --host profile:desktop-rtx-4090",
    "pathfinder run --engine llama.cpp",
    "pathfinder check 'vram.free >= 20GiB' 'model:llama-3-8b fits' --host profile:desktop-rtx-4090",
)
DRAWN = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{unique_id}-says">
<title id="{unique_id}-says">A terminal session with pathfinder</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#1b1f23"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""Rich's own drawing without its window frame and without the font that it would fetch from the network."""


def main(args: list[str]) -> int:
    from rich.console import Console
    from rich.terminal_theme import TerminalTheme
    from rich.text import Text

    target = Path(args[0]) if args else ROOT / "docs" / "pictures" / "session.svg"
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for command in COMMANDS:
        said, status = recorded(command)
        if status:
            print(f"record_session: `{command}` ended with {status}:\n{said}", file=sys.stderr)
            return 1
        console.print(Text.assemble(("$ ", "green"), (command, "bold"), f"\n{said}\n"))
    grey = [
        (40, 44, 52),
        (224, 108, 117),
        (152, 195, 121),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (200, 205, 212),
    ]
    theme = TerminalTheme((27, 31, 35), (225, 228, 232), grey)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(console.export_svg(theme=theme, code_format=DRAWN, unique_id="session"), encoding="utf-8")
    print(f"record_session: {target} ({target.stat().st_size:,} bytes)")
    return 0


def recorded(command: str) -> tuple[str, int]:
    """What a command of this environment leaves on a screen of its own, and its exit status."""
    import pyte

    words = shlex.split(command)
    words[0] = str(Path(sys.executable).with_name(words[0]))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")} | {"TERM": "xterm-256color"}
    child = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT, close_fds=True)
    os.close(theirs)
    screen = pyte.HistoryScreen(COLUMNS, ROWS, history=2000)
    stream = pyte.ByteStream(screen)
    with suppress(OSError):  # Linux: the other side is gone
        while piece := os.read(ours, 65536):
            stream.feed(piece)
    os.close(ours)
    lines = ["".join(row[column].data for column in range(COLUMNS)) for row in screen.history.top] + list(screen.display)
    return "\n".join(line.rstrip() for line in lines).rstrip(), child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
