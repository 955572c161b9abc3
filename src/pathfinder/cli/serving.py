"""What `launch` is made of: a plan with a port, what must be there first, the server's life, its first answer or its end."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pathfinder.acting.servers import Running, begin, end, free_name, tail, taken
from pathfinder.acting.servers import wait as until_it_answers
from pathfinder.cli.session import Session, say
from pathfinder.cli.wish import Wish
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step

TAIL_LINES = 15


def planned_at(wish: Wish, session: Session, port: int | None) -> Plan:
    """The best plan of the runtime wished for, listening on `port`. Raises `Problem` for one that is started by hand."""
    from pathfinder.cli.hosts import LIVE, Known, facts_of
    from pathfinder.cli.wish import planned

    ref = session.host[0] if session.host else LIVE
    plan = planned(wish, Known(ref, facts_of(ref, session)), session, port)
    if not any(step.kind == "start" for step in plan.launch):
        raise Problem(
            f"{plan.name} is started by hand: its recipe has no command.",
            hint="`pathfinder recommend` shows its steps.",
            exit=ExitStatus.NO,
        )
    return plan


def check_port(plan: Plan) -> None:
    """Raises `Problem` when something listens where the server would."""
    from urllib.parse import urlsplit

    port = urlsplit(plan.endpoint.url).port if plan.endpoint else None
    if port is not None and taken(port):
        who = _listener(port)
        raise Problem(f"Port {port} is in use{who}.", hint=f"Name another one: --port {port + 1}", exit=ExitStatus.NO)


def _listener(port: int) -> str:
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and getattr(connection.laddr, "port", None) == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass  # Some systems show it to root alone.
    return ""


INTERPRETERS = ("python", "node", "java", "docker", "podman")


def located(plan: Plan) -> Plan:
    """The plan with the program that the PATH has, where none was installed by us; never another Python than the recipe's own."""
    ours = next(step.argv[0] for step in plan.launch if step.kind == "start" and step.argv)
    name = os.path.basename(ours)  # noqa: PTH119
    if shutil.which(os.path.expanduser(ours)) or name == ours or name.startswith(INTERPRETERS):  # noqa: PTH111
        return plan
    found = shutil.which(name)
    if found is None:
        return plan
    say(f"{found} is used; `pathfinder install {plan.runtime}` gets one for pathfinder alone.")
    steps = tuple(replace(one, argv=(found, *one.argv[1:])) if one.argv and one.argv[0] == ours else one for one in plan.launch)
    return replace(plan, launch=steps)


def make_ready(plan: Plan, session: Session, yes: bool) -> Step:
    """The starting step once the runtime is installed and the steps before it are done."""
    from pathfinder.acting.install import install
    from pathfinder.cli.acting import agree, progress_line, show_steps

    step = next(step for step in plan.launch if step.kind == "start")
    program = os.path.expanduser((step.argv or ("",))[0])  # noqa: PTH111
    if shutil.which(program) is None:
        if not plan.install:
            raise Problem(f"{plan.name} is not installed.", where=program, hint=f"pathfinder install {plan.runtime}")
        show_steps(plan, plan.install, f"{plan.name} is not installed. To install it ({plan.cell}):")
        if session.offline:
            raise Problem("Installing needs the network.", where="--offline", exit=ExitStatus.NO)
        agree("Carry these steps out?", yes)
        with progress_line() as tell:
            install(plan, say, tell)
    make_hub_cache()
    before = plan.launch[: plan.launch.index(step)]
    if before:
        from pathfinder.acting.install import carry_out

        carry_out(plan, before, say)
    return with_files(plan, step, session, yes)


def make_hub_cache() -> None:
    """Servers that list the hub's cache fail at that where there is none yet (mlx-lm 0.32.2, transformers 5.23.0)."""
    from huggingface_hub.constants import HF_HUB_CACHE

    try:
        Path(HF_HUB_CACHE).mkdir(parents=True, exist_ok=True)
    except OSError:
        pass  # A cache that cannot be written is told by whatever needs it.


def after_start(plan: Plan) -> None:
    """Steps a recipe has behind the start, such as loading the model into a server that runs."""
    from pathfinder.acting.install import carry_out
    from pathfinder.cli.acting import progress_line

    index = next(number for number, step in enumerate(plan.launch) if step.kind == "start")
    with progress_line() as tell:
        carry_out(plan, plan.launch[index + 1 :], say, tell)


