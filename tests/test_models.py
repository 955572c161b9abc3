"""The catalogue: its entries are what they say, and the verbs that show it."""

import json
import re
from pathlib import Path

import pytest

from pathfinder.cli import main
from pathfinder.data import store
from pathfinder.errors import Problem
from pathfinder.naming.ask import resolve
from pathfinder.naming.models import Filter, listed, search
from pathfinder.naming.names import fold

MODELS = {model.id: model for model in store.models()}


def test_it_is_large_and_of_all_kinds() -> None:
    assert len(MODELS) >= 250
    tasks = {task for model in MODELS.values() for task in model.tasks}
    assert tasks >= {
        "chat",
        "completion",
        "embeddings",
        "rerank",
        "transcribe",
        "tts",
        "voice-cloning",
        "vad",
        "image",
        "music",
        "object-detection",
    }


def test_no_two_models_answer_to_one_name() -> None:
    seen: dict[str, str] = {}
    for model in MODELS.values():
        for name in (model.id, *model.aliases):
            assert seen.setdefault(fold(name), model.id) == model.id, name


def test_bases_exist_and_are_not_themselves() -> None:
    for model in MODELS.values():
        assert model.base is None or (model.base in MODELS and model.base != model.id), model.id


def test_shapes_have_sources_and_hold_together() -> None:
    for model in MODELS.values():
        shape = model.shape
        if shape is None:
            continue
        assert model.sources, model.id
        assert shape.layers > 0
        assert shape.hidden > 0
        for row in (shape.kv_heads_per_layer, shape.heads_per_layer, shape.ffn_per_layer):
            assert row is None or len(row) == shape.layers, model.id
        for layers in (shape.sliding_layers, shape.attention_layers, shape.recurrent_layers):
            assert layers is None or all(0 <= index < shape.layers for index in layers), model.id
        if shape.heads and shape.kv_heads and not shape.heads_per_layer:
            assert shape.heads % shape.kv_heads == 0, model.id


def test_artifacts_say_where_they_are() -> None:
    repository = re.compile(r"[\w.-]+/[\w.-]+")
    for model in MODELS.values():
        for artifact in model.artifacts:
            assert (artifact.repo and repository.fullmatch(artifact.repo)) or artifact.tag, (model.id, artifact)
            assert artifact.bits_per_weight is None or 1 < artifact.bits_per_weight <= 32
            if artifact.format == "gguf" and artifact.file:
                assert "mmproj" not in artifact.file, artifact
                assert artifact.quant.lower() in artifact.file.lower(), artifact


def test_two_hundred_ways_to_write_a_name() -> None:
    models = store.models()
    lines = (Path(__file__).parent / "model_names.tsv").read_text(encoding="utf-8").splitlines()
    asked = [line.split("\t") for line in lines]
    wrong = {name: found.id for id, name in asked if (found := resolve(name, models).model).id != id}
    assert len(asked) >= 320
    assert not wrong


@pytest.mark.parametrize(
    "name",
    [
        *("Llama-3.1-8B-Lexi-Uncensored", "dolphin llama 3.1 8b", "llama-3.1-8b-abliterated", "Llama-3.1-8B-Instruct-LoRA"),
        *("gemma-3-12b-it-abliterated", "huihui-ai/Qwen3-8B-abliterated", "mistral-7b-openorca", "llama-3.1-8b-instruct-medical"),
        *("DeepSeek-R1-Distill-Qwen-7B-Uncensored", "someone/Llama-3.1-8B-Instruct", "Qwen3-8B-Base", "llama-3.1-8b-instruct-1m"),
        *(
            "gpt-5",
            "phi5",
            "claude 4",
            "qwen9-8b",
            "llama-3.1-9b",
            "gemma 3 13b",
            "mixtral 9x7b",
            "mistal 7b instuct",
            "no such model at all",
        ),
    ],
)
def test_a_tuned_or_wrong_name_is_a_clear_no(name: str) -> None:
    with pytest.raises(Problem, match="There is no model"):
        resolve(name, store.models())


def test_typing_errors_get_suggestions() -> None:
    for name, meant in (
        ("mistal 7b instuct", "mistral-7b-instruct"),
        ("lama-3.1-8b", "llama-3.1-8b-instruct"),
        ("gema 3 12b", "gemma-3-12b-it"),
    ):
        with pytest.raises(Problem) as told:
            resolve(name, store.models())
        assert meant in str(told.value.hint)


