"""`estimate --exact`: the installed llama.cpp says what it would allocate, in a process of its own, allocating nothing."""

import json
import sys
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.estimates import Estimate

SECONDS = 60.0


def exact(found: Estimate, *, kv_type: str, parallel: int, batch: int) -> Estimate:
    """The estimate with llama.cpp's own cache and compute buffers; weights are exact from the header already.

    Raises Problem when the model is no local GGUF file, llama.cpp is not installed, or it refuses the file."""
    artifact = found.artifact
    if artifact is None or artifact.path is None or artifact.format != "gguf":
        raise Problem("--exact asks llama.cpp about a file, and this is none.", where=found.model, hint="Name a local .gguf file.")
    answer = ask(artifact.path, found.context * parallel, kv_type, parallel, batch, found.gpu_layers or 0)
    memory = found.memory
    cache, compute = int(answer["kv_cache_bytes"]), int(answer["compute_bytes"])
    total = memory.weights_bytes + cache + compute + memory.overhead_bytes + memory.projector_bytes
    spare = memory.headroom_bytes
    rows = memory.per_device
    if len(rows) == 1:
        rows = (replace(rows[0], kv_cache_bytes=cache, compute_bytes=compute, total_bytes=total),)
        spare = None if rows[0].available_bytes is None else rows[0].available_bytes - total
    sentence = f"Cache and compute buffers as llama-cpp-python {answer['version']} states them for this file."
    memory = replace(
        memory, kv_cache_bytes=cache, compute_bytes=compute, total_bytes=total, per_device=rows, headroom_bytes=spare,
        fits=memory.fits if spare is None else spare >= 0,
    )  # fmt: skip
    return replace(found, memory=memory, assumed=(*found.assumed, sentence))


def ask(path: str, context: int, kv_type: str, parallel: int, batch: int, gpu_layers: int) -> dict[str, Any]:
    from pathfinder import engines
    from pathfinder.acting.run import supervise

    engine = engines.engine("llama.cpp")
    engines.need(engine)
    lines: list[str] = []
    request = {
        "model": path, "context": context, "kv_type": kv_type.lower(), "parallel": parallel, "batch": batch, "gpu_layers": gpu_layers,
    }  # fmt: skip
    script = Path(engines.__file__).with_name("size_llama_cpp.py")
    done = supervise(
        [engines.python(engine) or sys.executable, "-X", "utf8", str(script)],
        seconds=SECONDS,
        stdin=json.dumps(request).encode() + b"\n",
        on_line=lines.append,
    )
    answer: dict[str, Any] = {}
    if lines:
        try:
            answer = json.loads(lines[-1])
        except ValueError:
            answer = {}
    if "kv_cache_bytes" not in answer:
        ended = "did not answer in time" if done.timed_out else f"ended by {done.signal}" if done.signal else "said nothing"
        says = str(answer.get("error") or f"llama.cpp {ended}")
        raise Problem(f"{says}.", where=path, hint="Leave --exact out: the estimate follows llama.cpp's own rules.", exit=ExitStatus.NO)
    return answer
