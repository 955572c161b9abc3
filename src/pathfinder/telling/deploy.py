"""What formats of deployment need beside a plan's steps: names, a container, where to place it. Decided here, spelt by templates. Pure."""

import re
from itertools import pairwise
from urllib.parse import urlsplit

from msgspec.structs import replace

from pathfinder.telling import targets
from pathfinder.telling.containers import is_run, options, parse, shm_bytes
from pathfinder.types.deploy import Container, Deploy, Node
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Step

RAY_IMAGE = "rayproject/ray-llm:2.52.0-py311-cu128"
"""The image of KubeRay's own sample of an LLM service (github:ray-project/kuberay ray-service.llm-serve.yaml, read 2026-11-20)."""
RAY_VERSION = "2.52.0"
GIB = 1 << 30
KEYS = {"vllm": "VLLM_API_KEY", "aphrodite": "APHRODITE_API_KEY", "llama.cpp": "LLAMA_API_KEY"}
"""The variable by which a server is told to ask for a key; its health address stays open (vLLM's and Aphrodite's api_server.py,
llama.cpp's common/arg.cpp and tools/server, read 2026-11-20). Empty means no key to all of them."""

_RESOURCES = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu", "habana": "habana.ai/gaudi"}
"""What device plug-ins call a whole device; Intel's follow the kernel driver."""
_KUBERNETES_ARCH = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x", "riscv64": "riscv64"}
_LOCALAI = {"gguf": "llama-cpp", "mlx": "mlx", "safetensors": "vllm", "awq": "vllm", "gptq": "vllm", "fp8": "vllm"}
"""LocalAI's backend by format (github:mudler/LocalAI docs, read 2026-11-20)."""
_RUNNERS = {("linux", "x86_64"): "ubuntu-24.04", ("linux", "aarch64"): "ubuntu-24.04-arm", ("macos", "aarch64"): "macos-15"}
"""GitHub's own machines, which have no GPU of their own but the Macs'."""
_RUNNER_OS = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}
_RUNNER_ARCH = {"x86_64": "X64", "aarch64": "ARM64"}
_SERVED_AS = ("--served-model-name", "--model-name", "--alias", "-a")


def deployment(plan: Plan, nodes: int = 1) -> Deploy:
    """Everything a template may need. Raises Problem for a container command with an option nobody knows."""
    node = plan.node or Node()
    container = container_of(plan)
    server = server_of(plan)
    endpoint = urlsplit(plan.endpoint.url) if plan.endpoint else None
    at = next((number for number, step in enumerate(plan.launch) if step.kind == "start"), len(plan.launch))
    port = endpoint.port if endpoint else None
    engine = _LOCALAI.get(plan.artifact.format) if plan.artifact else None
    return Deploy(
        name=slug(f"{plan.runtime}-{plan.model}"),
        served=served(plan, server, container),
        container=container,
        server=None if server is None else findable(server),
        before=tuple(step for step in plan.launch[:at] if step.kind != "wait"),
        after=tuple(step for step in plan.launch[at + 1 :] if step.kind != "wait"),
        inside=inside(plan),
        cpus=node.cpus if plan.backend == "cpu" else min(node.cpus, 4 * max(1, node.device_count)),
        base=endpoint.path if endpoint else "",
        health=urlsplit(plan.endpoint.health).path if plan.endpoint and plan.endpoint.health else None,
        port=next((one.container for one in container.ports if one.host == port), port) if container else port,
        public_port=port,
        resource=resource(node, plan.backend),
        labels=labels(node, plan.backend),
        disk_bytes=disk(plan),
        memory_bytes=memory(plan),
        shm_bytes=shared(container),
        nodes=nodes,
        engine=engine,
        values={**plan.values, **tokens(plan), "ray_image": RAY_IMAGE, "ray_version": RAY_VERSION, "key": KEYS.get(plan.runtime, "")},
        leader=spread(plan, node, nodes),
        worker=(*spread(plan, node, nodes), *(("--headless",) if plan.runtime == "vllm" else ())),
        runner=runner(plan, node),
        picked=picked(plan, container),
        options=(*(word for name, value in picked(plan, container).items() for word in ("-e", f"{name}={value}")), *options(container))
        if container
        else (),
        program_folder=program_folder(server),
        **targets.words(plan, engine),
    )


def container_of(plan: Plan) -> Container | None:
    """The container of the recipe, or of the launch where that is one. None where a person must do a part inside it."""
    for steps in (plan.container, plan.launch):
        starts = [step for step in steps if step.kind == "start" and is_run(step.argv)]
        if len(starts) == 1 and not any(step.kind == "manual" for step in steps):
            return at_home(parse(starts[0].argv or ()), plan)
    return None


PICKS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR", "GGML_VK_VISIBLE_DEVICES")
"""Variables that keep a process on its devices; those of NVIDIA are left out of the container instead."""


def at_home(box: Container, plan: Plan) -> Container:
    """Reachable from this machine alone unless the recipe says otherwise, and on the planned devices only."""
    ports = tuple(replace(port, address=port.address or plan.values.get("host") or "127.0.0.1") for port in box.ports)
    cuda = next((step.env["CUDA_VISIBLE_DEVICES"] for step in plan.launch if step.env.get("CUDA_VISIBLE_DEVICES")), None)
    return replace(box, ports=ports, gpus=tuple(cuda.split(",")) if cuda and box.gpus == ("all",) else box.gpus)


def picked(plan: Plan, box: Container | None) -> dict[str, str]:
    """Variables that keep a container of this machine on the planned devices; a cluster hands devices out itself."""
    return {name: step.env[name] for step in plan.launch for name in PICKS if name in step.env and box and name not in box.env}


