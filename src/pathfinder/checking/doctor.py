"""`pathfinder/doctor/v1`: what stands behind an answer (versions, data, folders, tools), as values and as lines to paste."""

from collections.abc import Iterator

from pathfinder.language.compare import spell_bytes
from pathfinder.types.facts import Warning_
from pathfinder.types.words import Frozen


class Place(Frozen, frozen=True, kw_only=True):
    what: str
    path: str
    exists: bool
    writable: bool
    bytes: int | None = None
    """What is in it, where that is pathfinder's own."""
    free_bytes: int | None = None


class Need(Frozen, frozen=True, kw_only=True):
    verb: str
    met: bool
    says: str
    """What meets it, or what is missing and how to get it."""


class Data(Frozen, frozen=True, kw_only=True):
    path: str
    built: bool
    """As a wheel carries it; else compiled here from the YAML files of a checkout."""
    runtimes: int
    models: int
    profiles: int
    overlays: tuple[str, ...]
    mistakes: tuple[str, ...]
    """Files that were left out, and why."""


class Report(Frozen, frozen=True, kw_only=True):
    """`pathfinder/doctor/v1`."""

    schema: str = "pathfinder/doctor/v1"
    version: str
    program: str
    python: str
    interpreter: str
    system: str
    packages: dict[str, str | None]
    """Of what pathfinder depends on; None: not installed."""
    data: Data
    places: tuple[Place, ...]
    environment: dict[str, str]
    """Variables that change an answer, where they are set; of proxies only that they are."""
    needs: tuple[Need, ...]
    warnings: tuple[Warning_, ...]
    unanswered: tuple[str, ...]
    """What was asked about the machine and did not answer in time, refused or failed."""
    recording: str | None
    facts: tuple[str, ...]
    """The machine, as `pathfinder detect` lists it."""


def lines(report: Report) -> Iterator[str]:
    """The report in Markdown, which is also plain text."""
    yield "### pathfinder doctor"
    yield ""
    yield f"- pathfinder {report.version}, {report.program}"
    yield f"- Python {report.python}, {report.interpreter}, {report.system}"
    yield f"- Packages: {', '.join(f'{name} {version}' for name, version in report.packages.items() if version)}"
    missing = [name for name, version in report.packages.items() if version is None]
    if missing:
        yield f"- Not installed: {', '.join(missing)}"
    data = report.data
    made = "built" if data.built else "compiled here"
    yield f"- Data: {data.runtimes} runtimes, {data.models} models, {data.profiles} profiles; {made} ({data.path})"
    yield from (f"- Overlay: {overlay}" for overlay in data.overlays)
    yield from (f"- Left out: {mistake}" for mistake in data.mistakes)
    yield from (f"- {name}={value}" for name, value in report.environment.items())
    yield ""
    yield "Folders:"
    yield from (f"- {_place(place)}" for place in report.places)
    yield ""
    yield "Verbs:"
    yield from (f"- {need.verb}: {'ready' if need.met else 'NOT READY'}, {need.says}" for need in report.needs)
    if report.warnings or report.unanswered:
        yield ""
        yield "Warnings:"
        yield from (f"- {' '.join(filter(None, (one.says, one.fix)))}" for one in report.warnings)
        yield from (f"- No answer: {one}" for one in report.unanswered)
    yield ""
    yield "```"
    yield from report.facts
    yield "```"


def _place(place: Place) -> str:
    state = "writable" if place.writable else "NOT writable" if place.exists else "not there, and cannot be made"
    parts = [state if place.exists or not place.writable else "not there yet"]
    if place.bytes is not None:
        parts.append(f"{spell_bytes(place.bytes)} in it")
    if place.free_bytes is not None:
        parts.append(f"{spell_bytes(place.free_bytes)} free")
    return f"{place.what}: {place.path} ({', '.join(parts)})"
