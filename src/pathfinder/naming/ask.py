"""Arrow 2: what a person typed, resolved to one model of the catalogue or a clear no; with the wish, a Demand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, get_args

from msgspec.structs import replace

from pathfinder.errors import ExitStatus, Problem
from pathfinder.naming.names import NEUTRAL, Said, at_hub, difference, dotted, fold, is_size, plainly, read
from pathfinder.types.models import Artifact, Demand, Model
from pathfinder.types.words import Audience, Prefer, Task

Local = Callable[[str], tuple[Model, Artifact] | None]
"""Reads a local file or folder; None when there is none of that name. Raises Problem for one that cannot be read."""

UPLOADERS = frozenset(
    ("bartowski", "unsloth", "mlx-community", "lmstudio-community", "ggml-org", "thebloke", "nousresearch", "quantfactory", "maziyarpanahi",
     "mradermacher", "second-state", "redhatai", "neuralmagic", "openvino", "onnx-community", "turboderp", "casperhansen", "hugging-quants")
)  # fmt: skip
"""Publishers that carry other people's models under the models' own names."""


class Resolved(NamedTuple):
    model: Model
    artifact: Artifact | None = None
    """Set when the reference named one file or folder."""
    quant: str | None = None
    alternatives: tuple[str, ...] = ()


def ask(
    ref: str,
    models: Sequence[Model],
    *,
    task: str | None = None,
    audience: str = "solo",
    prefer: str | None = None,
    context: int | None = None,
    users: int | None = None,
    runtime: str | None = None,
    quant: str | None = None,
    local: Local | None = None,
) -> Demand:
    """The demand. Raises Problem: 2 for a name nobody knows or a word outside its list, 1 for a task the model does not do."""
    for name, number in (("--context", context), ("--concurrency", users)):
        if number is not None and number < 1:
            raise Problem(f"{number} is not a number above zero.", where=name)
    demand = Demand(
        model=Model(id="", name="", family="", arch=""),
        asked=ref,
        task=_word("--task", task, get_args(Task)) if task else "chat",
        audience=_word("--for", audience, get_args(Audience)),
        prefer=_word("--prefer", prefer, get_args(Prefer)) if prefer else None,
        context=context,
        users=users or 1,
        runtime=runtime,
    )
    found = resolve(ref, models, local)
    return replace(
        demand,
        model=found.model,
        task=_task(found.model, task),
        quant=quant or found.quant,
        artifact=found.artifact,
        alternatives=found.alternatives,
    )


ANY_MODEL_DOES = "training"
"""Every model with weights can be trained further; catalogues list what a model is for."""


def _task(model: Model, asked: str | None) -> str:
    if asked is None:
        return "chat" if "chat" in model.tasks else next(iter(model.tasks), "chat")
    if asked not in (*model.tasks, ANY_MODEL_DOES):
        says = f"{model.name} does {', '.join(model.tasks)}; it does not do {asked}."
        raise Problem(says, where="--task", hint="Leave --task out.", exit=ExitStatus.NO)
    return asked


def _word(where: str, word: str, allowed: tuple[str, ...]) -> Any:
    if word in allowed:
        return word
    near = _nearest(word, allowed, 1)
    raise Problem(f"{word!r} is none of {', '.join(allowed)}.", where=where, hint=f"Did you mean {near[0]}?" if near else None)


def _nearest(word: str, names: Sequence[str], most: int, cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(word, names, most, cutoff)


# --- references ------------------------------------------------------------------------------------------------------


def resolve(ref: str, models: Sequence[Model], local: Local | None = None) -> Resolved:
    """One canonical model. Raises Problem (2) for a name nobody knows, with the nearest names and the `hf:` spelling."""
    text = plainly(ref.strip())
    if not text or not text.isprintable():
        raise Problem("No model was named.", where="--model", hint="Example: --model llama-3-8b")
    if local is not None and (read_one := local(text)) is not None:
        return Resolved(read_one[0], artifact=read_one[1])
    if text.lower().startswith("hf:"):
        return hub(text, models)
    if is_path(text):
        raise Problem(
            "There is no such file or folder.", where=text, hint="Name a .gguf file, a model folder, or a model: --model llama-3-8b."
        )
    found = in_catalogue(text, models) or (in_catalogue(dotted(text), models) if dotted(text) != text.lower() else None)
    if found is None:
        raise unknown(text, models)
    return found


def is_path(text: str) -> bool:
    """Whether a reference can only be a path: it begins like one, or names a GGUF file."""
    return text.startswith(("/", "./", "../", "~", ".\\", "\\")) or text[1:3] == ":\\" or text.lower().endswith((".gguf", ".safetensors"))


def hub(text: str, models: Sequence[Model]) -> Resolved:
    """`hf:owner/repo[:file|:quant]`: the catalogue's model where it knows the repository, else what the name alone says.

    A name that says no quantisation is taken for what runtimes fetch then: Q4_K_M of GGUF files, 16 bits of all else."""
    repo, which = at_hub(text)
    rest = which or ""
    known = _by_repo(repo, models)
    is_file = rest.rpartition(".")[2][:1].isalpha() and "." in rest  # 4.0bpw is a quantisation.
    file, said = (rest, read(rest)) if is_file else (None, read(f"{repo.partition('/')[2]} {rest}"))
    if known is not None:
        model, quant = known, said.quant if rest else None
        picked = next((one for one in model.artifacts if file and one.file == file), None)
        return Resolved(model, artifact=picked, quant=None if picked else quant)
    format = "gguf" if said.format == "gguf" or (file or "").endswith(".gguf") else said.format or "safetensors"
    artifact = Artifact(format=format, quant=said.quant or ("Q4_K_M" if format == "gguf" else "BF16"), repo=repo, file=file)
    model = Model(id=repo, name=repo.partition("/")[2], family="", arch="", repo=repo, artifacts=(artifact,))
    return Resolved(model, artifact=artifact)


def _by_repo(repo: str, models: Sequence[Model]) -> Model | None:
    """The model of a repository; of one that holds some of its forms, with only those."""
    wanted = repo.lower()
    for model in models:
        if model.repo and model.repo.lower() == wanted:
            return model
    for model in models:
        there = tuple(artifact for artifact in model.artifacts if artifact.repo and artifact.repo.lower() == wanted)
        if there:
            return replace(model, artifacts=there)
    return None


def in_catalogue(text: str, models: Sequence[Model]) -> Resolved | None:
    """By exact spelling, then by words; None for a name that is nobody's, Problem for one that is several models'."""
    if text.count("/") == 1 and (known := _by_repo(text, models)) is not None:
        return Resolved(known, alternatives=tuned(known, models))
    exact = fold(text)
    for model in models:
        if any(name[:1].lower() == exact[:1] and fold(name) == exact for name in spellings(model)):
            return Resolved(model, alternatives=tuned(model, models))
    return _by_words(text, models)


def spellings(model: Model) -> Iterator[str]:
    """Every name of a model, its tags in runtimes' own libraries included."""
    yield model.id
    yield model.name
    yield from model.aliases
    if model.repo:
        yield model.repo.partition("/")[2]
    for artifact in model.artifacts:
        if artifact.tag:
            yield artifact.tag


