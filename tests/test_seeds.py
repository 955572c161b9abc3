"""The five documents the matrix grew from: every system is found by each of its names, every column is data, and a claim that
no longer holds is kept as history, with its source and what holds now.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from pathfinder.data import store
from pathfinder.types.matrix import Runtime

SEEDS = Path(__file__).resolve().parents[1].parent / "shared" / "seeds"
if not SEEDS.is_dir():
    pytest.skip("the seed documents are not here", allow_module_level=True)

TABLE_25, LOCALAI, LOCALAI_OLDER, PRECISION, TGI = "25-runtime", "LocalAI model", "LocalAI older", "precision", "TGI"
"""How `history` names its source, any one of these words."""

LIVE = ("works", "partial")

JOINED = """LocalAI, ExLlamaV3, GPTQModel, llm-compressor, llamafile, KoboldCpp, ik_llama.cpp, Lemonade, Foundry Local, Windows ML,
Docker Model Runner, RamaLama, Jan, LMDeploy, TEI, Text Embeddings Inference, Infinity, llama-swap, KTransformers,
NVIDIA Dynamo, Triton, Xinference, GPUStack, transformers serve, mlx-audio, WhisperX, sherpa-onnx, ComfyUI, sd-webui-
forge, LiteRT-LM, WebLLM, transformers.js"""

SPELLINGS = {
    "Text Generation Inference (TGI)": "tgi",
    "Text Generation Inference": "tgi",
    "TGI": "tgi",
    "Intel OpenVINO": "openvino",
    "MLX": "mlx-lm",
    "Nvidia TensorRT-LLM": "tensorrt-llm",
    "Optimum Nvidia": "optimum-nvidia",
    "ctranslate": "ctranslate2",
    "onnx": "onnx-runtime",
    "transformers (pytorch)": "transformers",
    "exllama2": "exllamav2",
    "whisper": "whisper.cpp",
    "stablediffusion.cpp": "stable-diffusion.cpp",
    "stablediffusion (NCNN)": "stablediffusion-ncnn",
    "falcon": "ggllm.cpp",
    "falcon (ggllm.cpp)": "ggllm.cpp",
    "sentencetransformers": "sentence-transformers",
    "bark-cpp": "bark.cpp",
    "rwkv": "rwkv.cpp",
    "Optimum Habana": "optimum-habana",
    "tgi-gaudi": "optimum-habana",
    "ONNX Runtime Mobile": "onnx-runtime-mobile",
    "Docker Model Runner": "docker-model-runner",
    "Exo": "exo",
    "rf-detr": "rfdetr",
    "go-piper": "piper",
    "silero-vad-go": "silero-vad",
    "bert.cpp": "bert",
    "bloomz.cpp": "bloomz",
    "IPEX-Ollama": "ipex-llm",
    "optimum-neuron": "vllm",
    "tiny-dream": "tinydream",
    "GPT-J": "gptj",
}


class Claim(NamedTuple):
    seed: str
    name: str
    topic: str
    said: str
    """`yes`, `part` or `no`."""


def text(start: str) -> str:
    found = sorted(SEEDS.glob(f"{start}_*.txt"))
    return found[0].read_text(encoding="utf-8", errors="replace") if found else ""


def rows(document: str, least: int) -> Iterator[list[str]]:
    for line in document.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if len(cells) >= least and not set(cells[0]) <= set("- :"):
            yield cells


def plain(cell: str) -> str:
    """The name in a cell: the text of its first link, without marks of code."""
    link = re.match(r"\[([^\]]+)\]", cell)
    return (link.group(1) if link else cell).strip("` ")


COLUMNS_25 = [
    "windows",
    "macos",
    "linux",
    "cuda",
    "rocm",
    "metal",
    "intel",
    "mobile",
    "docker",
    "gguf",
    "awq",
    "gptq",
    "fp8",
    "solo",
    "production",
    "distributed",
]
MARKS = {"✓": "yes", "◐": "part", "·": "no"}


def table_25() -> Iterator[tuple[str, list[Claim], str, str]]:
    for cells in rows(text("002"), 19):
        if cells[1] in MARKS:
            claims = [
                Claim(TABLE_25, cells[0], topic, MARKS[mark]) for topic, mark in zip(COLUMNS_25, cells[1:17], strict=True) if mark in MARKS
            ]
            yield cells[0], claims, cells[17], cells[18]


ACCELERATION = {
    "CUDA": "cuda",
    "cuBLAS": "cuda",
    "ROCm": "rocm",
    "Intel": "intel",
    "SYCL": "intel",
    "Vulkan": "vulkan",
    "Metal": "metal",
    "CPU": "cpu",
    "openCL": "opencl",
}
CAPABILITY = {
    "GPT": "chat",
    "Functions": "functions",
    "embeddings": "embeddings",
    "Embeddings": "embeddings",
    "transcription": "transcribe",
    "Text to voice": "tts",
    "Text-to-speech": "tts",
    "Voice cloning": "voice-cloning",
    "Voice Activity Detection": "vad",
    "Image": "image",
    "Video": "video",
    "Object Detection": "object-detection",
    "Reranking": "rerank",
    "Vector storage": "store",
    "Multimodal": "vision",
}


def localai(start: str, seed: str) -> Iterator[tuple[str, list[Claim]]]:
    for cells in rows(text(start), 7):
        if cells[2] not in ("yes", "no"):
            continue
        name = plain(cells[0])
        words = {topic for word, topic in CAPABILITY.items() if word in cells[3]}
        words |= {topic for word, topic in ACCELERATION.items() if word in cells[6]}
        claims = [Claim(seed, name, topic, "yes") for topic in sorted(words)]
        if "chat" in words:
            claims += [Claim(seed, name, topic, cells[at].strip("*")) for topic, at in (("embeddings", 4), ("streaming", 5))]
        yield name, claims


COLUMNS_PRECISION = ["fp32", "fp16", "fp8", "int8", "int4", "cuda", "rocm", "metal", "training"]


def precision() -> Iterator[tuple[str, list[Claim]]]:
    for cells in rows(text("003"), 10):
        if cells[1] != "Float32" and "(/bench" in cells[0]:
            said = ["yes" if mark.startswith("âœ") else "part" if "š" in mark else "no" for mark in cells[1:]]
            yield plain(cells[0]), [Claim(PRECISION, plain(cells[0]), *pair) for pair in zip(COLUMNS_PRECISION, said, strict=True)]


def families() -> list[str]:
    listed = text("004").split("## Supported Models")[1].split("If the above")[0]
    return re.findall(r"^- \[([^\]]+)\]", listed, re.MULTILINE)


@cache
def named(name: str) -> Runtime:
    return store.runtime(name)


def claims() -> list[Claim]:
    listed = [claim for _, found, *_ in table_25() for claim in found]
    for source in (localai("000", LOCALAI), localai("001", LOCALAI_OLDER), precision()):
        listed += [claim for _, found in source for claim in found]
    return listed


def names() -> list[str]:
    joined = [name.strip() for name in JOINED.replace("\n", " ").split(",")]
    return sorted({claim.name for claim in claims()} | set(SPELLINGS) | set(joined))


def test_the_seeds_are_read_whole() -> None:
    """Guards the readers above: an empty list would make every other test pass."""
    assert len(list(table_25())) == 25
    assert len(list(localai("000", LOCALAI))) == 24
    assert len(list(localai("001", LOCALAI_OLDER))) >= 29
    assert len(list(precision())) == 14
    assert len(families()) == 19


@pytest.mark.parametrize("name", names())
def test_every_system_of_the_seeds_is_found_by_its_name(name: str) -> None:
    found = named(name)
    assert SPELLINGS.get(name, found.id) == found.id
    assert named(name.lower()).id == named(name.upper()).id == found.id


def holds(runtime: Runtime, topic: str) -> bool:
    """Is this true of the row today?"""
    cells = [cell for cell in runtime.cells if cell.status in LIVE]
    backends = {cell.backend for cell in cells}
    formats = {entry.format for cell in cells for entry in cell.formats}
    match topic:
        case "windows" | "macos" | "linux":
            return any(topic in cell.os for cell in cells)
        case "cuda" | "rocm" | "metal" | "vulkan" | "cpu" | "opencl":
            return topic in backends
        case "intel":
            return bool(
                backends & {"sycl", "openvino"} or any("intel" in repr(cell.requires).lower() for cell in cells if cell.backend == "npu")
            )
        case "mobile":
            return bool(runtime.mobile)
        case "docker":
            return any(cell.container for cell in cells)
        case "gguf" | "awq" | "gptq":
            return topic in formats
        case "fp8":
            return "fp8" in formats or "fp8" in runtime.precisions
        case "solo" | "production" | "distributed":
            return bool(getattr(runtime.fit, topic) > 0)
        case "fp32" | "fp16" | "int8" | "int4":
            return any(entry.startswith(topic) for entry in runtime.precisions)
        case "streaming" | "functions" | "vision":
            return any(topic in cell.features for cell in cells)
        case _:
            return any(topic in cell.tasks for cell in cells)


WORDS = {
    "windows": "windows wsl",
    "macos": "mac apple",
    "linux": "linux",
    "cuda": "cuda nvidia",
    "rocm": "rocm amd hip",
    "metal": "metal mac apple mlx",
    "intel": "intel sycl openvino arc",
    "vulkan": "vulkan",
    "cpu": "cpu",
    "opencl": "opencl",
    "mobile": "mobile android ios phone",
    "docker": "docker image container",
    "gguf": "gguf",
    "awq": "awq",
    "gptq": "gptq exl2 exl3",
    "fp8": "fp8 float8",
    "solo": "beginner",
    "production": "production",
    "distributed": "distributed",
    "streaming": "stream",
    "embeddings": "embed",
    "training": "train",
    "functions": "function",
    "vision": "vision",
    "fp32": "float32 precision",
    "fp16": "float16 precision",
    "int8": "int8 precision",
    "int4": "int4 precision",
}


def kept(runtime: Runtime, claim: Claim) -> bool:
    """Does the row's history speak of this claim's topic, and name the seed?"""
    words = [*WORDS.get(claim.topic, claim.topic).split()]
    if claim.seed == PRECISION:
        words.append("every precision")
    over = runtime.project.state in ENDED and not any(cell.status in LIVE for cell in runtime.cells)
    for entry in runtime.history:
        told = f"{entry.claim} {entry.now}".lower()
        if claim.seed.split()[0].lower() in entry.source.lower() and (over or any(word in told for word in words)):
            return True
    return False


ENDED = ("archived", "absorbed", "renamed")


def wrong_today(claim: Claim, runtime: Runtime) -> bool:
    """What the seed ticks and the row lacks; what it leaves out and the row has, unless that only says that more is possible now."""
    if claim.said == "part":
        return not holds(runtime, claim.topic)
    judged = claim.topic not in ("docker", "solo", "production", "distributed")
    return (claim.said == "yes") != holds(runtime, claim.topic) and (claim.said == "yes" or judged)


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: f"{claim.seed}-{claim.name}-{claim.topic}-{claim.said}".replace(" ", "_"))
def test_every_claim_is_true_of_the_row_or_kept_as_history(claim: Claim) -> None:
    runtime = named(claim.name)
    if wrong_today(claim, runtime):
        assert kept(runtime, claim), (
            f"{runtime.id}: {claim.seed} says {claim.said} to {claim.topic}; the row says otherwise and has no history of it"
        )


@pytest.mark.parametrize("name", sorted({claim.name for claim in claims()}))
def test_every_row_of_the_seeds_has_state_fit_and_an_operators_caveat(name: str) -> None:
    runtime = named(name)
    assert runtime.project.since
    assert runtime.best_for
    assert runtime.caveat
    if runtime.project.state in ENDED:
        assert runtime.project.successor
        assert runtime.project.says


@pytest.mark.parametrize(
    ("name", "caveat", "best"), [(name, caveat, best) for name, _, caveat, best in table_25()], ids=lambda one: str(one)[:20]
)
def test_rows_that_live_say_more_than_a_tick(name: str, caveat: str, best: str) -> None:
    assert caveat
    assert best
    for cell in named(name).cells:
        assert cell.status == "works" or cell.caveats or cell.status == "untested", cell.id


KEPT_BY_A_HUB = ("huggingface", "langchain-huggingface", "llama-swap", "local-store", "docker-model-runner")
"""They hand models to something else, or hold none."""


@pytest.mark.parametrize("id", [runtime.id for runtime in store.matrix() if runtime.project.state not in ENDED])
def test_every_living_row_has_every_column(id: str) -> None:
    runtime = named(id)
    assert runtime.cells
    assert runtime.families
    assert all(cell.tasks for cell in runtime.cells if cell.status in LIVE)
    assert id in KEPT_BY_A_HUB or runtime.precisions
    assert id in KEPT_BY_A_HUB or all(cell.formats for cell in runtime.cells if cell.status in LIVE)
    assert any(value for value in (runtime.fit.solo, runtime.fit.team, runtime.fit.production)) or id in KEPT_BY_A_HUB


def test_tgi_lists_its_nineteen_families_and_its_hardware() -> None:
    tgi = named("Text Generation Inference")

    def fold(name: str) -> str:
        return re.sub(r"[^a-z0-9]", "", name.lower()).replace("v2", "2").removesuffix("7b").removesuffix("40b")

    kept = {fold(name) for name in tgi.families}
    assert not [name for name in families() if fold(name) not in kept]
    everything = repr(tgi)
    for hardware in ("A100", "A10G", "T4", "MI210", "MI250", "Gaudi", "Inferentia"):
        assert hardware in everything, hardware


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("llama.cpp", "embeddings"),  # "doesn't seem to be accurate"
        ("falcon-ggml", "7b"),
        ("falcon", "ggccv"),
        ("transformers", "OpenVINO"),  # streaming only for CUDA and OpenVINO
        ("candle", "Metal"),
        ("candle", "ROCm"),
        ("TGI", "disable-custom-kernels"),
        ("TGI", "sliding"),
        ("TGI", "layer norm"),
        ("LocalAI", "11.7"),
        ("LocalAI", "Jetson"),
        ("rwkv", "RAM"),
        ("gpt4all-llama", "fetched again"),
    ],
)
def test_footnotes_and_legends_are_kept(name: str, words: str) -> None:
    runtime = named(name)
    told = " ".join([f"{entry.claim} {entry.now}" for entry in runtime.history] + [runtime.caveat])
    told += " ".join(caveat.says for cell in runtime.cells for caveat in cell.caveats)
    assert words.lower() in told.lower()
