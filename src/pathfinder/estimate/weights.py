"""Where a model's weights are: bytes of each layer, of the routed experts in it, of the input and the output matrices."""

import re

from pathfinder.types.models import Artifact, Model, Tensor
from pathfinder.types.words import Frozen

LAYER = re.compile(r"^(?:(?:dec|enc)\.)?blk\.(\d+)\.|^(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.(\d+)\.")
EXPERT = re.compile(r"_exps\.|\.experts\.|switch_mlp\.|_chexps\.")
INPUT = re.compile(r"^(?:token_embd|token_types|position_embd|token_embd_norm|per_layer_token_embd)\b|embed_tokens|\bwte\b|\bwpe\b")
OUTPUT = re.compile(r"^output(?!_norm)\b|lm_head")
LOOKED_UP = re.compile(r"^per_layer_token_embd")


class Weights(Frozen, frozen=True, kw_only=True):
    """All in bytes. `layers[i]` holds everything of layer i, `experts[i]` the part of it that is routed experts."""

    layers: tuple[int, ...]
    experts: tuple[int, ...]
    input: int
    """Token (and position) embeddings; looked up, a row a token, never multiplied unless tied."""
    output: int
    """The matrix that makes logits, and the final norm."""
    looked_up: int = 0
    """The part of `input` that is never multiplied, even where it is tied (embeddings of each layer)."""
    tied: bool = False
    """The input matrix is the output matrix as well."""
    used_share: float = 1.0
    """Routed experts used by one token over all of them."""
    exact: bool = True
    """Read from a tensor table; False: from the shape and the quantisation's recipe."""

    @property
    def total(self) -> int:
        return sum(self.layers) + self.input + self.output

    @property
    def head(self) -> int:
        """Bytes multiplied to make logits."""
        return self.input - self.looked_up if self.tied else self.output

    def active(self, layer: int) -> float:
        """Bytes of a layer that one token reads."""
        return self.layers[layer] - self.experts[layer] * (1 - self.used_share)


def of(model: Model, artifact: Artifact | None) -> Weights | None:
    """From the tensor table where the model was read from a file, else from its shape; None when neither is known."""
    if model.tensors:
        return from_table(model)
    if model.shape is None or artifact is None:
        return None
    from pathfinder.estimate import recipe

    return recipe.weights(model, artifact)


def from_table(model: Model) -> Weights:
    """Sums of a tensor table. Layers beyond the trunk (multi-token prediction) are not loaded by default and not counted."""
    shape = model.shape
    layers = shape.layers if shape is not None else 1 + max((layer_of(tensor) or 0 for tensor in model.tensors), default=0)
    trunk = layers - (shape.nextn_layers if shape is not None else 0)
    whole, experts = [0] * layers, [0] * layers
    rest = {"input": 0, "output": 0}
    looked_up = 0
    for tensor in model.tensors:
        layer = layer_of(tensor)
        if layer is None or layer >= layers:
            rest["input" if INPUT.search(tensor.name) else "output"] += tensor.bytes
            looked_up += tensor.bytes if LOOKED_UP.match(tensor.name) else 0
        elif layer < trunk or shape is None:
            whole[layer] += tensor.bytes
            if EXPERT.search(tensor.name):
                experts[layer] += tensor.bytes
    tied = not any(OUTPUT.search(tensor.name) for tensor in model.tensors)
    return Weights(
        layers=tuple(whole),
        experts=tuple(experts),
        input=rest["input"],
        output=rest["output"],
        looked_up=looked_up,
        tied=tied,
        used_share=used_share(model),
    )


def layer_of(tensor: Tensor) -> int | None:
    match = LAYER.match(tensor.name)
    return None if match is None else int(match[1] or match[2])


def used_share(model: Model) -> float:
    shape = model.shape
    if shape is None or not shape.experts or not shape.experts_used:
        return 1.0
    return min(1.0, shape.experts_used / shape.experts)
