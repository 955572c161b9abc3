"""From what a person typed to an estimate: the model, its form, the devices, the rule."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from pathfinder.errors import Problem
from pathfinder.estimate import Tables, estimate
from pathfinder.estimate.experts import apart
from pathfinder.formats.gguf_types import BLOCK
from pathfinder.naming.names import plainly
from pathfinder.types.estimates import Choice, Estimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact, Model

CONTEXT = 8192
"""Tokens planned for when nothing is said, or the model's own limit where that is less."""
UTILISATION = {"vllm": 0.92, "sglang": 0.88, "tensorrt-llm": 0.9}
"""Fraction of each device claimed by default: `gpu_memory_utilization`, `mem_fraction_static`, `free_gpu_memory_fraction`."""
FORMATS = {
    "llama.cpp": ("gguf",),
    "mlx-lm": ("mlx",),
    "vllm": ("awq", "gptq", "fp8", "safetensors"),
    "exllamav3": ("exl3",),
    "openvino": ("openvino",),
}
PREFERRED = ("Q4_K_M", "MXFP4", "4bit", "Q4_0", "Q8_0")


SPLITS_EXPERTS = ("llama.cpp", "koboldcpp", "text-generation-webui")
"""Engines that can keep the routed experts of a layer apart from it."""


class Wanted(NamedTuple):
    ref: str
    quant: str | None = None
    context: int | None = None
    kv_type: str = "f16"
    parallel: int = 1
    batch: int = 512
    engine: str = "llama.cpp"
    gpu_layers: int | None = None
    cpu: bool = False
    offline: bool = False
    expert_layers: int = 0


def estimated(wanted: Wanted, facts: Facts, overlay: Sequence[str] = ()) -> Estimate:
    """The estimate of one host. Raises Problem for a model nobody knows, a type that is none, or a number below one."""
    from pathfinder.data import store

    checked(wanted)
    model, artifact = resolved(wanted, overlay)
    tables = Tables(coefficients=store.estimate_table(tuple(overlay)), chips=store.devices(tuple(overlay)))
    margin = int(tables.coefficients.get("margin_bytes", 0))
    limit = model.shape.context if model.shape else None
    context = wanted.context or min(CONTEXT, limit or CONTEXT)

    def on(these: tuple[Device, ...], form: Artifact, tokens: int, expert_layers: int = wanted.expert_layers) -> Estimate:
        return estimate(
            model, form, facts, these, wanted.engine, rule(wanted.engine), tokens * wanted.parallel, wanted.parallel,
            wanted.gpu_layers, wanted.kv_type, batch=wanted.batch, expert_layers=expert_layers, tables=tables,
        )  # fmt: skip

    def one(form: Artifact, tokens: int) -> Estimate:
        """On the fewest devices that hold it all, the largest first; else on all of them together."""
        every = devices(facts, wanted.cpu)
        for count in (1, 2, 4, 8):
            if count < len(every):
                found = on(every[:count], form, tokens)
                if found.memory.fits and (found.gpu_layers is None or (model.shape and found.gpu_layers > model.shape.layers)):
                    return found
        whole = on(every, form, tokens)
        layers = model.shape.layers if model.shape and model.shape.experts else 0
        chosen_here = wanted.gpu_layers is None and not wanted.expert_layers and wanted.engine in SPLITS_EXPERTS
        if not layers or not every or not chosen_here or whole.gpu_layers is None or whole.gpu_layers > layers:
            return whole
        return apart(whole, layers, margin, lambda count: on(every, form, tokens, count))

    found = one(artifact, context)
    known = tables.coefficients.get("perplexity_added") or {}
    beside = () if wanted.quant else tuple(choices(found, model, artifact, lambda form: one(form, context), known))
    found = replace(found, context=context, choices=beside)
    if found.memory.fits is False:
        return replace(found, instead=tuple(instead(found, model, artifact, context, one)))
    return found


def choices(
    found: Estimate, model: Model, artifact: Artifact, one: Callable[[Artifact], Estimate], perplexity: Mapping[str, float]
) -> Iterator[Choice]:
    """The form taken between the next two smaller and the next two larger ones of its format. Nothing where there is but one."""
    forms = {other.quant: other for other in model.artifacts if other.format == artifact.format and other.bits_per_weight}
    if artifact.quant not in forms or len(forms) < 2:
        return
    ordered = sorted(forms.values(), key=lambda other: other.bits_per_weight or 0)
    here = next(index for index, other in enumerate(ordered) if other.quant == artifact.quant)
    for other in ordered[max(0, here - 2) : here + 3]:
        chosen = other.quant == artifact.quant
        estimate = found if chosen else one(other)
        yield Choice(
            quant=other.quant,
            chosen=chosen,
            perplexity_added=perplexity.get(other.quant),
            total_bytes=estimate.memory.total_bytes,
            fits=estimate.memory.fits,
            gpu_layers=estimate.gpu_layers,
            decode_tps=estimate.speed.decode_tps.likely,
        )