def test_addresses_of_the_hub_are_references_to_it() -> None:
    file = "https://huggingface.co/bartowski/Qwen_Qwen3-8B-GGUF/blob/main/Qwen_Qwen3-8B-Q4_K_M.gguf"
    found = resolve(file, store.models()).artifact
    assert found is not None
    assert (found.repo, found.file, found.quant) == ("bartowski/Qwen_Qwen3-8B-GGUF", "Qwen_Qwen3-8B-Q4_K_M.gguf", "Q4_K_M")
    assert resolve("hf.co/someone/Thing-GGUF:Q8_0", store.models()).artifact.quant == "Q8_0"  # type: ignore[union-attr]
    assert resolve("https://hf.co/Qwen/Qwen3-8B/tree/main", store.models()).model.id == "qwen3-8b"


def test_filters_and_search() -> None:
    small = listed(MODELS.values(), Filter(task="embeddings", largest=0.5e9))
    assert small
    assert all("embeddings" in row.tasks and (row.params or 0) <= 0.5e9 for row in small)
    assert search(MODELS.values(), "qwen3 8b")[0].id == "qwen3-8b"
    assert not search(MODELS.values(), "no such model at all")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    status = main(argv)
    return status, capsys.readouterr().out


def test_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = said(capsys, "models", "list", "--json")
    assert status == 0
    assert len(json.loads(text)["models"]) == len(MODELS)
    status, text = said(capsys, "models", "show", "qwen3-30b-a3b", "--json")
    assert (status, json.loads(text)["shape"]["experts"]) == (0, 128)
    status, text = said(capsys, "models", "resolve", "llama3:8b", "--json")
    assert (status, json.loads(text)["model"]) == (0, "llama-3-8b-instruct")
    assert "llama-3-8b-base" in json.loads(text)["alternatives"]
    assert said(capsys, "models", "search", "falcon")[0] == 0
    assert said(capsys, "models", "search", "no such thing")[0] == 1
    assert said(capsys, "models", "resolve", "lama-9-8b")[0] == 2
    assert said(capsys, "models", "list", "--task", "dancing")[0] == 2


def test_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    host = ("--host", "profile:desktop-rtx-3060")
    status, text = said(capsys, "estimate", "llama-3-8b", "--json", "--quant", "Q8_0", "--context", "4096", *host)
    document = json.loads(text)
    assert (status, document["schema"], document["artifact"]["quant"], document["context"]) == (0, "pathfinder/estimate/v1", "Q8_0", 4096)
    assert document["memory"]["fits"] is True
    assert document["speed"]["decode_tps"]["low"] < document["speed"]["decode_tps"]["high"]
    status, text = said(capsys, "estimate", "llama-3-8b", "--kv-type", "q8_0", *host)
    assert status == 0
    assert "KV cache" in text
    assert "→ Q4_K_M       +0.18" in text
    status, text = said(capsys, "estimate", "llama-3.3-70b", "--json", *host)
    choices = json.loads(text)["choices"]
    mixture = json.loads(said(capsys, "estimate", "qwen3-30b-a3b", "--json", *host)[1])
    assert mixture["gpu_layers"] == 49
    assert 0 < mixture["expert_layers"] < 48
    assert "--n-cpu-moe" in mixture["assumed"][0]
    by_layers = json.loads(said(capsys, "estimate", "qwen3-30b-a3b", "--json", "-ngl", "20", *host)[1])
    assert by_layers["expert_layers"] == 0
    assert by_layers["speed"]["decode_tps"]["likely"] < mixture["speed"]["decode_tps"]["likely"]
    assert [one["quant"] for one in choices if one["chosen"]] == ["Q4_K_M"]
    assert len(choices) == 5
    assert [one["total_bytes"] for one in choices] == sorted(one["total_bytes"] for one in choices)
    for wrong in (("--kv-type", "q9"), ("--kv-type", "f16,q8_0,q8_0"), ("--kv-type", "f16,"), ("--context", "-4"), ("--parallel", "0")):
        assert said(capsys, "estimate", "llama-3-8b", *wrong, *host)[0] == 2