def with_files(plan: Plan, step: Step, session: Session, yes: bool) -> Step:
    """The same step with the model's files fetched: the one it names as a path of ours, else those a server looks for in its cache."""
    from pathfinder.cli.fetching import fetch_artifact, prefetch

    artifact = plan.artifact
    words = step.argv or ()
    if artifact is None or artifact.path or not artifact.repo or artifact.registry != "huggingface":
        return step
    wanted = next((word for word in words if artifact.file and word.endswith(artifact.file) and word != artifact.file), None)
    if wanted is None:
        if words[0] not in ("docker", "podman") and any(artifact.repo in word for word in words):
            prefetch(artifact, session, yes)
        return step
    if Path(wanted).expanduser().exists():
        return step
    path = str(fetch_artifact(artifact, session, yes))
    return replace(step, argv=tuple(path if word == wanted else word for word in words))


@contextmanager
def serve(plan: Plan, step: Step, model: str, detach: bool) -> Iterator[tuple[Running, Any]]:
    """The server's life: whatever ends this call early ends the server too, unless it was left running on purpose."""
    from pathfinder.acting.install import home
    from pathfinder.acting.signals import orderly

    folder = home(plan.root) / "servers"
    left, process = False, None
    with orderly() as signals:
        try:
            with signals.held():
                name = free_name(folder, plan.runtime)
                running, process = begin(step, folder, name=name, runtime=plan.runtime, cell=plan.cell, model=model, endpoint=plan.endpoint)
            yield running, process
            left = detach and process.poll() is None
        finally:
            if process is not None and not left:
                with signals.held():
                    end(running, folder)
                    process.wait()


def ready(plan: Plan, running: Running, process: Any, seconds: float, session: Session) -> None:
    """Wait for the first answer and say how to ask; raise `Problem` with a diagnosis when it ends before."""
    from pathfinder.cli.acting import progress_line
    from pathfinder.telling.quoting import command

    say(f"Starting {plan.name} ({plan.cell}), process {running.pid}; log {running.log}")
    with progress_line() as tell:
        answered = until_it_answers(running, process, seconds, tell)
    if not answered:
        raise diagnosis(running, process, seconds, session)
    say(f"{plan.name} answers as '{running.name}'.")
    if plan.endpoint is not None:
        say(f"  {plan.endpoint.url}")
        if plan.endpoint.api == "openai":
            say(f"  curl {plan.endpoint.url}/models")
            if (code := example(plan, running)) is not None:
                say(f"  {command(Step(kind='run', title='', argv=('python', '-c', code)), plan.os)}")


def example(plan: Plan, running: Running) -> str | None:
    """A question to the server by OpenAI's own client, as a line of Python; None for a task that takes more than a line."""
    import json

    from pathfinder.telling.deploy import deployment

    artifact = plan.artifact
    names = [name for name in (artifact.path, artifact.repo) if name in running.argv] if artifact else []
    # What stands in a string of Python stands in one of the shell: sh wants the other quotes inside, and PowerShell 5 drops double ones.
    word = repr if plan.os == "windows" else json.dumps
    questions: dict[str, tuple[str, dict[str, Any], str]] = {
        "chat": ("chat.completions", {"messages": [{"role": "user", "content": "Why is the sky blue?"}]}, ".choices[0].message.content"),
        "completion": ("completions", {"prompt": "The capital of France is", "max_tokens": 16}, ".choices[0].text"),
        "embeddings": ("embeddings", {"input": "Why is the sky blue?"}, ".data[0].embedding[:8]"),
    }
    asked = questions.get(plan.values.get("task", ""))
    if asked is None or plan.endpoint is None:
        return None
    resource, question, answer = asked
    said = ", ".join(f"{key}={word(value)}" for key, value in {"model": names[0] if names else deployment(plan).served, **question}.items())
    client = f"OpenAI(base_url={word(plan.endpoint.url)}, api_key={word('none')})"
    return f"from openai import OpenAI; print({client}.{resource}.create({said}){answer})"


def diagnosis(running: Running, process: Any, seconds: float, session: Session) -> Problem:
    """What the server's end means, after the last lines of its log."""
    from pathfinder.acting.diagnose import diagnose
    from pathfinder.acting.run import ending
    from pathfinder.data import store

    lines = tail(Path(running.log), 200)
    for line in lines[-TAIL_LINES:]:
        print(f"  | {line}", file=sys.stderr)
    if process.poll() is None:
        return Problem(
            f"It did not answer within {seconds:.0f} s.", where=running.log, hint="A large model may need --wait 1800.", exit=ExitStatus.NO
        )
    found = diagnose(store.diagnoses(session.overlay), lines, *ending(process.returncode))
    return Problem(f"The server ended: {found.says}", where=running.log, hint=found.fix, exit=ExitStatus.NO)
