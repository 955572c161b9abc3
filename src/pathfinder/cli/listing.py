"""Facts as lines for people: one section a line or a few, unknown things left out, sources with `--explain`."""

from collections.abc import Iterator
from typing import Any

from pathfinder.types.facts import Device, Facts, Link

_SIMD = """
    sse4_2 avx avx2 fma f16c avx_vnni avx512f avx512bw avx512vl avx512_vnni avx512_bf16 avx512_fp16 amx_tile amx_int8 amx_bf16
    neon fp16 dotprod i8mm bf16 sve sve2 sme sme2 rvv altivec vsx vx vxe lsx lasx
""".split()  # noqa: SIM905
_GIB = 1 << 30
TITLE = 12
"""Columns of a line before its text."""


def size(count: float | None) -> str:
    """Bytes for people: GiB with one digit, MiB below one, TiB from ten."""
    if count is None:
        return "?"
    if count >= 10 << 40:
        return f"{count / (1 << 40):.1f} TiB"
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / (1 << 20):.0f} MiB"


def lines(facts: Facts, *, explain: bool = False) -> Iterator[str]:
    """The listing, line by line; plain text, the titles in a column of `TITLE`."""
    for title, text in _sections(facts):
        if text:
            yield _line(title, text)
    for index, device in enumerate(facts.devices or ()):
        yield _line(device.kind, _device(device))
        if explain:
            for path, why in facts.why.items():
                if path.startswith(f"devices.{index}."):
                    yield f"{'':<12} {path.rpartition('.')[2]}: {why.source}"
    if facts.devices == ():
        yield _line("devices", "none")
    elif facts.devices is None:
        yield _line("devices", "unknown: nothing that lists them answered")
    if facts.links:
        yield _line("links", _links(facts.links))
    yield from _backends(facts, explain)
    yield from _installed(facts)
    measured = facts.why.get("memory.bandwidth_bytes_per_second")
    if measured is not None and measured.note:
        yield _line("bandwidth", measured.note)
    for warning in facts.warnings:
        yield _line("warning", f"{warning.says}{' ' + warning.fix if warning.fix else ''}")
    for path, why in facts.why.items():
        if path.startswith(("probes.", "asked.")):
            yield _line("unanswered", f"{why.source}: {why.note}")
    if explain:
        yield ""
        for path, why in facts.why.items():
            if not path.startswith("devices."):
                yield f"{path:<36} {why.source}{' (' + why.note + ')' if why.note else ''}"


def _line(title: str, text: str) -> str:
    return f"{title:<{TITLE - 1}} {text}"


def _sections(facts: Facts) -> Iterator[tuple[str, str]]:
    os_, cpu, memory = facts.os, facts.cpu, facts.memory
    said = any(word.startswith(os_.version_id or " ") for word in (os_.name or "").split())
    number = None if said else os_.version_id
    name = os_.pretty_name or " ".join(filter(None, (os_.name, number))) or os_.family or ""
    libc = f"{os_.libc} {os_.libc_version or ''}".strip() if os_.libc and os_.family in ("linux", "android", None) else None
    inside = [
        text for text in (_inside(os_.container, "in"), _inside(os_.hypervisor, "under"), f"WSL {os_.wsl}" if os_.wsl else None) if text
    ]
    kernel = f"kernel {os_.kernel}" if os_.kernel else None
    translated = "this process is translated" if os_.translated else None
    yield "system", _joined(name, os_.arch, libc, kernel, *inside, translated)
    yield "board", _joined(facts.board.model, facts.board.soc, f"L4T {facts.board.l4t}" if facts.board.l4t not in (None, "0") else None)
    cores = _many(cpu.cores, "core")
    mix = f"{cpu.performance_cores}P+{cpu.efficiency_cores}E" if cpu.efficiency_cores else None
    threads = _many(cpu.threads, "thread")
    usable = f"{cpu.usable_cpus:g} usable" if cpu.usable_cpus is not None else None
    sockets = f"{cpu.sockets} sockets" if cpu.sockets and cpu.sockets > 1 else None
    chip = None if (cpu.microarchitecture or "").replace("_", "-") == (cpu.level or "").replace("_", "-") else cpu.microarchitecture
    yield "cpu", _joined(cpu.model, chip, cpu.level, sockets, cores, mix, threads, usable)
    yield "", " ".join(name for name in _SIMD if name in (cpu.features or ()))
    free = f"{size(memory.available_bytes)} available" if memory.available_bytes is not None else None
    limit = f"limited to {size(memory.limit_bytes)}" if memory.limit_bytes else None
    use = f"{size(memory.usable_bytes)} usable" if memory.limit_bytes and memory.usable_bytes is not None else None
    speed = f"{memory.bandwidth_bytes_per_second / 1e9:.1f} GB/s" if memory.bandwidth_bytes_per_second else None
    swap = f"swap {size(memory.swap_bytes)}" if memory.swap_bytes else None
    total = size(memory.total_bytes) if memory.total_bytes else None
    yield "memory", _joined(total, "unified" if memory.unified else None, free, limit, use, swap, speed)
    yield "disk", _joined(*(f"{disk.path} {size(disk.free_bytes)} free" for disk in facts.disk or ()))
    yield "toolkits", _joined(*(f"{kit.kind} {kit.version or '?'}" for kit in facts.toolkits or ()))


