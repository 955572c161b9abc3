"""--exact: the installed llama.cpp and the estimate say the same of weightless files of true shapes."""

import json
import runpy
from pathlib import Path

import pytest

from pathfinder import engines
from pathfinder.cli import main

WRITER = Path(__file__).parents[1].parent / "shared" / "memory" / "sparse_gguf.py"
MIB = 1 << 20

pytestmark = pytest.mark.skipif(not engines.installed(engines.engine("llama.cpp")), reason="llama-cpp-python is not installed")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not WRITER.is_file():
        pytest.skip("the shared writer of weightless files is not here")
    pytest.importorskip("gguf")
    names = runpy.run_path(str(WRITER))
    path = tmp_path_factory.mktemp("exact") / "small-Q4_K_M.gguf"
    names["dense"](str(path), "llama", "Small", names["Q"].Q4_K, 4, 512, 8, 2, 1536, 32000, 8192)
    return path


def estimated(capsys: pytest.CaptureFixture[str], file: Path, *more: str) -> dict[str, int]:
    assert main(["estimate", str(file), "--json", "--cpu", *more]) == 0
    memory: dict[str, int] = json.loads(capsys.readouterr().out)["memory"]
    return memory


@pytest.mark.parametrize(
    "wish",
    [
        (),
        ("--context", "2048", "--kv-type", "q8_0"),
        ("--kv-type", "f16,q8_0"),
        ("--kv-type", "q5_1,f16"),
        ("--parallel", "2", "--context", "4096"),
        ("--batch", "256"),
    ],
)
def test_both_agree(capsys: pytest.CaptureFixture[str], file: Path, wish: tuple[str, ...]) -> None:
    ours, theirs = estimated(capsys, file, *wish), estimated(capsys, file, "--exact", *wish)
    for part in ("weights_bytes", "kv_cache_bytes", "compute_bytes", "total_bytes"):
        assert abs(ours[part] - theirs[part]) < MIB, part


def test_only_a_file_can_be_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "llama-3-8b", "--exact", "--host", "profile:desktop-rtx-3060"]) == 2


def test_a_file_llama_cpp_refuses(capsys: pytest.CaptureFixture[str], file: Path, tmp_path: Path) -> None:
    path = tmp_path / "foreign.gguf"
    path.write_bytes(file.read_bytes().replace(b"llama", b"lxama"))
    assert main(["estimate", str(path), "--exact"]) in (1, 2)
