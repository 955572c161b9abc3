"""What an operator should be warned of that no single source sees: cards without a driver, drivers without a card; pure."""

from collections.abc import Iterable

from pathfinder.types.facts import BackendFact, Device, Facts, Warning_


def cautions(facts: Facts, backends: dict[str, BackendFact]) -> Iterable[Warning_]:
    told = {one.id for one in facts.warnings}
    for card in facts.devices or ():
        if card.parent or card.kind != "gpu":
            continue
        if card.vendor == "nvidia" and card.driver_module in ("nouveau", "none") and not any(one.startswith("nvidia-") for one in told):
            yield _undriven(card)
        if card.vendor == "amd" and card.driver_module == "none":
            says = f"AMD GPU {card.id} is on the PCI bus, but no driver is bound to it."
            yield Warning_(
                id="amd-no-driver",
                says=says,
                facts=(f"devices.{card.id}",),
                fix="Load amdgpu (`modprobe amdgpu`), or install a newer kernel.",
            )
        if card.vendor == "nvidia" and card.driver_module == "vfio-pci":
            says = f"NVIDIA GPU {card.id} is passed to a virtual machine (vfio-pci); this host cannot use it."
            yield Warning_(id="gpu-passed-through", says=says, facts=(f"devices.{card.id}",))
    if backends["cuda"].usable:
        yield from _silent(facts)
        if facts.os.wsl:
            says = "Under WSL the GPU's memory is shared with Windows, and the RAM told is the virtual machine's."
            fix = "Set `memory=` in %UserProfile%\\.wslconfig for more RAM; close programs on Windows that use the GPU."
            yield Warning_(id="wsl-memory", says=says, facts=("memory.total_bytes", "devices"), fix=fix)
    yield from _unordered(facts)


def _undriven(card: Device) -> Warning_:
    if card.driver_module == "none":
        says = f"NVIDIA GPU {card.id} is on the PCI bus, but no driver is bound to it."
        return Warning_(
            id="nvidia-no-driver", says=says, facts=(f"devices.{card.id}",), fix="Install NVIDIA's driver, or load it: `modprobe nvidia`."
        )
    says = f"NVIDIA GPU {card.id} is driven by nouveau, which has no CUDA."
    return Warning_(
        id="nvidia-nouveau", says=says, facts=(f"devices.{card.id}",), fix="Install NVIDIA's driver (it blacklists nouveau), then reboot."
    )


def _silent(facts: Facts) -> Iterable[Warning_]:
    """A card on the bus that the answering driver does not list: too old for this driver branch, or fallen off."""
    cards = [one for one in facts.devices or () if one.vendor == "nvidia" and one.kind == "gpu" and not one.parent and one.pci]
    answered = [one for one in cards if one.driver_version]
    if not answered:
        return
    for card in cards:
        if card.driver_version is None and card.driver_module == "nvidia":
            says = f"The PCI bus shows NVIDIA GPU {card.id}, the driver does not list it."
            fix = "An old card needs an older driver branch (Kepler: 470, Maxwell to Volta: 580); else see `dmesg | grep -i nvrm`."
            yield Warning_(id="nvidia-gpu-not-listed", says=says, facts=(f"devices.{card.id}",), fix=fix)


def _unordered(facts: Facts) -> Iterable[Warning_]:
    cards = [one for one in facts.devices or () if one.vendor == "nvidia" and one.kind == "gpu" and not one.parent]
    unequal = len(cards) > 1 and len({one.name for one in cards}) > 1
    if unequal and all(one.visible is None for one in cards) and any(one.driver_version for one in cards) and facts.os.kernel:
        says = "CUDA_VISIBLE_DEVICES names indices, and CUDA counts unequal GPUs fastest first."
        yield Warning_(id="cuda-device-order", says=says, facts=("devices",), fix="Set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name GPUs by UUID.")
