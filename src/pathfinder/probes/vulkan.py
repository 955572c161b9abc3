"""Vulkan devices, software renderers included: the loader, else vulkaninfo in its spellings."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation

DEEP = True
LISTED = {
    "apiVersion": int, "driverVersion": int, "vendorID": int, "deviceID": int, "deviceType": int, "deviceName": str,
    "memory_bytes": int, "pci": str,
}  # fmt: skip
SPELLINGS = (("vulkaninfo", "--summary"), ("vulkaninfo",), ("vulkaninfo", "--json"), ("vulkaninfo", "-j"))


def probe(host: Host) -> Iterator[Observation]:
    asked = host.ask("vulkan")
    if isinstance(asked.value, list):
        yield from _from_loader(asked.value, asked.elapsed_seconds)
        return
    for argv in SPELLINGS:
        answer = host.run(argv, 10.0)
        if answer.silence == "timeout":
            yield Observation(path="vulkan", value=None, source="vulkaninfo", note=f"timeout: {answer.note}")
            return
        if answer.value is None or not answer.value.stdout:
            continue
        from pathfinder.readers import vulkaninfo

        records = vulkaninfo.json(answer.value.stdout) or vulkaninfo.text(answer.value.stdout)
        for record in records:
            yield Observation(path="vulkan", value=record, source=" ".join(argv), trust="tool", elapsed_seconds=answer.elapsed_seconds)
        if records:
            return


def _from_loader(devices: list[Any], elapsed: float) -> Iterator[Observation]:
    from pathfinder.probes._typed import rows
    from pathfinder.readers import vulkaninfo
    from pathfinder.readers.words import bdf

    source = "Vulkan loader"
    for raw in rows(devices, LISTED):
        record = vulkaninfo.device(raw)
        if record:
            place = bdf(raw.get("pci"))
            yield Observation(path="vulkan", value=record | {"device": place}, source=source, trust="driver", elapsed_seconds=elapsed)
            if place and record.get("software") is False:
                value = {"pci": place, "kind": "gpu", "apis": {"vulkan": record.get("api_version")}}
                yield Observation(path="devices", value=value, source=source, trust="driver", elapsed_seconds=elapsed)
    if not devices:
        yield Observation(path="vulkan", value=(), source=source, trust="driver", elapsed_seconds=elapsed)
