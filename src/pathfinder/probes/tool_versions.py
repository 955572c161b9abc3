"""Versions of tools that only the tool itself tells: a process each, so only when asked to look deep."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True
ASKED: dict[str, tuple[str, ...]] = {
    "python": ("python3", "--version"),
    "uv": ("uv", "--version"),
    "git": ("git", "--version"),
    "docker": ("docker", "--version"),
    "podman": ("podman", "--version"),
    "cmake": ("cmake", "--version"),
    "gcc": ("gcc", "--version"),
    "clang": ("clang", "--version"),
    "node": ("node", "--version"),
}
RUNTIMES: dict[str, tuple[str, ...]] = {"ollama": ("ollama", "--version"), "llama.cpp": ("llama-cli", "--version")}


def probe(host: Host) -> Iterator[Observation]:
    for section, asked in (("tools", ASKED), ("runtimes", RUNTIMES)):
        for name, argv in asked.items():
            answer = host.run(argv)
            ran = answer.value
            version = _version(f"{ran.stdout}\n{ran.stderr}") if ran is not None and ran.code == 0 else None
            if version:
                value = {"found": True, "version": version}
                yield Observation(
                    path=f"{section}.{name}", value=value, source=" ".join(argv), trust="tool", elapsed_seconds=answer.elapsed_seconds
                )


def _version(text: str) -> str | None:
    """The first word of the first lines that is a number with dots, or a build number after `version:`."""
    for line in text.splitlines()[:6]:
        for word in line.replace("(", " ").replace(")", " ").replace(",", " ").split():
            digits = word.removeprefix("v")
            if digits[:1].isdigit() and "." in digits and digits.replace(".", "").replace("-", "").isalnum():
                return digits
        name, colon, rest = line.partition("version:")
        if colon and not name.strip() and rest.split() and rest.split()[0].isdigit():
            return rest.split()[0]
    return None
