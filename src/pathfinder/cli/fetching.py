"""A model's files for a verb that needs them: found here, or named, asked about, and fetched with progress."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec.structs import replace

from pathfinder.cli.acting import agree
from pathfinder.cli.session import Session, say
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.models import Artifact, Model

if TYPE_CHECKING:
    from pathfinder.engines import Engine
    from pathfinder.network.fetch import RemoteFile

Kind = Literal["gguf", "folder", "file"]


class NoModel(Problem):
    """A repository without a model of the kind looked for."""


class Wanted(NamedTuple):
    """A model of the hub: its files, and whether they are here already."""

    kind: Kind
    files: tuple["RemoteFile", ...]
    here: bool


def find(repo: str, which: str | None, reads: Kind | None, session: Session) -> Wanted:
    """The files of a GGUF model, a model folder or one file by its name; the hub is asked only for what the cache lacks.

    Raises `Problem`, offline when it is not cached."""
    from pathfinder.network.fetch import look

    if (found := cached(repo, which, reads)) is not None:
        return found
    where = f"hf:{repo}" + (f":{which}" if which else "")
    if session.offline:
        raise Problem("It is not in the cache, and the network is off.", where=where, exit=ExitStatus.NO)
    return Wanted(*_chosen(look(repo), which, reads, where), here=False)


def cached(repo: str, which: str | None, reads: Kind | None = None) -> Wanted | None:
    """The same out of the cache alone; None where it is not there, or not whole."""
    from pathfinder.network.contents import whole
    from pathfinder.network.fetch import held

    try:
        kind, files = _chosen(held(repo), which, reads, repo)
    except Problem:
        return None
    return Wanted(kind, files, here=True) if whole(files) else None


def described(text: str, session: Session) -> tuple[Model, Artifact] | None:
    """What `hf:...` names, by the header of its file in the cache, else on the hub; None when neither may be asked."""
    from pathfinder.formats.local import read
    from pathfinder.naming.names import at_hub
    from pathfinder.network import peek

    found = cached(*at_hub(text))
    if found is None:
        return None if session.offline else peek.model(text)
    path = place(found)
    model, artifact = read(path)
    name = path.name if found.kind == "gguf" else None
    size = sum(file.bytes for file in found.files) if found.kind == "gguf" else artifact.bytes
    return replace(model, repo=found.files[0].repo), replace(artifact, path=None, repo=found.files[0].repo, file=name, bytes=size)


def _chosen(files: Sequence["RemoteFile"], which: str | None, reads: Kind | None, where: str) -> tuple[Kind, tuple["RemoteFile", ...]]:
    from pathfinder.network.contents import folder, gguf, is_named

    if reads == "file":
        one = [file for file in files if which and is_named(file, which)]
        if one and not one[0].name.endswith(".gguf"):
            return "file", (one[0],)
        if not one:
            raise Problem("The repository holds no such file.", where=where, exit=ExitStatus.NO)
    if reads != "folder" and (found := gguf(files, which, where)) is not None:
        return "gguf", found.parts
    if reads != "gguf" and (parts := folder(files)):
        return "folder", parts
    lacks = {"gguf": "no GGUF file", "folder": "no config.json with safetensors"}.get(reads or "", "neither GGUF files nor a model folder")
    raise NoModel(f"The repository holds {lacks}.", where=where, hint="Name another repository: hf:owner/name.", exit=ExitStatus.NO)


def bring(wanted: Wanted, yes: bool, session: Session) -> Path:
    """The first file, or the folder, on this machine; fetched first where it is not here and it was agreed to. Raises `Problem`."""
    from pathfinder.language.compare import spell_bytes
    from pathfinder.network.fetch import fetch, missing_bytes, need_room

    first = wanted.files[0]
    if not wanted.here:
        total = sum(file.bytes for file in wanted.files)
        missing = missing_bytes(wanted.files)
        if missing:
            what = first.name if len(wanted.files) == 1 else f"{len(wanted.files)} files"
            rest = "" if missing == total else f", of which {spell_bytes(missing)} are still to come"
            from huggingface_hub.constants import HF_HUB_CACHE

            say(f"To fetch from {first.repo}: {what}, {spell_bytes(total)}{rest}, into {HF_HUB_CACHE}")
            need_room(wanted.files)
            agree("Fetch it?", yes)
        show = Bar(total)
        try:
            fetch(wanted.files, lambda file, done: show(file.name, done))
        finally:
            show.close()
    return place(wanted)


def place(wanted: Wanted) -> Path:
    """Where it lies once it is here: the first file, or the folder."""
    from pathfinder.network.fetch import local_path

    first = local_path(wanted.files[0])
    return first.parent if wanted.kind == "folder" else first


def fetch_artifact(artifact: Artifact, session: Session, yes: bool) -> Path:
    """The local file (the first part of a split one) of an artefact on the hub. Raises `Problem`, offline when it is not cached."""
    return bring(find(artifact.repo or "", artifact.file, "file", session), yes, session)


def prefetch(artifact: Artifact, session: Session, yes: bool) -> None:
    """Into the hub's cache what a server would fetch by itself: with progress, and no part of the time it has to answer.

    A repository of another make is left to the server."""
    gguf = artifact.format == "gguf"
    try:
        wanted = find(artifact.repo or "", (artifact.file or artifact.quant) if gguf else None, "gguf" if gguf else "folder", session)
    except NoModel:
        return
    bring(wanted, yes, session)


def for_engine(ref: str, name: str, yes: bool, session: Session) -> tuple["Engine", Path]:
    """An engine and the local path of a model it reads: a file, a folder, `hf:...`, or a name of the catalogue.

    Nothing is fetched for an engine that is not installed. Raises `Problem` for a reference nobody knows and for an engine that does
    not read such a model."""
    from pathfinder import engines
    from pathfinder.naming.ask import is_path
    from pathfinder.naming.local_model import local_model
    from pathfinder.naming.names import at_hub, plainly

    text = plainly(ref.strip())
    asked = engines.engine(name) if name else None
    hub = text.lower().startswith("hf:")
    if not hub and (Path(text).expanduser().exists() or is_path(text)):
        path, kind = local_model(text)
        engine = engines.reading(kind, asked, ref)
        engines.need(engine)
        return engine, path
    if hub:
        repo, which = at_hub(text)
        wanted = find(repo, which, asked.reads if asked else None, session)
        engine = engines.reading(wanted.kind, asked, ref)
    else:
        engine, repo, which = _catalogued(text, asked, session)
        wanted = find(repo, which, engine.reads, session)
    engines.need(engine)
    return engine, local_model(str(bring(wanted, yes, session)))[0]


def _catalogued(text: str, asked: "Engine | None", session: Session) -> tuple["Engine", str, str | None]:
    """Engine, repository, and file or quantisation: the catalogue's form of a model for the engine asked for, else for an installed one."""
    from pathfinder import engines
    from pathfinder.data import store
    from pathfinder.estimate.asking import FORMATS, form
    from pathfinder.naming.ask import resolve

    exact = store.named(text, session.overlay)
    found = resolve(text, store.models(session.overlay) if exact is None else exact[:1])
    for engine in [asked] if asked else sorted(engines.ENGINES.values(), key=lambda one: not engines.installed(one)):
        artifact = form(found.model, found.quant, engine.runtime)
        if artifact.format in FORMATS[engine.runtime] and artifact.repo and artifact.registry == "huggingface":
            return engine, artifact.repo, (artifact.file or artifact.quant) if engine.reads == "gguf" else None
    raise Problem(
        f"The catalogue names no files of {found.model.id} that {asked.name if asked else 'an engine'} reads.", where=text,
        hint="Name a repository: hf:owner/name.", exit=ExitStatus.NO,
    )  # fmt: skip


class Bar:
    """Bytes fetched, on one line of a terminal; elsewhere a line at the end."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, {}  # type: ignore[var-annotated]

    def __call__(self, name: str, done: int) -> None:
        from pathfinder.language.compare import spell_bytes

        self.done[name] = done
        if sys.stderr.isatty():
            share = sum(self.done.values()) / max(1, self.total)
            print(f"\r\x1b[K  {share:4.0%} of {spell_bytes(self.total)}  {name[-50:]}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        elif self.done and sum(self.done.values()) == self.total:
            say(f"Fetched {', '.join(self.done)}.")
