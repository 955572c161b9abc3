"""Speeds measured on this machine, kept when somebody asks for it (`bench --keep`), and estimates refined by them.

One JSON line a measurement in `measured.jsonl` of the data folder; the newest last, the oldest forgotten."""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from pathfinder.errors import writing
from pathfinder.types.estimates import Estimate, Interval
from pathfinder.types.facts import Facts
from pathfinder.types.words import Frozen

NAME = "measured.jsonl"
MOST = 500
"""Lines kept."""
SPREAD = 0.1
"""Half of the interval at least, as a factor less one: what one measurement differs from the next by."""
SANE = 5.0
"""A ratio to the prediction beyond this is another model or another machine, not a better coefficient."""
ENGINES = {"mlx": "mlx-lm"}


class Measured(Frozen, frozen=True, kw_only=True):
    """One decode speed: what ran where, how fast, and what the estimate said beforehand."""

    at: str
    """Date."""
    host: str
    engine: str
    placed: str
    """`cpu` or `gpu`."""
    model: str
    """Name of the file or folder."""
    decode_tps: float
    expected_tps: float | None = None


def host_of(facts: Facts) -> str:
    """What makes a measurement another machine's: processor and visible devices."""
    names = sorted(device.name or device.id for device in facts.devices or () if device.kind == "gpu" and device.visible is not False)
    return " | ".join((facts.cpu.model or "unknown", *names))


def keep(folder: Path, found: Measured) -> Path:
    """Adds one line. Raises Problem for a folder that cannot be written."""
    path = folder / NAME
    lines = [*(msgspec.json.encode(one) for one in read(folder)), msgspec.json.encode(found)][-MOST:]
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(b"\n".join(lines) + b"\n")
        fresh.replace(path)
    return path


def read(folder: Path) -> list[Measured]:
    """The measurements kept; lines that are none are passed over."""
    try:
        lines = (folder / NAME).read_bytes()[-1 << 20 :].splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            one = msgspec.json.decode(line, type=Measured)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if math.isfinite(one.decode_tps) and one.decode_tps > 0:
            found.append(one)
    return found


def refined(found: Estimate, engine: str, facts: Facts, kept: Sequence[Measured]) -> Estimate:
    """The estimate corrected by what was measured on this host with this engine in the same place, and a sentence that says so.

    The same file: its own speed. Others: the median of measured over expected. A model in two places stays as it is."""
    likely = found.speed.decode_tps.likely
    placed = place_of(found)
    here = host_of(facts)
    mine = [one for one in kept if one.host == here and ENGINES.get(one.engine, one.engine) == engine and one.placed == placed]
    if likely is None or placed is None or not mine:
        return found
    name = Path(found.artifact.path or found.artifact.file or "").name if found.artifact else ""
    same = [one for one in mine if name and one.model == name]
    if same:
        last = same[-1]
        said = f"Measured here on {last.at}: {last.decode_tps:.3g} tokens/s of this very file."
        return _with(found, last.decode_tps, SPREAD, said)
    ratios = sorted(one.decode_tps / one.expected_tps for one in mine if one.expected_tps)
    ratios = [ratio for ratio in ratios if 1 / SANE <= ratio <= SANE]
    if not ratios:
        return found
    middle = ratios[len(ratios) // 2]
    spread = max(SPREAD, ratios[-1] / middle - 1, middle / ratios[0] - 1)
    count = f"{len(ratios)} model{'s' if len(ratios) > 1 else ''}"
    said = f"Refined by what was measured here on {mine[-1].at}: {count} ran at {middle:.0%} of what was expected."
    return _with(found, likely * middle, max(spread, 0.15), said)


def _with(found: Estimate, likely: float, spread: float, said: str) -> Estimate:
    speed = Interval(low=round(likely / (1 + spread), 2), likely=round(likely, 2), high=round(likely * (1 + spread), 2))
    return replace(found, speed=replace(found.speed, decode_tps=speed), assumed=(said, *found.assumed))


def place_of(found: Estimate) -> str | None:
    """`cpu`, `gpu`, or None for a model that is split."""
    if found.expert_layers:
        return None
    if all(row.device == "ram" for row in found.memory.per_device):
        return "cpu" if found.memory.per_device else None
    in_memory = sum(row.kv_cache_bytes for row in found.memory.per_device if row.device == "ram")
    return "gpu" if in_memory == 0 else None
