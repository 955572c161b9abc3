"""One `pip` step, resolved for every system and release of Python it claims; and what else would do where it is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from msgspec.structs import replace

from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.matrix import Cell
from pathfinder.types.steps import PipInstall
from pathfinder.types.words import When
from pathfinder.verify.resolver import Answer, Request, resolve
from pathfinder.verify.targets import Target, listed, pythons, targets
from pathfinder.verify.wheels import address, named, without_local

AT_ONCE = 4
"""Resolutions side by side: they wait for the registry most of the time."""


class Outcome(NamedTuple):
    """What became of one step on one system and release of Python."""

    target: Target
    python: str
    answer: Answer
    newer: Target | None = None
    """The system it took, where the one claimed is too old."""
    compiled: tuple[str, ...] = ()
    """Packages that have no wheel there."""
    instead: str | None = None
    """What was left out or taken from the registry because its own place does not answer here."""


class Resolver:
    """Asks each question once, and remembers which places do not answer."""

    def __init__(self, uv: str | None, ask: Callable[[Request, str | None], Answer] = resolve) -> None:
        self._uv, self._ask = uv, ask
        self._known: dict[Request, Answer] = {}
        self._silent: list[str] = []

    def __call__(self, request: Request) -> Answer:
        if request not in self._known:
            self._known[request] = self._ask(request, self._uv)
        return self._known[request]

    def note_silence(self, url: str) -> None:
        if host(url) not in self._silent:
            self._silent.append(host(url))

    def answers(self, url: str) -> bool:
        return host(url) not in self._silent


def host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def outcomes_of(cell: Cell, pip: PipInstall, resolver: Resolver, when: When | None = None) -> list[Outcome]:
    releases = pythons(pip.python)
    if pip.no_binary:
        releases = tuple(dict.fromkeys((*releases[:1], *releases[-1:])))  # each asks for the whole source archive anew
    claimed = [(target, python) for target in targets(cell, when) for python in releases]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda one: _attempt(pip, one[0], one[1], resolver), claimed))


def request_of(pip: PipInstall, target: Target, python: str) -> Request:
    return Request(
        packages=pip.packages,
        target=target,
        python=python,
        index_url=pip.index_url,
        extra_index_urls=pip.extra_index_urls,
        find_links=pip.find_links,
        no_binary=pip.no_binary,
        pre=pip.pre,
    )


def _attempt(pip: PipInstall, target: Target, python: str, resolver: Resolver) -> Outcome:
    request = request_of(pip, target, python)
    if target.platform is None:
        return Outcome(target, python, Answer(silent=f"{target.says}, which the resolver has no name for"))
    if any(not resolver.answers(url) for url in _places(request)):
        return _reduced(request, resolver)
    answer = resolver(request)
    if answer.silent is not None:
        if not any(host(url) == host(answer.silent) for url in _places(request)):
            raise Problem(
                f"The registry does not answer: {answer.silent}.", hint="Without it nothing can be proved; nothing was written.",
                exit=ExitStatus.UNKNOWN,
            )  # fmt: skip
        resolver.note_silence(answer.silent)
        return _reduced(request, resolver)
    return Outcome(target, python, answer) if answer.resolved else _otherwise(request, answer, resolver)


def _otherwise(request: Request, answer: Answer, resolver: Resolver) -> Outcome:
    """Whether a newer system, or compiling, would do; else the refusal."""
    newer = list(request.target.newer())
    if newer and resolver(replace(request, target=newer[-1])).resolved:
        target = next(one for one in newer if resolver(replace(request, target=one)).resolved)
        return Outcome(request.target, request.python, resolver(replace(request, target=target)), newer=target)
    built = resolver(replace(request, wheels_only=False))
    if built.resolved:
        return Outcome(request.target, request.python, built, compiled=tuple(pick.name for pick in built.picks if pick.wheel is None))
    # Where its sources could not be asked either, nothing is known; the wheels' refusal is told along with it.
    return Outcome(request.target, request.python, Answer(refused=answer.refused, silent=built.silent) if built.silent else built)


def _places(request: Request) -> list[str]:
    """Addresses the recipe itself names."""
    named_by = [url for url in (request.index_url, *request.extra_index_urls, request.find_links) if url]
    return [url for url in [*named_by, *map(address, request.packages)] if url and "://" in url]


def _reduced(request: Request, resolver: Resolver) -> Outcome:
    """What of a recipe the registry alone can answer for."""
    silent = next((url for url in _places(request) if not resolver.answers(url)), "")
    packages = tuple(without_local(one) for one in request.packages if (url := address(one)) is None or resolver.answers(url))
    local = [one for one in request.packages if without_local(one) != one]
    gone = [named(one) for one in request.packages if (url := address(one)) and not resolver.answers(url)]
    instead = f"{listed(gone)} left out" if gone else f"the registry's own {listed([without_local(one) for one in local])}" if local else ""
    if not packages:
        return Outcome(request.target, request.python, Answer(silent=silent), instead=instead)
    urls = tuple(url for url in request.extra_index_urls if resolver.answers(url))
    links = request.find_links if request.find_links and resolver.answers(request.find_links) else None
    index = request.index_url if request.index_url and resolver.answers(request.index_url) else None
    reduced = replace(request, packages=packages, extra_index_urls=urls, find_links=links, index_url=index)
    answer = resolver(reduced)
    return Outcome(request.target, request.python, Answer(answer.picks, answer.refused, silent), instead=instead)
