"""The forms of a model: which may be used, which a runtime can fetch, which a cell's formats load."""

import re
from collections.abc import Sequence
from functools import lru_cache

from pathfinder.types.matrix import Cell, FormatSupport, Runtime
from pathfinder.types.models import Artifact, Demand, Model
from pathfinder.types.plans import Blocker

HUB = "huggingface"
UNLISTED = ""
"""The format of a model whose files the catalogue does not list: its own runtime fetches them by name."""


TEXT = ("chat", "completion", "embeddings", "rerank", "transcribe", "training", "store")
"""Tasks whose runtimes load whatever their formats hold; of speech, images and the like every model is a program of its own."""


def runs_model(demand: Demand, runtime: Runtime) -> Blocker | None:
    """What keeps a runtime from the model's architecture: a list without it, or, where every model is a program of its own, families
    without it. Families that are described and not named (they begin in lower case) leave the question open, and so do files that
    nobody lists."""
    model, text = demand.model, demand.task in TEXT
    if model.arch in runtime.architectures:
        return None
    listed = text and (demand.artifact is not None or bool(model.artifacts))
    if not runtime.architectures and (listed or any(_same_family(one, model) for one in runtime.families)):
        return None
    named = runtime.architectures or runtime.families
    open_ended = not runtime.architectures and (text or not named or any(one[:1].islower() for one in named))
    needed = ", ".join(named[:6]) + (", ..." if len(named) > 6 else "") if named and not (text and open_ended) else "one it runs"
    return Blocker(
        fact="model.arch", needed=f"one of {needed}" if "," in needed else needed, found=model.arch or None,
        holds=None if open_ended or not model.arch else False, takes="wish",
    )  # fmt: skip


def _same_family(family: str, model: Model) -> bool:
    return any(_alike(family, name) for name in (model.family, model.arch))


def _alike(family: str, name: str) -> bool:
    a, b = (re.sub("[^a-z]", "", text.lower()) for text in (family, name))
    return a == b or (min(len(a), len(b)) >= 4 and (a.startswith(b) or b.startswith(a)))


def offered(demand: Demand) -> tuple[Artifact, ...]:
    """The forms that may be used: the one named, or the catalogue's, narrowed to the quantisation asked for."""
    if demand.artifact is not None:
        return (demand.artifact,)
    if demand.quant is None:
        return demand.model.artifacts or (Artifact(format=UNLISTED, quant="", repo=demand.model.repo),)
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
    if artifact.format == UNLISTED:
        return True
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
