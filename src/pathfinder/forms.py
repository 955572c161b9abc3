"""The forms of a model: which may be used, which a runtime can fetch, which a cell's formats load."""

from collections.abc import Sequence
from functools import lru_cache

from pathfinder.types import Artifact, Blocker, Cell, Demand, FormatSupport, Runtime

HUB = "huggingface"


def offered(demand: Demand) -> tuple[Artifact, ...]:
    """The forms that may be used: the one named, or the catalogue's, narrowed to the quantisation asked for."""
    if demand.artifact is not None:
        return (demand.artifact,)
    if demand.quant is None:
        return demand.model.artifacts
    return tuple(artifact for artifact in demand.model.artifacts if same_quant(artifact.quant, demand.quant))


def reaches(runtime: Runtime, artifact: Artifact) -> bool:
    """Whether a runtime can fetch a form: what is only in another runtime's own library is out of reach."""
    return artifact.registry == HUB or artifact.path is not None or artifact.registry in (runtime.id, *runtime.aliases)


def plain(quant: str) -> str:
    return quant.lower().replace("-", "_")


def same_quant(a: str, b: str) -> bool:
    return plain(a) == plain(b)


@lru_cache(1024)
def _plain_set(quants: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(plain, quants))


def loads(support: FormatSupport, artifact: Artifact) -> bool:
    return support.format == artifact.format and (not support.quants or plain(artifact.quant) in _plain_set(support.quants))


def no_format(cell: Cell, wanted: Sequence[Artifact]) -> Blocker:
    takes = [support.format for support in cell.formats]
    have = dict.fromkeys(f"{one.format} {one.quant}" if one.format in takes else one.format for one in wanted)
    needed = ", ".join(dict.fromkeys(takes))
    return Blocker(
        fact="model.format",
        needed=needed if len(set(takes)) == 1 else f"one of {needed}",
        found=", ".join(list(have)[:8]) or None,
        holds=False,
        takes="wish",
    )
