"""What the resolutions of a cell's `pip` steps say about it: proofs, and findings in words."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from pathfinder.types.matrix import Cell
from pathfinder.types.steps import PipInstall, StepTemplate
from pathfinder.types.words import Evidence
from pathfinder.verify.report import CellReport, Found
from pathfinder.verify.resolving import Outcome, Resolver, host, outcomes_of, request_of
from pathfinder.verify.targets import listed, pythons, spans, targets
from pathfinder.verify.wheels import Pick, address, named, pinned, source, without_local


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
    said = f"{host(silent)} is not reachable here" if "://" in silent else f"not asked: {silent}"
    alone = "the registry alone does not resolve it" if "://" in silent else "with wheels only it does not resolve"
    return f"{said}; {alone}: {one.answer.refused}" if one.answer.refused else said


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
