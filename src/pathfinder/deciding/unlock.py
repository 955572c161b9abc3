"""What would have to change: the smallest way out of a no, by the worst thing it takes and then by how many."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from pathfinder.language.compare import parse_version
from pathfinder.language.when import Answer, all_of, any_of, evaluate
from pathfinder.types.plans import Blocker, Unlock
from pathfinder.types.words import Takes, When

ORDER: tuple[Takes, ...] = get_args(Takes)


def weight(blockers: Iterable[Blocker]) -> tuple[int, int, int, int]:
    """What ways out are compared by: the worst class of the failing set; whether it wants a device, a CPU or a phone's system that is not
    there, or what nobody supports; whether it wants another system; its size."""
    failing = [blocker for blocker in blockers if blocker.holds is False]
    facts = {blocker.fact for blocker in failing}
    elsewhere = any(blocker.fact == "os.family" and blocker.takes == "hardware" for blocker in failing)
    absent = 2 if "cell.status" in facts else 1 if elsewhere or facts & {"devices", "os.arch"} else 0
    return max((ORDER.index(blocker.takes) for blocker in failing), default=0), absent, int("os.family" in facts), len(failing)


def ask(when: When | None, scope: Mapping[str, Any]) -> tuple[bool | None, tuple[Blocker, ...]]:
    """The answer and its blockers: of several alternatives that all fail, only the way out that takes least."""
    answer, blockers = _ask(when, scope)
    return answer.holds, blockers


def _ask(when: When | None, scope: Mapping[str, Any]) -> tuple[Answer, tuple[Blocker, ...]]:
    if when is not None and "all" in when:
        parts = [_ask(part, scope) for part in when["all"]]
        answer = all_of(part[0] for part in parts)
        return answer, tuple(leaf for part in parts for leaf in part[1] if leaf.holds is answer.holds)
    if when is not None and "any" in when:
        parts = [_ask(part, scope) for part in when["any"]]
        answer = any_of(part[0] for part in parts)
        ways = [part[1] for part in parts if part[0].holds is answer.holds]
        return answer, () if answer.holds else min(ways, key=weight, default=())
    answer = evaluate(when, scope)
    return answer, answer.blockers


def unlock(blockers: tuple[Blocker, ...], name: str) -> Unlock | None:
    """One sentence on what would let a runtime run; None when nothing is known to fail."""
    failing = strictest(blocker for blocker in blockers if blocker.holds is False)
    if not failing:
        return None
    takes = ORDER[weight(failing)[0]]
    unsupported = next((blocker for blocker in failing if blocker.fact == "cell.status"), None)
    if unsupported is not None:
        return Unlock(takes=takes, says=unsupported.says or f"{name} does not support this system")
    if takes == "hardware":
        needs = _list([change(blocker) for blocker in failing if blocker.takes == "hardware"])
        return Unlock(takes=takes, says=f"needs {needs}")
    changes = _list([change(blocker) for blocker in failing])
    return Unlock(takes=takes, says=f"{changes} {'unlocks' if len(failing) == 1 else 'unlock'} {name}")


def strictest(blockers: Iterable[Blocker]) -> list[Blocker]:
    """Of several lower bounds on one fact, the highest."""
    found: dict[str, Blocker] = {}
    for blocker in blockers:
        bound = blocker.needed.startswith(">= ")
        name = f"{blocker.fact} >=" if bound else f"{blocker.fact} {blocker.needed}"
        known = found.get(name)
        if known is None or (bound and (parse_version(known.needed) or ()) < (parse_version(blocker.needed) or ())):
            found[name] = blocker
    return list(found.values())


def change(blocker: Blocker) -> str:
    """`driver 525 -> 570 or newer`: what is there, and what it would have to be."""
    fact, found = blocker.fact, blocker.found
    if fact.startswith(("tools.", "runtimes.")) and fact.endswith(".found"):
        return f"installing {fact.partition('.')[2][:-6]}"
    if fact.startswith("backends.") and fact.endswith(".usable"):
        return f"a working {fact[9:-7]} driver"
    if fact in SENTENCES:
        return SENTENCES[fact](needs(blocker.needed, fact), found)
    if fact == "os.family":
        wanted, there = _system(needs(blocker.needed, fact)), _system(found or "this system")
        return f"a machine with {wanted}" if blocker.takes == "hardware" else f"{wanted} instead of {there}"
    label = LABELS.get(fact, fact.removeprefix("device.").replace("_", " "))
    needed = needs(blocker.needed, fact)
    if fact in PLAIN:
        return needed
    if blocker.found is None or blocker.found in ("no", "none", "") or blocker.needed.startswith("has "):
        return f"{label} {needed}".strip() if needed != "yes" else label
    return f"{label} {blocker.found} -> {needed}"


def needs(text: str, fact: str = "") -> str:
    """A test as a person says it: versions are older or newer, amounts are more or less."""
    if text == "!= 0":
        return "of any version"
    aged = fact.endswith(AGED)
    more, less = ("or newer", "or older") if aged else ("or more", "or less")
    signs = (("not ", "other than {}"), (">= ", f"{{}} {more}"), ("<= ", f"{{}} {less}"), ("< ", "below {}"), ("> ", "above {}"))
    for sign, words in signs:
        if text.startswith(sign):
            return words.format(text.removeprefix(sign))
    plain = text.removeprefix("has ")
    if not plain.startswith("one of "):
        return plain
    choices = plain.removeprefix("one of ").split(", ")
    return " or ".join(choices if len(choices) <= MOST_WORDS else [*choices[: MOST_WORDS - 1], "..."])


MOST_WORDS = 5
AGED = ("version", "version_id", "capability", "kernel", "l4t")
LABELS = {
    "device.driver_version": "driver",
    "device.compute_capability": "compute capability",
    "device.memory_free_bytes": "free device memory",
    "device.memory_bytes": "device memory",
    "memory.usable_bytes": "usable memory",
    "memory.total_bytes": "memory",
    "disk.free_bytes": "free disk space",
    "os.version_id": "system version",
    "os.kernel": "kernel",
    "os.libc_version": "C library",
    "cpu.features": "a CPU with",
    "model.params": "parameters",
    "want.task": "task",
    "device.visible": "making the hidden device visible",
    "devices": "",
    "set.count": "number of devices",
    "os.libc": "C library",
    "backends.cuda.version": "CUDA of the driver",
    "toolkits.cuda.version": "CUDA toolkit",
    "toolkits.rocm.version": "ROCm toolkit",
    "board.l4t": "Jetson Linux",
}


def _there(found: str | None, says: str) -> str:
    return f" ({says.format(found)})" if found else ""


SENTENCES: dict[str, Callable[[str, str | None], str]] = {
    "os.arch": lambda needed, found: f"{'an' if needed[:1] in 'aeiox' else 'a'} {needed} CPU{_there(found, 'this is {}')}",
    "device.vendor": lambda needed, found: f"a device of {needed}{_there(found, 'this one is of {}')}",
    "model.format": lambda needed, found: f"the model as {needed}{_there(found, 'it is listed as {}')}",
    "model.arch": lambda needed, found: f"a model it runs{_there(needed, '{}')}",
    "model.quant": lambda needed, found: f"weights in {needed}{_there(found, 'not {}')}",
    "model.local": lambda needed, found: "the model as a file on this machine" if needed == "yes" else "a model on the hub",
}
"""Facts whose way out is not `what is there -> what is needed`."""
SYSTEMS = {"linux": "Linux", "macos": "macOS", "windows": "Windows", "android": "Android", "ios": "iOS", "freebsd": "FreeBSD"}


def _system(words: str) -> str:
    return " ".join(SYSTEMS.get(word, word) for word in words.split())


PLAIN = ("devices", "device")


def _list(words: list[str]) -> str:
    unique = list(dict.fromkeys(words))
    return ", ".join(unique[:-1]) + " and " + unique[-1] if len(unique) > 1 else "".join(unique)


def smallest(ways: Iterable[tuple[Blocker, ...]]) -> tuple[Blocker, ...]:
    """Of several failing sets, the one whose way out takes least; failing sets come before sets that are only unknown."""
    return min(ways, key=weight, default=())
