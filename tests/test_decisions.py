"""Decisions an expert would sign: for each machine, reader and wish, the first answers that are accepted, and what is never answered.

The accepted sets come from practice, not from the program: Macs run MLX or llama.cpp and what is built on it; data-centre NVIDIA serves
teams with vLLM or SGLang; single consumer cards run llama.cpp, Ollama, LM Studio or ExLlama; old or odd GPUs run llama.cpp through Vulkan;
CPUs run llama.cpp.
"""

from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from pathfinder.data import store
from pathfinder.deciding.choose import quality_of
from pathfinder.deciding.decide import Rules, recommend
from pathfinder.deciding.steps import places_for
from pathfinder.estimate import Tables
from pathfinder.naming.ask import ask
from pathfinder.types.plans import Plan, Recommendation

GGUF = {"llama.cpp", "ollama", "lm-studio", "llama-cpp-python", "koboldcpp", "llamafile", "jan", "ramalama", "localai", "lemonade"}
SIMPLE = {"ollama", "lm-studio", "jan", "koboldcpp", "llamafile"}
SERVERS = {"vllm", "sglang", "tensorrt-llm", "lmdeploy", "dynamo"}
MAC = {"mlx-lm", "ollama", "lm-studio", "llama.cpp"}
EXLLAMA = {"exllamav3", "tabbyapi"}
INTEL = GGUF | {"openvino"}


@cache
def rules() -> Rules:
    tables = Tables(coefficients=store.estimate_table(), chips=store.devices())
    return Rules(store.matrix(), store.rank_table(), tables, store.whole)


@cache
def decided(profile: str, model: str, **wish: Any) -> Recommendation:
    facts = store.profile(profile)
    return recommend(facts, ask(model, store.models(), **wish), rules(), places_for(facts), profile)


def first(profile: str, model: str = "llama-3-8b", **wish: Any) -> Plan:
    return decided(profile, model, **wish).candidates[0]


