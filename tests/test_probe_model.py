"""The bundled model: its size, its one tokenizer, its forms, and its reference, each checked against something independent."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.probe_model import corpus, damage, forms, network, reference, train  # noqa: E402

from pathfinder.judging import probe_model  # noqa: E402

FORMS = ("f16", "q8_0", "q4_0", "hf")
WORDS = damage.tokenizer()
SOME_TEXTS = [
    *corpus.PROMPTS,
    *corpus.documents()[::17],
    "Zebra  quux?! 12345\n\n don't\tstop",
    " leading and trailing ",
    "é 漢字 🙂 naïve",
]


def test_all_forms_together_stay_under_three_megabytes() -> None:
    assert sum(file.stat().st_size for file in probe_model.folder().rglob("*") if file.is_file()) <= 3_000_000


@pytest.mark.parametrize("prompt", corpus.PROMPTS)
def test_a_prompt_has_one_right_answer_and_every_form_gives_it(prompt: str) -> None:
    right = {text.removeprefix(prompt) for text in corpus.documents() if text.startswith(prompt)}
    assert len(right) == 1
    for form in FORMS:
        answer = next(a for a in probe_model.reference(form).answers if a.prompt == prompt)
        assert {answer.text} == right
        assert answer.tokens[-1] == WORDS.end
        assert min(step[0] - step[1] for step in answer.logprobs) > 5, "a confident model: no near-ties"


@pytest.mark.parametrize("form", FORMS)
def test_the_committed_reference_is_what_the_forward_pass_gives(form: str) -> None:
    config = network.Config()
    weights = forms.read(probe_model.folder(), form, config)
    for answer in probe_model.reference(form).answers[::3]:
        assert answer.prompt_tokens == tuple(WORDS.encode(answer.prompt))
        rows = reference.log_probabilities(weights, config, [*answer.prompt_tokens, *answer.tokens[:-1]])[len(answer.prompt_tokens) - 1 :]
        for row, ids, values in zip(rows, answer.top, answer.logprobs, strict=True):
            assert row[list(ids)] == pytest.approx(values, abs=2e-6)
            assert row.max() == row[ids[0]]
            assert np.exp(row).sum() == pytest.approx(1)


def test_the_forward_pass_agrees_with_the_training_pass() -> None:
    """Two implementations: complex rotation, head by head, against the batched one whose gradient is checked below."""
    config = network.Config()
    weights = forms.read(probe_model.folder(), "hf", config)
    tokens = WORDS.encode(corpus.documents()[0])
    loss, _ = network.loss_and_gradient(weights, config, np.array([tokens[:-1]]), np.array([tokens[1:]]), 0.0)
    rows = reference.log_probabilities(weights, config, tokens[:-1])
    assert loss == pytest.approx(-np.mean([row[t] for row, t in zip(rows, tokens[1:], strict=True)]), abs=1e-6)


def test_the_gradient_is_the_slope() -> None:
    config = network.Config(vocab=11, hidden=8, layers=2, heads=4, kv_heads=2, head_dim=4, ffn=12)
    rng = np.random.default_rng(5)
    weights = {name: v + 0.1 * rng.standard_normal(v.shape) for name, v in network.initial(config, rng).items()}
    tokens, targets = rng.integers(0, 11, (2, 5)), rng.integers(0, 11, (2, 5))
    targets[0, 3] = -1
    _, gradient = network.loss_and_gradient(weights, config, tokens, targets, 0.1)
    for name, value in weights.items():
        at = tuple(rng.integers(0, size) for size in value.shape)
        kept, sides = value[at], []
        for step in (1e-5, -1e-5):
            value[at] = kept + step
            sides.append(network.loss_and_gradient(weights, config, tokens, targets, 0.1)[0])
        value[at] = kept
        assert gradient[name][at] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-3, abs=1e-7), name


def test_training_learns() -> None:
    """A few steps of the committed recipe bring the loss well below that of guessing."""
    config = network.Config()
    weights = train.train(config, WORDS, steps=30)
    tokens, targets = train.batches([WORDS.encode(t) for t in corpus.documents()[8:40]], WORDS.end, np.random.default_rng(0))[0]
    assert network.loss_and_gradient(weights, config, tokens, targets, 0.0)[0] < 0.75 * np.log(config.vocab)


@pytest.mark.parametrize("form", ["q8_0", "q4_0"])
@given(seed=st.integers(0, 10**6), spread=st.floats(1e-3, 10))
def test_block_formats_are_ggmls(form: str, seed: int, spread: float) -> None:
    """Our own quantising and dequantising against the gguf package's."""
    import gguf

    kind = gguf.GGMLQuantizationType[form.upper()]
    rows = (np.random.default_rng(seed).standard_normal((4, 64)) * spread).astype(np.float32)
    raw = forms.QUANTIZE[form](rows)
    ours = {"q8_0": forms.dequantize_q8_0, "q4_0": forms.dequantize_q4_0}[form](raw, rows.shape)
    assert ours == pytest.approx(gguf.dequantize(raw, kind), rel=1e-6, abs=1e-12)
    theirs = gguf.dequantize(gguf.quantize(rows, kind), kind)
    assert np.abs(ours - rows).mean() == pytest.approx(np.abs(theirs - rows).mean(), rel=0.05)


