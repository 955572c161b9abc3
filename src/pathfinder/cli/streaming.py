"""What a person sees while engines run: progress on a terminal, the text as it comes, then one verdict a run."""

import sys
from collections.abc import Callable
from typing import Any

from pathfinder.cli.session import say


class Progress:
    """Text goes to standard output as it streams; the spinner, on a terminal only, to standard error."""

    def __init__(self, *, quiet: bool, color: bool) -> None:
        self.quiet = quiet
        self._live: Any = None
        if not quiet and sys.stderr.isatty():
            from rich.console import Console

            self._live = Console(stderr=True, no_color=not color).status("")
        self._at: int | None = None
        self._engine = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def start(self, engine: str, model: str) -> None:
        self._engine = engine
        if not self.quiet:
            say(f"{engine}: {model}")
        if self._live:
            self._live.update(f"{engine}: loading")
            self._live.start()

    @property
    def listener(self) -> Callable[[dict[str, Any]], None] | None:
        """What is told of events; nothing when nobody reads along, so that the engine need not tell."""
        return None if self.quiet else self.event

    def event(self, event: dict[str, Any]) -> None:
        if event["event"] == "loaded":
            self._stop()
        elif event["event"] == "token":
            self._stop()
            if event["prompt"] != self._at:
                sys.stdout.write(("" if self._at is None else "\n") + f"  {_plain(event['after'])}")
                self._at = event["prompt"]
            sys.stdout.write(_plain(event["text"]))
            sys.stdout.flush()

    def note(self, text: str) -> None:
        if not self.quiet:
            say(text)

    def end(self) -> None:
        """The text is over; what follows begins on a line of its own."""
        self._stop()
        if self._at is not None:
            say()
            self._at = None

    def result(self, result: Any) -> None:
        self.end()
        if self.quiet:
            return
        for line in summary(result):
            say(line)

    def _stop(self) -> None:
        if self._live:
            self._live.stop()


def summary(result: Any) -> list[str]:
    """The verdict and the measures, a few lines."""
    from pathfinder.judging.smoke import combined

    measured = [
        _figure(result.load_seconds, "load {:.2f} s"),
        _figure(result.first_token_seconds, "first token {:.3f} s"),
        _figure(result.prefill_tps, "prefill {:.0f} tokens/s"),
        _figure(result.decode_tps, "decode {:.1f} tokens/s") + _range(result.expected.decode_tps),
        _figure(result.peak_memory_bytes and result.peak_memory_bytes / 2**20, "peak memory {:.0f} MiB"),
        _figure(result.threads, "{} thread" if result.threads == 1 else "{} threads"),
    ]
    lines = [f"  {result.verdict}: {result.says}"]
    if len(result.numerics.forms) > 1:
        lines.append(f"  forms: {combined(result.numerics)}")
    device = f" on {result.device_used}" if result.device_used else ""
    version = "" if result.engine.startswith("http") else f" {result.engine_version or '?'}"
    lines.append(f"  {result.engine}{version}{device}: {', '.join(m for m in measured if m)}")
    return lines


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _range(expected: Any) -> str:
    return "" if expected.likely is None else f" (expected {expected.low:.3g} to {expected.high:.3g})"


def _plain(text: str) -> str:
    """A model's text cannot steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