ACCEPTED: list[tuple[str, dict[str, str], set[str], set[str]]] = [
    # machine, wish, accepted first runtimes, accepted backends
    ("macbook-air-m1-8gb", {}, MAC, {"metal"}),
    ("macbook-air-m2-16gb", {}, MAC, {"metal"}),
    ("mac-mini-m4-16gb", {"prefer": "simple"}, MAC, {"metal"}),
    ("macbook-pro-m3-pro-36gb", {"prefer": "fast"}, MAC, {"metal"}),
    ("macbook-pro-m4-max-128gb", {}, MAC, {"metal"}),
    ("mac-studio-m2-ultra-192gb", {"audience": "team"}, MAC, {"metal"}),
    ("mac-studio-m3-ultra-512gb", {"audience": "team"}, MAC, {"metal"}),
    ("dgx-h100", {"audience": "team"}, SERVERS, {"cuda"}),
    ("dgx-h100", {"audience": "production"}, SERVERS, {"cuda"}),
    ("dgx-h100", {"audience": "team", "prefer": "throughput"}, SERVERS, {"cuda"}),
    ("cloud-p5-48xlarge", {"audience": "production"}, SERVERS, {"cuda"}),
    ("cloud-p4d-24xlarge", {"audience": "team"}, SERVERS, {"cuda"}),
    ("cloud-g5-xlarge", {"audience": "team"}, SERVERS, {"cuda"}),
    ("cloud-g6-xlarge", {"audience": "production"}, SERVERS, {"cuda"}),
    ("cloud-g4dn-xlarge", {"audience": "team"}, SERVERS | GGUF, {"cuda"}),
    ("cloud-8x-mi300x", {"audience": "team"}, SERVERS, {"rocm"}),
    ("desktop-rtx-4090", {}, GGUF | EXLLAMA, {"cuda"}),
    ("desktop-rtx-4090", {"prefer": "fast"}, GGUF | EXLLAMA | SERVERS, {"cuda"}),
    ("desktop-rtx-4090", {"audience": "team"}, SERVERS | EXLLAMA, {"cuda"}),
    ("desktop-rtx-4090", {"prefer": "throughput"}, SERVERS | EXLLAMA, {"cuda"}),
    ("desktop-rtx-5090", {}, GGUF | EXLLAMA, {"cuda"}),
    ("desktop-rtx-3090", {}, GGUF | EXLLAMA, {"cuda"}),
    ("desktop-rtx-3060", {}, GGUF | EXLLAMA, {"cuda"}),
    ("desktop-rtx-4060", {}, GGUF | EXLLAMA, {"cuda"}),
    ("desktop-rtx-4060", {"prefer": "memory"}, GGUF | EXLLAMA, {"cuda", "vulkan"}),
    ("wsl2-rtx-4090", {}, GGUF | EXLLAMA, {"cuda"}),
    ("windows-gamer-rtx-3060", {"prefer": "simple"}, SIMPLE, {"cuda"}),
    ("windows-gamer-rtx-3060", {}, GGUF | EXLLAMA, {"cuda"}),
    ("windows-laptop-rtx-4060", {"prefer": "simple"}, SIMPLE, {"cuda"}),
    ("workstation-2x-rtx-3090", {"audience": "team"}, SERVERS | EXLLAMA, {"cuda"}),
    ("desktop-rtx-4090-gtx-1050-ti", {}, GGUF | EXLLAMA, {"cuda"}),
    ("desktop-gtx-1080-ti", {}, GGUF, {"cuda"}),
    ("desktop-gtx-1080-ti", {"audience": "team"}, GGUF, {"cuda"}),
    ("server-tesla-k80", {}, GGUF, {"cpu", "cuda"}),
    ("desktop-rx-7900-xtx", {}, GGUF, {"rocm", "vulkan"}),
    ("desktop-rx-9070-xt", {}, GGUF, {"rocm", "vulkan"}),
    ("desktop-rx-580", {}, GGUF, {"vulkan"}),
    ("desktop-rx-580", {"audience": "team"}, GGUF, {"vulkan"}),
    ("strix-halo-128gb", {}, GGUF, {"vulkan", "rocm"}),
    ("laptop-ryzen-7840u", {}, GGUF, {"vulkan", "rocm", "cpu"}),
    ("desktop-arc-a770", {}, INTEL, {"sycl", "vulkan", "openvino"}),
    ("desktop-arc-b580", {}, INTEL, {"sycl", "vulkan", "openvino"}),
    ("laptop-lunar-lake", {}, INTEL, {"sycl", "vulkan", "openvino"}),
    ("laptop-cpu-i5-8250u", {}, INTEL, {"vulkan", "openvino", "sycl", "cpu"}),
    ("windows-snapdragon-x-elite", {}, GGUF, {"cpu", "opencl", "vulkan"}),
    ("raspberry-pi-5-8gb", {}, GGUF, {"cpu"}),
    ("cloud-graviton4", {}, GGUF, {"cpu"}),
    ("server-xeon-amx", {}, INTEL, {"cpu"}),
    ("server-xeon-amx", {"audience": "team"}, INTEL | SERVERS, {"cpu"}),
    ("server-xeon-no-avx", {}, GGUF, {"cpu"}),
    ("jetson-agx-orin", {}, {"ollama", "llama.cpp", "mlc-llm"}, {"cuda"}),
    ("jetson-orin-nano", {}, {"ollama", "llama.cpp", "mlc-llm"}, {"cuda"}),
    ("dgx-spark", {}, GGUF | SERVERS, {"cuda"}),
    ("dgx-spark", {"audience": "team"}, SERVERS | {"llama.cpp"}, {"cuda"}),
    ("server-gh200", {"audience": "production"}, SERVERS, {"cuda"}),
    ("server-8x-gaudi2", {"audience": "team"}, {"vllm"}, {"gaudi"}),
    ("android-snapdragon-8-elite", {}, {"llama.cpp", "mlc-llm", "executorch"}, {"cpu", "opencl", "vulkan", "npu"}),
]


@pytest.mark.parametrize(
    ("profile", "wish", "runtimes", "backends"), ACCEPTED, ids=lambda value: str(value) if isinstance(value, (str, dict)) else ""
)
def test_the_first_answer_is_one_an_expert_accepts(profile: str, wish: dict[str, str], runtimes: set[str], backends: set[str]) -> None:
    answer = first(profile, **wish)
    assert answer.runtime in runtimes, f"{answer.runtime} ({answer.cell}) {answer.score}"
    assert answer.backend in backends, answer.cell