def _device(device: Device) -> str:
    free = f"{size(device.memory_free_bytes)} free" if device.memory_free_bytes is not None else None
    memory = size(device.memory_bytes) if device.memory_bytes else None
    module = "no driver" if device.driver_module == "none" else device.driver_module
    driver = " ".join(filter(None, (module, device.driver_version))) or None
    apis = " ".join(f"{api} {version or ''}".strip() for api, version in sorted(device.apis.items()))
    cut = "cut into MIG slices" if device.mig and device.mig.enabled and not device.parent else None
    hidden = "hidden from runtimes" if device.visible is False else None
    shared = "shares the system's memory" if device.shared_memory else None
    maker = device.vendor or "unknown"
    name = device.name or (f"{maker} {device.vendor_id}:{device.device_id}" if device.device_id else f"{maker}, name unknown")
    return _joined(name, device.arch, memory, free, cut, shared, driver, apis, hidden, device.id if device.id != device.name else None)


def _backends(facts: Facts, explain: bool) -> Iterator[str]:
    """Those that work, a line each; the others together, with their reasons only when asked."""
    others: dict[str, list[str]] = {"unknown": [], "not usable": []}
    for name, fact in sorted(facts.backends.items()):
        if fact.usable is True or explain:
            yield _line("backend", _joined(f"{name} {fact.version or ''}".strip() + ": " + _yes(fact.usable), fact.why))
        else:
            others[_yes(fact.usable)].append(name)
    for state, names in others.items():
        if names:
            yield _line("", f"{state}: {' '.join(names)}")


def _installed(facts: Facts) -> Iterator[str]:
    for title, found in (("tools", facts.tools), ("runtimes", facts.runtimes)):
        names = [f"{name} {tool.version}" if tool.version else name for name, tool in sorted(found.items()) if tool.found]
        if names:
            yield _line(title, ", ".join(names))


def _links(links: tuple[Link, ...]) -> str:
    """`nvlink between every two of 8 devices`, or the pairs."""
    said = []
    for kind in dict.fromkeys(link.kind for link in links):
        pairs = [(link.a, link.b) for link in links if link.kind == kind]
        ends = {end for pair in pairs for end in pair}
        whole = len(pairs) == len(ends) * (len(ends) - 1) // 2
        each = f"between every two of {len(ends)} devices" if whole and len(ends) > 2 else ", ".join(f"{a} and {b}" for a, b in pairs)
        said.append(f"{kind} {each}")
    return "; ".join(said)


def _many(count: int | None, what: str) -> str | None:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else None


def _inside(word: str | None, how: str) -> str | None:
    return None if word in (None, "none") else f"{how} {word}"


def _yes(value: bool | None) -> str:
    return "unknown" if value is None else "usable" if value else "not usable"


def _joined(*parts: Any) -> str:
    return ", ".join(str(part) for part in parts if part)
