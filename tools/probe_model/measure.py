"""Measure what `tolerance.json` is set from: the largest log-probability error of every form over thread counts and batch sizes.

python -m tools.probe_model.measure
"""

from itertools import product
from pathlib import Path

from pathfinder import engines
from pathfinder.judging import probe_model, smoke

THREADS = (1, 2, 3)
BATCHES = (None, 1, 4, 7, 16)


def main() -> None:
    for engine in engines.ENGINES.values():
        if not engines.installed(engine):
            print(f"{engine.name}: not installed")
            continue
        for form in probe_model.forms(engine.name):
            runs = [smoke.model(engine, Path(form.path), smoke.Asked(threads=t, batch=b), form) for t, b in product(THREADS, BATCHES)]
            errors = [r.numerics.max_abs_logprob_error for r in runs if r.numerics.max_abs_logprob_error is not None]
            tolerance = probe_model.reference(form.name).tolerance
            found = f"{max(errors):.6f}" if errors else "nothing"
            print(f"{engine.name} {runs[0].engine_version} on {runs[0].device_used}, {form.name}: {found}, tolerance {tolerance:g}")


if __name__ == "__main__":
    main()
