"""Compute buffers: what a runtime holds besides weights and cache while one micro-batch runs."""

from pathfinder.types import Model


def buffers(model: Model, context: int, kv_type: str, parallel: int, batch: int) -> int:
    """Bytes of llama.cpp's compute buffer for a whole model on one backend."""
    shape = model.shape
    if shape is None:
        return 0
    tokens = min(batch, context)
    logits = 4 * tokens * (shape.vocab or 0)
    return logits + 4 * tokens * shape.hidden * 2


def host_buffers(model: Model, context: int, batch: int) -> int:
    """Bytes of the host's part when the layers are on devices: embeddings, positions, masks."""
    shape = model.shape
    if shape is None:
        return 0
    tokens = min(batch, context)
    return 4 * tokens * shape.hidden + 2 * tokens * context


def activations(model: Model, batch: int) -> int:
    """Bytes of a forward pass outside llama.cpp, in 16 bits: the widest layer and one row of logits a sequence."""
    shape = model.shape
    if shape is None:
        return 0
    return 2 * batch * (4 * shape.hidden + 2 * (shape.ffn or 4 * shape.hidden)) + 4 * (shape.vocab or 0)
