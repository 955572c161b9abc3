"""AMD GPUs from amdgpu's sysfs files and the KFD topology: no tool, no library."""

from collections.abc import Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes import _amd_chips, _pci

Record = dict[str, Any]
NODES = "/sys/class/kfd/kfd/topology/nodes"


def observations(host: Host, functions: list[Record]) -> Iterator[Observation]:
    """What the kernel tells of AMD's functions of the PCI bus and of KFD's nodes."""
    nodes = _nodes(host)
    cards = {one["pci"]: _card(host, one) for one in functions}
    for node in nodes:
        card = cards.get(node["pci"])
        if card is not None and card.get("memory_bytes"):
            node.pop("memory_bytes", None)
        if card is not None and "integrated" not in card:
            card |= _amd_chips.integration(node.get("arch"), card.get("device_id"))
    _visible(host, nodes)
    for node in nodes:
        value = {key: item for key, item in node.items() if key not in ("node", "links")}
        yield Observation(path="devices", value=value, source=f"{NODES}/{node['node']}")
    for card in cards.values():
        yield Observation(path="devices", value=card, source=_pci.source(host, card["pci"]))
    for record in [*cards.values(), *nodes]:
        arch = _amd_chips.by_id(record.get("device_id")) if "arch" not in record else None
        if arch and record.get("pci"):
            value = {"pci": record["pci"], "arch": arch}
            yield Observation(path="devices", value=value, source="PCI device id", trust="guess", note="the kernel does not say it")
    yield from _links(nodes)
    yield from _usable(host, nodes, functions)


