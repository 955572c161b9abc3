"""How good the estimates are, on the measured rows beside the repository: memory against llama.cpp's allocator, speed against runs.

Usage: python benchmarks/estimate_accuracy.py [--rows]
Speed is judged as shipped, and with every GPU's own rows of the coefficient table left out; no coefficient belongs to a model."""

import json
import runpy
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pathfinder.data import store
from pathfinder.estimate import Tables, chips, estimate
from pathfinder.formats import gguf_model
from pathfinder.types.facts import Cpu, Device, Facts, Memory
from pathfinder.types.matrix import MemoryRule
from pathfinder.types.models import Artifact

SHARED = Path(__file__).parents[1].parent / "shared"
MEASURED = SHARED / "speed" / "measured.json"
TRUTH = SHARED / "memory" / "llama_cpp_truth.json"
GIB = 1 << 30
MIB = 1 << 20
CONTEXT = 4096


class Row(NamedTuple):
    name: str
    measured: float
    low: float | None
    likely: float | None
    high: float | None


class Judged(NamedTuple):
    answered: float
    median: float
    p90: float
    within_30: float
    coverage: float


def measured() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(MEASURED.read_text())
    return found


def host(row: Mapping[str, Any]) -> tuple[Facts, Device]:
    """The machine a row was measured on; of discrete cards nobody said what was free."""
    unified = bool(row["unified"])
    memory = int(row["vram_gib"] * GIB)
    vendor = next((vendor for word, vendor in (("NVIDIA", "nvidia"), ("AMD", "amd"), ("Apple", "apple")) if word in row["gpu"]), "intel")
    threads = int(row["cpu_cores"])
    cpu = Cpu(model=row["cpu"], cores=threads if unified else max(1, threads // 2), threads=threads)
    facts = Facts(cpu=cpu, memory=Memory(total_bytes=int(row["ram_gib"] * GIB), usable_bytes=int(row["ram_gib"] * GIB * 0.9)))
    device = Device(
        id="gpu0", vendor=vendor, name=row["gpu"], memory_bytes=int(memory * 0.75) if unified else memory, shared_memory=unified
    )
    return facts, device


def form(row: Mapping[str, Any]) -> tuple[str, Artifact]:
    if row["engine"] == "mlx":
        return "mlx-lm", Artifact(format="mlx", quant="4bit")
    return "llama.cpp", Artifact(format="gguf", quant={"MXFP4": "MXFP4_MOE"}.get(row["quant"], row["quant"]))


def speeds(rows: Iterable[Mapping[str, Any]], tables: Tables | None = None) -> Iterator[Row]:
    tables = tables or Tables(coefficients=store.estimate_table(), chips=store.devices())
    models = {model.repo.lower(): model for model in store.models() if model.repo}
    for row in rows:
        model = models.get(row["hf_id"].lower())
        facts, device = host(row)
        engine, artifact = form(row)
        name = f"{row['gpu']}, {row['engine']}, {row['hf_id'].split('/')[1]}"
        if model is None:
            yield Row(name, row["decode_tps"], None, None, None)
            continue
        rule = MemoryRule(kind="mlx" if engine == "mlx-lm" else "llama.cpp")
        found = estimate(model, artifact, facts, (device,), engine, rule, CONTEXT, tables=tables).speed.decode_tps
        yield Row(name, row["decode_tps"], found.low, found.likely, found.high)


def judged(rows: Iterable[Row]) -> Judged:
    every = list(rows)
    known = [row for row in every if row.likely is not None]
    errors = sorted(abs((row.likely or 0) / row.measured - 1) for row in known)
    held = [row for row in known if (row.low or 0) <= row.measured <= (row.high or 0)]
    return Judged(
        answered=len(known) / len(every),
        median=errors[len(errors) // 2],
        p90=errors[int(len(errors) * 0.9)],
        within_30=sum(error <= 0.3 for error in errors) / len(errors),
        coverage=len(held) / len(known),
    )


def without(gpu: str, device: Device, tables: Tables) -> Tables:
    """The tables as if nobody had measured this GPU: its chip's and its architecture's rows left out."""
    chip = chips.find(device, tables.chips)
    decode = {}
    for engine, row in tables.coefficients["decode"].items():
        dropped = {"chip": {chip.name if chip else gpu}, "arch": {chip.arch if chip else None}}
        decode[engine] = {
            key: {name: value for name, value in part.items() if name not in dropped.get(key, set())} if isinstance(part, dict) else part
            for key, part in row.items()
        }
    return Tables(coefficients={**tables.coefficients, "decode": decode}, chips=tables.chips)


def left_out() -> Iterator[Row]:
    """Every GPU judged without its own rows of the table."""
    tables = Tables(coefficients=store.estimate_table(), chips=store.devices())
    rows = measured()
    for gpu in sorted({row["gpu"] for row in rows}):
        mine = [row for row in rows if row["gpu"] == gpu]
        yield from speeds(mine, without(gpu, host(mine[0])[1], tables))


def memory() -> list[tuple[str, float]]:
    """(name, total over truth less one) of every row of the allocator's figures."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        runpy.run_path(str(SHARED / "memory" / "sparse_gguf.py"))["build"](folder)
        files = {path.stem: gguf_model.read(path) for path in Path(folder).glob("*.gguf")}
    for row in json.loads(TRUTH.read_text()):
        model, artifact = files[row["model"]]
        one = estimate(
            model, artifact, Facts(), (), "llama.cpp", MemoryRule(kind="llama.cpp"), row["context"], kv_type=row["kv_type"]
        ).memory
        truth = row["weights_mib"] + row["kv_mib"] + row["compute_mib"] + 1.5  # the figures are cut to whole MiB
        found.append((f"{row['model']}, {row['context']}, {row['kv_type']}", one.total_bytes / MIB / truth - 1))
    return found


def main() -> int:
    if not MEASURED.is_file() or not TRUTH.is_file():
        print("The shared measured rows are not beside this repository; nothing to judge.")
        return 0
    rows = memory()
    errors = sorted(abs(error) for _, error in rows)
    middle, ninth = errors[len(errors) // 2], errors[int(len(errors) * 0.9)]
    print(f"memory    {len(rows)} rows: median {middle:.2%}, p90 {ninth:.2%}, worst {errors[-1]:.2%}")
    for name, found in (("as shipped", list(speeds(measured()))), ("GPU left out", list(left_out()))):
        one = judged(found)
        print(
            f"decode    {len(found)} rows, {name}: answered {one.answered:.0%}, median {one.median:.1%}, p90 {one.p90:.1%}, "
            f"within 30 % {one.within_30:.0%}, 80 % interval holds {one.coverage:.0%}"
        )
        if "--rows" in sys.argv:
            for row in found:
                wrong = "" if row.likely is None else f"{row.likely / row.measured - 1:+.0%}"
                print(f"  {row.name:<75} {row.measured:7.1f}  [{row.low} {row.likely} {row.high}]  {wrong}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
