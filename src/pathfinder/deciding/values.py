"""The values a recipe may name, and the steps of a plan with them filled in."""

import math
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from pathfinder.deciding.choose import requests
from pathfinder.deciding.match import scopes
from pathfinder.deciding.plan import endpoint
from pathfinder.deciding.room import utilisation
from pathfinder.deciding.steps import Places, expand, visible
from pathfinder.types.deploy import Node
from pathfinder.types.facts import Device, Facts
from pathfinder.types.matrix import Cell, PlanFacts, Runtime
from pathfinder.types.models import Artifact, Demand
from pathfinder.types.plans import Candidate, Plan
from pathfinder.types.steps import Step, StepTemplate

Table = Mapping[str, Any]


def with_steps(plan: Plan, candidate: Candidate, runtime: Runtime, facts: Facts, demand: Demand, table: Table, places: Places) -> Plan:
    """The same plan with its install, launch and container steps, ready to print or to run. `runtime` holds the recipes."""
    cell = next(cell for cell in runtime.cells if cell.id == plan.cell)
    values = placeholders(plan, cell, candidate.devices, facts, demand, table, places)
    scope = {**scopes(facts, demand, candidate.devices, plan.artifact)[0], "plan": plan_facts(plan, demand)}
    picked = device_env(cell.backend, candidate.devices, facts)
    hollow = {**values, "file": values["file"] or NO_FILE}

    def spelt(recipe: tuple[StepTemplate, ...]) -> tuple[Step, ...]:
        steps = expand(recipe, hollow, scope, facts, places)
        return (_name_the_file(plan),) if any(_is_hollow(step) for step in steps) else steps

    proofs = {caveat.id: caveat.evidence for caveat in cell.caveats}
    return replace(
        plan,
        install=expand(cell.install, values, scope, facts, places),
        launch=visible(spelt(cell.launch), picked),
        container=() if plan.artifact and plan.artifact.path else tuple(step for step in spelt(cell.container) if step.kind != "manual"),
        caveats=tuple(replace(hit, evidence=proofs.get(hit.id, hit.evidence)) for hit in plan.caveats),
        root=places.root,
        endpoint=endpoint(cell, places),
        node=node(candidate.devices, facts),
        values={**values, "task": demand.task, "features": ",".join(features(cell, demand))},
    )


NO_FILE = "\0no file"
"""Stands for a file whose name is not known, until no command is left that would hold it."""


def _is_hollow(step: Step) -> bool:
    texts = (*(step.argv or ()), step.url or "", step.path or "", step.text or "", *step.env.values())
    return any(NO_FILE in text for text in texts)


def _name_the_file(plan: Plan) -> Step:
    """Instead of a command with a hole in it: what a person must look up first."""
    repo, quant = (plan.artifact.repo, plan.artifact.quant) if plan.artifact else ("the repository", "wanted")
    text = f"{plan.name} takes one file by its name: look up the {quant} file of {repo}, then ask again with --model hf:{repo}:FILE"
    return Step(kind="manual", title="Name the file of the model", text=text)


def features(cell: Cell, demand: Demand) -> tuple[str, ...]:
    """What server and model can do together: pictures and functions are the model's own, the rest is the server's."""
    return tuple(one for one in cell.features if one not in ("vision", "functions") or one in demand.model.features)


def node(devices: tuple[Device, ...], facts: Facts) -> Node:
    """What the planned machine has, in the terms of those who place the plan on another."""
    first = devices[0] if devices else Device(id="")
    sizes = [device.memory_bytes for device in devices if device.memory_bytes is not None]
    return Node(
        arch=facts.os.arch or facts.cpu.arch,
        vendor=first.vendor,
        device=first.name,
        device_kind=first.kind if devices else None,
        device_arch=first.arch,
        device_id=first.device_id,
        driver_module=first.driver_module,
        compute_capability=first.compute_capability,
        device_count=len(devices),
        device_memory_bytes=min(sizes) if sizes and len(sizes) == len(devices) else None,
        memory_bytes=facts.memory.total_bytes,
        cpus=threads(facts),
    )