def _number(host: Host, path: str) -> int | None:
    text = (host.read(path, 64).value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _card(host: Host, function: Record) -> Record:
    """One PCI function: memory from amdgpu, architecture from its IP discovery table."""
    base = f"{_pci.FOLDER}/{function['pci']}"
    record: Record = {key: function[key] for key in ("pci", "vendor_id", "device_id", "driver_module")} | {"kind": "gpu", "vendor": "amd"}
    arch = _from_discovery(host, base)
    record |= {"arch": arch, "name": _name(host, base, function)} | _amd_chips.integration(arch, function["device_id"])
    vram, used = _number(host, base + "/mem_info_vram_total"), _number(host, base + "/mem_info_vram_used")
    gtt, gtt_used = _number(host, base + "/mem_info_gtt_total"), _number(host, base + "/mem_info_gtt_used")
    record |= {"gtt_bytes": gtt, "visible_memory_bytes": _number(host, base + "/mem_info_vis_vram_total")}
    if vram is not None and record.get("integrated"):
        free = vram - (used or 0) + (gtt or 0) - (gtt_used or 0) if used is not None else None
        record |= {"carveout_bytes": vram, "memory_bytes": vram + (gtt or 0), "memory_free_bytes": free}
    elif vram is not None:
        record |= {"memory_bytes": vram, "memory_free_bytes": vram - used if used is not None and used <= vram else None}
    record["pcie"] = _pci.link(host, base)
    return {key: value for key, value in record.items() if value is not None}


def _from_discovery(host: Host, base: str) -> str | None:
    parts = [_number(host, f"{base}/ip_discovery/die/0/GC/0/{name}") for name in ("major", "minor", "revision")]
    if None in parts:
        return None
    return _amd_chips.GFX.get(".".join(map(str, parts)))


def _name(host: Host, base: str, function: Record) -> str | None:
    """The board's own name, else AMD's list by device and revision (libdrm's amdgpu.ids)."""
    own = (host.read(base + "/product_name", 256).value or "").strip()
    if own:
        return own
    revision = (host.read(base + "/revision", 16).value or "").strip().lower().removeprefix("0x")
    wanted = (function["device_id"] or "").upper() + ",\t" + revision.upper() + ",\t"
    for line in (host.read("/usr/share/libdrm/amdgpu.ids").value or "").splitlines():
        if line.startswith(wanted):
            return line[len(wanted) :].strip() or None
    return None


def _nodes(host: Host) -> list[Record]:
    """GPU nodes of the KFD topology; a partitioned card (CPX, DPX) has one per partition, each with a function of its own."""
    found = []
    for path in host.glob(NODES + "/*").value or ():
        number = path.rpartition("/")[2]
        fields = _properties(host, path + "/properties")
        if number.isdecimal() and fields.get("simd_count", 0) > 0 and fields.get("vendor_id", 4098) == 4098:
            found.append(_node(host, path, int(number), fields))
    return sorted(found, key=lambda node: node["node"])


def _properties(host: Host, path: str) -> dict[str, int]:
    fields = {}
    for line in (host.read(path, 1 << 16).value or "").splitlines():
        name, _, value = line.strip().partition(" ")
        if value.strip().isdecimal() and len(value) < 24:
            fields[name] = int(value)
    return fields


def _node(host: Host, path: str, number: int, fields: dict[str, int]) -> Record:
    place = fields.get("location_id")
    domain = fields.get("domain", 0)
    target = fields.get("gfx_target_version", 0)
    name = (host.read(path + "/name", 128).value or "").strip().lower()
    arch = _amd_chips.target(target) or _amd_chips.CODENAMES.get(name)
    device = f"{fields['device_id']:04x}" if fields.get("device_id") else None
    each = fields.get("simd_per_cu", 0)
    record: Record = {
        "node": number,
        "kind": "gpu",
        "vendor": "amd",
        "vendor_id": "1002",
        "device_id": device,
        "pci": f"{domain:04x}:{place >> 8 & 255:02x}:{place >> 3 & 31:02x}.{place & 7}" if place is not None else None,
        "arch": arch,
        "compute_units": fields["simd_count"] // each if each else None,
        "memory_bytes": _banks(host, path),
        "links": _peers(host, path),
    }
    record |= _amd_chips.integration(arch, device)
    return {key: value for key, value in record.items() if value is not None}


def _banks(host: Host, path: str) -> int | None:
    """Bytes of the node's frame-buffer heaps (types 1 public, 2 private); `local_mem_size` is 0 on many kernels."""
    total = 0
    for bank in host.glob(path + "/mem_banks/*").value or ():
        fields = _properties(host, bank + "/properties")
        if fields.get("heap_type") in (1, 2):
            total += fields.get("size_in_bytes", 0)
    return total or None


def _peers(host: Host, path: str) -> list[int]:
    """Nodes reached by xGMI (link type 11)."""
    links = (_properties(host, link + "/properties") for link in host.glob(path + "/io_links/*").value or ())
    return [fields["node_to"] for fields in links if fields.get("type") == 11 and "node_to" in fields]


def _links(nodes: list[Record]) -> Iterator[Observation]:
    places = {node["node"]: node.get("pci") for node in nodes}
    pairs = set()
    for node in nodes:
        here = node.get("pci")
        for peer in node.get("links", ()):
            there = places.get(peer)
            if here and there and here[:-2] != there[:-2]:
                pairs.add((min(here, there), max(here, there)))
    if not pairs and nodes:
        yield Observation(path="links", value=(), source=f"{NODES}/*/io_links", note="no xGMI link")
    for a, b in sorted(pairs):
        yield Observation(path="links", value={"a": a, "b": b, "kind": "xgmi"}, source=f"{NODES}/*/io_links")


def _visible(host: Host, nodes: list[Record]) -> None:
    """ROCR_VISIBLE_DEVICES counts KFD GPUs, HIP_VISIBLE_DEVICES (and CUDA_VISIBLE_DEVICES under HIP) counts what that left."""
    shown = list(nodes)
    told = False
    for names in (("ROCR_VISIBLE_DEVICES",), ("HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")):
        wish = next((answer.value for answer in map(host.env, names) if answer.value is not None), None)
        if wish is not None and "GPU-" not in wish:
            shown, told = _pick(wish, shown), True
    if told or _pci.running(host):
        for node in nodes:
            node["visible"] = any(node is one for one in shown)


def _pick(wish: str, nodes: list[Record]) -> list[Record]:
    out = []
    for token in map(str.strip, wish.split(",")):
        if not token.isdecimal() or int(token) >= len(nodes):
            break
        out.append(nodes[int(token)])
    return out


def _usable(host: Host, nodes: list[Record], functions: list[Record]) -> Iterator[Observation]:
    if not nodes:
        drivers = {one["driver_module"] for one in functions}
        if "amdgpu" not in drivers and None not in drivers:
            names = ", ".join(sorted(drivers))
            value: Record = {"usable": False, "why": f"no AMD GPU with the amdgpu driver (driver: {names})"}
            yield Observation(path="backends.rocm", value=value, source=_pci.source(host))
        return
    targets = {node.get("arch") or _amd_chips.by_id(node.get("device_id")) for node in nodes}
    if all(_amd_chips.dropped(arch) for arch in targets):
        value = {"usable": False, "why": f"no current ROCm supports {', '.join(sorted(str(arch) for arch in targets))}"}
    elif host.access("/dev/kfd", "f").value and not host.access("/dev/kfd", "w").value:
        value = {"usable": False, "why": "this user may not open /dev/kfd"}
        fix = "Add the user to the group that owns /dev/kfd (`sudo usermod -aG render,video $USER`), then log in again."
        warning = {
            "id": "kfd-no-permission",
            "says": "The AMD compute device is there, but this user may not open it.",
            "facts": ("backends.rocm.usable",),
            "fix": fix,
        }
        yield Observation(path="warnings", value=warning, source="/dev/kfd")
    elif any(arch in _amd_chips.SUPPORTED for arch in targets):
        value = {"usable": True}
    else:
        value = {"usable": None, "why": f"{', '.join(sorted(str(arch) for arch in targets))} is not on ROCm's list of supported GPUs"}
    yield Observation(path="backends.rocm", value=value, source=NODES)
