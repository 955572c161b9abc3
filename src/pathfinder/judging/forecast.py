"""What the estimate expects of a run, so that a measured speed stands beside a predicted one."""

from pathlib import Path
from typing import Any

from pathfinder.types.estimates import SpeedEstimate
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact, Model
from pathfinder.types.results import Expected

_OF_VENDOR = {"nvidia": "cuda", "apple": "metal", "amd": "rocm"}
_KINDS: dict[str, Any] = {"llama.cpp": "llama.cpp", "mlx": "mlx"}


def forecast(engine: str, path: Path, device_used: str | None, facts: Facts, context: int, overlays: tuple[str, ...] = ()) -> Expected:
    """The decode speed expected of a local model; unknown where its shape, the device used or the device's bandwidth is."""
    return Expected(decode_tps=speeds(engine, path, device_used, facts, context, overlays).decode_tps)


def speeds(engine: str, path: Path, device_used: str | None, facts: Facts, context: int, overlays: tuple[str, ...] = ()) -> SpeedEstimate:
    """Both speeds expected of it."""
    from pathfinder.data import store
    from pathfinder.errors import Problem
    from pathfinder.estimate import Tables, estimate

    place = _place(engine, device_used, facts)
    if place is None:
        return SpeedEstimate()
    try:
        model, artifact = _model(path)
    except (Problem, OSError, ValueError):
        return SpeedEstimate()
    tables = Tables(coefficients=store.estimate_table(overlays), chips=store.devices(overlays))
    rule = MemoryRule(kind=_KINDS[engine])
    found = estimate(model, artifact, facts, place[1], engine, rule, context, backend=place[0], tables=tables)
    return found.speed


def _place(engine: str, device_used: str | None, facts: Facts) -> tuple[str, tuple[Device, ...]] | None:
    """Backend and devices; None when it cannot be told which of several GPUs, or through which backend."""
    if device_used == "cpu":
        # No coefficients are known of MLX on a CPU.
        return ("cpu", ()) if engine == "llama.cpp" else None
    gpus = tuple(d for d in facts.devices or () if d.kind == "gpu" and d.visible is not False)
    backend = _OF_VENDOR.get(gpus[0].vendor or "") if len(gpus) == 1 else None
    return (backend, gpus) if device_used and backend else None


def _model(path: Path) -> tuple[Model, Artifact]:
    if path.is_file():
        from pathfinder.formats import gguf_model

        return gguf_model.read(path)
    import json

    from pathfinder.formats import hf_config

    said = hf_config.read(json.loads((path / "config.json").read_text(encoding="utf-8")))
    size = sum(file.stat().st_size for file in path.glob("model*.safetensors"))
    model = Model(id=path.name, name=path.name, family=said.arch, arch=said.arch, shape=said.shape)
    return model, Artifact(format=said.format, quant=said.quant or "", bytes=size)