def placeholders(
    plan: Plan, cell: Cell, devices: tuple[Device, ...], facts: Facts, demand: Demand, table: Table, places: Places
) -> dict[str, str]:
    """Every value a recipe may name; see docs/add-a-runtime.md."""
    artifact = plan.artifact or Artifact(format="", quant="", repo=demand.model.repo)
    estimate = plan.estimate
    context = estimate.context if estimate else int(table["assume"]["context"])
    parallel = plan.requests if cell.batching == "slots" else requests(demand, table, cell.batching)
    env = places.join("runtimes", plan.runtime, cell.id)
    models = places.join("models")
    path = artifact.path or places.join("models", artifact.file or (artifact.repo or plan.runtime).replace("/", "--"))
    hf_ref = f"{artifact.repo}:{artifact.quant}" if artifact.repo else path
    has_pip = any(step.kind == "pip" for step in cell.install)
    folder = "Scripts" if places.windows else "bin"
    separator = "\\" if places.windows else "/"
    share = utilisation(devices, cell)
    return {
        "env": env,
        "bin": f"{env}{separator}{folder}" if has_pip else env,
        "python": f"{env}{separator}{folder}{separator}python" + (".exe" if places.windows else ""),
        "data": places.join("data"),
        "models": models,
        "model": artifact.path or (hf_ref if artifact.format == "gguf" else artifact.repo or path),
        "repo": artifact.repo or path,
        "file": artifact.file or "",
        "path": path,
        "quant": artifact.quant,
        "hf_ref": hf_ref,
        "tag": artifact.tag or (demand.model.id if artifact.path else f"hf.co/{hf_ref}"),
        "name": demand.model.id,
        "context": str(context),
        "context_total": str(context * parallel),
        "port": str(places.port or (cell.server.port if cell.server and cell.server.port else table["assume"]["port"])),
        "host": places.host,
        "threads": str(threads(facts)),
        "parallel": str(parallel),
        "gpu_layers": str(gpu_layers(plan, demand)),
        "expert_layers": str(plan.estimate.expert_layers if plan.estimate else 0),
        "devices": ",".join(device_names(cell.backend, devices, facts)),
        "device_count": str(max(1, len(devices))),
        "utilisation": f"{share if share is not None else 0.9:g}",
    }


def threads(facts: Facts) -> int:
    """CPUs that may really be used, at most the physical cores; never less than one."""
    usable = facts.cpu.usable_cpus if facts.cpu.usable_cpus is not None else facts.cpu.threads
    cores = facts.cpu.cores
    bounds = [math.floor(value) for value in (usable, cores) if value is not None]
    return max(1, min(bounds, default=1))


def gpu_layers(plan: Plan, demand: Demand) -> int:
    """Layers on the device: all of them (a number no model reaches) unless the estimate says how many."""
    if plan.placement == "cpu":
        return 0
    if plan.estimate is not None and plan.placement == "split" and plan.estimate.gpu_layers is not None:
        return plan.estimate.gpu_layers
    layers = demand.model.shape.layers if demand.model.shape else 0
    return max(99, layers + 1)


def plan_facts(plan: Plan, demand: Demand) -> PlanFacts:
    """Where the model lies, as launch recipes ask it."""
    estimate = plan.estimate
    unknown = plan.placement == "split" and (estimate is None or estimate.gpu_layers is None)
    return PlanFacts(
        gpu_layers=None if unknown else gpu_layers(plan, demand),
        expert_layers=estimate.expert_layers if estimate else 0,
        projector_in_ram=bool(plan.devices) and any(row.device == "ram" and row.projector_bytes for row in estimate.memory.per_device)
        if estimate
        else None,
    )


def device_names(backend: str, devices: tuple[Device, ...], facts: Facts) -> list[str]:
    """What names devices to their driver: UUIDs where all have one, else their places in PCI order."""
    return _uuid_or_index(devices, of_backend(backend, facts))


def of_backend(backend: str, facts: Facts) -> list[Device]:
    """Every device a backend lists, hidden ones included: what indices count."""
    said = facts.backends.get(backend)
    ids = said.devices if said and said.devices else tuple(device.id for device in facts.devices or ())
    return [device for device in facts.devices or () if device.id in ids]


PICK = {
    "cuda": "CUDA_VISIBLE_DEVICES",
    "rocm": "ROCR_VISIBLE_DEVICES",
    "vulkan": "GGML_VK_VISIBLE_DEVICES",
    "sycl": "ONEAPI_DEVICE_SELECTOR",
}
"""The variable that picks the devices of a backend."""


def device_env(backend: str, devices: tuple[Device, ...], facts: Facts) -> dict[str, str]:
    """Variables that keep a runtime on the planned devices; none where there is nothing to pick from."""
    every = of_backend(backend, facts)
    if backend not in PICK or len(every) < 2 or len(every) == len(devices):
        return {}
    if backend == "cuda":
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", PICK[backend]: ",".join(_uuid_or_index(devices, every))}
    indices = ",".join(_indices(devices, every))
    if backend == "rocm" and facts.os.family == "windows":
        return {"HIP_VISIBLE_DEVICES": indices}
    return {PICK[backend]: f"level_zero:{indices}" if backend == "sycl" else indices}


def _uuid_or_index(devices: tuple[Device, ...], every: list[Device]) -> list[str]:
    uuids = [device.uuid for device in devices if device.uuid]
    return uuids if len(uuids) == len(devices) else _indices(devices, every)


def _indices(devices: tuple[Device, ...], every: list[Device]) -> list[str]:
    order = sorted(every, key=lambda device: device.pci or device.id)
    return [str(order.index(device)) if device in order else device.id for device in devices]
