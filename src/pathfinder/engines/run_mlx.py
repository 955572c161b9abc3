"""MLX through mlx-lm, in a process of its own. See `wire.py` for what it hears and says."""

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathfinder.engines import wire
else:
    import wire


LONGEST_CHARACTER = 4
"""Bytes, and so at most tokens, of one character in UTF-8."""


class Engine:
    def __init__(self, request: dict[str, Any], out: "wire.Wire") -> None:
        started = time.perf_counter()
        import mlx.core as mx
        from mlx_lm import load
        from mlx_lm.models.cache import make_prompt_cache

        self.mx, self.out, self.make_cache = mx, out, make_prompt_cache
        if not _can_compile(mx):
            mx.disable_compile()
        try:
            self.model, self.tokenizer = load(str(request["model"]))[:2]
        except (ValueError, OSError, KeyError, RuntimeError) as error:
            out.refuse(f"mlx-lm could not load the folder: {_first_line(error)}", unloadable=True)
        self.prompts = [wire.sized(list(self.tokenizer.encode(p["text"])), p.get("count")) for p in request["prompts"]]
        if not all(self.prompts):
            out.refuse("the model's tokenizer gives no token for the prompt")
        longest = max(len(p) for p in self.prompts) + int(request["tokens"])
        if request.get("context") and longest > request["context"]:
            out.refuse(f"prompt and answer need {longest} tokens, the context holds {request['context']}")
        self.batch = int(request.get("batch") or 2048)
        self.prefill(self.prompts[0][:1], make_prompt_cache(self.model))
        out.send(
            "loaded",
            load_seconds=round(time.perf_counter() - started, 6),
            engine_version=_version(),
            device=_device(mx),
            context=request.get("context"),
        )

    def close(self) -> None:
        self.mx.clear_cache()

    def prefill(self, tokens: list[int], cache: Any) -> Any:
        """The last token's logits, evaluated."""
        mx = self.mx
        logits = None
        for at in range(0, len(tokens), self.batch):
            logits = self.model(mx.array(tokens[at : at + self.batch])[None], cache=cache)[0, -1]
            mx.eval(logits)
        return logits

    def watched(self, logits: Any, ids: list[int]) -> list[float | None]:
        mx = self.mx
        row = logits.astype(mx.float32)
        return [wire.number(v) for v in (row - mx.logsumexp(row))[mx.array(ids)].tolist()]

    def answer(self, index: int, watch: list[list[int]] | None, limit: int, ignore_end: bool) -> None:
        mx, out = self.mx, self.out
        made: list[int] = []
        logprobs: list[list[float | None]] = []
        finite, cache, ends = True, self.make_cache(self.model), set(self.tokenizer.eos_token_ids)
        text = Text(self.tokenizer, self.prompts[index][-1])
        started = time.perf_counter()
        logits = self.prefill(self.prompts[index], cache)
        prefilled = time.perf_counter()
        best, peak = mx.argmax(logits), mx.max(logits)
        mx.eval(best, peak)
        while True:
            following = None
            if len(made) + 1 < limit:
                # The next step is queued before this one's token is read, as mlx-lm's own loop does; at the end it is thrown away.
                ahead = self.model(best[None, None], cache=cache)[0, -1]
                following = (ahead, mx.argmax(ahead), mx.max(ahead))
                mx.async_eval(*following)
            token, height = int(best.item()), float(peak.item())
            if not -float("inf") < height < float("inf"):
                finite = False
                break
            if watch and len(made) < len(watch):
                logprobs.append(self.watched(logits, watch[len(made)]))
            made.append(token)
            if not ignore_end and token in ends:
                break
            out.token(index, text.add(token))
            if following is None:
                break
            logits, best, peak = following
        ended = time.perf_counter()
        text.whole += (rest := text.rest())
        out.token(index, rest)
        out.send(
            "sample",
            prompt=index,
            prompt_tokens=self.prompts[index],
            tokens=made,
            text=text.whole,
            logprobs=logprobs if watch else None,
            finite=finite,
            prefill_seconds=round(prefilled - started, 6),
            decode_seconds=round(ended - prefilled, 6),
        )


class Text:
    """Tokens to text as they come. Decoding goes from a token before, so that leading spaces stay; half a character waits for the rest."""

    def __init__(self, tokenizer: Any, before: int) -> None:
        self.decode, self.ids, self.start, self.read, self.whole = tokenizer.decode, [before], 0, 1, ""

    def add(self, token: int) -> str:
        self.ids.append(token)
        piece = self.rest()
        if not piece or (piece.endswith("\ufffd") and len(self.ids) - self.read < LONGEST_CHARACTER):
            return ""
        self.start, self.read = self.read, len(self.ids)
        self.whole += piece
        return piece

    def rest(self) -> str:
        return str(self.decode(self.ids[self.start :])[len(self.decode(self.ids[self.start : self.read])) :])


def _can_compile(mx: Any) -> bool:
    """MLX's CPU kernels are fused by a C++ compiler at run time. Without one newer versions run the operations one by one, 0.28 fails."""
    return bool(mx.default_device() == mx.gpu or shutil.which("g++") or sys.platform == "darwin")


def _device(mx: Any) -> str:
    """The GPU's own name where MLX knows it."""
    if mx.default_device() != mx.gpu:
        return "cpu"
    try:
        ask = mx.device_info if hasattr(mx, "device_info") else mx.metal.device_info
        return str(ask().get("device_name", "gpu"))
    except (AttributeError, RuntimeError):
        return "gpu"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _version() -> str:
    from importlib.metadata import version

    return version("mlx-lm")


def main() -> None:
    out = wire.Wire()
    request = out.request()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(request["threads"])
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_OFFLINE"] = "1"
    engine = Engine(request, out)
    for index, prompt in enumerate(request["prompts"]):
        engine.answer(index, prompt.get("watch"), int(prompt.get("tokens") or request["tokens"]), bool(request.get("ignore_end")))
    gpu = engine.mx.default_device() == engine.mx.gpu
    out.done(int(engine.mx.get_peak_memory()) if gpu and sys.platform != "darwin" else 0)


if __name__ == "__main__":
    main()
