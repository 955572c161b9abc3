"""`pathfinder detect`: the host's facts, each with its source."""

from typing import TYPE_CHECKING, Annotated

import typer

from pathfinder.cli.session import Session, say_folded, say_json

if TYPE_CHECKING:
    from pathfinder.types.facts import Facts


def detect(
    ctx: typer.Context,
    save: Annotated[str | None, typer.Option(metavar="FILE", help="Write a redacted recording, for --host FILE.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also ask slow tools.")] = False,
    measure: Annotated[bool, typer.Option("--measure", help="Measure memory bandwidth; takes seconds.")] = False,
    deadline: Annotated[float | None, typer.Option(metavar="S", help="Seconds for all probes: 3, with --deep 30.")] = None,
) -> int:
    """What is in this machine: every fact with its source."""
    from pathfinder.cli.hosts import answer, timely

    session: Session = ctx.obj
    timely(deadline)
    if save is not None and measure:
        from pathfinder.errors import Problem

        raise Problem("A measurement is not part of a recording.", where="--measure", hint="Leave out --save or --measure.")
    if save is not None:
        return _recorded(session, save, deep, deadline)

    def one(known: object) -> tuple["Facts", int]:
        facts: Facts = known.facts  # type: ignore[attr-defined]
        return (_measured(facts) if measure and known.name == "live" else facts), 0  # type: ignore[attr-defined]

    return answer(session, one, lambda facts: _show(facts, session), deep=deep, deadline=deadline)


def _recorded(session: Session, path: str, deep: bool, deadline: float | None) -> int:
    from pathfinder.errors import Problem
    from pathfinder.host.open import open_host
    from pathfinder.host.recording import RecordingHost
    from pathfinder.looking.observe import observe

    refs = session.host or ["live"]
    if len(refs) != 1 or refs[0].startswith("profile:"):
        raise Problem(
            "--save records one host, and a profile is not one.", where="--save", hint="Give one --host, or none for this machine."
        )
    host = RecordingHost(open_host(refs[0]))
    facts = observe(host, deep=deep, deadline=deadline)
    _write(path, host.tape())
    if session.json:
        say_json(facts)
    else:
        _show(facts, session)
    return 0


def _write(path: str, content: bytes) -> None:
    """All or nothing: a half-written recording is never left behind."""
    import os

    from pathfinder.errors import Problem

    beside = f"{path}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:
            file.write(content)
        os.replace(beside, path)  # noqa: PTH105
    except OSError as error:
        raise Problem(f"The recording cannot be written: {error.strerror}.", where=path, hint="Give a path you may write to.") from error


def _measured(facts: "Facts") -> "Facts":
    from msgspec.structs import replace

    from pathfinder.looking.measure import memory_bandwidth
    from pathfinder.types.facts import Why

    found = memory_bandwidth(int(facts.cpu.usable_cpus or 1), available_bytes=facts.memory.usable_bytes)
    memory = replace(facts.memory, bandwidth_bytes_per_second=found.bytes_per_second)
    why = {**facts.why, "memory.bandwidth_bytes_per_second": Why(source="measured", elapsed_seconds=found.seconds, note=found.note)}
    return replace(facts, memory=memory, why=why)


def _show(facts: "Facts", session: Session) -> None:
    from pathfinder.cli.listing import TITLE, lines

    for line in lines(facts, explain=session.explain):
        say_folded(line, TITLE)
