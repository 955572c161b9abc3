"""Which partial descriptions of devices speak of the same device; pure. The rules are told in `facts`."""

from collections.abc import Sequence
from typing import Any

from pathfinder.host import Observation

Part = tuple[dict[str, Any], Observation]
_KINDS = ("gpu", "npu", "accelerator")


class _Found:
    """One device while it is being put together."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.from_sources: set[str] = set()

    def get(self, field: str) -> Any:
        return next((part[field] for part, _ in self.parts if part.get(field) is not None), None)

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.from_sources.add(part[1].source)


def match_devices(parts: Sequence[Part]) -> list[tuple[str, list[Part]]]:
    """Groups of parts, each with the device's id; `parts` come best trusted first and keep that order inside a group."""
    found: list[_Found] = []
    rank = {id(part[0]): at for at, part in enumerate(parts)}
    for level in (_addressed, _named, _loose):
        for part in parts:
            if level is _level(part[0]):
                home = level(part, found)
                if home is None:
                    home = _Found()
                    found.append(home)
                home.add(part)
    for device in found:
        device.parts.sort(key=lambda part: rank[id(part[0])])
    return _identified(found)


def _level(part: dict[str, Any]) -> Any:
    if part.get("pci") and not part.get("parent"):
        return _addressed
    return _named if part.get("uuid") or part.get("id") or part.get("parent") else _loose


def _addressed(part: Part, found: list[_Found]) -> _Found | None:
    return next((one for one in found if one.get("pci") == part[0]["pci"] and not one.get("parent")), None)


def _named(part: Part, found: list[_Found]) -> _Found | None:
    for key in ("uuid", "id"):
        value = part[0].get(key)
        if value:
            match = next((one for one in found if one.get(key) == value and bool(one.get("parent")) == bool(part[0].get("parent"))), None)
            if match is not None:
                return match
    return None


def _loose(part: Part, found: list[_Found]) -> _Found | None:
    """By device id, else by name, else the only device of that vendor; never one this source spoke of already."""
    here, source = part[0], part[1].source
    open_ = [
        one
        for one in found
        if source not in one.from_sources
        and not one.get("parent")
        and here.get("kind", "gpu") == (one.get("kind") or "gpu")
        and here.get("vendor") in (None, one.get("vendor"))
        and _compatible(here.get("device_id"), one.get("device_id"))
    ]
    by_id = [one for one in open_ if here.get("device_id") and one.get("device_id") == here["device_id"]]
    by_name = [one for one in open_ if _same_name(here.get("name"), one.get("name"))]
    if by_id or by_name:
        return (by_id or by_name)[0]
    unnamed = [one for one in open_ if not (one.get("name") and here.get("name"))]
    return unnamed[0] if len(unnamed) == 1 else None


def _compatible(a: Any, b: Any) -> bool:
    return a is None or b is None or a == b


def _same_name(a: Any, b: Any) -> bool:
    if not isinstance(a, str) or not isinstance(b, str):
        return False
    one, two = _plain(a), _plain(b)
    return bool(one and two) and (one in two or two in one)


def _plain(name: str) -> str:
    words = name.lower().replace("(r)", " ").replace("(tm)", " ").replace("nvidia", " ").replace("amd", " ").replace("intel", " ")
    return " ".join(words.split())


def _identified(found: list[_Found]) -> list[tuple[str, list[Part]]]:
    def order(one: _Found) -> tuple[Any, ...]:
        kind = one.get("kind") or "gpu"
        parent = str(one.get("parent") or one.get("pci") or one.get("id") or "~")
        return (_KINDS.index(kind) if kind in _KINDS else 9, parent, bool(one.get("parent")))

    out: list[tuple[str, list[Part]]] = []
    taken: set[str] = set()
    for one in sorted(found, key=order):
        kind = str(one.get("kind") or "gpu")
        given = one.get("id")
        if not given and not one.get("parent"):
            given = one.get("pci")
        if not given and one.get("parent"):
            given = f"{one.get('parent')}/{len([1 for other in taken if other.startswith(str(one.get('parent')) + '/')])}"
        number = 0
        while not given or given in taken:
            given = f"{kind}{number}"
            number += 1
        taken.add(str(given))
        out.append((str(given), one.parts))
    return out
