"""What formats of deployment need of a plan beside its steps."""

from pathfinder.types.steps import Step
from pathfinder.types.words import Arch, DeviceKind, Frozen


class Port(Frozen, frozen=True, kw_only=True):
    """A port of a container and where the host offers it."""

    host: int
    container: int
    protocol: str = "tcp"
    address: str | None = None


class Mount(Frozen, frozen=True, kw_only=True):
    """A folder of the host, or a named volume, inside a container."""

    source: str
    target: str
    named: bool = False
    read_only: bool = False


class Container(Frozen, frozen=True, kw_only=True):
    """What a `docker run` command says, option by option; see `containers.py`."""

    image: str
    args: tuple[str, ...] = ()
    entrypoint: str | None = None
    env: dict[str, str] = {}
    ports: tuple[Port, ...] = ()
    mounts: tuple[Mount, ...] = ()
    devices: tuple[str, ...] = ()
    gpus: tuple[str, ...] | None = None
    """`("all",)`, or the UUIDs or indices of NVIDIA GPUs; None: none asked for by name."""
    gpu_count: int | None = None
    """Any so many of them."""
    groups: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    ulimits: tuple[str, ...] = ()
    ipc: str | None = None
    shm_size: str | None = None
    network: str | None = None
    privileged: bool = False
    detached: bool = False
    name: str | None = None
    workdir: str | None = None
    user: str | None = None
    restart: str | None = None
    runtime: str | None = None
    platform: str | None = None


class Node(Frozen, frozen=True, kw_only=True):
    """The machine a plan was made for, as those who place it on another must ask for one."""

    arch: Arch | None = None
    vendor: str | None = None
    device: str | None = None
    """Name of the first device; the others of a plan are like it, or the plan says so."""
    device_kind: DeviceKind | None = None
    device_arch: str | None = None
    device_id: str | None = None
    """The PCI device id, four hexadecimal digits."""
    driver_module: str | None = None
    compute_capability: str | None = None
    device_count: int = 0
    device_memory_bytes: int | None = None
    """Of the smallest device."""
    memory_bytes: int | None = None
    cpus: int = 1


class Deploy(Frozen, frozen=True, kw_only=True):
    """What a format of deployment needs beside the steps, decided before its template spells it; see `deploy.py`."""

    name: str
    """A name every system accepts: lower-case letters, digits and hyphens, begun by a letter."""
    served: str
    """The name clients call the model by."""
    container: Container | None = None
    server: Step | None = None
    """The command that keeps running, with a program that is found where nobody logged in."""
    base: str = ""
    """Path of the API below the address, such as `/v1`."""
    health: str | None = None
    """Path that answers 200 once the server is ready."""
    port: int | None = None
    """Where the server listens: inside its container, else on the host."""
    public_port: int | None = None
    """Where clients find it."""
    resource: str | None = None
    """What Kubernetes calls the planned kind of device, `nvidia.com/gpu`."""
    labels: dict[str, str] = {}
    """Labels of a Kubernetes node that fits."""
    disk_bytes: int | None = None
    """For the model's files, with room to spare."""
    memory_bytes: int | None = None
    """System memory the estimate asks for."""
    shm_bytes: int | None = None
    nodes: int = 1
    """Machines, for formats beyond one."""
    engine: str | None = None
    """The backend of a server with several that takes this form of the model."""
    values: dict[str, str] = {}
    """What the placeholders of recipes stand for."""
    before: tuple[Step, ...] = ()
    """Steps to take once before the server starts, by hand or by `--as sh`."""
    after: tuple[Step, ...] = ()
    """Steps once it runs."""
    inside: tuple[tuple[str, ...], ...] = ()
    """Commands to run inside the container once it runs."""
    cpus: int = 1
    """Processors to ask for."""
    leader: tuple[str, ...] = ()
    """Further arguments of the first machine, where an engine spans several; the variables in it are Kubernetes' own."""
    worker: tuple[str, ...] = ()
    """Of the others."""
    runner: tuple[str, ...] = ()
    """Labels of a GitHub Actions runner."""
    picked: dict[str, str] = {}
    """Variables that keep the container on the planned devices of this machine."""
    options: tuple[str, ...] = ()
    """Options of `docker run` that an image cannot hold: devices, ports, folders."""
    program_folder: str = ""
    """Where the server's program lies; empty when it is on the search path."""
    provider: str = "openai/"
    """LiteLLM's prefix for this kind of server."""
    mode: str | None = None
    """LiteLLM's word for the task."""
    roles: tuple[str, ...] = ()
    """Continue's words for the task."""
    localai_model: str = ""
    """The model as LocalAI fetches it."""
    folder: str = ""
    """Folder of models, and the model's own inside it, for servers that ask for both."""
    folder_name: str = ""
    cache_tokens: int = 0
    """Tokens of all requests together, in pages of 256."""
