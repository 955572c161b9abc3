"""What the page's script needs to recommend: the models it offers, chips, coefficients, the order of plans.

Whatever follows from a model alone is worked out here, by the estimate's own functions: bytes of each layer in each form, of the cache at
each length, of the buffers. What follows from a machine is left to the script."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import to_builtins

from pathfinder.deciding.choose import bits_per_weight, contexts, least_bytes, quality_of
from pathfinder.deciding.forms import HUB, offered, runs_model
from pathfinder.estimate import assemble, cache, chips, compute, memory, speed, typical
from pathfinder.estimate import weights as weights_
from pathfinder.estimate.weights import Weights
from pathfinder.telling.questions import task_of
from pathfinder.types.facts import Facts
from pathfinder.types.matrix import Runtime
from pathfinder.types.models import Artifact, Demand, Model, Shape
from pathfinder.types.steps import ArgGroup, StepTemplate
from pathfinder.types.words import Task

KV_TYPE = "f16"
BATCH = 512


class Known(NamedTuple):
    """The tables a recommendation rests on, as `data/store.py` loads them."""

    rank: Mapping[str, Any]
    coefficients: Mapping[str, Any]
    chips: Mapping[str, Any]
    questions: Mapping[str, Any]
    models: Sequence[Model]


def offers(known: Known, runtimes: Sequence[Runtime]) -> dict[str, Any]:
    """The models that the four questions suggest, by task, and every table of the decision."""
    by_id = {model.id: model for model in known.models}
    tasks: list[dict[str, Any]] = []
    wanted: dict[str, set[Task]] = {}
    for id, entry in known.questions["tasks"].items():
        task: Any = task_of(known.questions, id)
        there = [name for name in entry["models"] if name in by_id and task in by_id[name].tasks]
        tasks.append({"id": id, "says": entry["says"], "task": task, "models": there})
        for name in there:
            wanted.setdefault(name, set()).add(task)
    return {
        "tasks": [one for one in tasks if one["models"]],
        "audiences": known.questions["audiences"],
        "wishes": known.questions["wishes"],
        "requests": requests(known.rank),
        "models": {name: _model(by_id[name], sorted(tasks), known.rank, runtimes) for name, tasks in wanted.items()},
        "rank": known.rank,
        "speed": known.coefficients,
        "chips": [_chip(vendor, name, raw) for vendor, document in known.chips.items() for name, raw in chips.every({vendor: document})],
    }


# --- models ----------------------------------------------------------------------------------------------------------


def _model(model: Model, tasks: Sequence[Task], table: Mapping[str, Any], runtimes: Sequence[Runtime]) -> dict[str, Any]:
    shape = model.shape
    demand = Demand(model=model, asked=model.id)
    lengths = contexts(demand, table)
    sizes = [(length, count) for length in lengths for count in requests(table)]
    usual = typical.model(model)
    return {
        "name": model.name,
        "arch": model.arch or None,
        "params": model.params,
        "heads": shape.heads if shape else None,
        "kv_heads": shape.kv_heads if shape else None,
        "gated": model.repo if model.gated else None,
        "routed_layers": shape.layers if shape and shape.experts else 0,
        "lengths": lengths,
        "runs": {task: _runs(Demand(model=model, asked="", task=task), runtimes) for task in tasks},
        "shapes": [_shape(one, one.shape, sizes) if one and one.shape else None for one in (model, usual)],
        "forms": [_form(artifact, model, usual, table) for artifact in offered(demand)],
    }


def requests(table: Mapping[str, Any]) -> list[int]:
    """How many may be held at once: as many as an audience asks for, and halves of it where memory is short."""
    return sorted({count >> step for count in table["assume"]["users"].values() for step in range(count.bit_length())})


def _runs(demand: Demand, runtimes: Sequence[Runtime]) -> dict[str, list[int]]:
    """Runtimes by number that do not run the model, and those of which nobody can say."""
    said = [runs_model(demand, runtime) for runtime in runtimes]
    return {
        "no": [at for at, one in enumerate(said) if one is not None and one.holds is False],
        "open": [at for at, one in enumerate(said) if one is not None and one.holds is None],
    }


def _shape(model: Model, shape: Shape, sizes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """What follows from a shape alone; lists stand in the order of `sizes`, tokens of one sequence and sequences."""
    totals = [(length * parallel, parallel) for length, parallel in sizes]
    return {
        "layers": shape.layers,
        "trunk": shape.layers - shape.nextn_layers,
        "arch": model.arch,
        "experts": bool(shape.experts),
        "kv": [cache.per_layer(model.arch, shape, tokens, kv_type=KV_TYPE, parallel=parallel) for tokens, parallel in totals],
        "kv_timed": cache.per_layer(model.arch, shape, speed.DEPTH, kv_type=KV_TYPE),
        "buffers": [compute.buffers(model, tokens, KV_TYPE, parallel, BATCH) for tokens, parallel in totals],
        "host_buffers": [compute.host_buffers(model, tokens, BATCH) for tokens, _ in totals],
        "activations": {"claimed": compute.activations(model, BATCH), "whole": compute.activations(model, max(BATCH, memory.PREFILL_STEP))},
    }


def _form(artifact: Artifact, model: Model, usual: Model | None, table: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "format": artifact.format,
        "quant": artifact.quant,
        "repo": artifact.repo,
        "file": artifact.file,
        "tag": artifact.tag,
        "registry": None if artifact.registry == HUB else artifact.registry,
        "bits": bits_per_weight(artifact, model.params),
        "quality": quality_of(artifact, model.params, table),
        "least": least_bytes(artifact, model.params),
        "projector": assemble.projector(model, artifact),
    }
    for at, one in enumerate((model, usual)):
        weights = weights_.of(one, artifact) if one is not None else None
        if weights is not None:
            found["weights"] = {"shape": at, **_weights(weights)}
            break
    else:
        found["size"] = assemble.by_size(model, artifact, Facts(), (), 0, offload=False).memory.weights_bytes or None
    return {key: value for key, value in found.items() if value is not None}


def _weights(weights: Weights) -> dict[str, Any]:
    return {
        "layers": weights.layers,
        "experts": weights.experts,
        "used": weights.used_share,
        "input": weights.input,
        "output": weights.output,
        "head": weights.head,
        "total": weights.total,
    }


# --- recipes ---------------------------------------------------------------------------------------------------------


def recipe(templates: Iterable[StepTemplate], number: Callable[[Any], int]) -> list[int]:
    """The steps of a recipe by number, as far as a command is spelt from them; conditions are numbers too."""
    return [number(_step(template, number)) for template in templates]


def _step(template: StepTemplate, number: Callable[[Any], int]) -> dict[str, Any]:
    found = {
        "kind": template.kind,
        "title": template.title,
        "pip": template.pip and {key: value for key, value in to_builtins(template.pip).items() if value},
        "argv": template.argv and [_item(item, number) for item in template.argv],
        "env": template.env or None,
        "cwd": template.cwd,
        "url": template.url,
        "path": template.path,
        "text": template.text or (template.why if template.argv is None else None),
        "root": "root" in template.needs or None,
        "when": None if template.when is None else number(template.when),
    }
    return {key: value for key, value in found.items() if value is not None}


def _item(item: str | ArgGroup, number: Callable[[Any], int]) -> Any:
    return item if isinstance(item, str) else {"when": number(item.when), "argv": item.argv}


# --- chips -----------------------------------------------------------------------------------------------------------


def _chip(vendor: str, name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """A chip as the script looks for it: processors by a pattern, all else by its names."""
    found = chips.published(name, raw)
    names = {"pattern": raw.get("pattern")} if vendor == "cpu" else {"names": [name, *raw.get("match", ())]}
    said = {"vendor": vendor, "arch": found.arch, "memory": found.memory_bytes, "bandwidth": found.bandwidth, **names}
    return {key: value for key, value in said.items() if value is not None}