def index(models: Sequence[Model]) -> dict[str, str]:
    """Every spelling, folded, to the id of the first model that bears it."""
    found: dict[str, str] = {}
    for model in models:
        for name in spellings(model):
            found.setdefault(fold(name), model.id)
    return found


def _by_words(text: str, models: Sequence[Model]) -> Resolved | None:
    owner, slash, name = text.rpartition("/")
    said = read(name)
    if not said.words or ("/" in owner):
        return None
    close: list[tuple[int, Model]] = []
    loose: list[Model] = []
    needed = [word for word in said.words if word not in NEUTRAL]
    for model in models:
        if slash and owner.lower() not in UPLOADERS | owners(model):
            continue
        distance = min((_distance(said, read(one), model) for one in _holding(needed, model)), default=LOOSE + 1)
        if distance < LOOSE:
            close.append((distance, model))
        elif distance == LOOSE:
            loose.append(model)
    if close:
        best = min(close, key=lambda one: one[0])[1]
        others = tuple(model.id for _, model in close if model is not best)
        return Resolved(_narrowed(best, said), quant=said.quant, alternatives=tuple(dict.fromkeys((*others, *tuned(best, models))))[:6])
    loose = [model for model in loose if model.variant != "base"] or loose
    if len(loose) == 1:
        return Resolved(_narrowed(loose[0], said), quant=said.quant, alternatives=tuned(loose[0], models))
    if loose:
        ids = ", ".join(model.id for model in loose[:8])
        raise Problem(f"{text!r} names several models.", where="--model", hint=f"One of: {ids}{', ...' if len(loose) > 8 else ''}.")
    return None


