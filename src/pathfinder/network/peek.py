"""A model on the hub by its header alone: the list of files, then only the first bytes of one, by range requests.

Part of the door to the network (`fetch.py`). A model costs one request for the list and one or two for the header, a few megabytes."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from pathfinder.errors import ExitStatus, Problem
from pathfinder.naming.names import at_hub
from pathfinder.network.contents import Gguf, gguf
from pathfinder.network.fetch import RemoteFile, _told, look
from pathfinder.types.models import Artifact, Model, Source

FIRST = 3 << 20
"""Bytes asked for at first: a header with a vocabulary of 32,000 to 128,000 tokens, without its merges."""
MOST = 64 << 20
"""No honest header is larger; what needs more is refused."""


def model(reference: str) -> tuple[Model, Artifact]:
    """The model `hf:owner/name[:FILE|:QUANT]` names. Raises Problem for one that is not there, and for a header that lies."""
    repo, which = at_hub(reference)
    files = look(repo)
    chosen = gguf(files, which, reference)
    return of_gguf(chosen) if chosen is not None else of_config(files, reference)


def of_gguf(chosen: Gguf) -> tuple[Model, Artifact]:
    from pathlib import Path

    from pathfinder.formats import gguf as reader
    from pathfinder.formats import gguf_model

    file = chosen.parts[0]
    where = f"hf:{file.repo}:{file.name}"
    data = ranged(file, 0, min(FIRST, file.bytes))
    while True:
        try:
            header = reader.parse(data, file.bytes, where)
            break
        except reader.Short as short:
            if short.needed > MOST:
                raise Problem("The header of the file is larger than any model's.", where=where, hint="Do not use this file.") from None
            data += ranged(file, len(data), min(file.bytes, max(short.needed, len(data) + 2 * FIRST)) - len(data))
    described, artifact = gguf_model.model(header, Path(file.name))
    name = PurePosixPath(file.name).name
    described = msgspec.structs.replace(
        described,
        repo=file.repo,
        tensors=described.tensors if len(chosen.parts) == 1 else (),
        params=described.params if len(chosen.parts) == 1 else None,
        sources=(Source(source=f"huggingface:{file.repo} {file.name}", checked="", how="read"),),
    )
    artifact = msgspec.structs.replace(artifact, repo=file.repo, file=name, path=None, bytes=chosen.bytes, projector_bytes=chosen.projector)
    return described, artifact if len(chosen.parts) == 1 else msgspec.structs.replace(artifact, bits_per_weight=None)


def of_config(files: Sequence[RemoteFile], where: str) -> tuple[Model, Artifact]:
    """From `config.json`; the size of the weights is known from the list of files."""
    from pathfinder.formats import hf_config

    config = next((file for file in files if file.name == "config.json"), None)
    if config is None:
        raise Problem(
            "The repository holds neither GGUF files nor a config.json.", where=where, hint="Name a repository of a language model."
        )
    if config.bytes > 4 << 20:
        raise Problem("The configuration is larger than any model's.", where=where)
    document = decoded(ranged(config, 0, config.bytes), where)
    reading = hf_config.read(document)
    kinds = (".safetensors", ".bin", ".npz")
    size = next((total for kind in kinds if (total := sum(file.bytes for file in files if file.name.endswith(kind)))), 0)
    name = config.repo.split("/")[1]
    described = Model(
        id=re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-"),
        name=name,
        family=str(document.get("model_type") or reading.arch),
        arch=reading.arch,
        hf_arch=reading.hf_arch,
        shape=reading.shape,
        tasks=reading.tasks,
        repo=config.repo,
        sources=(Source(source=f"huggingface:{config.repo} config.json", checked="", how="read"),),
    )
    return described, Artifact(format=reading.format, quant=reading.quant or "unknown", repo=config.repo, bytes=size or None)


def decoded(raw: bytes, where: str) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem("The configuration is not a JSON object.", where=where)
    return found


def ranged(file: RemoteFile, start: int, count: int) -> bytes:
    """`count` bytes of a file from `start`. A server without ranges is read no further than that either."""
    from huggingface_hub import get_session, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined, unused-ignore]

    where = f"hf:{file.repo}:{file.name}"
    headers = {**build_hf_headers(), "Range": f"bytes={start}-{start + count - 1}", "Accept-Encoding": "identity"}
    found = bytearray()
    with (
        _told(where),
        get_session().stream(
            "GET", hf_hub_url(file.repo, file.name, revision=file.commit), headers=headers, follow_redirects=True, timeout=30
        ) as answer,
    ):
        if answer.status_code not in (200, 206):
            raise Problem(f"The hub answers with status {answer.status_code}.", where=where, hint="Try again later.", exit=ExitStatus.NO)
        skip = start if answer.status_code == 200 else 0
        for piece in answer.iter_bytes(1 << 16):
            found += piece
            if len(found) >= skip + count:
                break
        del found[:skip]
    if len(found) < count:
        raise Problem("The connection ended inside the header.", where=where, hint="Try again.", exit=ExitStatus.NO)
    return bytes(found[:count])
