"""Tools a plan may need, found on the search path. Versions only where a file's name says them."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

_PLAIN = """
    uv pipx conda mamba pixi brew winget scoop choco docker podman docker-compose nerdctl apptainer kubectl helm git git-lfs cmake make
    ninja gcc clang curl wget tar unzip node npm bun cargo go systemctl launchctl apt-get dnf yum pacman zypper apk snap flatpak nix tmux
    sudo nvidia-smi rocm-smi amd-smi vulkaninfo clinfo nvcc hipcc icpx xcodebuild pwsh powershell
"""
TOOLS: dict[str, tuple[str, ...]] = {
    "python": ("python3", "python"),
    "pip": ("pip3", "pip"),
    "cc": ("cc", "gcc", "clang", "cl"),
    "c++": ("c++", "g++", "clang++", "cl"),
    **{name: (name,) for name in _PLAIN.split()},
}


def probe(host: Host) -> Iterator[Observation]:
    words = tuple(dict.fromkeys(word for spellings in TOOLS.values() for word in spellings))
    answer = host.ask("which", *words)
    if not isinstance(answer.value, dict):
        return
    for name, spellings in sorted(TOOLS.items()):
        path = next((answer.value[word] for word in spellings if word in answer.value), None)
        fields = {"found": path is not None, "path": path}
        if name == "python" and path:
            fields["version"] = _python_version(host, path)
        yield Observation(path=f"tools.{name}", value=fields, source="the search path", elapsed_seconds=answer.elapsed_seconds)


def _python_version(host: Host, path: str) -> str | None:
    """In full where it is the Python that runs this; `3.12` where a link's name ends so."""
    own = host.ask("interpreter").value
    place = path
    for _ in range(8):
        if isinstance(own, dict) and own.get("path") == place:
            return str(own.get("version"))
        target = host.readlink(place).value
        if not target:
            break
        place = target if target.startswith("/") else f"{place.rpartition('/')[0]}/{target}"
    version = place.rpartition("python")[2]
    return version if version.replace(".", "").isdigit() and "." in version else None