def _holding(words: Sequence[str], model: Model) -> Iterator[str]:
    """Spellings that can mean the same: each word stands in them or in a publisher's name. Taking names apart costs more than this."""
    others = None
    for one in spellings(model):
        lower = one.lower()
        for word in words:
            if word not in lower:
                others = " ".join(owners(model)) if others is None else others
                if word not in others:
                    break
        else:
            yield one


LOOSE = 100
"""The distance of a name that lacks only a size or a version."""


def _distance(said: Said, name: Said, model: Model) -> int:
    """0 same words; below LOOSE only words that mean nothing differ; above it another model."""
    extra, missing = difference(said.words, name.words)
    mine = {word for owner in owners(model) for word in read(owner).words}
    if any(word not in NEUTRAL and word not in mine for word in extra):
        return LOOSE + 1
    if all(word in NEUTRAL for word in missing):
        return len(extra) + len(missing)
    lacking = [word for word in missing if word not in NEUTRAL]
    return LOOSE if all(is_size(word) or word[0].isdigit() for word in lacking) else LOOSE + 1


def owners(model: Model) -> set[str]:
    repos = (model.repo, *(artifact.repo for artifact in model.artifacts))
    return {repo.partition("/")[0].lower() for repo in repos if repo}


def _narrowed(model: Model, said: Said) -> Model:
    """Only the forms of the format that was named, where the catalogue has any."""
    there = tuple(artifact for artifact in model.artifacts if artifact.format == said.format)
    return replace(model, artifacts=there) if there else model


def tuned(model: Model, models: Sequence[Model]) -> tuple[str, ...]:
    """Models tuned from this one, and the one it was tuned from: what else the name might have meant."""
    found = [model.base] if model.base else []
    found += [other.id for other in models if other.base == model.id]
    return tuple(found[:6])


def _alike(asked: str, names: Iterable[str]) -> list[str]:
    """The forty names that share most pairs of letters: few enough to be compared letter by letter."""
    pairs = {asked[at : at + 2] for at in range(len(asked) - 1)}
    rated = ((sum(pair in name for pair in pairs) / (len(name) + len(asked)), name) for name in names)
    return [name for _, name in sorted(rated, reverse=True)[:40]]


def unknown(text: str, models: Sequence[Model]) -> Problem:
    """The no for a name nobody knows: the nearest names, and how to reach the hub."""
    names = {fold(name): model.id for model in models for name in (model.id, *model.aliases)}
    asked = fold(text)
    near = list(dict.fromkeys(names[one] for one in _nearest(asked, _alike(asked, names), 5, 0.72)))[:3]
    parts = [f"Did you mean {', '.join(near)}?"] if near else ["`pathfinder models list` shows the catalogue."]
    parts.append(f"A model on Hugging Face: hf:{text if text.count('/') == 1 else 'owner/name'}")
    return Problem(f"There is no model {text[:120]!r} in the catalogue.", where="--model", hint=" ".join(parts))