WHISPER = {"whisper.cpp", "faster-whisper", "whisperx"}
EMBEDDERS = GGUF | {"tei", "infinity", "sentence-transformers"}
RERANKERS = {"tei", "infinity", "sentence-transformers", "rerankers", "llama.cpp"}
PAINTERS = {"comfyui", "stable-diffusion.cpp", "diffusers", "sd-webui-forge"}

OTHER_WORK: list[tuple[str, str, set[str]]] = [
    ("desktop-rtx-4090", "whisper-large-v3", WHISPER),
    ("cloud-g5-xlarge", "whisper-large-v3", WHISPER),
    ("windows-gamer-rtx-3060", "whisper-large-v3", WHISPER),
    ("mac-mini-m4-16gb", "whisper-large-v3", {"whisper.cpp", "mlx-audio"}),
    ("raspberry-pi-5-8gb", "whisper-large-v3", {"whisper.cpp", "faster-whisper", "sherpa-onnx"}),
    ("raspberry-pi-5-8gb", "whisper-base", {"whisper.cpp", "faster-whisper", "sherpa-onnx"}),
    ("vps-2-vcpu-4gb", "whisper-base", WHISPER),
    ("server-xeon-no-avx", "whisper-base", WHISPER),
    ("server-8x-gaudi2", "whisper-large-v3", WHISPER),
    ("desktop-rx-7900-xtx", "whisper-large-v3", {"whisper.cpp", "transformers", "vllm"}),
    ("iphone-16-pro", "whisper-base", {"whisper.cpp"}),
    ("android-snapdragon-8-elite", "whisper-base", {"whisper.cpp", "sherpa-onnx"}),
    ("windows-snapdragon-x-elite", "whisper-large-v3", {"whisper.cpp", "qualcomm-ai-hub", "onnx-runtime"}),
    ("mac-mini-m4-16gb", "kokoro", {"kokoro", "mlx-audio"}),
    ("desktop-rtx-4090", "kokoro", {"kokoro"}),
    ("raspberry-pi-5-8gb", "kokoro", {"kokoro", "sherpa-onnx"}),
    ("vps-2-vcpu-4gb", "kokoro", {"kokoro", "sherpa-onnx"}),
    ("mac-mini-m4-16gb", "piper", {"piper"}),
    ("desktop-rtx-4090", "piper", {"piper"}),
    ("raspberry-pi-5-8gb", "piper", {"piper"}),
    ("desktop-rtx-4090", "chatterbox", {"chatterbox"}),
    ("mac-mini-m4-16gb", "chatterbox", {"chatterbox", "mlx-audio"}),
    ("desktop-rtx-4090", "xtts-v2", {"coqui"}),
    ("vps-2-vcpu-4gb", "xtts-v2", {"coqui"}),
    ("desktop-rtx-4090", "bark", {"bark", "transformers", "coqui"}),
    ("desktop-rtx-4090", "silero-vad", {"silero-vad"}),
    ("raspberry-pi-5-8gb", "silero-vad", {"silero-vad", "sherpa-onnx"}),
    ("desktop-rtx-4090", "musicgen-small", {"transformers-musicgen", "transformers"}),
    ("desktop-rtx-4090", "sdxl", PAINTERS),
    ("desktop-rtx-4060", "sdxl", PAINTERS),
    ("desktop-rx-7900-xtx", "sdxl", PAINTERS),
    ("windows-gamer-rtx-3060", "sdxl", PAINTERS),
    ("mac-mini-m4-16gb", "sdxl", PAINTERS),
    ("desktop-arc-a770", "sdxl", PAINTERS | {"openvino"}),
    ("desktop-rtx-4090", "flux.1-dev", PAINTERS),
    ("desktop-rtx-4060", "flux.1-dev", PAINTERS),
    ("mac-mini-m4-16gb", "flux.1-dev", PAINTERS),
    ("desktop-rtx-4090", "nomic-embed-text", EMBEDDERS),
    ("mac-mini-m4-16gb", "nomic-embed-text", EMBEDDERS),
    ("dgx-h100", "qwen3-embedding-0.6b", EMBEDDERS | {"vllm"}),
    ("vps-2-vcpu-4gb", "bge-m3", EMBEDDERS),
    ("windows-office-laptop", "bge-m3", EMBEDDERS),
    ("desktop-rtx-4090", "bge-reranker-v2-m3", RERANKERS),
    ("mac-mini-m4-16gb", "bge-reranker-v2-m3", RERANKERS),
    ("vps-2-vcpu-4gb", "bge-reranker-v2-m3", RERANKERS),
    ("windows-office-laptop", "bge-reranker-v2-m3", RERANKERS),
    ("desktop-rtx-4090", "rf-detr", {"rfdetr"}),
    ("mac-mini-m4-16gb", "rf-detr", {"rfdetr"}),
    ("vps-2-vcpu-4gb", "rf-detr", {"rfdetr"}),
    ("iphone-16-pro", "llama-3.2-1b", {"mlx-swift", "llama.cpp", "executorch", "mlc-llm", "litert-lm"}),
    ("iphone-16-pro", "qwen3-0.6b", {"mlx-swift", "llama.cpp", "executorch", "mlc-llm", "litert-lm"}),
    ("android-snapdragon-8-elite", "llama-3.2-1b", {"llama.cpp", "executorch", "mlc-llm", "litert-lm"}),
]


