"""Recorded GPUs, where they lie beside the repository: what we say of them is right, and no GPU is claimed that is not there.

A few per corpus run here; `make corpora DIR=...` runs and scores them all.
"""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from pathfinder.host.open import open_host
from pathfinder.looking.observe import observe

ROOT = Path(__file__).parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"
FACETS = ("gpus", "pci_gpus", "nvidia", "vulkan", "opencl", "sycl_gpus")
EACH = {"amd": 4, "intel-gpu": 3, "nvidia-smi": 6, "edge-quotes": 14, "vulkan": 6, "udev-pci": 6, "machines": 2, "cpu-misc": 1}
KNOWN = {
    ("amd", "kfd-vega10"): "one card recorded twice; one or two are both right",
    ("amd", "lact-phoenix"): "the truth lists one card once per kernel interface",
    ("amd", "lact-vangogh"): "the truth lists one card once per kernel interface",
    ("edge-quotes", "gb10-query-csv"): "name and driver are not in the recording",
}

pytestmark = pytest.mark.skipif(not CORPORA.exists(), reason="the recorded hosts are not beside the repository")


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def some_cases() -> list[tuple[str, str]]:
    found = []
    for corpus, count in EACH.items():
        path = CORPORA / corpus / "truth.json"
        cases = json.loads(path.read_text())["cases"] if path.exists() else []
        names = [(corpus, case["case"]) for case in cases if set(FACETS) & set(case["facets"])]
        names = [name for name in names if name not in KNOWN]
        found += names[:: max(1, len(names) // count)][:count]
    return found


@pytest.mark.parametrize(("corpus", "case"), some_cases())
def test_recorded_gpus(corpus: str, case: str, tmp_path: Path) -> None:
    places = (CORPORA / "tools/replay.py", CORPORA / "tools/score.py", ROOT / "benchmarks/corpora.py")
    replay, score, adapter = (module(path) for path in places)
    truth = replay.make(str(CORPORA), corpus, case, str(tmp_path / "case"))
    facts = observe(open_host(f"sysroot:{tmp_path}/case/root,bin={tmp_path}/case/bin"), deep=True)
    wrong = [row for row in score.compare(truth["norm"], adapter.adapt(facts)) if row[1] != "ok" and row[0].split(".")[0] in FACETS]
    assert wrong == []
    assert not [path for path in facts.why if path.startswith("probes.")]
