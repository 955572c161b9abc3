"""Where the figures of an answer come from, for `--explain`: the facts with their sources, and how an estimate was reckoned."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pathfinder.language.compare import spell_bytes
from pathfinder.types.estimates import Estimate
from pathfinder.types.facts import Facts

if TYPE_CHECKING:
    from pathfinder.judging.bench import Bench

STATED = "stated by the profile"


def of_machine(facts: Facts) -> Iterator[str]:
    """Each figure of a machine that a decision rests on, with what answered it."""
    if facts.memory.usable_bytes is not None:
        yield f"{spell_bytes(facts.memory.usable_bytes)} of system memory usable: {source('memory.usable_bytes', facts)}"
    if facts.memory.bandwidth_bytes_per_second:
        rate = f"{facts.memory.bandwidth_bytes_per_second / 1e9:.0f} GB/s of system memory"
        yield f"{rate}: {source('memory.bandwidth_bytes_per_second', facts)}"
    for index, device in enumerate(facts.devices or ()):
        name = device.name or device.id
        for key, size in (("memory_bytes", device.memory_bytes), ("memory_free_bytes", device.memory_free_bytes)):
            if size is not None:
                what = "" if key == "memory_bytes" else " free"
                yield f"{spell_bytes(size)}{what} on {name}: {source(f'devices.{index}.{key}', facts)}"
        if device.bandwidth_bytes_per_second:
            rate = f"{device.bandwidth_bytes_per_second / 1e9:.0f} GB/s on {name}"
            yield f"{rate}: {source(f'devices.{index}.bandwidth_bytes_per_second', facts)}"


def of_bench(found: "Bench") -> Iterator[str]:
    """How each figure of a measurement came about."""
    served = found.device_used is None
    times = max((row.repetitions for row in found.rows), default=0)
    clock = "counted over all requests together, transport included" if served else "by the engine's own clock, without loading"
    yield f"Tokens/s: tokens over seconds, {clock}; the mean of {times} repetitions behind one that warms up."
    if any(row.sd_tps is not None for row in found.rows):
        yield "±: the standard deviation over the repetitions; where it is large, something else used the machine."
    if any(row.first_token_seconds is not None for row in found.rows):
        yield "First token: the median time from sending a request to its first token."
    if any(row.expected.likely is not None for row in found.rows):
        yield "Expected: what `pathfinder estimate` says of the same model, engine and context."
    if found.compared_with is not None:
        yield f"Change: against {found.compared_with}, where it exceeds two standard deviations of both."


def source(path: str, facts: Facts) -> str:
    """What answered a fact; a profile's are stated by hand."""
    why = facts.why.get(path)
    if why is None:
        return STATED if not facts.why else "not told by any one source"
    return f"{why.source} ({why.note})" if why.note else why.source


def of_estimate(found: Estimate, facts: Facts) -> Iterator[str]:
    """How each figure of an estimate was reckoned."""
    artifact, memory = found.artifact, found.memory
    quant = artifact.quant if artifact else "the weights"
    if artifact is not None and artifact.path:
        yield "Weights: the tensors that the header of the file lists, to the byte."
    elif memory.weights_bytes:
        yield f"Weights: the model's shape, each matrix in the type that {quant} gives it."
    if memory.kv_cache_bytes:
        yield f"KV cache: keys and values of every layer for {found.context} tokens, as layers, heads and windows of the shape ask for."
    if memory.compute_bytes:
        yield "Compute: the largest buffers that are alive at once while one micro-batch goes through the model, by the engine's rules."
    if memory.overhead_bytes:
        yield "Overhead: what the backend's own context and libraries take on a device (matrix/estimate.yaml)."
    yield from (f"{line}." for line in of_machine(facts))
    if found.speed.decode_tps.likely is not None:
        yield "Decode: bytes read for one token over the bandwidth reached, and the launch time of each layer (matrix/estimate.yaml)."
        yield "Prefill: operations of the prompt over the share of the published compute reached (matrix/devices/, matrix/estimate.yaml)."
        yield "The interval is what measured speeds fell into four times in five."
    if found.choices:
        yield "Perplexity: what llama.cpp states of Llama 3 8B, against its unquantised weights; larger models lose less."