@pytest.mark.parametrize(("profile", "model", "runtimes"), OTHER_WORK)
def test_other_work_goes_to_those_made_for_it(profile: str, model: str, runtimes: set[str]) -> None:
    assert first(profile, model).runtime in runtimes


@pytest.mark.parametrize(
    ("profile", "model", "audience", "runtimes"),
    [
        ("dgx-h100", "qwen3-embedding-0.6b", "production", {"tei", "vllm", "sglang", "infinity"}),
        ("cloud-g6-xlarge", "bge-m3", "team", {"tei", "vllm", "infinity"}),
        ("dgx-h100", "bge-reranker-v2-m3", "production", {"tei", "vllm", "sglang", "infinity"}),
        ("dgx-h100", "llama-3.3-70b-instruct", "production", SERVERS),
        ("dgx-h100", "gpt-oss-120b", "team", SERVERS),
        ("dgx-h100", "deepseek-r1", "production", SERVERS),
        ("cloud-8x-mi300x", "llama-3.3-70b-instruct", "production", {"vllm", "sglang"}),
        ("cloud-g5-xlarge", "qwen3-30b-a3b", "production", SERVERS),
        ("cloud-g6-xlarge", "qwen3-30b-a3b", "team", SERVERS),
    ],
)
def test_teams_get_servers_made_for_many(profile: str, model: str, audience: str, runtimes: set[str]) -> None:
    assert first(profile, model, audience=audience).runtime in runtimes


@pytest.mark.parametrize("profile", ["dgx-h100", "cloud-8x-mi300x"])
def test_a_small_model_is_not_spread_over_every_gpu(profile: str) -> None:
    assert len(first(profile, "llama-3-8b", audience="production").devices) == 1


@pytest.mark.parametrize(
    ("profile", "audience", "fewest"), [("dgx-h100", "team", 2), ("dgx-h100", "production", 2), ("cloud-p4d-24xlarge", "production", 4)]
)
def test_a_large_model_gets_the_gpus_that_hold_its_readers(profile: str, audience: str, fewest: int) -> None:
    plan = first(profile, "llama-3.3-70b-instruct", audience=audience)
    assert (plan.room, plan.quality) == ("all", "near-lossless")
    assert fewest <= len(plan.devices) < 8


def test_two_cards_are_used_before_a_lossy_form() -> None:
    plan = first("workstation-2x-rtx-3090", "mixtral-8x7b-instruct-v0.1")
    assert len(plan.devices) == 2
    assert plan.quality not in ("lossy", "poor")


@pytest.mark.parametrize("quant", ["Q2_K", "Q3_K_M", "Q4_K_M", "Q6_K", "Q8_0"])
def test_a_form_without_a_size_has_the_quality_its_name_tells(quant: str) -> None:
    known = next(one for one in ask("llama-3-8b", store.models()).model.artifacts if one.quant == quant and one.bits_per_weight)
    bare = replace(known, bits_per_weight=None, bytes=None)
    assert quality_of(bare, None, store.rank_table()) == quality_of(known, None, store.rank_table())


