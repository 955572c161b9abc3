"""Names of files by their publishers' rules, and no command with a hole where a name is not known."""

import json
import subprocess
import sys

import pytest

from pathfinder.data import store
from pathfinder.data.filenames import named
from pathfinder.types.models import Artifact, Model

RULES = {"most_bytes": 40e9, "publishers": {"owner": {"pattern": "{base}-{quant}.gguf"}}}
PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'pathfinder'; from pathfinder.cli import script; script()"]


def one(params: int | None = 8_000_000_000, **fields: object) -> str | None:
    artifact = Artifact(**{"format": "gguf", "quant": "Q4_K_M", "repo": "owner/Name-GGUF", "bits_per_weight": 4.8} | fields)  # type: ignore[arg-type]
    return named(Model(id="m", name="M", family="m", arch="llama", params=params, artifacts=(artifact,)), RULES).artifacts[0].file


def test_a_rule_names_the_file() -> None:
    assert one() == "Name-Q4_K_M.gguf"
    assert one(file="known.gguf") == "known.gguf"


@pytest.mark.parametrize(
    "fields",
    [
        {"repo": "other/Name-GGUF"},
        {"repo": "owner/Name"},
        {"format": "mlx"},
        {"quant": "F16"},
        {"params": None},
        {"params": 100_000_000_000},
    ],
)
def test_what_no_rule_covers_has_no_name(fields: dict[str, object]) -> None:
    assert one(**fields) is None


def test_a_rule_may_take_small_letters() -> None:
    rules = {"most_bytes": 40e9, "publishers": {"owner": {"pattern": "{lower_base}.{quant}.gguf"}}}
    artifact = Artifact(format="gguf", quant="Q4_K_M", repo="owner/Name-13B-GGUF", bits_per_weight=4.8)
    model = Model(id="m", name="M", family="m", arch="llama", params=13_000_000_000, artifacts=(artifact,))
    assert named(model, rules).artifacts[0].file == "name-13b.Q4_K_M.gguf"


@pytest.mark.parametrize(
    ("id", "file"),
    [
        ("llama-3-8b-instruct", "Meta-Llama-3-8B-Instruct-Q4_K_M.gguf"),
        ("qwen3-32b", "Qwen_Qwen3-32B-Q4_K_M.gguf"),
        ("llama-2-13b-chat", "llama-2-13b-chat.Q4_K_M.gguf"),
        ("falcon-7b-instruct", "falcon-7b-instruct.Q4_K_M.gguf"),
        ("lfm2-1.2b", "LFM2-1.2B-Q4_K_M.gguf"),
    ],
)
def test_the_catalogue_is_named_by_the_rules_in_the_data(id: str, file: str) -> None:
    model = next(model for model in store.models() if model.id == id)
    files = {artifact.quant: artifact.file for artifact in model.artifacts if artifact.format == "gguf"}
    assert files["Q4_K_M"] == file


@pytest.mark.parametrize("model", ["llama-3-8b", "gpt-oss-20b", "falcon-h1-0.5b-instruct", "whisper-large-v3"])
def test_no_command_has_a_hole_where_a_file_name_belongs(model: str) -> None:
    argv = [*PROGRAM, "recommend", "--model", model, "--host", "profile:desktop-rtx-4090", "--json"]
    document = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    asked = 0
    for plan in document["candidates"]:
        for step in (*plan["install"], *plan["launch"], *plan["container"]):
            words = [*(step["argv"] or []), step["url"] or "", step["text"] or ""]
            assert not [word for word in words if "\0" in word or word.endswith(("/resolve/main/", "-GGUF/"))], (plan["runtime"], words)
            asked += step["title"] == "Name the file of the model"
    assert (asked > 0) == (model == "falcon-h1-0.5b-instruct")