def instead(found: Estimate, model: Model, artifact: Artifact, context: int, one: Callable[[Artifact, int], Estimate]) -> Iterator[str]:
    """What would fit: a smaller quantisation, less context; and what is missing."""
    short = found.memory.headroom_bytes
    if short is not None and short < 0:
        yield f"{-short / 2**30:.1f} GiB more memory would do."
    same = [
        other for other in model.artifacts if other.format == artifact.format and other.bits_per_weight and other.quant != artifact.quant
    ]
    for smaller in sorted(same, key=lambda other: -(other.bits_per_weight or 0)):
        if (smaller.bits_per_weight or 0) < (artifact.bits_per_weight or 32) and one(smaller, context).memory.fits:
            yield f"{smaller.quant} fits."
            break
    tokens = context // 2
    while tokens >= 1024:
        if one(artifact, tokens).memory.fits:
            yield f"{tokens} tokens of context fit."
            break
        tokens //= 2


def checked(wanted: Wanted) -> None:
    if wanted.kv_type.count(",") > 1 or any(type_ not in BLOCK for type_ in wanted.kv_type.upper().split(",")):
        known = "f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl"
        raise Problem(
            f"{wanted.kv_type!r} is no type a KV cache can have.",
            where="--kv-type",
            hint=f"One of {known}; or two of them, for keys and for values: f16,q8_0.",
        )
    for name in ("context", "parallel", "batch"):
        number = getattr(wanted, name)
        if number is not None and not 0 < number <= 1 << 32:
            raise Problem(f"{number} is not a sensible number.", where=f"--{name}", hint="Give a number above zero.")
    if (wanted.gpu_layers or 0) < 0 or wanted.expert_layers < 0:
        raise Problem("The number of layers cannot be negative.", where="--gpu-layers", hint="0 keeps everything in system memory.")


def resolved(wanted: Wanted, overlay: Sequence[str]) -> tuple[Model, Artifact]:
    from pathfinder.data import store
    from pathfinder.naming.ask import resolve

    ref = plainly(wanted.ref.strip())
    if ref.lower().startswith("hf:") and not wanted.offline:
        from pathfinder.network import peek

        return peek.model(ref if wanted.quant is None or ref.count(":") > 1 else f"{ref}:{wanted.quant}")
    exact = store.named(wanted.ref, tuple(overlay))
    found = resolve(wanted.ref, store.models(tuple(overlay)) if exact is None else exact[:1], local)
    if found.artifact is not None:
        return found.model, found.artifact
    return found.model, form(found.model, wanted.quant or found.quant, wanted.engine)


def local(text: str) -> tuple[Model, Artifact] | None:
    path = Path(text).expanduser()
    if not path.exists():
        return None
    from pathfinder.formats.local import read

    return read(path)


def named(quant: str, listed: Sequence[Artifact]) -> str:
    """A quantisation that a type is known by, listed for the model or not. Raises Problem for any other word."""
    from pathfinder.estimate.recipe import BASE, BITS

    plain = quant.upper().removeprefix("UD-")
    if plain in BASE or plain in BLOCK or plain.endswith("BPW") or any(name in quant.lower() for name in BITS):
        return quant
    known = ", ".join(dict.fromkeys(artifact.quant for artifact in listed if artifact.quant))
    raise Problem(
        f"{quant!r} is no quantisation.", where="--quant", hint=f"Listed for this model: {known}." if known else "For example: Q4_K_M."
    )


def form(model: Model, quant: str | None, engine: str) -> Artifact:
    """The artefact meant: of the quantisation asked for, else a middling one of the engine's own formats."""
    formats = FORMATS.get(engine, ())
    mine = [artifact for artifact in model.artifacts if artifact.format in formats] or list(model.artifacts)
    if quant is not None:
        same = [artifact for artifact in mine if artifact.quant.upper() == quant.upper()]
        kind = formats[0] if formats else "gguf"
        return same[0] if same else Artifact(format=kind, quant=named(quant, mine))
    for name in PREFERRED:
        for artifact in mine:
            if artifact.quant == name:
                return artifact
    return mine[0] if mine else Artifact(format="gguf", quant="Q4_K_M")


def devices(facts: Facts, cpu: bool) -> tuple[Device, ...]:
    """The GPUs one would use, the largest first: discrete ones before integrated ones, hidden ones never."""
    seen = () if cpu else facts.devices or ()
    gpus = [
        device for device in seen if device.kind == "gpu" and device.visible is not False and (device.memory_bytes or device.shared_memory)
    ]
    gpus.sort(key=lambda device: -(device.memory_free_bytes or device.memory_bytes or 0))
    discrete = [device for device in gpus if not device.integrated and not device.shared_memory]
    return tuple(discrete or [device for device in gpus if device.vendor == "apple" or device.memory_bytes][:1])


def rule(engine: str) -> MemoryRule:
    if engine in UTILISATION:
        return MemoryRule(kind="utilisation", utilisation=UTILISATION[engine])
    kinds = {"mlx-lm": "mlx", "mlx": "mlx", "transformers": "torch"}
    return MemoryRule(kind=kinds.get(engine, "llama.cpp"))  # type: ignore[arg-type]
