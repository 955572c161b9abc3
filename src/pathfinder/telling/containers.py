"""What a `docker run` command says, word by word, so that formats other than a shell can say the same. Pure; a closed list of options.

Source of the options: Docker's reference of `docker container run`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.deploy import Container, Mount, Port

ENGINES = ("docker", "podman")
_FLAGS = {"--rm": "", "-i": "", "-t": "", "-it": "", "--interactive": "", "--tty": "", "--init": "", "--privileged": "privileged"}
_FLAGS |= {"-d": "detached", "--detach": "detached"}
_SHORT = {"-e": "--env", "-p": "--publish", "-v": "--volume", "-w": "--workdir", "-u": "--user", "-h": "--hostname"}
_ONE = {
    "--name": "name",
    "--ipc": "ipc",
    "--shm-size": "shm_size",
    "--network": "network",
    "--net": "network",
    "--entrypoint": "entrypoint",
    "--workdir": "workdir",
    "--user": "user",
    "--restart": "restart",
    "--runtime": "runtime",
    "--pull": "",
    "--platform": "platform",
    "--hostname": "",
}
_MANY = {"--device": "devices", "--group-add": "groups", "--cap-add": "capabilities", "--security-opt": "security", "--ulimit": "ulimits"}


def is_run(argv: Iterable[str] | None) -> bool:
    """Whether a command is `docker run ...`, with or without sudo."""
    words = tuple(argv or ())
    words = words[1:] if words[:1] == ("sudo",) else words
    return len(words) > 1 and words[0] in ENGINES and words[1] == "run"


def parse(argv: Iterable[str]) -> Container:
    """The container that a `docker run` command starts. Raises Problem naming the option it does not know."""
    words = tuple(argv)
    if not is_run(words):
        raise Problem(f"This is no docker run command: {' '.join(words[:3])}.", where="container", exit=ExitStatus.NO)
    rest = iter(words[words.index("run") + 1 :])
    found: dict[str, Any] = {field: [] for field in _MANY.values()} | {"env": {}, "ports": [], "mounts": []}
    for word in rest:
        if not word.startswith("-"):
            return _container(found, word, tuple(rest))
        _option(word, rest, found)
    raise Problem("The docker run command names no image.", where=" ".join(words[:4]), exit=ExitStatus.NO)


def _container(found: dict[str, Any], image: str, args: tuple[str, ...]) -> Container:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
    return Container(image=image, args=args, **fields)


def _option(word: str, rest: Iterator[str], found: dict[str, Any]) -> None:
    if word in _FLAGS:
        if _FLAGS[word]:
            found[_FLAGS[word]] = True
        return
    name, equals, value = word.partition("=")
    name = _SHORT.get(name, name)
    if name not in _ONE and name not in _MANY and name not in _PARSED:
        raise Problem(f"The option {name} of docker run is not known here.", where=word, hint=_HINT, exit=ExitStatus.NO)
    if not equals:
        value = next(rest, "")
    if name in _PARSED:
        _PARSED[name](value, found)
    elif name in _MANY:
        found[_MANY[name]].append(value)
    elif _ONE[name]:
        found[_ONE[name]] = value


_HINT = "containers.py lists the options; add it there, with what it means for every format."


def _gpus(value: str, found: dict[str, Any]) -> None:
    """`all`, a number, or `device=0,1` in quotes that only a shell would have needed."""
    text = value.strip("\"'")
    if text.isdigit():
        found["gpu_count"] = int(text)
    elif text == "all":
        found["gpus"] = ("all",)
    elif text.startswith("device="):
        found["gpus"] = tuple(part for part in text.removeprefix("device=").split(",") if part)
    else:
        raise Problem(f"The GPUs {value} are neither all, a number nor device=...", where="--gpus", exit=ExitStatus.NO)


def _env(value: str, found: dict[str, Any]) -> None:
    name, equals, text = value.partition("=")
    if not equals:
        raise Problem(f"The variable {name} has no value.", where="--env", hint="Write NAME=value.", exit=ExitStatus.NO)
    found["env"][name] = text


def _port(value: str, found: dict[str, Any]) -> None:
    """`[address:]host:container[/protocol]`."""
    ports, _, protocol = value.partition("/")
    address, _, pair = ports.rpartition(":")
    host_address, _, host = address.rpartition(":")
    if not host.isdigit() or not pair.isdigit():
        raise Problem(f"The ports {value} are not HOST:CONTAINER.", where="--publish", exit=ExitStatus.NO)
    found["ports"].append(Port(host=int(host), container=int(pair), protocol=protocol or "tcp", address=host_address or None))


def _mount(value: str, found: dict[str, Any]) -> None:
    """`source:target[:options]`; a source without a separator is a named volume. The last colon that begins an absolute path divides."""
    at = value.rfind(":/")
    if at < 1:
        raise Problem(f"The volume {value} is not SOURCE:TARGET.", where="--volume", exit=ExitStatus.NO)
    source, (target, _, options) = value[:at], value[at + 1 :].partition(":")
    named = not source.startswith(("/", "~", ".")) and "\\" not in source
    found["mounts"].append(Mount(source=source, target=target, named=named, read_only="ro" in options.split(",")))


_PARSED: dict[str, Callable[[str, dict[str, Any]], None]] = {"--gpus": _gpus, "--env": _env, "--publish": _port, "--volume": _mount}


def options(box: Container) -> tuple[str, ...]:
    """The options of `docker run` for a container, those an image can hold left out: environment, folder, entry point, command."""
    found = [f"--ipc={box.ipc}"] if box.ipc else []
    found += [word for port in box.ports for word in ("-p", spell_port(port))]
    found += [word for mount in box.mounts for word in ("-v", f"{mount.source}:{mount.target}{':ro' if mount.read_only else ''}")]
    for option, field in _MANY.items():
        found += [word for value in getattr(box, field) for word in (option, value)]
    if box.gpu_count:
        found += ["--gpus", str(box.gpu_count)]
    elif box.gpus:
        found += ["--gpus", "all" if box.gpus == ("all",) else f'"device={",".join(box.gpus)}"']
    for option in ("--shm-size", "--network", "--user", "--restart", "--runtime", "--platform"):
        value = getattr(box, _ONE[option])
        found += [option, value] if value else []
    return (*found, *(("--privileged",) if box.privileged else ()))


def spell_port(port: Port) -> str:
    address = f"{port.address}:" if port.address else ""
    return f"{address}{port.host}:{port.container}" + ("" if port.protocol == "tcp" else f"/{port.protocol}")


def shm_bytes(size: str) -> int | None:
    """`32g` in bytes: Docker's sizes are powers of 1024."""
    text = size.lower().removesuffix("b")
    unit = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}.get(text[-1:], 0)
    number = text[:-1] if unit else text
    return int(number) * (unit or 1) if number.isdigit() else None
