"""Installed CUDA, ROCm and oneAPI toolkits. A folder without a version file inside is not taken for one."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

CUDA = (
    "/usr/local/cuda*/version.json",
    "/opt/cuda*/version.json",
    "/usr/local/cuda*/version.txt",
    "C:/Program Files/NVIDIA GPU Computing Toolkit/CUDA/*/version.json",
)
ROCM = ("/opt/rocm*/.info/version", "/opt/rocm*/core-*/.info/version")
ONEAPI = ("/opt/intel/oneapi/compiler/*",)


def probe(host: Host) -> Iterator[Observation]:
    found: list[tuple[str, str, str, str]] = []
    listed = False
    for kind, patterns in (("cuda", CUDA), ("rocm", ROCM), ("oneapi", ONEAPI)):
        for pattern in patterns:
            answer = host.glob(pattern)
            listed = listed or answer.value is not None
            for path in answer.value or ():
                version = _version(host, kind, path)
                if version:
                    found.append((kind, version, path.rsplit("/", 1)[0].removesuffix("/.info") if kind != "oneapi" else path, path))
    seen: set[tuple[str, str]] = set()
    for kind, version, folder, path in sorted(found, key=lambda one: (one[0], one[1], -len(one[2]))):
        if (kind, version) not in seen:  # /usr/local/cuda is a link to one of its neighbours
            seen.add((kind, version))
            yield Observation(path="toolkits", value={"kind": kind, "version": version, "path": folder}, source=path)
    if not found and listed:
        yield Observation(path="toolkits", value=(), source="/usr/local, /opt")


def _version(host: Host, kind: str, path: str) -> str | None:
    if kind == "oneapi":
        name = path.rpartition("/")[2]
        return name if name[:1].isdecimal() else None
    text = host.read(path, 1 << 16).value or ""
    if path.endswith(".json"):
        import msgspec

        try:
            tree = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
        part = tree.get("cuda") if isinstance(tree, dict) else None
        said = part.get("version") if isinstance(part, dict) else None
        return said if isinstance(said, str) and said[:1].isdecimal() else None
    word = text.strip().removeprefix("CUDA Version").strip().split("\n")[0].partition("-")[0].strip()
    return word if word[:1].isdecimal() and len(word) < 24 else None
