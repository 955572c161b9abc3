"""The catalogue as documents and as text: `pathfinder/models/v1`, `pathfinder/model/v1`, `pathfinder/resolution/v1`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pathfinder.naming.names import fold
from pathfinder.types.models import Artifact, Model
from pathfinder.types.words import Frozen, Task


class ModelRow(Frozen, frozen=True, kw_only=True):
    id: str
    name: str
    family: str
    params: int | None
    active_params: int | None
    tasks: tuple[Task, ...]
    context: int | None
    formats: tuple[str, ...]
    repo: str | None
    released: str | None


class ModelsDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/models/v1`: the catalogue, or what a search found of it."""

    schema: str = "pathfinder/models/v1"
    models: tuple[ModelRow, ...]


class ModelDocument(Model, frozen=True, kw_only=True):
    """`pathfinder/model/v1`: one model, catalogued or read from a file (then with its tensors)."""

    schema: str = "pathfinder/model/v1"


class ResolutionDocument(Frozen, frozen=True, kw_only=True):
    """`pathfinder/resolution/v1`: what a reference means."""

    schema: str = "pathfinder/resolution/v1"
    asked: str
    model: str
    name: str
    repo: str | None
    quant: str | None = None
    artifact: Artifact | None = None
    alternatives: tuple[str, ...] = ()


class Filter(NamedTuple):
    """What `models list` is narrowed to."""

    task: str | None = None
    family: str | None = None
    largest: float | None = None
    """Parameters, in units."""


def row(model: Model) -> ModelRow:
    return ModelRow(
        id=model.id,
        name=model.name,
        family=model.family,
        params=model.params,
        active_params=model.active_params,
        tasks=model.tasks,
        context=model.shape.context if model.shape else None,
        formats=tuple(dict.fromkeys(artifact.format for artifact in model.artifacts)),
        repo=model.repo,
        released=model.released,
    )


def listed(models: Iterable[Model], only: Filter) -> tuple[ModelRow, ...]:
    def wanted(model: Model) -> bool:
        return (
            (only.task is None or only.task in model.tasks)
            and (only.family is None or fold(only.family) in fold(model.family))
            and (only.largest is None or (model.params is not None and model.params <= only.largest))
        )

    return tuple(row(model) for model in models if wanted(model))


def search(models: Iterable[Model], text: str) -> tuple[ModelRow, ...]:
    """Models whose names hold every word, best match first."""
    words = [fold(word) for word in text.split()]
    whole = fold(text)
    found = []
    for model in models:
        names = [fold(name) for name in (model.id, model.name, model.family, model.repo or "", *model.aliases)]
        everything = " ".join(names)
        if words and all(word in everything for word in words):
            rank = 0 if whole in names else 1 if any(name.startswith(whole) for name in names) else 2
            found.append((rank, len(model.id), row(model)))
    return tuple(one for _, _, one in sorted(found, key=lambda item: item[:2]))


def count(number: int | None) -> str:
    """8030261248 -> `8B`, 494032768 -> `494M`."""
    if number is None:
        return "?"
    if number >= 10**9:
        billions = number / 10**9
        return f"{billions:.0f}B" if billions >= 20 else f"{billions:.1f}B".replace(".0B", "B")
    return f"{number / 10**6:.0f}M"


def rows_text(rows: Sequence[ModelRow]) -> Iterator[tuple[str, ...]]:
    yield "MODEL", "PARAMETERS", "CONTEXT", "TASKS", "FORMATS"
    for one in rows:
        size = count(one.params) + (f", {count(one.active_params)} active" if one.active_params else "")
        context = "-" if one.context is None else f"{one.context // 1024}k" if one.context >= 1024 else str(one.context)
        yield one.id, size, context, " ".join(one.tasks), " ".join(one.formats) or "-"


def model_text(model: Model) -> Iterator[str]:
    """Everything known of one model."""
    yield f"{model.name}  ({model.id})"
    facts = [("family", model.family), ("architecture", model.arch), ("parameters", count(model.params)), ("publisher", model.repo)]
    facts += [
        ("licence", (model.licence or "") + (", gated" if model.gated else "")),
        ("released", model.released),
        ("tuned from", model.base),
    ]
    facts += [("tasks", " ".join(model.tasks)), ("features", " ".join(model.features)), ("also called", ", ".join(model.aliases))]
    for name, value in facts:
        if value:
            yield f"  {name:<14}{value}"
    yield from shape_text(model)
    if model.artifacts:
        yield "  files"
    for artifact in model.artifacts:
        where = artifact.path or artifact.repo or artifact.tag or ""
        bits = f"{artifact.bits_per_weight:.2f} bits" if artifact.bits_per_weight else ""
        yield f"    {artifact.format:<12} {artifact.quant:<10} {bits:<11} {where}{'/' + artifact.file if artifact.file else ''}".rstrip()
    for source in model.sources:
        yield f"  figures from {source.source}" + (f" ({source.says})" if source.says else "")


def shape_text(model: Model) -> Iterator[str]:
    shape = model.shape
    if shape is None:
        yield "  shape         not known"
        return
    heads = f"{shape.heads} heads, {shape.kv_heads} of keys and values" if shape.heads else "no attention heads"
    yield f"  {'shape':<14}{shape.layers} layers, width {shape.hidden}, {heads}"
    if shape.experts:
        yield f"  {'experts':<14}{shape.experts_used} of {shape.experts}, each {shape.expert_ffn} wide"
    if shape.sliding_window:
        yield f"  {'window':<14}{shape.sliding_window} tokens"
    if shape.kv_lora_rank:
        yield f"  {'latent KV':<14}rank {shape.kv_lora_rank}"
    if shape.context:
        yield f"  {'context':<14}{shape.context} tokens"