def test_a_server_whose_memory_does_not_hold_everybody_lets_some_wait() -> None:
    plan = first("vps-2-vcpu-4gb", "qwen3-0.6b", audience="production")
    assert 1 <= plan.requests < 16
    assert any("the others wait" in reason for reason in plan.reasons)
    assert plan.batching in ("slots", "continuous")


@pytest.mark.parametrize("profile", ["desktop-rtx-4090", "dgx-h100", "desktop-rx-7900-xtx", "server-xeon-amx"])
def test_training_goes_to_a_training_library(profile: str) -> None:
    trainers = {"transformers", "deepspeed", "pytorch-lightning"}
    assert first(profile, "qwen3-0.6b", task="training").runtime in trainers


def test_a_detector_of_speech_is_not_put_on_a_gpu() -> None:
    assert first("desktop-rtx-4090", "silero-vad").placement == "cpu"


@pytest.mark.parametrize(("profile", "placement"), [("desktop-rtx-4090", "whole"), ("desktop-rtx-4060", "split")])
def test_pictures_are_made_on_the_gpu_even_where_the_model_is_larger(profile: str, placement: str) -> None:
    assert first(profile, "flux.1-dev").placement == placement


def test_a_speech_model_is_never_given_to_another_models_program() -> None:
    found = {plan.runtime for plan in decided("desktop-rtx-4090", "kokoro").candidates}
    assert "kokoro" in found
    assert not found & {"chatterbox", "coqui", "kitten-tts", "bark", "piper"}


NEVER: list[tuple[str, str]] = [
    ("desktop-gtx-1080-ti", "vllm/cuda"),
    ("desktop-gtx-1080-ti", "exllamav3/cuda"),
    ("server-tesla-k80", "vllm/cuda"),
    ("server-tesla-k80", "lm-studio/cuda"),
    ("server-tesla-k80", "ollama/cuda"),
    ("server-tesla-k80", "jan/cuda"),
    ("server-tesla-k80", "llamafile/cuda"),
    ("server-tesla-k80", "ramalama/cuda"),
    ("server-tesla-k80", "koboldcpp/cuda"),
    ("server-tesla-k80", "llama-swap/cuda"),
    ("desktop-rx-580", "vllm/rocm"),
    ("desktop-rx-580", "ollama/rocm"),
    ("desktop-rx-580", "llama.cpp/rocm"),
    ("mac-mini-m4-16gb", "vllm/cuda"),
    ("mac-mini-m4-16gb", "exllamav3/cuda"),
    ("desktop-rtx-4090", "mlx-lm/metal"),
    ("windows-gamer-rtx-3060", "vllm/cuda"),
    ("windows-gamer-rtx-3060", "sglang/cuda"),
    ("jetson-agx-orin", "lm-studio/cuda"),
    ("server-xeon-no-avx", "lm-studio/cpu"),
    ("raspberry-pi-5-8gb", "lm-studio/cpu"),
    ("cloud-graviton4", "llama.cpp/cuda"),
    ("server-8x-gaudi2", "vllm/cuda"),
    ("strix-halo-128gb", "llama.cpp/cuda"),
    ("desktop-arc-a770", "vllm/cuda"),
]


@pytest.mark.parametrize(("profile", "what"), NEVER)
def test_what_is_impossible_is_never_a_candidate(profile: str, what: str) -> None:
    assert what not in {f"{plan.runtime}/{plan.backend}" for plan in decided(profile, "llama-3-8b").candidates}


NOT_LOADED: list[tuple[str, str]] = [
    # an architecture that left vLLM or was never there, and what is built on it
    ("flan-t5-xxl", "vllm"),
    ("flan-t5-xxl", "gpustack"),
    ("flan-t5-xxl", "sglang"),
    ("mpt-7b-instruct", "vllm"),
    ("mamba-2.8b", "lmdeploy"),
    ("gpt-j-6b", "lmdeploy"),
    ("gpt-j-6b", "exllamav3"),
    ("gpt-j-6b", "petals"),
    ("jina-embeddings-v3", "tei"),
]


