"""A recommendation as plain text for a terminal of any width; the same values as the JSON, nothing decided here."""

import textwrap
from collections.abc import Collection, Iterator

from pathfinder.deciding.unlock import LABELS, needs
from pathfinder.language.compare import spell_bytes
from pathfinder.telling.quoting import command
from pathfinder.telling.sources import of_machine
from pathfinder.types.estimates import Interval
from pathfinder.types.facts import Facts
from pathfinder.types.plans import Blocker, Plan, Recommendation, Rejected

READS = ("chat", "completion", "embeddings", "rerank", "training")
"""Tasks whose length is planned in tokens."""
DECODES = ("chat", "completion", "transcribe")
"""Tasks that write token after token; the speed of the others is not that of decoding."""
MARKS = {"works": " ", "partial": "!", "unknown": "?"}


def recommendation(found: Recommendation, facts: Facts, width: int = 80, explain: bool = False, well_known: Collection[str] = ()) -> str:
    """`well_known`: runtimes whose absence is explained before that of others."""
    return "\n".join(_lines(found, facts, max(40, width), explain, well_known))


def _lines(found: Recommendation, facts: Facts, width: int, explain: bool, well_known: Collection[str]) -> Iterator[str]:
    first = found.candidates[0] if found.candidates else None
    yield from _wrap(f"{found.model} on {machine(facts)}", width)
    yield from _wrap(wish(found), width)
    if found.alternatives:
        yield from _wrap(f"Not to be confused with {', '.join(found.alternatives)}.", width)
    if explain:
        yield from (part for says in of_machine(facts) for part in _wrap(f"- {says}", width, "  "))
    yield ""
    if first is None:
        yield "Nothing here runs it."
    for plan in found.candidates:
        yield from _plan(plan, found.task, width, explain)
    if found.further:
        yield from _wrap(
            f"     and {len(found.further)} more (--top {len(found.candidates) + len(found.further)}): {', '.join(found.further)}",
            width,
            "     ",
        )
    if found.sure is not None:
        sure = next((plan for plan in found.candidates if plan.rank == found.sure), None)
        yield from _wrap(f"Sure without further questions: {sure.rank}. {sure.name}" if sure else "", width)
    if first is not None:
        yield ""
        yield from _commands(first)
    if found.rejected:
        yield ""
        yield "Not here, and what would change that:"
        yield from _rejected(found.rejected, width, explain, well_known)


def wish(found: Recommendation) -> str:
    """What was planned for, in a sentence."""
    first = found.candidates[0] if found.candidates else None
    who = {"solo": "one person", "team": "a team", "production": "production"}[found.audience]
    context = f", {first.estimate.context} tokens of context" if first and first.estimate and found.task in READS else ""
    prefer = f", {found.prefer} first" if found.prefer else ""
    return f"Planned for {found.task}, {who}{prefer}{context}."


def machine(facts: Facts) -> str:
    """One line on a host: its devices, else its CPU, and its memory."""
    devices = [device for device in facts.devices or () if device.kind != "npu"]
    names: dict[str, int] = {}
    for device in devices:
        size = f" ({spell_bytes(device.memory_bytes)})" if device.memory_bytes else ""
        label = (device.name or device.id) + size + (" hidden" if device.visible is False else "")
        names[label] = names.get(label, 0) + 1
    gpus = [f"{count}x {label}" if count > 1 else label for label, count in names.items()]
    cpu = facts.cpu.model or facts.cpu.arch or "an unknown CPU"
    ram = f"{spell_bytes(facts.memory.usable_bytes)} of memory usable" if facts.memory.usable_bytes else "unknown memory"
    none = ["no GPU seen"] if facts.devices == () else ["GPUs unknown"] if facts.devices is None else []
    return ", ".join([*gpus, *none, cpu, ram])


def _plan(plan: Plan, task: str, width: int, explain: bool) -> Iterator[str]:
    parts = [form(plan), where(plan), memory(plan), speed(plan) if task in DECODES else "", proof(plan)]
    head = f"{plan.rank:>2}.{MARKS[plan.verdict]} {plan.name}: "
    yield from _wrap(head + " · ".join(part for part in parts if part), width, "     ")
    for says in notes(plan, explain):
        yield from _wrap(f"     {says}", width, "       ")


def form(plan: Plan) -> str:
    """`Q4_K_M gguf`; empty when the files are not listed."""
    if plan.artifact is None:
        return ""
    same = plan.artifact.quant.lower() == plan.artifact.format
    return plan.artifact.quant if same else f"{plan.artifact.quant} {plan.artifact.format}"


def where(plan: Plan) -> str:
    """`cuda x2 · split with system memory`."""
    devices = f"{plan.backend} x{len(plan.devices)}" if len(plan.devices) > 1 else plan.backend
    return f"{devices} · split with system memory" if plan.placement == "split" else devices


def notes(plan: Plan, explain: bool = False) -> Iterator[str]:
    """What to mind (`!`), what is not known (`?`), and why (`-`)."""
    for hit in plan.caveats:
        yield f"! {'May apply: ' if hit.applies is None else ''}{hit.says}"
    for blocker in plan.unknown:
        yield f"? {question(blocker)}"
    if plan.project != "active" or explain:
        yield from (f"- {reason}" for reason in plan.reasons)
    if explain:
        yield from (f"- {part}" for part in parts(plan))
        yield f"- {proof(plan)}: `pathfinder matrix show {plan.runtime} --explain` names the sources of {plan.cell}."
        yield "- ranks: " + ", ".join(f"{name} {word}" for name, word in plan.score.items())
        yield from (f"- assumed: {says}" for says in (plan.estimate.assumed if plan.estimate else ()))


