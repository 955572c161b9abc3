"""Recorded real hosts, where they lie beside the repository: what we say of them is right, and nothing is claimed that is not there.

A few per corpus run here; `make corpora DIR=...` runs and scores them all.
"""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pathfinder.host.open import open_host
from pathfinder.looking.observe import observe

ROOT = Path(__file__).parents[1]
CORPORA = ROOT.parent / "shared" / "corpora"
EACH = {"nvidia-smi": 6, "edge-quotes": 22, "vulkan": 6, "udev-pci": 6}
"""How many cases of a corpus run here, where it is not four."""
NOT_THERE = {
    ("archspec", "windows-cpuid-broadwell"): (("cpu", "simd", "os"), "its CPUID table is in the truth, not in the recording"),
    ("cpu-misc", "py-cpuinfo-windows_10_x86_64_ryzen_7"): (("cpu", "simd", "os"), "the registry is not in the recording"),
    ("cpu-misc", "py-cpuinfo-windows_8_x86_64"): (("simd",), "the registry is not in the recording"),
    ("hwloc", "4fake-4gr1nu1pu"): (("cpu.arch_family",), "no file tells the architecture"),
    ("hwloc", "8ia64-2n2s2c"): (("cpu.arch_family",), "no file tells the architecture"),
    ("android-soc", "scaleway"): (("os.id",), "a server, not Android"),
    ("cpu-misc", "py-cpuinfo-haiku_x86_64_beta_1_ryzen_7"): (("simd",), "Haiku's features are not read"),
    ("cpu-misc", "py-cpuinfo-solaris_11_x86_32"): (("simd",), "Solaris' features are not read"),
    ("cpu-misc", "py-cpuinfo-free_bsd_11_x86_64"): (("simd",), "boot messages do not say what the kernel lets programs use"),
    ("cpu-misc", "py-cpuinfo-osx_10_12_x86_64"): (("simd",), "the truth misses features macOS spells its own way (AVX1.0, SSE4.1)"),
    ("amd", "kfd-vega10"): (("gpus.count",), "one card recorded twice; one or two are both right"),
    ("amd", "lact-phoenix"): (("gpus.count",), "the truth lists one card once per kernel interface"),
    ("amd", "lact-vangogh"): (("gpus.count",), "the truth lists one card once per kernel interface"),
    ("edge-quotes", "gb10-query-csv"): (("gpus.name", "nvidia.driver_version"), "the recorded columns do not hold them"),
    ("nvidia-smi", "exporter-"): (("os.text", "os.kernel"), "said beside the recording, not in it"),
}
"""Case, or how its name begins: what of its truth cannot be known, and why."""

pytestmark = pytest.mark.skipif(not CORPORA.exists(), reason="the recorded hosts are not beside the repository")


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def some_cases() -> list[tuple[str, str]]:
    found = []
    for path in sorted(CORPORA.glob("*/truth.json")):
        corpus = path.parent.name
        names = [(corpus, case["case"]) for case in json.loads(path.read_text())["cases"]]
        found += names[:: max(1, len(names) // EACH.get(corpus, 4))][: EACH.get(corpus, 4)]
    return found


def not_there(corpus: str, case: str) -> tuple[str, ...]:
    return next((keys for (place, name), (keys, _) in NOT_THERE.items() if place == corpus and case.startswith(name)), ())


@pytest.mark.parametrize(("corpus", "case"), some_cases())
def test_recorded_hosts(corpus: str, case: str, tmp_path: Path) -> None:
    places = (CORPORA / "tools/replay.py", CORPORA / "tools/score.py", ROOT / "benchmarks/corpora.py")
    replay, score, adapter = (module(path) for path in places)
    truth: dict[str, Any] = replay.make(str(CORPORA), corpus, case, str(tmp_path / "case"))
    facts = observe(open_host(f"sysroot:{tmp_path}/case/root,bin={tmp_path}/case/bin"), deep=True)
    rows = [row for row in score.compare(truth["norm"], adapter.adapt(facts)) if row[1] != "ok"]
    assert [row for row in rows if not row[0].startswith(not_there(corpus, case))] == []
    assert not [path for path in facts.why if path.startswith("probes.")]
