"""Names as people write them: one model or a clear no, never another model."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pathfinder.errors import ExitStatus, Problem
from pathfinder.naming.ask import ask, hub, resolve
from pathfinder.naming.names import at_hub, fold, read
from pathfinder.types.models import Artifact, Model


def model(id: str, name: str, repo: str, *aliases: str, **fields: object) -> Model:
    artifacts = (
        Artifact(
            format="gguf", quant="Q4_K_M", repo=f"bartowski/{repo.partition('/')[2]}-GGUF", file=f"{repo.partition('/')[2]}-Q4_K_M.gguf"
        ),
        Artifact(format="mlx", quant="4bit", repo=f"mlx-community/{repo.partition('/')[2]}-4bit"),
    )
    base: dict[str, object] = {
        "family": id.split("-", maxsplit=1)[0],
        "arch": "llama",
        "artifacts": artifacts,
        "aliases": aliases,
        "repo": repo,
    }
    return Model(id=id, name=name, **{**base, **fields})  # type: ignore[arg-type]


MODELS = (
    model("llama-3-8b", "Llama 3 8B Instruct", "meta-llama/Meta-Llama-3-8B-Instruct", "llama3:8b", "llama3"),
    model("llama-3-70b", "Llama 3 70B Instruct", "meta-llama/Meta-Llama-3-70B-Instruct", "llama3:70b"),
    model("llama-3.1-8b", "Llama 3.1 8B Instruct", "meta-llama/Llama-3.1-8B-Instruct", "llama3.1:8b", "llama3.1"),
    model("hermes-2-pro-llama-3-8b", "Hermes 2 Pro Llama 3 8B", "NousResearch/Hermes-2-Pro-Llama-3-8B", base="llama-3-8b"),
    model("qwen3-30b-a3b", "Qwen3 30B A3B", "Qwen/Qwen3-30B-A3B", "qwen3:30b"),
    model("qwen3-8b", "Qwen3 8B", "Qwen/Qwen3-8B", "qwen3:8b", "qwen3"),
    model("mixtral-8x7b", "Mixtral 8x7B Instruct v0.1", "mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral:8x7b"),
    model("mixtral-8x22b", "Mixtral 8x22B Instruct v0.1", "mistralai/Mixtral-8x22B-Instruct-v0.1", "mixtral:8x22b"),
    model("phi-4", "Phi-4", "microsoft/phi-4", "phi4"),
    model("phi-4-mini", "Phi-4 mini instruct", "microsoft/Phi-4-mini-instruct", "phi4-mini"),
    model("whisper-large-v3", "Whisper large v3", "openai/whisper-large-v3", tasks=("transcribe",)),
)

WRITTEN = {
    "llama-3-8b": [
        "llama-3-8b",
        "llama3:8b",
        "Llama 3 8B Instruct",
        "meta-llama/Meta-Llama-3-8B-Instruct",
        "llama 3 8b",
        "LLAMA3-8B",
        "Llama-3-8B-Instruct",
        "meta llama 3 8b",
        "Meta-Llama-3-8B-Instruct",
        "llama3:8b-instruct",
        "llama3",
        "llama3-8b-instruct",
        "8b llama 3",
        " llama-3-8b ",
        "llama_3_8b",
        "bartowski/Meta-Llama-3-8B-Instruct-GGUF",
        "mlx-community/Meta-Llama-3-8B-Instruct-4bit",
        "NousResearch/Meta-Llama-3-8B-Instruct",
        "llama3:8b-instruct-q4_K_M",
        "hf:meta-llama/Meta-Llama-3-8B-Instruct",
        "Llama 3 8B Instruct Q4_K_M GGUF",
        "unsloth/llama-3-8b-Instruct-bnb-4bit",
    ],
    "llama-3.1-8b": ["llama3.1", "llama 3.1 8b", "Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", "llama3.1:8b"],
    "llama-3-70b": ["llama3:70b", "Llama 3 70B", "meta-llama-3-70b-instruct"],
    "qwen3-30b-a3b": ["Qwen3-30B-A3B", "qwen3 30b a3b", "Qwen/Qwen3-30B-A3B", "qwen3:30b-a3b"],
    "mixtral-8x7b": ["mixtral 8x7b", "Mixtral-8x7B-Instruct-v0.1", "mixtral:8x7b"],
    "phi-4": ["phi4", "phi-4", "Phi 4", "microsoft/phi-4"],
    "phi-4-mini": ["phi-4-mini", "phi4 mini instruct"],
}


@pytest.mark.parametrize(("ref", "id"), [(ref, id) for id, refs in WRITTEN.items() for ref in refs])
def test_names_as_people_write_them(ref: str, id: str) -> None:
    assert resolve(ref, MODELS).model.id == id


@pytest.mark.parametrize(
    "ref",
    [
        "dolphin-llama-3-8b",
        "llama-3-8b-abliterated",
        "someone/llama-3-8b-roleplay",
        "llama-4-8b",
        "lama-3-8b",
        "gpt-5",
        "",
        "   ",
        "x" * 5000,
        "someone-unknown/Meta-Llama-3-8B-Instruct",
        "llama-3-8b-base",
        "a/b/c",
        "hf:llama",
        "hf:/x",
        "./no-such.gguf",
        "/no/such/folder",
        "\n",
        "🦙",
    ],
)
def test_another_name_is_a_clear_no(ref: str) -> None:
    with pytest.raises(Problem) as caught:
        resolve(ref, MODELS)
    assert caught.value.exit == ExitStatus.USAGE
    assert len(caught.value.says) < 250


def test_the_no_names_the_nearest_and_the_hub() -> None:
    with pytest.raises(Problem) as caught:
        resolve("lama-3-8b", MODELS)
    assert "llama-3-8b" in (caught.value.hint or "")
    assert "hf:" in (caught.value.hint or "")


def test_a_name_of_several_models_lists_them() -> None:
    with pytest.raises(Problem) as caught:
        resolve("mixtral", MODELS)
    assert "mixtral-8x7b, mixtral-8x22b" in (caught.value.hint or "")


def test_tuned_models_are_named_as_alternatives_and_never_taken() -> None:
    found = resolve("llama-3-8b", MODELS)
    assert "hermes-2-pro-llama-3-8b" in found.alternatives
    assert resolve("Hermes 2 Pro Llama 3 8B", MODELS).alternatives == ("llama-3-8b",)


def test_a_quantisation_in_the_name_is_kept() -> None:
    assert resolve("llama3:8b-instruct-q4_K_M", MODELS).quant == "Q4_K_M"
    assert ask("Llama 3 8B Q8_0", MODELS).quant == "Q8_0"
    assert resolve("hf:bartowski/Meta-Llama-3-8B-Instruct-GGUF:Q6_K", MODELS).quant == "Q6_K"


def test_a_repository_of_one_form_brings_only_that_form() -> None:
    assert {one.format for one in resolve("mlx-community/Meta-Llama-3-8B-Instruct-4bit", MODELS).model.artifacts} == {"mlx"}


def test_an_unknown_repository_of_the_hub_is_itself() -> None:
    found = resolve("hf:someone/Strange-7B-GGUF:Q5_K_M", MODELS)
    assert found.model.id == "someone/Strange-7B-GGUF"
    assert found.artifact is not None
    assert (found.artifact.format, found.artifact.quant, found.artifact.repo) == ("gguf", "Q5_K_M", "someone/Strange-7B-GGUF")
    named = resolve("hf:someone/strange:strange-Q4_0.gguf", MODELS).artifact
    assert named is not None
    assert (named.format, named.quant, named.file) == ("gguf", "Q4_0", "strange-Q4_0.gguf")


def test_a_local_file_comes_before_a_name(tmp_path: Path) -> None:
    own = replace(MODELS[0], id="mine")

    def local(text: str) -> tuple[Model, Artifact] | None:
        return (own, Artifact(format="gguf", quant="Q4_0", path=text)) if text == "phi-4" else None

    found = ask("phi-4", MODELS, local=local)
    assert (found.model.id, found.artifact.path if found.artifact else None) == ("mine", "phi-4")
    assert ask("phi4", MODELS, local=local).model.id == "phi-4"


def test_the_task_is_the_models_own_unless_said() -> None:
    assert ask("whisper-large-v3", MODELS).task == "transcribe"
    with pytest.raises(Problem) as caught:
        ask("whisper-large-v3", MODELS, task="chat")
    assert caught.value.exit == ExitStatus.NO


@pytest.mark.parametrize(
    "wish", [{"audience": "everyone"}, {"prefer": "quick"}, {"task": "sing"}, {"context": 0}, {"context": -5}, {"users": 0}]
)
def test_words_outside_their_list_are_usage_errors(wish: dict[str, object]) -> None:
    with pytest.raises(Problem) as caught:
        ask("llama-3-8b", MODELS, **wish)  # type: ignore[arg-type]
    assert caught.value.exit == ExitStatus.USAGE


@given(st.text(max_size=80))
def test_any_text_is_a_model_or_a_problem(text: str) -> None:
    try:
        found = resolve(text, MODELS)
    except Problem as problem:
        assert problem.exit == ExitStatus.USAGE
    else:
        assert text.strip().lower().startswith("hf:") or found.model.id in {one.id for one in MODELS}


@given(st.sampled_from(MODELS), st.lists(st.sampled_from("-_ :"), min_size=12, max_size=12), st.booleans())
def test_case_and_separators_never_matter(one: Model, marks: list[str], upper: bool) -> None:
    text = "".join(marks[index % 12] if letter == "-" else letter for index, letter in enumerate(one.id))
    assert resolve(text.upper() if upper else text, MODELS).model.id == one.id


@given(st.text(max_size=60))
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_names_are_taken_apart() -> None:
    said = read("Qwen3-30B-A3B-Instruct-2507-Q4_K_M.gguf")
    assert said.words == ("qwen", "3", "30b", "a3b", "instruct", "2507")
    assert (said.quant, said.format) == ("Q4_K_M", "gguf")
    assert read("gemma-3-12b-it-4bit").quant == "4bit"
    assert read("llama-2-7b-awq").format == "awq"
    assert read("Llama-3.1-8B-Instruct-exl3").format == "exl3"
    assert hub("hf:turboderp/Llama-3.1-8B-Instruct-exl3:4.0bpw", ()).artifact == Artifact(
        format="exl3", quant="4.0BPW", repo="turboderp/Llama-3.1-8B-Instruct-exl3"
    )


@pytest.mark.parametrize(
    "ref",
    ["hf:../x", "hf:a/..", "hf:.a/b", 'hf:a/b"),__import__("os").system("id")#', "hf:a/b;c", "hf:a/b:/etc/passwd", "hf:a/b:../x.gguf",
     "hf:a/b:x/../../y.gguf", "hf:a/b:..\\x.gguf", "hf:a", "hf:a/b/c", "hf:a/b:", "hf:a/b:x\ny"],
)  # fmt: skip
def test_a_name_of_the_hub_is_neither_a_path_nor_code(ref: str) -> None:
    with pytest.raises(Problem, match="hf:owner/name"):
        at_hub(ref)


def test_names_of_the_hub() -> None:
    assert at_hub("hf:TheBloke/Llama-2-7B_v1.1-GGUF") == ("TheBloke/Llama-2-7B_v1.1-GGUF", None)
    assert at_hub(" HF:o/r:Q4_K_M ") == ("o/r", "Q4_K_M")
    assert at_hub("hf:o/r:UD-Q4/a b-00001-of-00002.gguf") == ("o/r", "UD-Q4/a b-00001-of-00002.gguf")
