"""What a server's end means: its signal, its status and its last words, as one sentence and a way out; pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

SIGNALS = {
    "SIGILL": "illegal-instruction",
    "0xC000001D": "illegal-instruction",
    "SIGKILL": "out-of-memory",
}


class Diagnosis(NamedTuple):
    id: str
    says: str
    fix: str | None


def diagnose(table: Mapping[str, Any], log: Sequence[str], code: int | None, signal: str | None) -> Diagnosis:
    """The first entry of `matrix/diagnoses.yaml` that the end of the log or the signal answers to."""
    entries = {entry["id"]: entry for entry in table.get("entries", ())}
    text = "\n".join(log).casefold()
    found = next((entry for entry in entries.values() if any(word in text for word in entry["any"])), None)
    if found is None and signal in SIGNALS:
        found = entries.get(SIGNALS[signal])
    if found is not None:
        return Diagnosis(found["id"], found["says"], found.get("fix"))
    ended = f"was ended by {signal}" if signal else f"ended with status {code}"
    return Diagnosis("unknown", f"the program {ended}.", "The last lines of its log are above.")
