"""Arrow 1: ask every probe side by side under one deadline, and merge what they say."""

import threading
from time import gmtime, monotonic, strftime
from typing import Any, Literal

from pathfinder import __version__, probes
from pathfinder.host import Answer, Host, Observation, Ran, Uname
from pathfinder.looking.conclude import conclude
from pathfinder.looking.facts import merge
from pathfinder.types.facts import Collected, Facts, Why

DEADLINE_SECONDS = 3.0
DEEP_DEADLINE_SECONDS = 30.0
_TOLD = ("timeout", "denied", "failed")
_MARGIN_SECONDS = 0.15
_PATIENCE_SECONDS = 0.008


class Witness:
    """The host as probes see it: reads each file and runs each command once, and remembers what was refused or never answered."""

    def __init__(self, inner: Host) -> None:
        self.inner = inner
        self.name = inner.name
        # a recording of a whole machine is probed just as the machine was; a mere folder of files cannot say what it is
        self.live = inner.uname().value is not None
        self.silent: dict[str, tuple[str, Answer[Any]]] = {}
        self._read: dict[tuple[str, int], Answer[str]] = {}
        self._ran: dict[tuple[str, ...], tuple[threading.Lock, list[Answer[Ran]]]] = {}

    def _told(self, question: str, name: str, answer: Answer[Any]) -> Any:
        if answer.silence in _TOLD:
            self.silent.setdefault(question, (name, answer))
        return answer

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        answer = self._read.get((path, limit))
        if answer is None:
            answer = self._read[path, limit] = self._told(path, path, self.inner.read(path, limit))
        return answer

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return self._told(pattern, pattern, self.inner.glob(pattern))  # type: ignore[no-any-return]

    def readlink(self, path: str) -> Answer[str]:
        return self.inner.readlink(path)

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return self.inner.access(path, mode)

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        lock, done = self._ran.setdefault(argv, (threading.Lock(), []))
        with lock:
            if not done:
                done.append(self._told(" ".join(argv), argv[0].rpartition("/")[2], self.inner.run(argv, seconds)))
        return done[0]

    def env(self, name: str) -> Answer[str]:
        return self.inner.env(name)

    def uname(self) -> Answer[Uname]:
        return self.inner.uname()

    def ask(self, name: str, *args: str) -> Answer[Any]:
        return self._told(" ".join((name, *args)), name, self.inner.ask(name, *args))  # type: ignore[no-any-return]


class _Asked:
    """One probe: what it has said so far, and how it ended."""

    def __init__(self, name: str, probe: Any, error: str | None = None) -> None:
        self.name = name
        self.probe = probe
        self.error = error
        self.said: list[Observation] = []
        self.ended = False

    def go(self, host: Host) -> None:
        try:
            for one in self.probe(host):
                self.said.append(one)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"
        self.ended = True


class _Crew:
    """Threads that ask the probes. One is enough, and the cheapest, where files answer; whenever none gets on, another is sent."""

    def __init__(self, asked: list[_Asked], host: Host) -> None:
        self.host = host
        self.waiting = asked[::-1]
        self.size = len(asked)
        self.done = 0
        self.moved = threading.Condition()

    def run(self, ends: float) -> None:
        """Returns when all probes ended, or at `ends` (`time.monotonic`); threads that hang are left behind."""
        self._send()
        with self.moved:
            while self.done < self.size and monotonic() < ends:
                before = self.done
                self.moved.wait(min(_PATIENCE_SECONDS, max(0.0, ends - monotonic())))
                if self.done == before and self.waiting:
                    self._send()

    def _send(self) -> None:
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            with self.moved:
                if not self.waiting:
                    return
                one = self.waiting.pop()
            one.go(self.host)
            with self.moved:
                self.done += 1
                if self.done == self.size:
                    self.moved.notify()


def observe(host: Host, deep: bool = False, deadline: float | None = None) -> Facts:
    """The facts of a host. Returns within about `deadline` seconds whatever a probe does; never raises for a sick host."""
    seconds = deadline if deadline is not None else DEEP_DEADLINE_SECONDS if deep else DEADLINE_SECONDS
    ends = monotonic() + seconds
    for door in (host, getattr(host, "inner", None)):
        if getattr(door, "ends", ...) is None:
            door.ends = ends - min(_MARGIN_SECONDS, seconds / 10)  # type: ignore[union-attr]
    earlier: dict[str, Any] | None = getattr(host, "collected", None)
    deep = bool(earlier.get("deep")) if earlier is not None else deep
    witness = Witness(host)
    asked = _chosen(witness, deep)
    try:
        _Crew(asked, witness).run(ends)
    except BaseException:
        from pathfinder.host.commands import stop_all

        stop_all()
        raise
    late = {one.name: len(one.said) for one in asked if not one.ended}
    if earlier is not None:
        late = dict(getattr(host, "late", {}))
        collected = Collected(at=earlier.get("at"), by_version=earlier.get("by_version"), deadline_hit=earlier.get("deadline_hit"))
        seconds = float(earlier.get("deadline_seconds") or seconds)
    else:
        cut = bool(late) or any(answer.silence == "timeout" for _, answer in list(witness.silent.values()))
        collected = Collected(at=strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()), by_version=__version__, deadline_hit=cut)
    observations = [said for one in asked for said in list(one.said)[: late.get(one.name)]]
    facts = conclude(merge(observations, why=_runner_says(asked, late, seconds, witness), collected=collected))
    keep = getattr(host, "keep", None)
    for door in (host, getattr(host, "inner", None)):
        close = getattr(door, "close", None)
        if close is not None:
            close()
    if keep is not None:
        kept = {"at": collected.at, "by_version": collected.by_version, "deadline_hit": collected.deadline_hit}
        keep({**kept, "deep": deep, "deadline_seconds": seconds}, late)
    return facts


def _chosen(host: Host, deep: bool) -> list[_Asked]:
    """The probes for this host; one that cannot be imported is kept, to be told of."""
    uname = host.uname().value
    asked = []
    for name in probes.names(uname.sysname if uname else None):
        try:
            module = __import__(f"pathfinder.probes.{name}", fromlist=["probe"])
            if deep or not getattr(module, "DEEP", False):
                asked.append(_Asked(name, module.probe))
        except Exception as error:
            asked.append(_Asked(name, _broken, f"{type(error).__name__}: {error}"))
    return asked


def _broken(host: Host) -> tuple[Observation, ...]:
    return ()


def _runner_says(asked: list[_Asked], late: dict[str, int], seconds: float, witness: Witness) -> dict[str, Why]:
    why = {}
    for one in asked:
        if one.name in late:
            why[f"probes.{one.name}"] = Why(source=f"probe {one.name}", note=f"no end within the deadline of {seconds:g} s")
        elif one.error is not None:
            why[f"probes.{one.name}"] = Why(source=f"probe {one.name}", note=f"failed: {one.error}")
    for question, (_, answer) in sorted(witness.silent.items()):
        note = f"{answer.silence}: {answer.note}" if answer.note else answer.silence
        why[f"asked.{question}"] = Why(source=question, elapsed_seconds=answer.elapsed_seconds, note=note)
    return why
