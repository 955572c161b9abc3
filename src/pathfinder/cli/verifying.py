"""`launch --verify`: ask the server that runs, look at the machine, print one proof and record it."""

import time
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pathfinder.acting.servers import Running
from pathfinder.cli.session import Session, say, say_json
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.facts import Facts
from pathfinder.types.plans import Plan
from pathfinder.types.results import Proof
from pathfinder.types.steps import Step
from pathfinder.types.words import Evidence

ANSWER_SECONDS = 600.0
LOG_BYTES = 1 << 20
VERIFIED = {"TOP_LOGPROBS_K": "20"}
"""Read by mlx-vlm's server alone, which tells log-probabilities of no more tokens than this says, and of none by itself."""


def for_verifying(step: Step) -> Step:
    """The same start with log-probabilities on where the recipe turns them off because they cost memory."""
    words = list(step.argv or ())
    if "--logits_all" in words[:-1]:
        words[words.index("--logits_all") + 1] = "true"
    return replace(step, argv=tuple(words), env={**step.env, **VERIFIED})


def verify(plan: Plan, running: Running, before: Facts, session: Session) -> Proof:
    """Raises `Problem` when the server cannot be asked at all."""
    from pathfinder.cli.hosts import LIVE, facts_of
    from pathfinder.cli.streaming import Progress
    from pathfinder.judging import probe_model, prove, served

    if plan.endpoint is None or plan.endpoint.api != "openai":
        what = plan.endpoint.api if plan.endpoint else "nothing"
        raise Problem(
            f"{plan.name} cannot be verified: it speaks {what}, not OpenAI's API.", hint="Leave --verify out.", exit=ExitStatus.NO
        )
    path = Path(plan.artifact.path) if plan.artifact and plan.artifact.path else None
    form = probe_model.form_of(path) if path else None
    with Progress(quiet=session.json, color=not session.no_color) as progress:
        progress.start(plan.name, running.model)
        result = served.run(
            plan.endpoint.url,
            served_name(plan, running),
            form=form,
            seconds=ANSWER_SECONDS,
            on_event=None if session.json else progress.event,
        )
        progress.end()
    pids, resident = family(running.pid)
    with open(running.log, "rb") as log:
        said = log.read(LOG_BYTES).decode("utf-8", "replace")
    return prove.proof(plan, result, before, facts_of(LIVE, session), pids, resident, said, time.strftime("%Y-%m-%d"))


def served_name(plan: Plan, running: Running) -> str:
    """What the server calls the model: a word of its own command, where that names it; else what it lists first."""
    from pathfinder.judging import served

    artifact = plan.artifact
    names = [name for name in (artifact.path, artifact.repo) if name] if artifact else []
    for name in names:
        if name in running.argv:
            return name
    there = served.listed(plan.endpoint.url if plan.endpoint else "")
    return next((name for name in there if name in running.argv), there[0])


def family(pid: int) -> tuple[list[int], int | None]:
    """A process with its children, and the system memory they hold together, shared pages counted in each."""
    import psutil

    try:
        every = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return [one.pid for one in every], sum(one.memory_info().rss for one in every)
    except psutil.Error:
        return [pid], None


def show(proof: Proof, session: Session) -> None:
    if session.json:
        say_json(proof)
        return
    for check in proof.checks:
        mark = {True: "yes", False: "NO", None: "?"}[check.holds]
        say(f"  {check.what:8} {mark:4} {check.says}")
    first = "" if proof.result.first_token_seconds is None else f"; first token after {proof.result.first_token_seconds:.3f} s"
    say(f"{proof.verdict}: {proof.runtime} {proof.cell}{first}")


def record(path: Path, proof: Proof) -> None:
    """Put the evidence into a file as `matrix/evidence/<id>.json` is one, in place of an older run of the same. Raises `Problem`."""
    from pathfinder.verify import proofs

    if proof.evidence is None:
        return
    file = proofs.load(path)
    before = [one for one in file.cells.get(proof.cell, []) if not _same_run(one, proof.evidence)]
    file.cells[proof.cell] = [*before, proof.evidence]
    try:
        proofs.save(path, file)
    except OSError as error:
        raise Problem(f"The evidence could not be written: {error.strerror or error}.", where=str(path), exit=ExitStatus.NO) from None
    say_recorded(path)


def _same_run(old: Evidence, new: Evidence) -> bool:
    return old.how == "run" and old.source == new.source


def say_recorded(path: Path) -> None:
    import sys

    print(f"Recorded in {path}.", file=sys.stderr)


def status(proof: Proof) -> ExitStatus:
    return ExitStatus.NO if proof.verdict == "failed" else ExitStatus.OK


def facts_before(session: Session) -> Any:
    from pathfinder.cli.hosts import LIVE, facts_of

    return facts_of(LIVE, session)
