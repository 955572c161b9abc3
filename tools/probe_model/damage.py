"""Damage the probe model in ways the judge must see, and ask the real llama.cpp about many damaged files in one process.

python -m tools.probe_model.damage --draws 100 --seed 1        for each GGUF form: how many draws of a flipped bit go unseen
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pathfinder import engines
from pathfinder.judging import probe_model, smoke, verdict
from pathfinder.types.results import EngineRun, Judgement

from . import corpus, forms
from .network import Config, Weights
from .tokenizer import Tokenizer, learn

UNIT_BYTES = {"f16": 2, "q8_0": 34, "q4_0": 18}
"""Bytes of one weight, or of one block that begins with its float16 scale."""
MANY = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, wire
script = importlib.import_module(sys.argv[2])
out = wire.Wire()
request = out.request()
for path in request["models"]:
    engine = script.Engine({**request, "model": path}, out)
    for index, prompt in enumerate(request["prompts"]):
        engine.answer(index, prompt["watch"], request["tokens"], False)
    engine.close()
    out.send("through")
out.done()
"""


def tokenizer() -> Tokenizer:
    return Tokenizer(learn(corpus.documents(), Config().vocab - 257))


def high_bytes(form: str) -> dict[str, list[int]]:
    """File offsets of the byte with the top exponent bit of every weight (or block scale) that is drawn from, by tensor.

    Attention and feed-forward matrices whole; of the embedding, the rows of the prompts' tokens.
    """
    import gguf

    rows = sorted({token for answer in probe_model.reference(form).answers for token in answer.prompt_tokens})
    unit, found = UNIT_BYTES[form], {}
    for tensor in gguf.GGUFReader(probe_model.folder() / forms.FILES[form]).tensors:
        if tensor.tensor_type.name == "F32":
            continue
        count = tensor.n_bytes // unit
        places: Any = range(count)
        if tensor.name == "token_embd.weight":
            width = count // Config().vocab
            places = [row * width + i for row in rows for i in range(width)]
        found[tensor.name] = [int(tensor.data_offset) + place * unit + 1 for place in places]
    return found


def flips(form: str, draws: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Files with the top exponent bit of one weight or block scale flipped; half the draws pick the tensor first."""
    rng = random.Random(seed)
    offsets = high_bytes(form)
    everywhere = [(name, at) for name, places in offsets.items() for at in places]
    whole = (probe_model.folder() / forms.FILES[form]).read_bytes()
    for draw in range(draws):
        name, at = rng.choice(everywhere)
        if draw % 2:
            name = rng.choice(sorted(offsets))
            at = rng.choice(offsets[name])
        raw = bytearray(whole)
        raw[at] ^= 0x40
        yield f"{name} byte {at}", bytes(raw)


def judge_many(form: str, files: list[Path], seconds: float = 300.0) -> list[Judgement]:
    """What the judge says of each file or folder, all run by one engine process against the form's reference."""
    engine = engines.ENGINES["mlx" if form == "hf" else "llama.cpp"]
    reference = probe_model.reference(form)
    request = smoke.request(files[0], smoke.Asked(threads=1), reference, probe_model.longest_answer())
    request["models"] = [str(file) for file in files]
    runs: list[EngineRun] = []
    samples: list[Any] = []

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "sample":
            samples.append(smoke.sample(event, request["prompts"]))
        if event["event"] == "through":
            runs.append(EngineRun(engine=engine.name, samples=tuple(samples), done=True))
            samples.clear()

    argv = [sys.executable, "-c", MANY, str(Path(engines.__file__).parent), engine.script.removesuffix(".py")]
    ended = smoke.listen(argv, engine.name, request, seconds, on_event)
    runs += [ended] * (len(files) - len(runs))
    return [verdict.judge(run, reference) for run in runs]


def write(path: Path, form: str, config: Config | None = None, words: Tokenizer | None = None, weights: Weights | None = None) -> Path:
    """A whole file or folder of the form with something exchanged; weights are the committed float16 ones unless given."""
    config, words = config or Config(), words or tokenizer()
    weights = weights or forms.read_safetensors(probe_model.folder() / "hf" / "model.safetensors")
    if form == "hf":
        forms.write_folder(path, config, words, weights)
    else:
        forms.write_gguf(path, form, config, words, weights)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for form in UNIT_BYTES:
        folder = Path(tempfile.mkdtemp())
        try:
            names, files = [], []
            for number, (name, raw) in enumerate(flips(form, args.draws, args.seed)):
                names.append(name)
                files.append(folder / f"{number}.gguf")
                files[-1].write_bytes(raw)
            judged = judge_many(form, files)
        finally:
            shutil.rmtree(folder)
        print(form, dict(Counter(j.verdict for j in judged)))
        for name, one in zip(names, judged, strict=True):
            if one.verdict not in ("wrong", "nan"):
                print(f"  unseen: {name}: {one.verdict}, {one.says}")


if __name__ == "__main__":
    main()
