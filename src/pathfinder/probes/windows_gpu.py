"""Windows display adapters: DXGI and the registry's 64-bit sizes; WMI where neither can be asked (its 32-bit size saturates)."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes._pci import NPU_IDS
from pathfinder.probes._typed import rows, typed

Record = dict[str, Any]
CLASS_KEY = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
DXGI = {"name": str, "vendor_id": str, "device_id": str, "software": bool, "dedicated_bytes": int, "shared_bytes": int}
SIZE = "HardwareInformation.qwMemorySize"
REGISTERED = {"MatchingDeviceId": str, "DriverDesc": str, "DriverVersion": str, SIZE: int}
NPU_KEY = r"SYSTEM\CurrentControlSet\Control\Class\{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}"
SELECT = "Name,AdapterRAM,PNPDeviceID,DriverVersion"
CIM = "Get-CimInstance Win32_VideoController | Select-Object {} | ConvertTo-Json -Compress"
SPELLINGS = (
    ("powershell", "-NoProfile", "-NonInteractive", "-Command", CIM.format(SELECT)),
    ("powershell", *CIM.format(SELECT).split()),
    ("powershell", *CIM.format("Name,AdapterRAM").split()),
    ("powershell", "-NoProfile", "-Command", CIM.format("Name,AdapterRAM")),
    ("powershell", "-Command", CIM.format("Name,AdapterRAM")),
    ("powershell", *CIM.format("Name,AdapterRAM,DriverVersion").split()),
    ("wmic", "path", "win32_VideoController", "get", "Name,AdapterRAM,PNPDeviceID,DriverVersion", "/format:list"),
    ("wmic", "path", "win32_VideoController", "get", "AdapterRAM,Name", "/format:csv"),
    ("wmic", "path", "win32_VideoController", "get", "Name,AdapterRAM"),
    ("wmic", "path", "win32_VideoController", "get", "AdapterRAM,Name"),
    ("wmic", "path", "win32_VideoController", "get", "name"),
)

SYSTEM = "C:/Windows/System32/"
LOADERS = {
    "vulkan": (SYSTEM + "vulkan-1.dll",),
    "opencl": (SYSTEM + "OpenCL.dll",),
    "sycl": (SYSTEM + "ze_loader.dll",),
    "intel": (SYSTEM + "ze_loader.dll",),
    "rocm": (SYSTEM + "amdhip64_7.dll", SYSTEM + "amdhip64_6.dll", SYSTEM + "amdhip64.dll"),
}
"""Loaders that come with the display drivers."""


def probe(host: Host) -> Iterator[Observation]:
    dxgi = host.ask("dxgi")
    if isinstance(dxgi.value, list):
        adapters = [value for value in map(_adapter, rows(dxgi.value, DXGI)) if value]
        for value in adapters:
            yield Observation(path="devices", value=value, source="DXGI", trust="driver", elapsed_seconds=dxgi.elapsed_seconds)
        if not adapters:
            yield Observation(path="devices", value=(), source="DXGI", trust="driver")
    registry = host.ask("registry", CLASS_KEY, "children")
    if isinstance(registry.value, dict):
        for _, fields in sorted(registry.value.items()):
            told = _registered(typed(fields, REGISTERED))
            if told:
                yield Observation(path="devices", value=told, source="registry " + SIZE, elapsed_seconds=registry.elapsed_seconds)
    if dxgi.value is None and registry.value is None:
        yield from _wmi(host)
    for backend, libraries in LOADERS.items():
        library = next((path for path in libraries if host.access(path, "f").value), None)
        if library:
            value = {"usable": True, "why": f"installed: {library}"}
            yield Observation(path=f"backends.{backend}", value=value, source=library)
    yield from _npus(host)


def _npus(host: Host) -> Iterator[Observation]:
    """Devices of the class "compute accelerators"."""
    from pathfinder.readers import adapters

    listed = host.ask("registry", NPU_KEY, "children")
    for _, raw in sorted(listed.value.items()) if isinstance(listed.value, dict) else ():
        fields = typed(raw, REGISTERED)
        name = fields.get("DriverDesc", "")
        vendor_id, device_id = adapters.ids(fields.get("MatchingDeviceId", ""))
        vendor = adapters.VENDORS.get(vendor_id or "") or adapters.vendor_of(name)
        if not name or vendor is None:
            continue
        value = {"kind": "npu", "vendor": vendor, "name": name, "vendor_id": vendor_id, "device_id": device_id, "integrated": True}
        value |= {"shared_memory": True, "driver_version": fields.get("DriverVersion"), "arch": NPU_IDS.get(f"{vendor_id}:{device_id}")}
        yield Observation(path="devices", value=value, source="registry, compute accelerators", elapsed_seconds=listed.elapsed_seconds)


def integration(vendor_id: str, device_id: str, name: str) -> Record:
    """Integrated or not by device id, else by the names integrated graphics go by."""
    from pathfinder.probes import _amd_chips, _intel_chips

    if vendor_id == "10de":
        return {"integrated": False, "shared_memory": False}
    if vendor_id == "8086":
        chip = _intel_chips.chip(device_id or None)
        return {key: chip[key] for key in ("integrated", "shared_memory", "arch") if key in chip}
    if vendor_id == "1002":
        arch = _amd_chips.by_id(device_id or None)
        return _amd_chips.integration(arch, device_id or None) | ({"arch": arch} if arch else {})
    shared = "adreno" in name.lower() or vendor_id == "4d4f4351"
    return {"integrated": True, "shared_memory": True} if shared else {}


def _adapter(raw: Record) -> Record | None:
    if raw.get("software"):
        return None
    from pathfinder.readers import adapters

    name, vendor_id, device_id = str(raw.get("name") or ""), str(raw.get("vendor_id") or ""), str(raw.get("device_id") or "")
    vendor = adapters.VENDORS.get(vendor_id)
    if vendor is None or adapters.virtual(name):
        return None
    value: Record = {"kind": "gpu", "vendor": vendor, "name": name, "device_id": device_id, "apis": {"directml": None}}
    value |= {"vendor_id": vendor_id if len(vendor_id) == 4 else None} | integration(vendor_id, device_id, name)
    dedicated, shared = raw.get("dedicated_bytes") or 0, raw.get("shared_bytes") or 0
    if value.get("integrated"):
        value |= {"memory_bytes": dedicated + shared or None, "carveout_bytes": dedicated or None}
    else:
        value["memory_bytes"] = dedicated or None
    return value


def _registered(fields: Record) -> Record | None:
    from pathfinder.readers import adapters

    place = str(fields.get("MatchingDeviceId") or "")
    name = str(fields.get("DriverDesc") or "")
    vendor_id, device_id = adapters.ids(place)
    vendor = adapters.VENDORS.get(vendor_id or "")
    if vendor is None or adapters.virtual(name) or not place.lower().startswith("pci\\"):
        return None
    more = integration(vendor_id or "", device_id or "", name)
    size = fields.get(SIZE)
    own = size if isinstance(size, int) and size > 0 else None
    value: Record = {"kind": "gpu", "vendor": vendor, "name": name, "vendor_id": vendor_id, "device_id": device_id} | more
    value |= {"carveout_bytes": own} if more.get("integrated") else {"memory_bytes": own}
    return value | {"driver_version": fields.get("DriverVersion") if vendor != "nvidia" else None}


def _wmi(host: Host) -> Iterator[Observation]:
    running = host.uname().value is not None
    for argv in (SPELLINGS[0], SPELLINGS[6]) if running else SPELLINGS:
        answer = host.run(argv)
        if answer.silence == "timeout":
            return
        ran = answer.value
        if ran is None or ran.code or not ran.stdout.strip():
            continue
        from pathfinder.readers import adapters

        records = adapters.cim(ran.stdout) or adapters.listing(ran.stdout) or adapters.columns(ran.stdout)
        for record in records:
            value = record | integration(
                record.get("vendor_id") or adapters.id_of(record["vendor"]), record.get("device_id", ""), record["name"]
            )
            if value.get("integrated"):
                value.pop("memory_bytes", None)
            yield Observation(path="devices", value=value, source=" ".join(argv[:2]), trust="tool", elapsed_seconds=answer.elapsed_seconds)
        if records:
            return
