"""Observations merged into Facts; pure.

A path names one field (`memory.total_bytes`), one item of a mapping (`tools.git`, `runtimes.ollama`, `backends.cuda`: value is a dict
of fields) or one item of a list (`devices`, `pci`, `links`, `disk`, `toolkits`, `vulkan`, `opencl`, `sycl`, `warnings`: value is a dict
of fields; several observations with the same path give several items).

* The best `trust` wins each field, then the order of the probes' names, then of their observations. `None` never wins.
* `value=None` with a note: the source was asked in vain. It is told in `why` and leaves the fact unknown.
* `value=()` on a list's path: an enumerator answered "none"; without it and without items the list stays unknown (None).

Devices. A value is a dict of some fields of `Device`; several sources may tell of the same device, and each field is merged alone.
Give every key you know; the same device is recognised by, in this order: `pci`; `uuid`; `id` (only where there is neither, such as
`gpu0` of a system on a chip); then, for sources that know no address (an API's list), vendor and device id or name, the n-th such item
of one source standing for the n-th such device. Two different PCI addresses are never one device. A slice or partition with the address
of its card gives `parent` (the card's `id`) and its own `uuid` or `id`, and stays a device of its own. The vocabulary of `pci` is
`dddd:bb:dd.f` in lower case (`pci_address` brings any spelling there).

vulkan, opencl, sycl: the list of the best source that gave any is taken whole; sources are not mixed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pathfinder.host import Observation
from pathfinder.host.text import printable
from pathfinder.looking.identity import match_devices
from pathfinder.types.facts import (
    ApiDevice,
    BackendFact,
    Board,
    Cgroup,
    Collected,
    Cpu,
    Device,
    Disk,
    Facts,
    Link,
    Memory,
    Os,
    PciFunction,
    Tool,
    Toolkit,
    Warning_,
    Why,
)

TRUST = ("driver", "kernel", "tool", "table", "guess")
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "os": Os,
    "cpu": Cpu,
    "memory": Memory,
    "cgroup": Cgroup,
    "board": Board,
}
MAPS: dict[str, type[msgspec.Struct]] = {"tools": Tool, "runtimes": Tool, "backends": BackendFact}
LISTS: dict[str, tuple[type[msgspec.Struct], tuple[str, ...]]] = {
    "pci": (PciFunction, ("pci",)),
    "links": (Link, ("a", "b", "kind")),
    "disk": (Disk, ("path",)),
    "toolkits": (Toolkit, ("kind", "path")),
    "warnings": (Warning_, ("id", "says")),
}
WHOLE: tuple[str, ...] = ("vulkan", "opencl", "sycl")
QUIET = frozenset(
    {"name", "model", "memory_free_bytes", "available_bytes", "usable_bytes", "free_bytes", "driver_module", "version", "path"}
)
"""Fields where sources differ in spelling or moment, not in truth: no warning."""

Sourced = tuple[Any, Observation]


def merge(
    observations: Iterable[Observation],
    *,
    why: dict[str, Why] | None = None,
    collected: Collected = Collected(),  # noqa: B008  (frozen)
) -> Facts:
    """Facts of one host. `observations` come in the order of the probes; `why` holds what the runner has to say itself."""
    ranked = sorted(observations, key=lambda o: TRUST.index(o.trust) if o.trust in TRUST else len(TRUST))
    by_path: dict[str, list[Observation]] = {}
    for one in ranked:
        by_path.setdefault(one.path, []).append(msgspec.structs.replace(one, value=printable(one.value)))
    told: dict[str, Why] = {}
    warnings: list[Warning_] = []
    out: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        fields = {path[len(section) + 1 :]: seen for path, seen in by_path.items() if path.startswith(section + ".")}
        out[section] = _section(section, kind, fields, told, warnings)
    for name, kind in MAPS.items():
        out[name] = _map(name, kind, by_path, told)
    for name, (kind, keys) in LISTS.items():
        out[name] = _list(name, kind, keys, by_path.get(name, []), told)
    for name in WHOLE:
        out[name] = _whole(name, by_path.get(name, []), told)
    out["devices"] = _devices(by_path.get("devices", []), told, warnings)
    out["warnings"] = (*(out["warnings"] or ()), *warnings)
    told.update(why or {})
    return Facts(**out, why=told, collected=collected)


def pci_address(text: str) -> str | None:
    """`dddd:bb:dd.f` in lower case from any usual spelling (`00000000:01:00.0`, `01:00.0`, `0000:01:00`); None if it is none."""
    head, _, function = text.strip().lower().partition(".")
    parts = head.split(":")
    if len(parts) == 2:
        parts = ["0", *parts]
    if len(parts) != 3:
        return None
    try:
        domain, bus, slot, last = int(parts[0], 16), int(parts[1], 16), int(parts[2], 16), int(function or "0", 16)
    except ValueError:
        return None
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{last:x}"


def _why(one: Observation, note: str | None = None) -> Why:
    return Why(source=one.source, elapsed_seconds=one.elapsed_seconds, note=note or one.note)


def _in_vain(seen: Sequence[Observation]) -> Why:
    notes = [f"{one.source}: {one.note}" if one.note else one.source for one in seen]
    return Why(source=seen[0].source, elapsed_seconds=seen[0].elapsed_seconds, note="; ".join(dict.fromkeys(notes)))


def _section(
    name: str,
    kind: type[msgspec.Struct],
    fields: dict[str, list[Observation]],
    told: dict[str, Why],
    warnings: list[Warning_],
) -> Any:
    values: dict[str, Any] = {}
    for field in kind.__struct_fields__:
        seen = fields.get(field)
        if not seen:
            continue
        path = f"{name}.{field}"
        best = next((one for one in seen if one.value is not None), None)
        if best is None:
            told[path] = _in_vain(seen)
            continue
        values[field] = best.value
        told[path] = _why(best)
        _conflict(path, field, [(one.value, one) for one in seen], warnings)
    return checked(kind, values, name, told)


def checked(kind: type[msgspec.Struct], values: dict[str, Any], place: str, told: dict[str, Why]) -> Any:
    """`values` as a struct; a field of the wrong type or unknown to it is left out and told of, never fatal."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError:
        good: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.encode_name not in values and field.name not in values:
                continue
            value = values.get(field.encode_name, values.get(field.name))
            try:
                good[field.name] = msgspec.convert(value, field.type)
            except msgspec.ValidationError as error:
                told[f"{place}.{field.name}"] = Why(source="merge", note=f"left out: {error}")
        try:
            return kind(**good)
        except TypeError:
            return None