def inside(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """What a recipe runs by `docker exec NAME ...` once its container runs."""
    steps = plan.container or plan.launch
    return tuple(step.argv[3:] for step in steps if step.argv and step.argv[:2] == ("docker", "exec") and len(step.argv) > 3)


def server_of(plan: Plan) -> Step | None:
    """The one command that keeps running as a plain process."""
    starts = [step for step in plan.launch if step.kind == "start" and step.argv and not is_run(step.argv)]
    return starts[0] if len(starts) == 1 else None


def findable(step: Step) -> Step:
    """The same step for a service, which has no shell to look a program up: `env` does it."""
    argv = step.argv or ()
    known = argv[0].startswith(("/", "~")) or argv[0][1:2] == ":"
    return step if known else replace(step, argv=("/usr/bin/env", *argv))


def program_folder(step: Step | None) -> str:
    program = ((step.argv if step else None) or ("",))[0]
    return program.rpartition("/")[0]


def slug(text: str) -> str:
    """At most 40 letters that DNS, systemd and Docker all take for a name."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"m-{plain}"
    return plain[:40].strip("-")


def served(plan: Plan, server: Step | None, container: Container | None) -> str:
    """What clients put into `model`: what the command says, else what this kind of server answers to."""
    argv = (server.argv if server else None) or (container.args if container else ())
    for option, value in pairwise(argv):
        if option in _SERVED_AS and value:
            return value
    if plan.runtime == "ollama":
        return plan.values.get("tag") or plan.model
    repo = plan.artifact.repo if plan.artifact else None
    return repo if repo and repo in argv else plan.model


def resource(node: Node, backend: str) -> str | None:
    """The resource a device plug-in offers for the planned devices; None on processors, or where none is known."""
    if not node.device_count or backend == "cpu":
        return None
    if node.vendor == "intel":
        if node.device_kind == "npu":
            return "npu.intel.com/accel"
        return "gpu.intel.com/xe" if node.driver_module == "xe" else "gpu.intel.com/i915"
    return _RESOURCES.get(node.vendor or "") if node.device_kind in ("gpu", "accelerator") else None


def labels(node: Node, backend: str) -> dict[str, str]:
    """Labels of a node like the planned one: Kubernetes' own, NVIDIA's GPU feature discovery, AMD's node labeller."""
    found = {"kubernetes.io/os": "linux"}
    if node.arch in _KUBERNETES_ARCH:
        found["kubernetes.io/arch"] = _KUBERNETES_ARCH[node.arch]
    if backend == "cpu" or not node.device_count:
        return found
    capability = (node.compute_capability or "").partition(".")
    if node.vendor == "nvidia" and capability[0].isdigit() and capability[2].isdigit():
        found |= {"nvidia.com/gpu.compute.major": capability[0], "nvidia.com/gpu.compute.minor": capability[2]}
    if node.vendor == "amd" and node.device_id and re.fullmatch(r"(0x)?[0-9a-fA-F]{4}", node.device_id):
        found["amd.com/gpu.device-id"] = node.device_id.lower().removeprefix("0x")
    return found


def disk(plan: Plan) -> int | None:
    """A quarter more than the weights, at least 10 GiB more: what is downloaded stands beside what is kept."""
    size = plan.artifact.bytes if plan.artifact and plan.artifact.bytes else plan.estimate.memory.weights_bytes if plan.estimate else None
    return None if not size else max(size + size // 4, size + 10 * GIB)


def memory(plan: Plan) -> int | None:
    """System memory of the estimate, with 2 GiB for the server and each device's process. Weights pass through it, not all at once."""
    if plan.estimate is None:
        return None
    ram = [one.total_bytes for one in plan.estimate.memory.per_device if one.device == "ram"]
    return (ram[0] if ram else plan.estimate.memory.total_bytes if plan.placement == "cpu" else 0) + 2 * GIB * (1 + len(plan.devices))


def shared(container: Container | None) -> int | None:
    """Shared memory to mount where a container wants more than Docker's 64 MB; 8 GiB, rarely filled, where it wants the host's."""
    if container is None:
        return None
    asked = shm_bytes(container.shm_size) if container.shm_size else None
    return asked or (8 * GIB if container.ipc == "host" else None)


def tokens(plan: Plan) -> dict[str, str]:
    """How an editor may share the context: a quarter, at most 8,192 tokens, for the answer."""
    text = plan.values.get("context", "")
    context = int(text) if text.isdigit() else 4096
    out = max(1, min(8192, context // 4))
    return {"input_tokens": str(context - out), "output_tokens": str(out)}


def spread(plan: Plan, node: Node, nodes: int) -> tuple[str, ...]:
    """Arguments that make one engine of a group of machines; the last of a repeated option counts."""
    across = ("--nnodes", "$(LWS_GROUP_SIZE)", "--node-rank", "$(LWS_WORKER_INDEX)")
    each = max(1, node.device_count)
    if plan.runtime == "vllm":
        sizes = ("--tensor-parallel-size", str(each), "--pipeline-parallel-size", str(nodes))
        return (*sizes, *across, "--master-addr", "$(LWS_LEADER_ADDRESS)")
    if plan.runtime == "sglang":
        return ("--tp-size", str(each * nodes), *across, "--dist-init-addr", "$(LWS_LEADER_ADDRESS):20000")
    return ()


def runner(plan: Plan, node: Node) -> tuple[str, ...]:
    """A machine of GitHub's where that will do, else one's own with its labels."""
    own = _RUNNERS.get((plan.os or "", node.arch or ""))
    if own and (plan.backend == "cpu" or plan.os == "macos"):
        return (own,)
    parts = ("self-hosted", _RUNNER_OS.get(plan.os or ""), _RUNNER_ARCH.get(node.arch or ""), "gpu" if plan.backend != "cpu" else None)
    return tuple(part for part in parts if part)
