"""illumos, Solaris and Haiku: enough to say what kind of machine it is. Their feature lists are not read: no runtime runs there."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True
TOOLS = ((("isainfo", "-vb"), "amd64"), (("sysinfo", "-cpu"), "CPU #0"))


def probe(host: Host) -> Iterator[Observation]:
    for argv, sign in TOOLS:
        ran = host.run(argv).value
        if ran is not None and ran.code == 0 and sign in ran.stdout:
            source = " ".join(argv)
            yield Observation(path="cpu.family", value="x86", source=source, trust="table")
            yield Observation(path="os.family", value="other", source=source, trust="guess")
    ran = host.run(("kstat", "-m", "cpu_info")).value
    for line in (ran.stdout if ran else "").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "brand":
            yield Observation(path="cpu.model", value=" ".join(value.split()), source="kstat -m cpu_info", trust="table")
            break
