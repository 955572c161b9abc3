"""Recorded real hosts, where they lie beside the repository: what we say of processors, memory, control groups and systems is right.

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
FACETS = ("cpu", "simd", "memory", "cgroup", "os")
CORPUS_NAMES = ("android-soc", "archspec", "cgroup", "cpu-misc", "darwin", "hwloc", "lscpu", "machines", "memory", "os-release")
EACH = 4
NOT_IN_THE_RECORDING = {
    ("archspec", "windows-cpuid-broadwell"): "its CPUID table is in the truth, not in the recording",
    ("cpu-misc", "py-cpuinfo-windows_10_x86_64_ryzen_7"): "the registry is not in the recording",
    ("cpu-misc", "py-cpuinfo-windows_8_x86_64"): "the registry is not in the recording",
    ("hwloc", "4fake-4gr1nu1pu"): "no file tells the architecture",
    ("hwloc", "8ia64-2n2s2c"): "no file tells the architecture",
    ("android-soc", "scaleway"): "a server, not Android",
    ("cpu-misc", "py-cpuinfo-haiku_x86_64_beta_1_ryzen_7"): "Haiku's features are not read",
    ("cpu-misc", "py-cpuinfo-solaris_11_x86_32"): "Solaris' features are not read",
    ("cpu-misc", "py-cpuinfo-open_indiana_5_11_x86_64_ryzen_7"): "illumos' features are not read",
    ("cpu-misc", "py-cpuinfo-osx_10_12_x86_64"): "the truth misses features macOS spells its own way (AVX1.0, SSE4.1)",
    ("cpu-misc", "py-cpuinfo-free_bsd_11_x86_64"): "the truth misses features FreeBSD spells its own way (SSE4.1)",
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
    for corpus in CORPUS_NAMES:
        path = CORPORA / corpus / "truth.json"
        if path.exists():
            names = [(corpus, case["case"]) for case in json.loads(path.read_text())["cases"]]
            known = [name for name in names if name not in NOT_IN_THE_RECORDING]
            found += known[:: max(1, len(known) // EACH)][:EACH]
    return found


@pytest.mark.parametrize(("corpus", "case"), some_cases())
def test_recorded_hosts(corpus: str, case: str, tmp_path: Path) -> None:
    replay, score, adapter = (
        module(path) for path in (CORPORA / "tools/replay.py", CORPORA / "tools/score.py", ROOT / "benchmarks/corpora.py")
    )
    truth: dict[str, Any] = replay.make(str(CORPORA), corpus, case, str(tmp_path / "case"))
    facts = observe(open_host(f"sysroot:{tmp_path}/case/root,bin={tmp_path}/case/bin"), deep=True)
    wrong = [row for row in score.compare(truth["norm"], adapter.adapt(facts)) if row[1] != "ok" and row[0].split(".")[0] in FACETS]
    assert wrong == []
    assert not [path for path in facts.why if path.startswith("probes.")]