def test_every_form_holds_the_same_weights() -> None:
    config = network.Config()
    whole = forms.read(probe_model.folder(), "hf", config)
    exact, eight, four = (forms.read(probe_model.folder(), form, config) for form in ("f16", "q8_0", "q4_0"))
    for name, value in whole.items():
        assert np.array_equal(exact[name], value), name
        assert np.abs(eight[name] - value).max() <= np.abs(value).max() / 127
        assert np.abs(four[name] - value).max() <= np.abs(value).max() / 7


def test_rows_in_pairs_and_halves_are_inverse() -> None:
    rows = np.arange(64 * 3).reshape(64, 3)
    assert np.array_equal(forms.to_halves(forms.to_pairs(rows, 2), 2), rows)
    assert list(forms.to_pairs(rows, 2)[:4, 0] // 3) == [0, 16, 1, 17]


def test_llama_cpp_cuts_text_as_we_do() -> None:
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    model = llama_cpp.Llama(str(probe_model.folder() / forms.FILES["q4_0"]), vocab_only=True, verbose=False)
    for text in SOME_TEXTS[:-1]:
        assert model.tokenize(text.encode(), add_bos=False, special=False) == WORDS.encode(text), text
    model.close()


def test_tokenizers_cuts_text_as_we_do() -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    theirs = tokenizers.Tokenizer.from_file(str(probe_model.folder() / "hf" / "tokenizer.json"))
    for text in SOME_TEXTS[:-1]:
        assert theirs.encode(text).ids == WORDS.encode(text), text
        assert theirs.decode(WORDS.encode(text)) == text == WORDS.decode(WORDS.encode(text))


@given(st.text(max_size=30))
def test_any_text_survives_the_tokenizer(text: str) -> None:
    plain = text.encode("utf-8", "ignore").decode()
    assert WORDS.decode(WORDS.encode(plain)) == plain


@pytest.mark.parametrize("form", FORMS)
def test_a_copy_of_a_form_is_recognised_even_when_damaged(form: str, tmp_path: Path) -> None:
    whole = damage.write(tmp_path / "copy.gguf", form)
    found = probe_model.form_of(whole)
    assert found is not None and found.name == form
    file = whole / "model.safetensors" if form == "hf" else whole
    raw = bytearray(file.read_bytes())
    raw[-1000] ^= 0x40
    file.write_bytes(raw)
    assert probe_model.form_of(whole) == found


def test_another_model_is_not_recognised(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes((probe_model.folder() / forms.FILES["f16"]).read_bytes().replace(b"pathfinder-probe", b"another-models-n"))
    assert probe_model.form_of(other) is None
    assert probe_model.form_of(tmp_path / "none.gguf") is None
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    assert probe_model.form_of(tmp_path) is None


def test_tolerances_are_measured_ones() -> None:
    for form, entry in json.loads((probe_model.folder() / "tolerance.json").read_text()).items():
        assert form in FORMS
        assert entry["measured"], form
        for one in entry["measured"]:
            assert {"engine", "version", "machine", "max_abs_logprob_error"} <= one.keys()
            assert one["max_abs_logprob_error"] <= entry["tolerance"], (form, one)
