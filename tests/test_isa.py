"""Instruction sets: names, levels and micro-architectures, against the hosts archspec itself was recorded on."""

import json
import tarfile
from pathlib import Path

import pytest

from pathfinder.host.sysroot import SysrootHost
from pathfinder.isa import features, levels, march
from pathfinder.looking.observe import observe

CORPUS = Path(__file__).parents[1].parent / "shared" / "corpora" / "archspec"


def cases() -> list[dict[str, object]]:
    path = CORPUS / "truth.json"
    return [case for case in json.loads(path.read_text())["cases"] if "root" in case] if path.exists() else []


@pytest.mark.skipif(not CORPUS.exists(), reason="archspec's recorded hosts are not beside the repository")
@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["case"]))
def test_archspecs_recorded_hosts(case: dict[str, object], tmp_path: Path) -> None:
    with tarfile.open(CORPUS / str(case["root"])) as archive:
        archive.extractall(tmp_path, filter="data")
    expected = case["expected"]
    assert isinstance(expected, dict)
    assert observe(SysrootHost(str(tmp_path))).cpu.microarchitecture == expected["microarchitecture"]


def test_every_target_is_matched_by_its_own_features() -> None:
    for name in march.TARGETS:
        if "x86_64" in march.ancestors(name):
            vendor = march.TARGETS[name][1]
            found = march.x86(vendor, march.features_of(name) | {"lm"})
            assert found is not None and march.features_of(found) == march.features_of(name)


def test_levels_are_the_psabis() -> None:
    v1 = {"lm", "sse2"}
    v2 = v1 | {"cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"}
    v3 = v2 | {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
    v4 = v3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    assert [levels.x86_level(words) for words in (set(), v1, v2, v3, v4)] == [None, "x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
    assert levels.x86_level(v4 - {"fma"}) == "x86-64-v2"


def test_names_are_the_fields() -> None:
    assert features.normal(["pni", "asimd", "asimdhp", "asimddp", "avx512_vnni"]) == ("avx512_vnni", "dotprod", "fp16", "neon", "sse3")
    assert "sve" not in features.normal(["svei8mm"]) and "i8mm" not in features.normal(["svei8mm"])


def test_apple_chips() -> None:
    assert march.apple("Apple M2 Pro") == "m2" and march.apple("Apple M9") == "m9" and march.apple("Intel(R) Core(TM) m3") is None
