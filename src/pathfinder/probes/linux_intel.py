"""Intel GPUs: i915 and xe in sysfs, device memory by the DRM ioctl (asked of discrete ones only)."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci
from pathfinder.probes._typed import typed

Record = dict[str, Any]


def probe(host: Host) -> Iterator[Observation]:
    for function in _pci.of_vendor(host, "8086"):
        if function["class"][:2] != "03":
            continue
        from pathfinder.probes import _intel_chips

        base = f"{_pci.FOLDER}/{function['pci']}"
        yield Observation(path="devices", value=_card(host, function, base), source=_pci.source(host, function["pci"]))
        chip = _intel_chips.chip(function["device_id"])
        if chip.get("integrated") is False and function["driver_module"] in ("i915", "xe"):
            yield from _memory(host, function, base)


def _card(host: Host, function: Record, base: str) -> Record:
    from pathfinder.probes import _intel_chips

    record = {key: function[key] for key in ("pci", "vendor_id", "device_id", "driver_module")} | {"kind": "gpu", "vendor": "intel"}
    record |= _intel_chips.chip(function["device_id"])
    if "integrated" not in record and function["pci"].endswith(":00:02.0"):
        record |= {"integrated": True, "shared_memory": True}  # the graphics of every Intel processor sit at 00:02.0
    if record.get("integrated") is False:
        record["pcie"] = _pci.link(host, base)
    return record


def _memory(host: Host, function: Record, base: str) -> Iterator[Observation]:
    nodes = host.glob(base + "/drm/renderD*").value or ()
    for node in nodes[:1]:
        place = "/dev/dri/" + node.rpartition("/")[2]
        answer = host.ask("drm_regions", place, function["driver_module"])
        told = typed(answer.value, {"total_bytes": int, "free_bytes": int, "visible_bytes": int})
        if told.get("total_bytes"):
            value = {"pci": function["pci"], "memory_bytes": told["total_bytes"], "visible_memory_bytes": told.get("visible_bytes") or None}
            value["memory_free_bytes"] = told.get("free_bytes") or None
            source = f"{function['driver_module']} memory regions"
            yield Observation(path="devices", value=value, source=source, trust="driver", elapsed_seconds=answer.elapsed_seconds)
        elif answer.silence == "denied" or (answer.note and "Permission" in answer.note):
            fix = "Add the user to the group that owns /dev/dri/render* (`sudo usermod -aG render $USER`), then log in again."
            says = f"The Intel GPU is there, but this user may not open {place}."
            warning = {"id": "render-no-permission", "says": says, "facts": ("devices",), "fix": fix}
            yield Observation(path="warnings", value=warning, source=place)
