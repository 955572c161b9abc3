"""llama.cpp through llama-cpp-python's low-level bindings, in a process of its own. See `wire.py` for what it hears and says.

Logits are looked at in place: one argmax a token, and the log-probabilities of the few watched tokens where a reference asks for them.
"""

import codecs
import ctypes
import os
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathfinder.engines import wire
else:
    import wire


GPU_TYPES = (1, 2)
"""`GGML_BACKEND_DEVICE_TYPE_GPU` and, since 2025-09, `_IGPU` (an accelerator such as BLAS before)."""


class Engine:
    def __init__(self, request: dict[str, Any], out: "wire.Wire") -> None:
        import llama_cpp
        import numpy

        self.lib, self.np, self.out = llama_cpp, numpy, out
        self.place: int | None = None
        self.view: Any = None
        started = time.perf_counter()
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        if llama_cpp.llama_supports_gpu_offload():
            params.n_gpu_layers = 999
        self.model = llama_cpp.llama_model_load_from_file(os.fsencode(request["model"]), params)
        if not self.model:
            out.refuse("llama.cpp could not load the file", unloadable=True)
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.vocab_size = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.prompts = [wire.sized(self.tokens(p["text"]), p.get("count")) for p in request["prompts"]]
        self.context = self._context(request, max(len(p) for p in self.prompts) + int(request["tokens"]))
        self._warm_up()
        out.send(
            "loaded",
            load_seconds=round(time.perf_counter() - started, 6),
            engine_version=llama_cpp.__version__,
            device=_device(llama_cpp),
            context=llama_cpp.llama_n_ctx(self.context),
        )

    def _context(self, request: dict[str, Any], needed: int) -> Any:
        lib = self.lib
        params = lib.llama_context_default_params()
        trained = lib.llama_model_n_ctx_train(self.model)
        params.n_ctx = request.get("context") or min(max(needed, 512), max(trained, needed))
        params.n_batch = min(request.get("batch") or 2048, params.n_ctx)
        params.n_ubatch = min(params.n_ubatch, params.n_batch)
        params.n_threads = params.n_threads_batch = int(request["threads"])
        if needed > params.n_ctx:
            self.out.refuse(f"prompt and answer need {needed} tokens, the context holds {params.n_ctx}")
        self.batch = params.n_batch
        context = lib.llama_init_from_model(self.model, params)
        if not context:
            self.out.refuse(f"llama.cpp could not make a context of {params.n_ctx} tokens")
        return context

    def _warm_up(self) -> None:
        """One discarded token, so that page faults and lazy set-up count as loading (llama-bench does the same)."""
        self.decode(self.prompts[0][:1])
        self.lib.llama_synchronize(self.context)
        self.clear()

    def clear(self) -> None:
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)

    def close(self) -> None:
        self.lib.llama_free(self.context)
        self.lib.llama_model_free(self.model)

    def tokens(self, text: str) -> list[int]:
        raw = text.encode()
        room = len(raw) + 8
        found = (self.lib.llama_token * room)()
        count = self.lib.llama_tokenize(self.vocab, raw, len(raw), found, room, True, True)
        if count <= 0:
            self.out.refuse("the model's tokenizer gives no token for the prompt")
        return list(found[:count])

    def decode(self, tokens: list[int]) -> None:
        lib = self.lib
        for at in range(0, len(tokens), self.batch):
            piece = tokens[at : at + self.batch]
            ids = (lib.llama_token * len(piece))(*piece)  # named, because the batch only borrows it
            status = lib.llama_decode(self.context, lib.llama_batch_get_one(ids, len(piece)))
            if status != 0:
                raise RuntimeError(f"llama_decode returned {status}")

    def logits(self) -> Any:
        """The last token's logits: a view, not a copy, and made once as long as llama.cpp keeps them in one place."""
        found = self.lib.llama_get_logits_ith(self.context, -1)
        place = ctypes.cast(found, ctypes.c_void_p).value
        if place != self.place:
            self.place, self.view = place, self.np.ctypeslib.as_array(found, shape=(self.vocab_size,))
        return self.view

    def piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self.lib.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
        return buffer.raw[:size] if size > 0 else b""

    def watched(self, logits: Any, ids: list[int]) -> list[float | None]:
        row = logits.astype(self.np.float64)
        top = row.max()
        total = top + self.np.log(self.np.exp(row - top).sum())
        return [wire.number(float(row[i] - total)) for i in ids]

    def answer(self, index: int, watch: list[list[int]] | None, limit: int, ignore_end: bool) -> None:
        np, out = self.np, self.out
        prompt, text, finite = self.prompts[index], "", True
        made: list[int] = []
        logprobs: list[list[float | None]] = []
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.clear()
        started = time.perf_counter()
        self.decode(prompt)
        logits = self.logits()
        prefilled = time.perf_counter()
        while True:
            best = int(np.argmax(logits))
            if not np.isfinite(logits[best]):
                finite = False
                break
            if watch and len(made) < len(watch):
                logprobs.append(self.watched(logits, watch[len(made)]))
            made.append(best)
            if not ignore_end and self.lib.llama_vocab_is_eog(self.vocab, best):
                break
            piece = decoder.decode(self.piece(best))
            text += piece
            out.token(index, piece)
            if len(made) >= limit:
                break
            self.decode([best])
            logits = self.logits()
        ended = time.perf_counter()
        text += (rest := decoder.decode(b"", True))
        out.token(index, rest)
        out.send(
            "sample",
            prompt=index,
            prompt_tokens=prompt,
            tokens=made,
            text=text,
            logprobs=logprobs if watch else None,
            finite=finite,
            prefill_seconds=round(prefilled - started, 6),
            decode_seconds=round(ended - prefilled, 6),
        )


def _device(lib: Any) -> str:
    """The GPUs the layers are put on, as ggml names them; `gpu` where only that is known; `cpu`."""
    if not lib.llama_supports_gpu_offload():
        return "cpu"
    try:
        from llama_cpp._ggml import libggml as ggml

        ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
        ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
        ggml.ggml_backend_dev_description.restype = ctypes.c_char_p
        found = [ctypes.c_void_p(ggml.ggml_backend_dev_get(ctypes.c_size_t(i))) for i in range(ggml.ggml_backend_dev_count())]
        gpus = [d for d in found if ggml.ggml_backend_dev_type(d) in GPU_TYPES]
        return ", ".join(ggml.ggml_backend_dev_description(d).decode("utf-8", "replace") for d in gpus) or "cpu"
    except (ImportError, AttributeError):
        return "gpu"


def main() -> None:
    out = wire.Wire()
    request = out.request()
    engine = Engine(request, out)
    for index, prompt in enumerate(request["prompts"]):
        engine.answer(index, prompt.get("watch"), int(prompt.get("tokens") or request["tokens"]), bool(request.get("ignore_end")))
    out.done()


if __name__ == "__main__":
    main()
