"""A recommendation as plain text for a terminal of any width; the same values as the JSON, nothing decided here."""

import textwrap
from collections.abc import Iterator

from pathfinder.deciding.unlock import LABELS, needs
from pathfinder.language.compare import spell_bytes
from pathfinder.telling.quoting import command
from pathfinder.telling.sources import of_machine
from pathfinder.types import Blocker, Facts, Interval, Plan, Recommendation, Rejected

READS = ("chat", "completion", "embeddings", "rerank", "training")
"""Tasks whose length is planned in tokens."""
DECODES = ("chat", "completion", "transcribe")
"""Tasks that write token after token; the speed of the others is not that of decoding."""
MARKS = {"works": " ", "partial": "!", "unknown": "?"}


def recommendation(found: Recommendation, facts: Facts, width: int = 80, explain: bool = False) -> str:
    return "\n".join(_lines(found, facts, max(40, width), explain))


def _lines(found: Recommendation, facts: Facts, width: int, explain: bool) -> Iterator[str]:
    first = found.candidates[0] if found.candidates else None
    yield from _wrap(f"{found.model} on {machine(facts)}", width)
    yield from _wrap(_wish(found, first), width)
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
        yield "Not here:"
        yield from _rejected(found.rejected, width, explain)


def _wish(found: Recommendation, first: Plan | None) -> str:
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
    form = ""
    if plan.artifact:
        same = plan.artifact.quant.lower() == plan.artifact.format
        form = plan.artifact.quant if same else f"{plan.artifact.quant} {plan.artifact.format}"
    where = f"{plan.backend} x{len(plan.devices)}" if len(plan.devices) > 1 else plan.backend
    parts = [form, where, {"split": "split with system memory"}.get(plan.placement, ""), memory(plan)]
    parts += [speed(plan) if task in DECODES else "", proof(plan)]
    head = f"{plan.rank:>2}.{MARKS[plan.verdict]} {plan.name}: "
    yield from _wrap(head + " · ".join(part for part in parts if part), width, "     ")
    for says in _notes(plan, explain):
        yield from _wrap(f"     {says}", width, "       ")


def _notes(plan: Plan, explain: bool) -> Iterator[str]:
    for hit in plan.caveats:
        yield f"! {'May apply: ' if hit.applies is None else ''}{hit.says}"
    for blocker in plan.unknown:
        yield f"? {question(blocker)}"
    if plan.project != "active" or explain:
        yield from (f"- {reason}" for reason in plan.reasons)
    if explain:
        yield "- " + ", ".join(f"{name} {word}" for name, word in plan.score.items())
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


def _rejected(rejected: tuple[Rejected, ...], width: int, explain: bool) -> Iterator[str]:
    """Runtimes with the same way out in one line; those made for other work in a line together; not more than a screen of them."""
    others = [one.runtime for one in rejected if any(blocker.fact == "want.task" for blocker in one.why)]
    groups: dict[str, list[str]] = {}
    for one in rejected:
        if one.runtime not in others:
            groups.setdefault(_without_name(why(one)), []).append(one.runtime)
    shown = list(groups.items()) if explain else list(groups.items())[:MOST_REJECTED]
    for says, names in shown:
        yield from _wrap(f"  {', '.join(names)}: {says}", width, "      ")
    left = [name for _, names in list(groups.items())[len(shown) :] for name in names]
    if left:
        yield from _wrap(f"  and {len(left)} more (--explain tells why): {', '.join(left)}", width, "      ")
    if others:
        yield from _wrap(f"  Made for other work: {', '.join(others)}", width, "      ")


MOST_REJECTED = 12
"""Lines of reasons before the rest is only named."""


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
