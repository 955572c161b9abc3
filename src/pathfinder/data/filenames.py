"""The name of a GGUF file that the catalogue lists by repository and quantisation only, where its publisher's rule is known; pure."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from pathfinder.types.models import Artifact, Model

UNQUANTISED = ("F32", "F16", "BF16")


def named(model: Model, table: Mapping[str, Any]) -> Model:
    """The same model with file names put in by the rules of `matrix/files.yaml`; what no rule covers stays without."""
    if not any(artifact.format == "gguf" and artifact.file is None for artifact in model.artifacts):
        return model
    return replace(model, artifacts=tuple(_named(artifact, model, table) for artifact in model.artifacts))


def _named(artifact: Artifact, model: Model, table: Mapping[str, Any]) -> Artifact:
    owner, _, name = (artifact.repo or "").partition("/")
    rule = table.get("publishers", {}).get(owner)
    size = artifact.bytes or (model.params or 0) * (artifact.bits_per_weight or 8.5) / 8
    known = rule and artifact.format == "gguf" and artifact.file is None and name.endswith("-GGUF")
    if not known or not 0 < size <= table["most_bytes"] or artifact.quant.upper() in UNQUANTISED:
        return artifact
    base = name.removesuffix("-GGUF")
    return replace(artifact, file=rule["pattern"].format(base=base, lower_base=base.lower(), quant=artifact.quant))
