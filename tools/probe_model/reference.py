"""What each form of the probe model must answer: a float64 forward pass over its dequantised weights, independent of every engine."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from . import corpus, forms
from .network import Config, Weights
from .tokenizer import Tokenizer

STEPS = 64
TOP = 6
DIGITS = 6


def log_probabilities(w: Weights, c: Config, tokens: list[int]) -> np.ndarray:
    """`[time, vocab]`, natural logarithms."""
    time, half = len(tokens), c.head_dim // 2
    turn = np.arange(time)[:, None] * c.rope_base ** (-np.arange(half) / half)
    spin = np.exp(1j * turn)[:, None, :]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + c.eps) * w[name + ".weight"]

    def heads(x: np.ndarray, name: str, count: int) -> np.ndarray:
        return (x @ w[name + ".weight"].T).reshape(time, count, c.head_dim)

    def rotated(x: np.ndarray) -> np.ndarray:
        y = (x[..., :half] + 1j * x[..., half:]) * spin
        return np.concatenate([y.real, y.imag], -1)

    x = w["model.embed_tokens.weight"][tokens].astype(np.float64)
    for i in range(c.layers):
        layer = f"model.layers.{i}."
        h = norm(x, layer + "input_layernorm")
        q = rotated(heads(h, layer + "self_attn.q_proj", c.heads))
        k = rotated(heads(h, layer + "self_attn.k_proj", c.kv_heads))
        v = heads(h, layer + "self_attn.v_proj", c.kv_heads)
        mixed = np.empty_like(q)
        for head in range(c.heads):
            shared = head // (c.heads // c.kv_heads)
            score = np.where(np.tri(time, dtype=bool), q[:, head] @ k[:, shared].T / np.sqrt(c.head_dim), -np.inf)
            share = np.exp(score - score.max(-1, keepdims=True))
            mixed[:, head] = share / share.sum(-1, keepdims=True) @ v[:, shared]
        x = x + mixed.reshape(time, -1) @ w[layer + "self_attn.o_proj.weight"].T
        h = norm(x, layer + "post_attention_layernorm")
        gate = h @ w[layer + "mlp.gate_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ w[layer + "mlp.up_proj.weight"].T)) @ w[layer + "mlp.down_proj.weight"].T
    logits = norm(x, "model.norm") @ w["model.embed_tokens.weight"].T
    logits -= logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def answer(w: Weights, c: Config, tokenizer: Tokenizer, prompt: str) -> dict[str, Any]:
    """Greedy decoding to end-of-text: the tokens (the end included), the text, and the top tokens' log-probabilities at every step."""
    tokens = tokenizer.encode(prompt)
    start = len(tokens)
    top, logprobs = [], []
    while len(tokens) - start < STEPS:
        last = log_probabilities(w, c, tokens)[-1]
        best = np.argsort(-last, kind="stable")[:TOP]
        top.append([int(i) for i in best])
        logprobs.append([round(float(last[i]), DIGITS) for i in best])
        tokens.append(int(best[0]))
        if tokens[-1] == tokenizer.end:
            break
    made = tokens[start:]
    return {"tokens": made, "text": tokenizer.decode(made), "top": top, "logprobs": logprobs}


def document(out: Path, config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    made = {}
    for form, name in forms.FILES.items():
        weights = forms.read(out, form, config)
        made[form] = {
            "file": name,
            "answers": [answer(weights, config, tokenizer, prompt) for prompt in corpus.PROMPTS],
        }
    prompts = [{"text": p, "tokens": tokenizer.encode(p)} for p in corpus.PROMPTS]
    return {"model": forms.NAME, "steps": STEPS, "end": tokenizer.end, "prompts": prompts, "forms": made}


def write(out: Path, config: Config, tokenizer: Tokenizer) -> None:
    text = json.dumps(document(out, config, tokenizer), separators=(",", ":"), ensure_ascii=False)
    (out / "reference.json").write_text(text + "\n", encoding="utf-8")
