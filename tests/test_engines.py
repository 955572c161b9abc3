"""The real engines on the real probe model: right when it is whole, and seen to be wrong when it is not."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.probe_model import damage, forms, network  # noqa: E402
from tools.probe_model.tokenizer import Tokenizer  # noqa: E402

from pathfinder import engines  # noqa: E402
from pathfinder.errors import Problem  # noqa: E402
from pathfinder.judging import probe_model, smoke, verdict  # noqa: E402
from pathfinder.types.facts import Cpu, Facts  # noqa: E402
from pathfinder.types.results import Judgement  # noqa: E402

LLAMA, MLX = engines.ENGINES["llama.cpp"], engines.ENGINES["mlx"]
NEEDS = {
    "llama.cpp": pytest.mark.skipif(not engines.installed(LLAMA), reason="llama-cpp-python is not installed"),
    "mlx": pytest.mark.skipif(not engines.installed(MLX), reason="mlx-lm is not installed"),
}
BOTH = [pytest.param(e, marks=NEEDS[e.name], id=e.name) for e in (LLAMA, MLX)]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
FORMS = [pytest.param(form, marks=NEEDS["mlx" if form == "hf" else "llama.cpp"]) for form in ("f16", "q8_0", "q4_0", "hf")]


@pytest.mark.parametrize("engine", BOTH)
def test_every_form_is_same(engine: engines.Engine) -> None:
    said: list[dict[str, Any]] = []
    result = smoke.probe(engine, smoke.Asked(threads=1), said.append)
    assert {f.verdict for f in result.numerics.forms} == {"same"}, result.numerics.forms
    assert len(result.numerics.forms) == len(probe_model.forms(engine.name))
    assert result.numerics.max_abs_logprob_error is not None and result.numerics.max_abs_logprob_error > 0
    assert result.text.startswith("The capital of France is Paris.\n")
    streamed: dict[str, str] = {}
    for event in said:
        if event["event"] == "token":
            streamed[event["after"]] = streamed.get(event["after"], "") + event["text"]
    assert streamed == {a.prompt: a.text for a in probe_model.reference("f16").answers}
    for measure in (result.load_seconds, result.prefill_tps, result.decode_tps, result.peak_memory_bytes):
        assert measure is not None and measure > 0
    assert result.prompt_tokens == sum(len(a.prompt_tokens) for a in probe_model.reference("f16").answers)


@pytest.mark.parametrize("engine", BOTH)
def test_small_batches_and_other_thread_counts_do_not_change_the_numbers(engine: engines.Engine) -> None:
    form = probe_model.forms(engine.name)[0]
    assert smoke.model(engine, Path(form.path), smoke.Asked(threads=2, batch=5, context=128), form).verdict == "same"


@NEEDS["llama.cpp"]
def test_peak_memory_is_the_engines_and_not_its_parents() -> None:
    held = bytearray(400 << 20)
    held[::4096] = b"x" * len(held[::4096])
    form = probe_model.forms("llama.cpp")[0]
    peak = smoke.model(LLAMA, Path(form.path), smoke.Asked(threads=1), form).peak_memory_bytes
    assert peak is not None and 10 << 20 < peak < 250 << 20
    assert held


@NEEDS["llama.cpp"]
@pytest.mark.parametrize("form", ["f16", "q8_0", "q4_0"])
def test_a_flipped_exponent_bit_is_seen(form: str, tmp_path: Path) -> None:
    """34 seeded draws a form, 102 together. `python -m tools.probe_model.damage` draws more."""
    files = []
    for number, (_, raw) in enumerate(damage.flips(form, 34, seed=20261120)):
        files.append(tmp_path / f"{number}.gguf")
        files[-1].write_bytes(raw)
    judged = damage.judge_many(form, files)
    assert [j.verdict for j in judged if j.verdict not in ("wrong", "nan")] == []


def damaged(kind: str, form: str, path: Path) -> Path:
    words = damage.tokenizer()
    weights = {name: v.copy() for name, v in forms.read_safetensors(probe_model.folder() / "hf" / "model.safetensors").items()}
    config = network.Config()
    if kind == "none":
        return damage.write(path, form)
    if kind == "rope base":
        return damage.write(path, form, config=network.Config(rope_base=10000.0))
    if kind == "transposed":
        name = "model.layers.0.self_attn.o_proj.weight"
        weights[name] = weights[name].T.copy()
    elif kind == "flipped bit":
        flat = weights["model.layers.1.mlp.up_proj.weight"].reshape(-1).view(np.uint16)
        flat[np.random.default_rng(3).integers(flat.size)] ^= 0x4000
    elif kind == "NaN":
        weights["model.layers.1.mlp.down_proj.weight"][3, 5] = np.nan
    else:
        one, other = {"swapped tokens of prompts": ("ĠMonday", "ĠTuesday"), "swapped tokens of answers": ("ĠSaturday", "ĠSunday")}[kind]
        words = Tokenizer(words.merges)
        i, j = words.ids[one], words.ids[other]
        words.tokens[i], words.tokens[j] = other, one
        words.ids = {token: n for n, token in enumerate(words.tokens)}
    return damage.write(path, form, config, words, weights)


DAMAGE = {
    "none": ("same",),
    "rope base": ("wrong",),
    "transposed": ("wrong",),
    "swapped tokens of prompts": ("wrong",),
    "swapped tokens of answers": ("wrong",),
    "flipped bit": ("wrong", "nan"),
    "NaN": ("nan",),
}


@pytest.mark.parametrize("form", FORMS)
def test_damage_is_seen(form: str, tmp_path: Path) -> None:
    """One engine process for all, as each start costs a second."""
    judged = damage.judge_many(form, [damaged(kind, form, tmp_path / f"{number}.gguf") for number, kind in enumerate(DAMAGE)])
    for (kind, expected), one in zip(DAMAGE.items(), judged, strict=True):
        assert one.verdict in expected, f"{kind}: {one.says}"


HURT = """
import os, signal, sys, time
sys.path.insert(0, {folder!r})
import run_llama_cpp
run_llama_cpp.Engine.answer = lambda *_: {does}
run_llama_cpp.main()
"""


def hurt(does: str, seconds: float) -> Judgement:
    """The real engine, loaded for real, that does something else instead of answering."""
    reference = probe_model.reference("f16")
    request = smoke.request(Path(probe_model.forms("llama.cpp")[0].path), smoke.Asked(threads=1), reference, 4)
    code = HURT.format(folder=str(Path(engines.__file__).parent), does=does)
    ran = smoke.listen([sys.executable, "-c", code], "llama.cpp", request, seconds)
    assert ran.load_seconds is not None, ran.stderr
    return verdict.judge(ran, reference)


@NEEDS["llama.cpp"]
@POSIX
@pytest.mark.parametrize("name", ["SIGKILL", "SIGILL"])
def test_a_killed_engine_crashed(name: str) -> None:
    judged = hurt(f"os.kill(os.getpid(), signal.{name})", 60)
    assert judged.verdict == "crashed"
    assert name in judged.says


@NEEDS["llama.cpp"]
def test_a_sleeping_engine_is_timed_out() -> None:
    assert hurt("time.sleep(60)", 3).verdict == "timeout"


@NEEDS["llama.cpp"]
def test_an_exception_in_the_engine_is_a_crash() -> None:
    judged = hurt("1 / 0", 60)
    assert judged.verdict == "crashed"
    assert "exit status 1" in judged.says


@POSIX
def test_a_crash_is_told_with_what_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os, signal, sys; input(); print('some log', file=sys.stderr, flush=True); os.kill(os.getpid(), signal.SIGILL)"
    monkeypatch.setattr(engines, "argv", lambda _: [sys.executable, "-c", code])
    result = smoke.probe(LLAMA, smoke.Asked(threads=1))
    assert result.verdict == "crashed"
    assert "SIGILL" in result.says and "some log" in result.says and "instructions this CPU does not have" in result.says


def test_noise_on_the_wire_is_passed_over() -> None:
    code = 'import sys; input(); print("noise"); print("[1]"); print(\'{"event": "done", "peak_memory_bytes": 1}\')'
    ran = smoke.listen([sys.executable, "-c", code], "x", {"prompts": []}, 30)
    assert (ran.done, ran.peak_memory_bytes, ran.samples) == (True, 1, ())


@pytest.mark.parametrize("engine", BOTH)
def test_a_prompt_of_ones_own_is_unjudged_and_a_small_context_refused(engine: engines.Engine) -> None:
    form = probe_model.forms(engine.name)[0]
    result = smoke.model(engine, Path(form.path), smoke.Asked(threads=1, prompt="The opposite of hot is"), form)
    assert (result.verdict, result.text, result.numerics.basis) == ("unjudged", "The opposite of hot is cold.", "none")
    with pytest.raises(Problem, match="context holds 8"):
        smoke.model(engine, Path(form.path), smoke.Asked(threads=1, prompt="The opposite of hot is", tokens=20, context=8), form)


@pytest.mark.parametrize("engine", BOTH)
def test_characters_of_several_tokens_are_streamed_whole(engine: engines.Engine) -> None:
    """The model has no word for them, so each byte is a token; whatever it answers, stream and text agree and are valid."""
    said: list[str] = []
    form = probe_model.forms(engine.name)[0]
    asked = smoke.Asked(threads=1, prompt="naïve 漢字 🙂", tokens=40, ignore_end=True)
    result = smoke.model(engine, Path(form.path), asked, form, lambda e: said.append(e["text"]) if e["event"] == "token" else None)
    assert asked.prompt and result.text == asked.prompt + "".join(said)
    assert result.prompt_tokens == len(damage.tokenizer().encode(asked.prompt))


@pytest.mark.parametrize("engine", BOTH)
def test_generating_beyond_the_end_when_asked_to_measure(engine: engines.Engine) -> None:
    form = probe_model.forms(engine.name)[0]
    asked = smoke.Asked(threads=1, prompt="The opposite of hot is", tokens=24, ignore_end=True)
    assert smoke.model(engine, Path(form.path), asked, form).generated_tokens == 24


@NEEDS["mlx"]
def test_a_folder_mlx_cannot_load_is_one_sentence(tmp_path: Path) -> None:
    folder = damage.write(tmp_path / "model", "hf")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "unheard-of"}))
    with pytest.raises(Problem, match="mlx-lm could not load the folder"):
        smoke.model(MLX, folder, smoke.Asked(threads=1))


@pytest.mark.parametrize(("cpu", "expected"), [({"usable_cpus": 2.5}, 2), ({"usable_cpus": 0.4}, 1), ({"threads": 8}, 4), ({}, 1)])
def test_threads_are_the_usable_cpus(cpu: dict[str, Any], expected: int) -> None:
    assert smoke.threads(Facts(cpu=Cpu(**cpu))) == expected


def test_a_missing_engine_names_the_way_to_get_it() -> None:
    missing = engines.Engine(name="none", script="x.py", module="no_such_module", distribution="no-such", extra="nothing", reads="gguf")
    with pytest.raises(Problem, match="not installed") as told:
        engines.need(missing)
    assert told.value.hint and told.value.hint.startswith("Get it with: pip install 'llm-pathfinder[nothing]'")
    with pytest.raises(Problem, match="No such engine"):
        engines.engine("exllama")


def test_an_engine_that_install_brought_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its script runs in the Python of the runtime's own environment, once the installation is complete."""
    monkeypatch.setattr("pathfinder.acting.here.live_root", lambda: str(tmp_path))
    toy = replace(LLAMA, module="no_such_module", distribution="toy")
    env = tmp_path / "runtimes" / "toy" / "linux-cpu"
    python = env / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    python.parent.mkdir(parents=True)
    python.write_text("")
    record = env.with_name("linux-cpu.install.json")
    for content in ("", "[]", "{}", '{"complete": false}'):
        record.write_text(content)
        assert not engines.installed(toy)
    record.write_text('{"complete": true}')
    assert engines.installed(toy) and engines.argv(toy)[0] == str(python)
