"""A model's files for a verb that needs them: chosen, fetched with progress, or found in the cache."""

import sys
from pathlib import Path

from pathfinder.cli.session import Session, say
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types import Artifact


def fetch_artifact(artifact: Artifact, session: Session) -> tuple[Path, ...]:
    """The local files of an artefact on the hub; a split GGUF is several. Raises `Problem`, offline when it is not cached."""
    from pathfinder.network.fetch import cached, fetch, look

    repo, name = artifact.repo or "", artifact.file or ""
    if name and (found := cached(repo, name)) is not None and len(parts(name)) == 1:
        return (found,)
    if session.offline:
        raise Problem("It is not in the cache, and the network is off.", where=f"{repo}/{name}", exit=ExitStatus.NO)
    there = look(repo)
    wanted = [file for file in there if file.name in parts(name)] if name else list(there)
    if not wanted:
        raise Problem(f"The repository holds no file '{name}'.", where=repo, exit=ExitStatus.NO)
    show = Bar(sum(file.bytes for file in wanted))
    try:
        return fetch(wanted, lambda file, done: show(file.name, done))
    finally:
        show.close()


def parts(name: str) -> tuple[str, ...]:
    """All files of a split GGUF (`...-00001-of-00003.gguf`), else the one."""
    import re

    split = re.fullmatch(r"(.*)-(\d{5})-of-(\d{5})(\.gguf)", name)
    if split is None:
        return (name,)
    return tuple(f"{split[1]}-{number:05d}-of-{split[3]}{split[4]}" for number in range(1, int(split[3]) + 1))


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