def _conflict(path: str, field: str, seen: Sequence[Sourced], warnings: list[Warning_]) -> None:
    known = [(value, one) for value, one in seen if value is not None and one.trust != "guess"]
    if field in QUIET or len(known) < 2:
        return
    first, source = known[0]
    for value, one in known[1:]:
        if not _agree(first, value) and one.source != source.source:
            says = f"{source.source} says {_short(first)}, {one.source} says {_short(value)}; the first is believed"
            warnings.append(Warning_(id="conflict", says=f"{path}: {says}", facts=(path,)))
            return


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return bool(a == b)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= 0.02 * max(abs(a), abs(b))
    if isinstance(a, str) and isinstance(b, str):
        one, two = a.casefold(), b.casefold()
        return one == two or one.startswith(two) or two.startswith(one)
    if isinstance(a, (list, tuple, dict)):
        return True
    return bool(a == b)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _merged(seen: Iterable[tuple[dict[str, Any], Observation]]) -> dict[str, Sourced]:
    """Field by field, the first known value; mappings inside are merged too."""
    fields: dict[str, Sourced] = {}
    for part, one in seen:
        for field, value in part.items():
            if value is None:
                continue
            if field not in fields:
                fields[field] = (value, one)
            elif isinstance(value, dict) and isinstance(fields[field][0], dict):
                fields[field] = ({**value, **{k: v for k, v in fields[field][0].items() if v is not None}}, fields[field][1])
    return fields


def _map(name: str, kind: type[msgspec.Struct], by_path: dict[str, list[Observation]], told: dict[str, Why]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for path, seen in sorted(by_path.items()):
        if not path.startswith(name + "."):
            continue
        fields = _merged((one.value, one) for one in seen if isinstance(one.value, dict))
        if not fields:
            told[path] = _in_vain(seen)
            continue
        item = checked(kind, {field: value for field, (value, _) in fields.items()}, path, told)
        if item is not None:
            out[path[len(name) + 1 :]] = item
            told[path] = _why(next(iter(fields.values()))[1])
    return out


def _list(
    name: str, kind: type[msgspec.Struct], keys: tuple[str, ...], seen: list[Observation], told: dict[str, Why]
) -> tuple[Any, ...] | None:
    items: dict[tuple[Any, ...], list[tuple[dict[str, Any], Observation]]] = {}
    for one in seen:
        if isinstance(one.value, dict):
            items.setdefault(tuple(str(one.value.get(key)) for key in keys), []).append((one.value, one))
    out: list[Any] = []
    for key in sorted(items) if name == "pci" else items:
        fields = _merged(items[key])
        item = checked(kind, {field: value for field, (value, _) in fields.items()}, f"{name}.{len(out)}", told)
        if item is not None:
            if name != "warnings":
                told[f"{name}.{len(out)}"] = _why(items[key][0][1])
            out.append(item)
    return _known(name, tuple(out), seen, told)


def _known(name: str, items: tuple[Any, ...], seen: list[Observation], told: dict[str, Why]) -> tuple[Any, ...] | None:
    if items:
        return items
    for one in seen:
        if isinstance(one.value, (tuple, list)) and not one.value:
            told[name] = _why(one)
            return ()
    if seen and name != "warnings":
        told[name] = _in_vain(seen)
    return None


def _whole(name: str, seen: list[Observation], told: dict[str, Why]) -> tuple[Any, ...] | None:
    best = next((one for one in seen if isinstance(one.value, dict)), None)
    out: list[Any] = []
    for one in seen:
        if best is not None and isinstance(one.value, dict) and (one.source, one.trust) == (best.source, best.trust):
            item = checked(ApiDevice, one.value, f"{name}.{len(out)}", told)
            if item is not None:
                told[f"{name}.{len(out)}"] = _why(one)
                out.append(item)
    return _known(name, tuple(out), seen, told)


def _devices(seen: list[Observation], told: dict[str, Why], warnings: list[Warning_]) -> tuple[Any, ...] | None:
    groups = match_devices([(one.value, one) for one in seen if isinstance(one.value, dict)])
    out: list[Device] = []
    for identity, parts in groups:
        place = f"devices.{len(out)}"
        fields = _merged(parts)
        values = {field: value for field, (value, _) in fields.items()} | {"id": identity}
        item = checked(Device, values, place, told)
        if item is None:
            continue
        out.append(item)
        for field, (_, one) in fields.items():
            told[f"{place}.{field}"] = _why(one)
            _conflict(f"{place}.{field}", field, [(part.get(field), source) for part, source in parts], warnings)
    return _known("devices", tuple(out), seen, told)
