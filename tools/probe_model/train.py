"""Train the probe model and write every form of it with its reference.

    python -m tools.probe_model.train                  trains (two minutes on one core), writes src/pathfinder/_probe/
    python -m tools.probe_model.train --reference      keeps the weights of _probe/hf, writes the other forms and the references again

NumPy alone does the training; the same seed on the same NumPy build gives the same weights. Weights are what is committed: another
machine's rounding gives another model, just as good, whose tolerances must be measured again.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from . import corpus, forms, reference
from .network import Config, Weights, initial, loss_and_gradient
from .tokenizer import Tokenizer, learn

SEED = 20261120
STEPS = 1500
BATCH_TOKENS = 1500
PEAK_RATE = 4e-3
DECAY = 0.1
SMOOTH = 0.02
"""Label smoothing keeps the losing tokens near log(SMOOTH / vocab) = -10, where their log-probabilities still tell right from wrong."""
NOISE = 0.04
"""Weights are trained under noise of this share of their own spread, so that four bits do not change an answer."""
OUT = Path(__file__).parents[2] / "src" / "pathfinder" / "_probe"


def batches(texts: list[list[int]], end: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """One epoch: documents of similar length together, padded; targets are -1 where nothing is to be learnt."""
    order = sorted(rng.permutation(len(texts)), key=lambda i: len(texts[i]) + rng.uniform(0, 4))
    groups: list[list[int]] = [[]]
    for i in order:
        if len(groups[-1]) * (len(texts[i]) + 1) > BATCH_TOKENS:
            groups.append([])
        groups[-1].append(i)
    out = []
    for group in groups:
        time = max(len(texts[i]) for i in group)
        tokens, targets = np.full((len(group), time), end), np.full((len(group), time), -1)
        for row, i in enumerate(group):
            ids = texts[i]
            tokens[row, : len(ids)] = ids
            targets[row, : len(ids)] = [*ids[1:], end]
        out.append((tokens, targets))
    return out


def train(config: Config, tokenizer: Tokenizer, steps: int = STEPS) -> Weights:
    """AdamW with warm-up and a cosine to zero."""
    rng = np.random.default_rng(SEED)
    texts = [tokenizer.encode(text) for text in corpus.documents()]
    weights = initial(config, rng)
    first = {name: np.zeros_like(v) for name, v in weights.items()}
    second = {name: np.zeros_like(v) for name, v in weights.items()}
    queue: list[tuple[np.ndarray, np.ndarray]] = []
    for step in range(1, steps + 1):
        if not queue:
            queue = batches(texts, tokenizer.end, rng)
            rng.shuffle(queue)
        tokens, targets = queue.pop()
        noisy = {name: v + NOISE * v.std() * rng.standard_normal(v.shape, np.float32) if v.ndim == 2 else v for name, v in weights.items()}
        loss, grad = loss_and_gradient(noisy, config, tokens, targets, SMOOTH)
        rate = PEAK_RATE * min(step / 100, 0.5 * (1 + np.cos(np.pi * step / steps)))
        norm = np.sqrt(sum(float((g * g).sum()) for g in grad.values()))
        for name, raw in grad.items():
            g = raw * min(1.0, 1 / norm)
            first[name] += 0.1 * (g - first[name])
            second[name] += 0.01 * (g * g - second[name])
            change = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.99**step)) + 1e-8)
            weights[name] -= (rate * (change + (DECAY * weights[name] if g.ndim == 2 else 0))).astype(np.float32)
        if step % 100 == 0:
            print(f"step {step}/{steps}  loss {loss:.4f}", file=sys.stderr, flush=True)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--reference", action="store_true", help="keep the trained weights")
    args = parser.parse_args()
    config = Config()
    tokenizer = Tokenizer(learn(corpus.documents(), config.vocab - 257))
    if args.reference:
        weights = forms.read_safetensors(args.out / "hf" / "model.safetensors")
    else:
        weights = {name: v.astype(np.float16) for name, v in train(config, tokenizer).items()}
    forms.write_all(args.out, config, tokenizer, weights)
    reference.write(args.out, config, tokenizer)


if __name__ == "__main__":
    main()