def question(blocker: Blocker) -> str:
    """What must be found out, for a fact that could not be read."""
    says = f" {blocker.says}" if blocker.says else ""
    kind, _, rest = blocker.fact.partition(".")
    if kind in ("tools", "runtimes") and rest.endswith(".found"):
        return f"Is {rest.removesuffix('.found')} installed?{says}"
    if blocker.fact == "model.arch":
        return f"It is not said that it runs {blocker.found or 'this model'}; it names {blocker.needed.removeprefix('one of ')}.{says}"
    if blocker.fact == "model.params":
        return f"The size of the model is not known.{says}"
    name = LABELS.get(blocker.fact, blocker.fact)
    return f"{name[:1].upper()}{name[1:]} could not be read; needed: {needs(blocker.needed, blocker.fact)}.{says}"


def memory(plan: Plan) -> str:
    """`5.9 of 22.1 GiB`, or what is known of it."""
    if plan.estimate is None or not plan.estimate.memory.per_device:
        return ""
    rows = plan.estimate.memory.per_device
    own = [row for row in rows if row.device != "ram"] or list(rows)
    used = sum(row.total_bytes for row in own)
    have = [row.available_bytes for row in own]
    of = "" if None in have else f" of {spell_bytes(sum(size or 0 for size in have))}"
    return f"{spell_bytes(used)}{of} {'RAM' if own[0].device == 'ram' else 'device memory'}"


def parts(plan: Plan) -> Iterator[str]:
    """What the memory of a plan is made of, place by place."""
    from pathfinder.estimate.words import PARTS

    for row in plan.estimate.memory.per_device if plan.estimate else ():
        sizes = [f"{name} {spell_bytes(getattr(row, key))}" for key, _, name in PARTS if getattr(row, key)]
        yield f"{'system memory' if row.device == 'ram' else row.device}: {', '.join(sizes)}."


def speed(plan: Plan) -> str:
    if plan.estimate is None:
        return ""
    return interval(plan.estimate.speed.decode_tps)


def interval(tps: Interval) -> str:
    if tps.likely is None:
        return ""
    if tps.low is None or tps.high is None:
        return f"~{tps.likely:.3g} tok/s"
    return f"{tps.low:.2g}-{tps.high:.2g} tok/s" if tps.low < 10 else f"{tps.low:.0f}-{tps.high:.0f} tok/s"


def proof(plan: Plan) -> str:
    kind, _, month = plan.evidence.partition(" ")
    words = {
        "run": "run",
        "installed": "installed",
        "resolved": "resolves",
        "read": "documented",
        "inferred": "untested",
        "none": "untested",
    }
    return f"{words.get(kind, kind)} {month}".strip()


def _commands(plan: Plan) -> Iterator[str]:
    """The first plan's steps as lines to paste; not wrapped, so that they stay one command each."""
    yield f"Commands for {plan.name} ({plan.cell}):"
    for step in (*plan.install, *plan.launch):
        yield f"  # {step.title}"
        yield f"  {command(step, plan.os, plan.root)}"
    if plan.endpoint is not None and any(step.kind == "start" for step in plan.launch):
        yield f"  API: {plan.endpoint.url} ({plan.endpoint.api})"


def _rejected(rejected: tuple[Rejected, ...], width: int, explain: bool, well_known: Collection[str]) -> Iterator[str]:
    """All of them for `explain`; else the nearest, the well-known ones first, and how many more there are."""
    groups = list(grouped(rejected).items())
    others = [one.runtime for one in rejected if _other_work(one)]
    shown = groups if explain else sorted(groups, key=lambda group: not any(name in well_known for name in group[1]))[:MOST_REJECTED]
    for says, names in shown:
        known = sorted(names, key=lambda name: name not in well_known)
        yield from _wrap(f"  {_several(known, len(known) if explain else MOST_NAMES)}: {says}", width, "      ")
    if explain:
        yield from _wrap(f"  Made for other work: {', '.join(others)}", width, "      ") if others else ()
        return
    left = len(rejected) - sum(len(names) for _, names in shown) - len(others)
    parts = [f"{left} more" if left else "", f"{len(others)} made for other work" if others else ""]
    if any(parts):
        yield from _wrap(f"  and {' and '.join(filter(None, parts))}; --explain names them all and why.", width, "      ")


MOST_REJECTED = 5
MOST_NAMES = 6
"""Reasons, and names before each, that are shown without `--explain`."""


def grouped(rejected: tuple[Rejected, ...]) -> dict[str, list[str]]:
    """Runtimes with the same way out together, without those made for other work."""
    groups: dict[str, list[str]] = {}
    for one in rejected:
        if not _other_work(one):
            groups.setdefault(_without_name(why(one)), []).append(one.runtime)
    return groups


def _other_work(one: Rejected) -> bool:
    return any(blocker.fact == "want.task" for blocker in one.why)


def _several(names: list[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:most])} and {more} more"


def _without_name(says: str) -> str:
    """`driver 525 -> 570 or newer unlocks vLLM` without the name, which stands before it; ` on cuda` stays, in front."""
    for word in (" unlocks ", " unlock "):
        head, found, name = says.rpartition(word)
        if found:
            _, on, backend = name.rpartition(" on ")
            return f"on {backend}: {head}" if on else head
    return says


def why(one: Rejected) -> str:
    if one.unlock is not None:
        return one.unlock.says
    return "; ".join(question(blocker) for blocker in one.why) or "no reason known"


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
