"""An estimate as lines of text: a bar per place, the speed as an interval, what was assumed."""

from collections.abc import Iterator

from pathfinder.types.estimates import Choice, DeviceMemory, Estimate, Interval

PARTS = (
    ("weights_bytes", "█", "weights"),
    ("projector_bytes", "▚", "vision"),
    ("kv_cache_bytes", "▓", "KV cache"),
    ("compute_bytes", "▒", "compute"),
    ("overhead_bytes", "░", "overhead"),
)


def lines(found: Estimate, columns: int) -> Iterator[str]:
    artifact = found.artifact
    where = f", {artifact.repo or artifact.path or artifact.tag or artifact.format}" if artifact else ""
    yield f"{found.model} {artifact.quant if artifact else ''}{where}, {found.context} tokens of context"
    yield ""
    for row in found.memory.per_device:
        yield from place(row, columns)
    total = found.memory
    verdict = {True: "fits", False: "does not fit", None: "cannot tell whether it fits"}[total.fits]
    spare = total.headroom_bytes
    left = "" if spare is None else f", {gib(spare)} to spare" if spare >= 0 else f", {gib(-spare)} too much"
    yield f"Together {gib(total.total_bytes)}: {verdict}{left}."
    yield from (f"  {sentence}" for sentence in found.instead)
    yield ""
    yield f"Decode  {interval(found.speed.decode_tps)}"
    yield f"Prefill {interval(found.speed.prefill_tps)}"
    if found.choices:
        yield ""
        yield from table(found.choices)
    if found.assumed:
        yield ""
        yield from (f"  · {sentence}" for sentence in found.assumed)


def table(choices: tuple[Choice, ...]) -> Iterator[str]:
    """The quantisations beside each other; an arrow at the one taken."""
    fits = {True: "fits", False: "too big", None: ""}
    rows = [("  ", "", "perplexity", "memory", "tokens/s", "")]
    for one in choices:
        added = "" if one.perplexity_added is None else f"+{one.perplexity_added:.2f}"
        speed = "" if one.decode_tps is None else f"{one.decode_tps:g}"
        rows.append(("→ " if one.chosen else "  ", one.quant, added, gib(one.total_bytes), speed, fits[one.fits]))
    wide = [max(len(row[column]) for row in rows) for column in range(6)]
    for mark, quant, added, memory, speed, verdict in rows:
        yield f"{mark}{quant:<{wide[1]}}  {added:>{wide[2]}}  {memory:>{wide[3]}}  {speed:>{wide[4]}}  {verdict}".rstrip()


def place(row: DeviceMemory, columns: int) -> Iterator[str]:
    limit = f" of {gib(row.available_bytes)}" if row.available_bytes else ""
    yield f"{row.device}: {gib(row.total_bytes)}{limit}"
    yield f"  {bar(row, max(20, min(columns - 4, 72)))}"
    yield "  " + ", ".join(f"{mark} {name} {gib(getattr(row, key))}" for key, mark, name in PARTS if getattr(row, key))
    yield ""


def bar(row: DeviceMemory, width: int) -> str:
    """The parts to scale, the free rest as dots; what is too much runs over the end as `!`."""
    whole = max(row.available_bytes or 0, row.total_bytes) or 1
    text, used = "", 0
    for key, mark, _ in PARTS:
        used += getattr(row, key)
        text += mark * (round(width * used / whole) - len(text))
    limit = row.available_bytes
    if limit is not None and row.total_bytes > limit:
        end = round(width * limit / whole)
        return text[:end] + "!" * (width - end)
    return text + "·" * (width - len(text))


def gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB" if size >= 2**30 // 10 else f"{size / 2**20:.0f} MiB"


def interval(found: Interval) -> str:
    if found.likely is None:
        return "unknown"
    return f"{found.likely:g} tokens/s, between {found.low:g} and {found.high:g} four times in five"
