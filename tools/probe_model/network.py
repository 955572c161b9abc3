"""The llama network in NumPy with its gradient by hand: RMS norm, rotary positions, grouped-query attention, SwiGLU, tied embeddings.

Weights are `[out, in]` as in a Hugging Face checkpoint and carry its names. Arrays are `[batch, time, ...]`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Weights = dict[str, Array]


@dataclass(frozen=True)
class Config:
    vocab: int = 512
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    ffn: int = 256
    context: int = 128
    rope_base: float = 1000.0
    """Not the usual 10000, so that an engine which ignores the file's value is seen."""
    eps: float = 1e-5


def shapes(c: Config) -> dict[str, tuple[int, ...]]:
    """Every weight by its Hugging Face name."""
    out: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (c.vocab, c.hidden), "model.norm.weight": (c.hidden,)}
    for i in range(c.layers):
        p = f"model.layers.{i}."
        out |= {
            p + "input_layernorm.weight": (c.hidden,),
            p + "post_attention_layernorm.weight": (c.hidden,),
            p + "self_attn.q_proj.weight": (c.heads * c.head_dim, c.hidden),
            p + "self_attn.k_proj.weight": (c.kv_heads * c.head_dim, c.hidden),
            p + "self_attn.v_proj.weight": (c.kv_heads * c.head_dim, c.hidden),
            p + "self_attn.o_proj.weight": (c.hidden, c.heads * c.head_dim),
            p + "mlp.gate_proj.weight": (c.ffn, c.hidden),
            p + "mlp.up_proj.weight": (c.ffn, c.hidden),
            p + "mlp.down_proj.weight": (c.hidden, c.ffn),
        }
    return out


def initial(c: Config, rng: np.random.Generator) -> Weights:
    weights: Weights = {}
    for name, shape in shapes(c).items():
        if len(shape) == 1:
            weights[name] = np.ones(shape, np.float32)
        else:
            weights[name] = (rng.standard_normal(shape) * 0.6 / np.sqrt(shape[1])).astype(np.float32)
    return weights


def angles(c: Config, time: int) -> tuple[Array, Array]:
    """Cosine and sine, `[time, 1, head_dim / 2]`."""
    steps = c.rope_base ** (-np.arange(0, c.head_dim, 2) / c.head_dim)
    turn = np.arange(time)[:, None, None] * steps
    return np.cos(turn).astype(np.float32), np.sin(turn).astype(np.float32)


def rotate(x: Array, cos: Array, sin: Array) -> Array:
    """Rotary positions by halves, as Hugging Face's llama does; the transpose is `rotate(x, cos, -sin)`."""
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def _norm(x: Array, gain: Array, eps: float) -> tuple[Array, Array]:
    scale = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    return x * scale * gain, scale


def _norm_back(dy: Array, x: Array, gain: Array, scale: Array) -> tuple[Array, Array]:
    dgain = (dy * x * scale).reshape(-1, x.shape[-1]).sum(0)
    inner = dy * gain
    dx = scale * inner - x * scale**3 * (inner * x).mean(-1, keepdims=True)
    return dx, dgain


def _linear_back(dy: Array, x: Array, weight: Array) -> tuple[Array, Array]:
    flat = dy.reshape(-1, dy.shape[-1])
    return dy @ weight, flat.T @ x.reshape(-1, x.shape[-1])


