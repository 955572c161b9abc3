"""How much slower, and how much larger, `pathfinder run` is than llama.cpp's own llama-bench on the same file.

    python benchmarks/run_overhead.py --llama-bench PATH [--model FILE.gguf] [--threads N] [--tokens 128] [--rounds 7]

Without --model, a Q8_0 file of about 1 GB with random weights and a real model's shape is written to a temporary folder first.
The two take turns, so that what else happens on the machine hits both; the medians are compared. Build llama-bench from the sources
inside the installed llama-cpp-python's source distribution, with the same compiler flags, or the ratio compares compilers.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from pathfinder import engines
from pathfinder.judging import smoke

CONTEXT = 256
VOCAB, HIDDEN, LAYERS, HEADS, KV_HEADS, FFN = 128256, 2048, 14, 32, 8, 6144


def write_model(path: Path) -> None:
    """A llama of 0.94 billion random weights, Q8_0."""
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_vocab_size(VOCAB)
    writer.add_context_length(8192)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    letters = [chr(c) for c in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
    writer.add_token_list([*letters, "Ġt", *(f"<{i}>" for i in range(VOCAB - len(letters) - 1))])
    writer.add_token_merges(["Ġ t"])
    writer.add_eos_token_id(VOCAB - 1)
    writer.add_add_bos_token(False)
    rng = np.random.default_rng(0)

    def matrix(name: str, rows: int, columns: int) -> None:
        blocks = np.empty((rows, columns // 32, 34), np.uint8)
        blocks[..., :2] = np.frombuffer(np.float16(1 / 127 / np.sqrt(columns)).tobytes(), np.uint8)
        blocks[..., 2:] = rng.integers(0, 256, (rows, columns // 32, 32), np.uint8)
        writer.add_tensor(f"{name}.weight", blocks.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    matrix("token_embd", VOCAB, HIDDEN)
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    for i in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{name}.weight", np.ones(HIDDEN, np.float32))
        kv = HIDDEN // HEADS * KV_HEADS
        for name, rows, columns in (
            ("attn_q", HIDDEN, HIDDEN),
            ("attn_k", kv, HIDDEN),
            ("attn_v", kv, HIDDEN),
            ("attn_output", HIDDEN, HIDDEN),
            ("ffn_gate", FFN, HIDDEN),
            ("ffn_up", FFN, HIDDEN),
            ("ffn_down", HIDDEN, FFN),
        ):
            matrix(f"blk.{i}.{name}", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def bench(program: Path, model: Path, threads: int, tokens: int) -> tuple[float, int]:
    """llama-bench's decode tokens/s and its process's peak memory in bytes."""
    argv = [str(program), "-m", str(model), "-t", str(threads), "-p", "0", "-n", str(tokens), "-r", "1", "-o", "json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"llama-bench ended with {process.returncode}")
    return float(json.loads(said)[0]["avg_ts"]), usage.ru_maxrss * 1024


def ours(model: Path, threads: int, tokens: int) -> tuple[float, int]:
    asked = smoke.Asked(threads=threads, prompt="t", tokens=tokens + 1, context=CONTEXT, ignore_end=True)
    result = smoke.model(engines.ENGINES["llama.cpp"], model, asked)
    assert result.generated_tokens == tokens + 1
    assert result.decode_tps and result.peak_memory_bytes
    return result.decode_tps, result.peak_memory_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-bench", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = args.model or Path(folder) / "random-q8_0.gguf"
        if not args.model:
            write_model(model)
        rows = []
        for number in range(args.rounds):
            theirs, mine = bench(args.llama_bench, model, args.threads, args.tokens), ours(model, args.threads, args.tokens)
            rows.append((*theirs, *mine))
            figures = [f"{speed:.2f} tokens/s, {size >> 20} MiB" for speed, size in (theirs, mine)]
            print(f"round {number + 1}: llama-bench {figures[0]}; run {figures[1]}", flush=True)
    speed, memory, our_speed, our_memory = (statistics.median(column) for column in zip(*rows, strict=True))
    best, _, our_best, _ = (max(column) for column in zip(*rows, strict=True))
    print(f"decode ratio {our_speed / speed:.3f} of the medians, {our_best / best:.3f} of the fastest of {args.rounds}")
    print(f"peak memory {(our_memory - memory) / 2**20:+.0f} MiB")


if __name__ == "__main__":
    main()
