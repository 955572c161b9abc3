"""A runtime's `pip` steps, resolved for every system and release of Python they claim."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from msgspec.structs import replace

from pathfinder.errors import ExitStatus, Problem
from pathfinder.types import Cell, Evidence, PipInstall, StepTemplate, When
from pathfinder.verify.report import CellReport, Found
from pathfinder.verify.resolver import Answer, Request, resolve
from pathfinder.verify.targets import Target, listed, pythons, spans, targets
from pathfinder.verify.wheels import Pick, address, named, pinned, source, without_local

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
        host = _host(url)
        if host not in self._silent:
            self._silent.append(host)

    def answers(self, url: str) -> bool:
        return _host(url) not in self._silent


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def check_cell(cell: Cell, resolver: Resolver, today: str) -> CellReport:
    """Every `pip` step of one cell. Raises Problem when the registry itself does not answer."""
    proofs: list[Evidence] = []
    found: list[Found] = []
    for step in cell.install:
        if step.pip is not None:
            outcomes = outcomes_of(cell, step.pip, resolver, step.when)
            proofs += _proof(step.pip, outcomes, today)
            found += [*_findings(step, outcomes), *_needless(cell, step.pip, outcomes)]
    if proofs and not whole(cell):
        found += [Found(kind="note", says=f"Only a part of its recipe: {proof.says}") for proof in proofs]
        proofs = []
    return CellReport(cell=cell.id, proofs=tuple(dict.fromkeys(proofs)), found=tuple(dict.fromkeys(found)))


def whole(cell: Cell) -> bool:
    """Whether a cell is installed by its `pip` steps: what else is downloaded or run is not proved by them."""
    return not any(step.kind in ("download", "unpack", "run") for step in cell.install)


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
        if not any(_host(url) == _host(answer.silent) for url in _places(request)):
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
    return Outcome(request.target, request.python, answer if built.silent else built)


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


# --- in words --------------------------------------------------------------------------------------------------------


def _proof(pip: PipInstall, outcomes: Sequence[Outcome], today: str) -> list[Evidence]:
    good = [one for one in outcomes if one.answer.resolved and one.newer is None]
    if not good:
        return []
    says = f"{_packages(good)} for {_where(good)}; {_own(pip, good)}"
    return [Evidence(source=source(pip.packages) or "pypi", checked=today, how="resolved", says=says)]


def _packages(outcomes: Sequence[Outcome]) -> str:
    counts = sorted({len(one.answer.picks) for one in outcomes})
    return f"{counts[0]} packages" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} packages"


def _where(outcomes: Sequence[Outcome]) -> str:
    """`Python 3.11 to 3.14 on Linux x86_64 (glibc 2.28) and Linux aarch64 (glibc 2.28)`; systems with the same releases together."""
    releases: dict[str, list[str]] = {}
    for one in outcomes:
        releases.setdefault(one.target.says, []).append(one.python)
    together: dict[str, list[str]] = {}
    for system, versions in releases.items():
        together.setdefault(spans(versions), []).append(system)
    return "; ".join(f"Python {versions} on {listed(systems)}" for versions, systems in together.items())


def _own(pip: PipInstall, outcomes: Sequence[Outcome]) -> str:
    """What the wheels of the packages the recipe names are for; that a pure one resolves everywhere; what is compiled."""
    mine = {named(one) for one in pip.packages}
    picks = [pick for one in outcomes for pick in one.answer.picks]
    parts = []
    for name in sorted(mine):
        chosen = [pick for pick in picks if pick.name == name]
        if chosen and all(pick.pure for pick in chosen):
            parts.append(f"{name} {_versions(chosen)} is a pure Python wheel, which resolves everywhere")
        elif chosen:
            tags = sorted({pick.platform for pick in chosen if pick.platform})
            parts.append(f"{name} {_versions(chosen)} {listed(tags) if tags else 'has no wheel and is compiled'}")
    behind = sorted({pick.name for pick in picks if pick.name not in mine and pick.platform not in (None, "any")} & NATIVE)
    if behind and any("pure" in part for part in parts):
        parts.append(f"platform wheels behind it: {listed(behind)}")
    source_only = sorted({name for one in outcomes for name in one.compiled} - mine)
    if source_only:
        parts.append(f"without a wheel, compiled there: {listed(source_only)}")
    return "; ".join(parts)


NATIVE = frozenset(
    (
        "av", "bitsandbytes", "ctranslate2", "mlx", "mlx-cpu", "mlx-cuda-12", "mlx-cuda-13", "mlx-metal", "onnxruntime", "onnxruntime-gpu",
        "openvino", "openvino-tokenizers", "sentencepiece", "tokenizers", "torch", "torchaudio", "torchvision", "triton", "xformers",
    )
)  # fmt: skip
"""Engines worth naming behind a pure Python package."""


def _versions(picks: Sequence[Pick]) -> str:
    return listed(sorted({pick.version for pick in picks}))


def _findings(step: StepTemplate, outcomes: Sequence[Outcome]) -> Iterator[Found]:
    if not outcomes:
        yield Found(kind="wrong", says=f"'{step.title}' claims no system or no release of Python.")
    wrong = [one for one in outcomes if one.answer.refused is not None and one.answer.silent is None]
    for why, ones in _by(wrong, lambda one: one.answer.refused or ""):
        yield Found(kind="wrong", says=f"'{step.title}' does not resolve for {_where(ones)}: {why}")
    for newer, ones in _by([one for one in outcomes if one.newer is not None], lambda one: one.newer.says if one.newer else ""):
        yield Found(kind="wrong", says=f"'{step.title}' needs {newer} and newer; the cell claims {_where(ones)}")
    unasked = [one for one in outcomes if one.answer.silent is not None]
    for says, ones in _by(unasked, _unasked):
        rest = (
            f"; the rest resolves to {_packages(ones)}{f' with {ones[0].instead}' if ones[0].instead else ''}"
            if ones[0].answer.picks
            else ""
        )
        yield Found(kind="open", says=f"'{step.title}', {_where(ones)}: {says}{rest}.")


def _needless(cell: Cell, pip: PipInstall, outcomes: Sequence[Outcome]) -> Iterator[Found]:
    """A build for the CPU that fetches CUDA's libraries works, but costs gigabytes."""
    if cell.backend != "cpu":
        return
    names = {pick.name for one in outcomes if one.answer.resolved for pick in one.answer.picks}
    cuda = sorted(name for name in names if name.startswith("nvidia-"))
    if len(cuda) > 2 and not any(named(one).startswith("nvidia-") for one in pip.packages):
        yield Found(kind="note", says=f"For the CPU it fetches {len(cuda)} packages of CUDA libraries, {cuda[0]} among them.")


