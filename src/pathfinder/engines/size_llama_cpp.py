"""Asks llama.cpp itself what it would allocate for a file, without allocating: one JSON request on standard input, one JSON answer line.

Request: {"model", "context", "kv_type", "parallel", "batch", "gpu_layers"}.
Answer: {"kv_cache_bytes", "compute_bytes", "version"} or {"error"}.
Descriptor 1 is kept for the answer; llama.cpp's own words go to the log callback, where the sizes are.
"""

import ctypes
import json
import os
import re
import sys

TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "iq4_nl": 20, "bf16": 30}
MIB = 1 << 20


def main() -> int:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    try:
        answer = sizes(request)
    except Exception as error:  # whatever the bindings raise is an answer, not a crash
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), file=out, flush=True)
    return 0


def sizes(request: dict) -> dict:  # type: ignore[type-arg]
    import llama_cpp

    said: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator, unused-ignore]
    def hear(level: int, text: bytes, data: object) -> None:
        said.append(text.decode("utf-8", "replace"))

    llama_cpp.llama_log_set(hear, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    # The default load mode and repacking abort without allocation (llama-cpp-python 0.3.36).
    params.no_alloc, params.load_mode, params.use_extra_bufts = True, 0, False
    params.n_gpu_layers = int(request["gpu_layers"])
    model = llama_cpp.llama_model_load_from_file(os.fsencode(request["model"]), params)
    if not model:
        return {"error": "llama.cpp does not load this file"}
    context = llama_cpp.llama_context_default_params()
    context.n_ctx, context.n_seq_max = int(request["context"]), int(request["parallel"])
    context.n_ubatch, context.n_batch = int(request["batch"]), max(2048, int(request["batch"]))
    keys, _, values = request["kv_type"].partition(",")
    context.type_k, context.type_v = TYPES[keys], TYPES[values or keys]
    context.swa_full = context.kv_unified = False
    said.clear()
    if not llama_cpp.llama_init_from_model(model, context):
        return {"error": "llama.cpp makes no context of this size"}
    words = "".join(said)
    cache = sum(map(float, re.findall(r": size = +([\d.]+) MiB", words)))
    compute = sum(map(float, re.findall(r"compute buffer size = +([\d.]+) MiB", words)))
    return {"kv_cache_bytes": int(cache * MIB), "compute_bytes": int(compute * MIB), "version": llama_cpp.__version__}


if __name__ == "__main__":
    sys.exit(main())
