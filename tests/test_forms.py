"""Forms of a model, and the models a runtime names."""

import pytest

from pathfinder.deciding.forms import UNLISTED, loads, offered, reaches, runs_model
from pathfinder.types.matrix import FormatSupport, Project, Runtime
from pathfinder.types.models import Artifact, Demand, Model


def runtime(**fields: object) -> Runtime:
    base: dict[str, object] = {"id": "r", "name": "R", "summary": "", "home": "x", "project": Project(state="active")}
    return Runtime(**{**base, **fields})  # type: ignore[arg-type]


def demand(task: str, family: str, arch: str, *artifacts: Artifact, **fields: object) -> Demand:
    model = Model(id="m", name="m", family=family, arch=arch, artifacts=artifacts, repo="o/m")
    return Demand(model=model, asked="m", task=task, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "family", "arch", "lists", "families", "holds"),
    [
        ("chat", "Llama", "llama", (), (), True),
        ("chat", "Llama", "llama", ("llama", "qwen2"), (), True),
        ("chat", "Mamba", "mamba", ("llama", "qwen2"), (), False),
        ("chat", "Mamba", "", ("llama",), (), None),
        ("tts", "Kokoro", "kokoro", ("chatterbox",), (), False),
        ("tts", "Kokoro", "kokoro", (), ("Kokoro", "CSM"), True),
        ("tts", "Kokoro", "kokoro", (), ("Bark", "XTTS"), False),
        ("tts", "Kokoro", "kokoro", (), ("nearly everything on the hub",), None),
        ("tts", "Kokoro", "kokoro", (), (), None),
        ("image", "FLUX.1", "flux", (), ("Stable Diffusion", "FLUX.1 and FLUX.2"), True),
        ("image", "Stable Diffusion XL", "sdxl", (), ("SDXL",), True),
        ("transcribe", "Whisper", "whisper", (), ("Llama",), True),
    ],
)
def test_a_runtime_runs_what_it_names(
    task: str, family: str, arch: str, lists: tuple[str, ...], families: tuple[str, ...], holds: bool | None
) -> None:
    form = Artifact(format="safetensors", quant="BF16", repo="o/m")
    found = runs_model(demand(task, family, arch, form), runtime(architectures=lists, families=families))
    assert (True if found is None else found.holds) is holds


def test_a_model_whose_files_nobody_lists_is_a_question() -> None:
    found = runs_model(demand("chat", "RWKV", "rwkv6"), runtime())
    assert found is not None
    assert found.holds is None
    local = demand("chat", "RWKV", "rwkv6", artifact=Artifact(format="gguf", quant="Q4_K_M", path="model.gguf"))
    assert runs_model(local, runtime()) is None


def test_what_is_only_in_another_runtimes_library_is_out_of_reach() -> None:
    tag = Artifact(format="gguf", quant="Q4_K_M", tag="m:7b", registry="ollama")
    assert reaches(runtime(id="ollama"), tag)
    assert reaches(runtime(aliases=("ollama",)), tag)
    assert not reaches(runtime(id="llama.cpp"), tag)
    assert reaches(runtime(id="llama.cpp"), Artifact(format="gguf", quant="Q4_K_M", repo="o/r"))


def test_forms_are_narrowed_by_what_was_asked() -> None:
    small, large = Artifact(format="gguf", quant="Q4_K_M"), Artifact(format="gguf", quant="Q8_0")
    assert offered(demand("chat", "", "llama", small, large)) == (small, large)
    assert offered(demand("chat", "", "llama", small, large, quant="q8-0")) == (large,)
    assert offered(demand("chat", "", "llama", small, artifact=large)) == (large,)
    assert offered(demand("tts", "", "piper"))[0].format == UNLISTED


def test_formats_and_quantisations_compare_without_case_and_hyphens() -> None:
    support = FormatSupport(format="gguf", quants=("Q4_K_M", "UD-Q4_K_XL"))
    assert loads(support, Artifact(format="gguf", quant="q4-k-m"))
    assert loads(support, Artifact(format="gguf", quant="ud_q4_k_xl"))
    assert not loads(support, Artifact(format="gguf", quant="Q4_0"))
    assert not loads(support, Artifact(format="mlx", quant="Q4_K_M"))
    assert loads(FormatSupport(format="mlx"), Artifact(format="mlx", quant="4bit"))
    assert loads(support, Artifact(format=UNLISTED, quant=""))
