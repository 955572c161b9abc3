"""The hosts a verb is asked about: one, or a fleet; live, recorded, a folder, a profile; with what-ifs applied."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pathfinder.cli.session import Session, say, say_json
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.facts import Facts

LIVE = "live"
_WORST_FIRST = (ExitStatus.BUG, ExitStatus.USAGE, ExitStatus.NO, ExitStatus.UNKNOWN, ExitStatus.OK)


class Known(NamedTuple):
    name: str
    """As the person wrote it: `live`, a path, `profile:ID`."""
    facts: Facts


def references(session: Session) -> list[str]:
    """The `--host` references with globs expanded; `live` when there is none."""
    found: list[str] = []
    for ref in session.host or [LIVE]:
        matches = sorted(str(path) for path in Path().glob(ref)) if _is_relative_glob(ref) else _absolute_glob(ref)
        found.extend(matches or _profiles(ref, session) or [ref])
    return found


def hosts(session: Session, *, deep: bool = False, deadline: float | None = None) -> Iterator[Known]:
    """Facts of every host asked about, in order. Raises `Problem` for a reference that cannot be read, or no time to look."""
    timely(deadline)
    for ref in references(session):
        yield Known(ref, facts_of(ref, session, deep=deep, deadline=deadline))


def timely(deadline: float | None) -> None:
    if deadline is not None and not 0 < deadline <= 3600:
        raise Problem("A deadline is a number of seconds above 0, at most 3600.", where="--deadline")


def facts_of(ref: str, session: Session, *, deep: bool = False, deadline: float | None = None) -> Facts:
    """Facts of one host, with the what-ifs applied."""
    if ref.startswith("profile:"):
        from pathfinder.data.store import profile

        facts = profile(ref.removeprefix("profile:"))
    else:
        from pathfinder.host.open import open_host
        from pathfinder.looking.observe import observe

        facts = observe(open_host(ref), deep=deep, deadline=deadline)
    if session.override:
        from pathfinder.looking.override import override

        facts = override(facts, session.override)
    return facts


def only_live(session: Session, verb: str) -> None:
    """Verbs that act do so on this machine alone."""
    if any(ref != LIVE for ref in session.host):
        raise Problem(f"'{verb}' acts on this machine and takes no other host.", where="--host", hint="Leave --host out, or use --dry-run.")


def answer(session: Session, one: Callable[[Known], tuple[Any, int]], show: Callable[[Any], None] | None, **observe: Any) -> int:
    """Ask `one` of every host: its document and exit status. Prints JSON (a fleet document for several) or calls `show` on each;
    prints nothing where `show` is None, for a caller that tells of all hosts together."""
    results: list[tuple[str, Any, int]] = []
    for known in hosts(session, **observe):
        document, status = one(known)
        results.append((known.name, document, status))
        if not session.json and show is not None:
            if len(references(session)) > 1:
                say(f"{'' if len(results) == 1 else chr(10)}== {known.name}")
            show(document)
    if session.json:
        _print_json([document for _, document, _ in results])
    return worst(status for _, _, status in results)


def worst(statuses: Iterator[int]) -> int:
    """A fleet's exit code: the highest of 70, 2, 1, 3, 0 in that order."""
    seen = set(statuses)
    return next((int(status) for status in _WORST_FIRST if status in seen), 0)


def _print_json(documents: list[Any]) -> None:

    body = documents[0] if len(documents) == 1 else {"schema": "pathfinder/fleet/v1", "results": documents}
    say_json(body)


def _is_relative_glob(ref: str) -> bool:
    return any(mark in ref for mark in "*?[") and not Path(ref).is_absolute() and ":" not in ref.partition("/")[0]


def _profiles(ref: str, session: Session) -> list[str]:
    """`profile:mac*`: the profiles of such names."""
    if not ref.startswith("profile:") or not any(mark in ref for mark in "*?["):
        return []
    from fnmatch import fnmatchcase

    from pathfinder.data.store import profiles

    return [f"profile:{id}" for id in profiles(session.overlay) if fnmatchcase(f"profile:{id}", ref)]


def _absolute_glob(ref: str) -> list[str]:
    path = Path(ref)
    if not path.is_absolute() or not any(mark in ref for mark in "*?["):
        return []
    return sorted(str(found) for found in Path(path.anchor).glob(str(path.relative_to(path.anchor))))
