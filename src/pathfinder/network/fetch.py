"""The door to the network: files of a model repository into huggingface-hub's own cache, resumed, checked, never half-written.

huggingface-hub names, authenticates and lays out; the transfer itself is ours, because since its version 1 a broken one starts again from
nothing. Bytes go to `<blob>.partial` beside the blob and are renamed once their checksum is right, so a kill at any moment loses at most
the piece that was in the air.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pathfinder.errors import ExitStatus, Problem, about_the_disk, writing
from pathfinder.network.transfer import IDLE_SECONDS, PIECE, Later, Source, Stream, fill, retry_after, room

_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class RemoteFile(NamedTuple):
    """One file of a repository at one commit."""

    repo: str
    commit: str
    name: str
    bytes: int
    digest: str
    """What its content must hash to: SHA-256 for large files, git's SHA-1 of the blob for small ones."""
    revision: str = "main"
    """What was asked for: a branch, a tag or the commit."""


Progress = Callable[[RemoteFile, int], None]
"""Called with a file and how many of its bytes are there."""


def look(repo: str, revision: str = "main") -> tuple[RemoteFile, ...]:
    """What a repository holds. Asks the hub (`HF_ENDPOINT`, `HF_TOKEN`).

    Raises `Problem` when the repository is unknown, needs a licence accepted, or the hub cannot be reached.
    """
    from huggingface_hub import HfApi

    with _told(repo):
        info = HfApi().model_info(repo, revision=revision, files_metadata=True)
    files = tuple(_remote(repo, info.sha or "", sibling, revision) for sibling in info.siblings or () if sibling.size is not None)
    for file in files:
        # Both become names of files here.
        if not _HEX.fullmatch(file.commit) or not _HEX.fullmatch(file.digest):
            raise Problem(f"The hub names no checksum for '{file.name}'.", where=repo, exit=ExitStatus.NO)
    return files


def fetch(files: Sequence[RemoteFile], progress: Progress = lambda file, done: None) -> tuple[Path, ...]:
    """The local paths of the files, in order, every one whole and checked. Raises `Problem`; what arrived stays for the next try."""
    need_room(files)
    with writing(_cache(), "HF_HOME"):
        return tuple(_one(file, progress) for file in files)


def need_room(files: Sequence[RemoteFile]) -> None:
    """Raises `Problem` when the disk of the cache cannot hold what is missing of the files."""
    room(missing_bytes(files), _cache(), "Free space, choose a smaller quantisation, or set HF_HOME to another disk.")


def missing_bytes(files: Sequence[RemoteFile]) -> int:
    """What is still to be fetched of them."""
    return sum(_missing_bytes(file) for file in files if not _blob(file).exists())


def held(repo: str, revision: str = "main") -> tuple[RemoteFile, ...]:
    """The files of a repository that the cache has whole; never touches the network. Their digests are not looked up."""
    try:
        commit = (_folder(repo) / "refs" / revision).read_text(encoding="utf-8").strip()
        snapshot = _folder(repo) / "snapshots" / commit
        paths = sorted(path for path in snapshot.rglob("*") if path.is_file())
        return tuple(RemoteFile(repo, commit, path.relative_to(snapshot).as_posix(), path.stat().st_size, "", revision) for path in paths)
    except OSError:
        return ()


def local_path(file: RemoteFile) -> Path:
    """Where a file that was fetched lies: huggingface-hub's own name for it."""
    return _folder(file.repo) / "snapshots" / file.commit / file.name


def _remote(repo: str, commit: str, sibling: Any, revision: str) -> RemoteFile:
    lfs = sibling.lfs or {}
    sha256 = lfs.get("sha256") if isinstance(lfs, dict) else lfs.sha256
    return RemoteFile(repo, commit, sibling.rfilename, int(sibling.size), sha256 or sibling.blob_id or "", revision)


def _one(file: RemoteFile, progress: Progress) -> Path:
    from filelock import FileLock

    blob = _blob(file)
    if not blob.exists():
        blob.parent.mkdir(parents=True, exist_ok=True)
        lock = _cache() / ".locks" / blob.parent.parent.name / f"{blob.name}.partial.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        # A second process waits here and then finds the blob.
        with FileLock(lock):
            if not blob.exists():
                _transfer(file, blob, progress)
    progress(file, file.bytes)
    return _pointer(file, blob)


def _transfer(file: RemoteFile, blob: Path, progress: Progress) -> None:
    partial = _partial(file)
    where = f"{file.repo}/{file.name}"
    for attempt in ("first", "after a wrong checksum"):
        fill(_at(file), partial, file.bytes, where, lambda done: progress(file, done))
        if _digest(file, partial) == file.digest:
            partial.replace(blob)
            return
        # Resumed bytes may have come from another version of the file: begin again, once.
        partial.unlink()
        if attempt != "first":
            break
    raise Problem(
        f"What arrived does not have the checksum the hub names ({file.digest[:12]}...), twice in a row.",
        where=where,
        hint="A proxy or the mirror in HF_ENDPOINT may alter files; try again later or another mirror.",
        exit=ExitStatus.NO,
    )


