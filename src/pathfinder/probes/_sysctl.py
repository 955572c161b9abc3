"""What sysctl says on macOS and the BSDs, in one question."""

from pathfinder.host import Host

_KEYS = (
    *("hw", "machdep.cpu", "kern.ostype", "kern.osrelease", "kern.osproductversion", "kern.hv_vmm_present"),
    *("vm.swapusage", "vm.swap_total", "vm.stats.vm", "sysctl.proc_translated"),
)
"""A whole branch is asked for by its name; a key one system lacks is only left out."""
SPELLINGS: tuple[tuple[str, ...], ...] = (
    ("sysctl", *_KEYS),
    ("sysctl", "-a"),
    ("sysctl", "hw"),
    ("sysctl", "machdep.cpu", "hw.cpufrequency"),
)


def values(host: Host) -> tuple[dict[str, str], str, float]:
    """Key to text, the command that answered, and how long it took; an unknown key is only left out."""
    for argv in SPELLINGS:
        answer = host.run(argv)
        found = parse(answer.value.stdout) if answer.value is not None else {}
        if found:
            return found, " ".join(argv[:2]), answer.elapsed_seconds
        if answer.silence == "absent":
            break
    return {}, "sysctl", 0.0


def parse(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        for mark in (": ", " = ", "="):
            name, cut, value = line.partition(mark)
            if cut and name and " " not in name:
                found.setdefault(name, value.strip())
                break
        else:
            if line.endswith(":") and " " not in line:
                found.setdefault(line[:-1], "")
    return found