@pytest.mark.parametrize(("model", "runtime"), NOT_LOADED)
def test_a_runtime_is_not_given_a_model_it_does_not_load(model: str, runtime: str) -> None:
    assert runtime not in {plan.runtime for plan in decided("desktop-rtx-4090", model).candidates}


@pytest.mark.parametrize("profile", ["iphone-16-pro", "vps-2-vcpu-4gb"])
def test_where_an_8b_does_not_run_the_answer_is_no_with_reasons(profile: str) -> None:
    found = decided(profile, "llama-3-8b")
    assert not found.candidates
    assert {one.runtime for one in found.rejected} == {runtime.id for runtime in store.matrix()}
    assert all(one.unlock is not None for one in found.rejected)


@pytest.mark.parametrize(
    ("profile", "model", "wish", "placement", "devices"),
    [
        ("desktop-rtx-4090", "llama-3.3-70b-instruct", {}, "split", 1),
        ("workstation-2x-rtx-3090", "llama-3.3-70b-instruct", {}, "whole", 2),
        ("workstation-2x-rtx-3090", "llama-3-8b", {}, "whole", 1),
        ("mac-studio-m2-ultra-192gb", "llama-3.3-70b-instruct", {}, "whole", 1),
        ("desktop-rtx-4090-gtx-1050-ti", "llama-3-8b", {}, "whole", 1),
        ("dgx-h100", "deepseek-r1", {"audience": "team"}, "whole", 8),
        ("desktop-rtx-4060", "gpt-oss-20b", {}, "split", 1),
        ("server-xeon-amx", "llama-3.3-70b-instruct", {}, "cpu", 0),
    ],
)
def test_the_model_lives_where_an_expert_would_put_it(profile: str, model: str, wish: dict[str, str], placement: str, devices: int) -> None:
    answer = first(profile, model, **wish)
    assert (answer.placement, len(answer.devices)) == (placement, devices)


def test_unequal_cards_are_never_pooled_by_tensor_parallel_servers() -> None:
    for plan in decided("desktop-rtx-4090-gtx-1050-ti", "llama-3-8b", audience="team").candidates:
        if plan.runtime in SERVERS:
            assert len(plan.devices) <= 1


def test_the_quantisation_serves_the_reader_and_is_never_merely_the_largest() -> None:
    solo = first("desktop-rtx-4090").artifact
    team = first("dgx-h100", audience="team").artifact
    assert solo is not None
    assert team is not None
    assert solo.quant == "Q4_K_M"
    assert team.quant in ("FP8", "BF16")
    assert first("desktop-rtx-4090", "qwen3-0.6b").artifact.quant in ("Q8_0", "BF16", "8bit")  # type: ignore[union-attr]


def test_the_driver_is_the_unlock_an_operator_expects() -> None:
    from pathfinder.looking.override import override

    facts = override(store.profile("desktop-rtx-4090"), ["devices.0.driver_version=470.256.02", "backends.cuda.version=11.4"])
    found = recommend(facts, ask("llama-3-8b", store.models()), rules(), places_for(facts), "x")
    vllm = next(one for one in found.rejected if one.runtime == "vllm")
    assert "vllm/cuda" not in {f"{plan.runtime}/{plan.backend}" for plan in found.candidates}
    assert vllm.unlock is not None
    assert vllm.unlock.takes == "admin"
    assert vllm.unlock.says.startswith("driver 470.256.02 -> ")
    assert vllm.unlock.says.endswith(" or newer unlocks vLLM on cuda")


@pytest.mark.parametrize("profile", store.profiles())
def test_every_candidate_has_commands_and_nothing_is_left_unfilled(profile: str) -> None:
    for plan in decided(profile, "llama-3-8b").candidates:
        assert plan.launch or plan.rank != 1, (plan.runtime, plan.cell)
        for step in (*plan.install, *plan.launch, *plan.container):
            words = [*(step.argv or ()), step.path or "", step.url or "", step.text or "", *step.env.values()]
            assert not [word for word in words if "None" in word or "{env}" in word or "{model}" in word], (
                plan.runtime,
                plan.cell,
                step.title,
            )