def loss_and_gradient(w: Weights, c: Config, tokens: NDArray[np.int64], targets: NDArray[np.int64], smooth: float) -> tuple[float, Weights]:
    """Mean cross-entropy with label smoothing over targets >= 0, and its gradient. `tokens`, `targets`: `[batch, time]`."""
    batch, time = tokens.shape
    cos, sin = angles(c, time)
    mask = np.triu(np.full((time, time), -np.inf, np.float32), 1)
    group = c.heads // c.kv_heads
    x = w["model.embed_tokens.weight"][tokens]
    tape = []
    for i in range(c.layers):
        p = f"model.layers.{i}."
        h, s1 = _norm(x, w[p + "input_layernorm.weight"], c.eps)
        q: Array = rotate((h @ w[p + "self_attn.q_proj.weight"].T).reshape(batch, time, c.heads, c.head_dim), cos, sin)
        k: Array = rotate((h @ w[p + "self_attn.k_proj.weight"].T).reshape(batch, time, c.kv_heads, c.head_dim), cos, sin)
        v: Array = (h @ w[p + "self_attn.v_proj.weight"].T).reshape(batch, time, c.kv_heads, c.head_dim)
        q, k, v = (a.transpose(0, 2, 1, 3) for a in (q, np.repeat(k, group, 2), np.repeat(v, group, 2)))
        score = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(c.head_dim)) + mask
        prob = np.exp(score - score.max(-1, keepdims=True))
        prob /= prob.sum(-1, keepdims=True)
        mix = (prob @ v).transpose(0, 2, 1, 3).reshape(batch, time, -1)
        mid = x + mix @ w[p + "self_attn.o_proj.weight"].T
        h2, s2 = _norm(mid, w[p + "post_attention_layernorm.weight"], c.eps)
        gate, up = h2 @ w[p + "mlp.gate_proj.weight"].T, h2 @ w[p + "mlp.up_proj.weight"].T
        sigmoid = 1 / (1 + np.exp(-gate))
        act = gate * sigmoid * up
        tape.append((x, h, s1, q, k, v, prob, mix, mid, h2, s2, gate, up, sigmoid, act))
        x = mid + act @ w[p + "mlp.down_proj.weight"].T
    last, s_last = _norm(x, w["model.norm.weight"], c.eps)
    embed = w["model.embed_tokens.weight"]
    logits = last @ embed.T
    logits -= logits.max(-1, keepdims=True)
    logprob = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    used = targets >= 0
    count = used.sum()
    want = np.full_like(logprob, smooth / c.vocab)
    np.put_along_axis(want, np.maximum(targets, 0)[..., None], 1 - smooth + smooth / c.vocab, -1)
    loss = float(-(want * logprob).sum(-1)[used].mean())

    grad: Weights = {}
    dlogits = ((np.exp(logprob) - want) * used[..., None] / count).astype(np.float32)
    dlast, dembed = _linear_back(dlogits, last, embed)
    dx, grad["model.norm.weight"] = _norm_back(dlast, x, w["model.norm.weight"], s_last)
    for i in reversed(range(c.layers)):
        p = f"model.layers.{i}."
        x, h, s1, q, k, v, prob, mix, mid, h2, s2, gate, up, sigmoid, act = tape[i]
        dact, grad[p + "mlp.down_proj.weight"] = _linear_back(dx, act, w[p + "mlp.down_proj.weight"])
        dgate = dact * up * sigmoid * (1 + gate * (1 - sigmoid))
        dh2, grad[p + "mlp.gate_proj.weight"] = _linear_back(dgate, h2, w[p + "mlp.gate_proj.weight"])
        more, grad[p + "mlp.up_proj.weight"] = _linear_back(dact * gate * sigmoid, h2, w[p + "mlp.up_proj.weight"])
        dmid, grad[p + "post_attention_layernorm.weight"] = _norm_back(dh2 + more, mid, w[p + "post_attention_layernorm.weight"], s2)
        dmid += dx
        dmix, grad[p + "self_attn.o_proj.weight"] = _linear_back(dmid, mix, w[p + "self_attn.o_proj.weight"])
        dmix = dmix.reshape(batch, time, c.heads, c.head_dim).transpose(0, 2, 1, 3)
        dprob = dmix @ v.transpose(0, 1, 3, 2)
        dv = prob.transpose(0, 1, 3, 2) @ dmix
        dscore = prob * (dprob - (dprob * prob).sum(-1, keepdims=True)) / np.float32(np.sqrt(c.head_dim))
        dq, dk = dscore @ k, dscore.transpose(0, 1, 3, 2) @ q
        dq, dk, dv = (a.transpose(0, 2, 1, 3) for a in (dq, dk, dv))
        dk, dv = (a.reshape(batch, time, c.kv_heads, group, c.head_dim).sum(3) for a in (dk, dv))
        dq, dk = rotate(dq, cos, -sin), rotate(dk, cos, -sin)
        dh = np.zeros_like(h)
        for name, d in (("q", dq), ("k", dk), ("v", dv)):
            more, grad[p + f"self_attn.{name}_proj.weight"] = _linear_back(
                d.reshape(batch, time, -1), h, w[p + f"self_attn.{name}_proj.weight"]
            )
            dh += more
        dx, grad[p + "input_layernorm.weight"] = _norm_back(dh, x, w[p + "input_layernorm.weight"], s1)
        dx += dmid
    np.add.at(dembed, tokens.reshape(-1), dx.reshape(-1, c.hidden))
    grad["model.embed_tokens.weight"] = dembed
    return loss, grad