def _by(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> list[tuple[str, list[Outcome]]]:
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault(key(one), []).append(one)
    return list(groups.items())


def _unasked(one: Outcome) -> str:
    silent = one.answer.silent or ""
    said = f"{_host(silent)} is not reachable here" if "://" in silent else f"not asked: {silent}"
    return f"{said}; the registry alone does not resolve it: {one.answer.refused}" if one.answer.refused else said


def newest(pip: PipInstall, cell: Cell, resolver: Resolver) -> Iterator[Found]:
    """Whether the registry has a newer version of what a step pins, and whether that resolves as well."""
    first = next((one for one in pip.packages if pinned(one) and without_local(one) == one), None)
    claimed, releases = targets(cell), pythons(pip.python)
    if first is None or not claimed or not releases or pip.index_url or claimed[0].platform is None:
        return
    from packaging.version import Version

    now = Version(pinned(first) or "0")
    request = replace(request_of(pip, claimed[0], releases[-1]), extra_index_urls=(), find_links=None)
    alone = resolver(replace(request, packages=(named(first),), deps=False, wheels_only=False))
    last = next((pick.version for pick in alone.picks if pick.name == named(first)), None)
    if last is None or Version(last) <= now or (Version(last).is_prerelease and not pip.pre):
        return
    base = first.partition("==")[0]
    packages = tuple(f"{base}=={last}" if one == first else without_local(one) for one in pip.packages if address(one) is None)
    whole = resolver(replace(request, packages=packages))
    then = "and resolves" if whole.resolved else f"and does not resolve: {whole.refused}" if whole.refused else "and was not resolved"
    yield Found(kind="note", says=f"{named(first)} {last} is out (pinned: {now}) {then}")
