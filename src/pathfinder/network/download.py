"""One file from a public address: resumed, checked where a checksum is known, renamed into place when whole."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from pathfinder.errors import ExitStatus, Problem
from pathfinder.network.transfer import IDLE_SECONDS, PIECE, Later, Stream, fill, retry_after, room

Progress = Callable[[int, int | None], None]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def download(url: str, path: Path, sha256: str | None, progress: Progress = lambda done, total: None) -> None:
    """Bring `url` to `path`, once. Raises `Problem` for an address that is not https, a refusal, a wrong checksum, a full disk."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Problem("Only https addresses are fetched.", where=url, exit=ExitStatus.NO)
    if path.exists() and (sha256 is None or _sha256(path) == sha256):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    total = _length(url)
    room(total or 0, path.parent, "Free space on that disk.")
    for attempt in (1, 2):
        fill(lambda start: _source(url, start), partial, total, url, lambda done: progress(done, total))
        found = _sha256(partial)
        if sha256 is None or found == sha256:
            partial.replace(path)
            return
        partial.unlink()
        if attempt == 2:
            raise Problem(
                f"What arrived has the checksum {found[:12]}..., not {sha256[:12]}...", where=url,
                hint="The file behind the address has changed, or a proxy altered it; nothing was installed.", exit=ExitStatus.NO,
            )  # fmt: skip


def _length(url: str) -> int | None:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=IDLE_SECONDS) as answer:  # noqa: S310 (the scheme is checked above)
            said = answer.headers.get("Content-Length")
            return int(said) if said and said.isdigit() else None
    except (OSError, ValueError):
        return None  # Some servers refuse HEAD; the transfer itself tells.


@contextmanager
def _source(url: str, start: int) -> Iterator[Stream]:
    try:
        with urlopen(Request(url, headers={"Range": f"bytes={start}-"}), timeout=IDLE_SECONDS) as answer:  # noqa: S310
            whole = answer.headers.get("Content-Length")
            begins = start if answer.status == 206 else 0
            yield Stream(begins, begins + int(whole) if whole and whole.isdigit() else None, iter(lambda: answer.read(PIECE), b""))
    except HTTPError as error:
        if error.code in (408, 416, 425, 429) or error.code >= 500:
            raise Later(retry_after(error.headers.get("Retry-After"))) from None
        raise Problem(f"The server refuses it with status {error.code}.", where=url, exit=ExitStatus.NO) from None
    except (URLError, OSError):
        raise Later from None


def _sha256(path: Path) -> str:
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