def _at(file: RemoteFile) -> Source:
    return lambda start: _source(file, start)


@contextmanager
def _source(file: RemoteFile, start: int) -> Iterator[Stream]:
    """The bytes of a file from `start` on."""
    from huggingface_hub import get_hf_file_metadata, get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined, unused-ignore]

    where = f"{file.repo}/{file.name}"
    with _told(where, transient=True):
        # Asked anew every time: links into the storage behind the hub expire.
        found = get_hf_file_metadata(hf_hub_url(file.repo, file.name, revision=file.commit))
        headers = build_hf_headers() if _same_host(found.location) else {}
        headers |= {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
        with get_session().stream("GET", found.location, headers=headers, follow_redirects=True, timeout=IDLE_SECONDS) as answer:
            status = answer.status_code
            if status in (408, 416, 425, 429) or status >= 500:
                raise Later(retry_after(answer.headers.get("retry-after")))
            if status not in (200, 206):
                raise Problem(f"The server refuses it with status {status}.", where=where, exit=ExitStatus.NO)
            yield Stream(start if status == 206 else 0, file.bytes, answer.iter_bytes(PIECE))


class _told:
    """Errors of the hub and the network as one sentence; with `transient`, those that time may mend as `Later`."""

    def __init__(self, where: str, *, transient: bool = False) -> None:
        self.where, self.transient = where, transient

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (Problem, Later)) or not isinstance(error, Exception):
            return
        if about_the_disk(error):
            with writing(_cache(), "HF_HOME"):
                raise error from None
        status = getattr(getattr(error, "response", None), "status_code", None)
        network = type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "requests") or isinstance(error, OSError)
        if self.transient and (status in (408, 425, 429) or (status or 0) >= 500):
            headers = getattr(error, "response").headers  # noqa: B009
            raise Later(retry_after(headers.get("retry-after"))) from None
        if self.transient and network and status is None:
            raise Later from None
        if (problem := _problem(error, status, self.where)) is not None:
            raise problem from None


def _problem(error: Exception, status: int | None, where: str) -> Problem | None:
    name = type(error).__name__
    if name == "GatedRepoError":
        return Problem(
            "Its owner asks for a licence to be accepted first.", where=where, exit=ExitStatus.NO,
            hint="Accept it on the model's page, then set HF_TOKEN or run `hf auth login`.",
        )  # fmt: skip
    if name in ("RepositoryNotFoundError", "HFValidationError", "RevisionNotFoundError") or status in (401, 404):
        return Problem(
            "The hub knows no such repository or revision.", where=where, exit=ExitStatus.USAGE,
            hint="Check the spelling, owner/name; a private one needs HF_TOKEN.",
        )  # fmt: skip
    if name in ("OfflineModeIsEnabled", "LocalEntryNotFoundError"):
        return Problem("It is not in the cache, and the network is off.", where=where, hint="Unset HF_HUB_OFFLINE.", exit=ExitStatus.NO)
    if status is not None:
        return Problem(f"The hub answers with status {status}.", where=where, hint="Try again later.", exit=ExitStatus.NO)
    if isinstance(error, OSError) or "Connect" in name or "Timeout" in name or "Protocol" in name:
        return Problem(
            f"The hub cannot be reached ({name}).", where=where, exit=ExitStatus.NO,
            hint="Check the network, proxy settings and HF_ENDPOINT; files already fetched work with --offline.",
        )  # fmt: skip
    return None


def _partial(file: RemoteFile) -> Path:
    return _blob(file).with_name(f"{_blob(file).name}.partial")


def _missing_bytes(file: RemoteFile) -> int:
    partial = _partial(file)
    return max(0, file.bytes - partial.stat().st_size) if partial.exists() else file.bytes


def _pointer(file: RemoteFile, blob: Path) -> Path:
    """huggingface-hub's own name for the blob, so that every program using its cache finds it."""
    from huggingface_hub import hf_hub_download

    if file.revision != file.commit and ".." not in Path(file.revision).parts:
        ref = blob.parent.parent / "refs" / file.revision
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(file.commit, encoding="utf-8")
    with _told(f"{file.repo}/{file.name}"):
        return Path(hf_hub_download(file.repo, file.name, revision=file.commit, local_files_only=_has_pointer(file, blob)))


def _has_pointer(file: RemoteFile, blob: Path) -> bool:
    return local_path(file).exists()


def _digest(file: RemoteFile, path: Path) -> str:
    """SHA-256 for a 64-digit digest, else git's: SHA-1 over `blob <length>` NUL and the content."""
    hasher = hashlib.sha256() if len(file.digest) == 64 else hashlib.sha1(f"blob {file.bytes}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as content:
        while piece := content.read(PIECE):
            hasher.update(piece)
    return hasher.hexdigest()


def _blob(file: RemoteFile) -> Path:
    return _folder(file.repo) / "blobs" / file.digest


def _folder(repo: str) -> Path:
    return _cache() / f"models--{repo.replace('/', '--')}"


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _same_host(url: str) -> bool:
    from urllib.parse import urlsplit

    from huggingface_hub import constants

    return urlsplit(url).netloc == urlsplit(constants.ENDPOINT).netloc
