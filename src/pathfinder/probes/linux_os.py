"""The kernel: family, release, architecture of machine and process, Windows Subsystem for Linux."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes.lscpu import ARCHES

RELEASE = "/proc/sys/kernel/osrelease"


def probe(host: Host) -> Iterator[Observation]:
    uname = host.uname()
    machine, source = (uname.value.machine, "uname") if uname.value is not None else (None, "uname -m")
    if machine is None and not host.live:
        ran = host.run(("uname", "-m")).value
        machine = ran.stdout.strip() if ran is not None and ran.code == 0 else None
    release = host.read(RELEASE, 4096).value
    kernel = (release or "").strip() or (uname.value.release if uname.value is not None else None)
    if kernel is None:
        words = (host.read("/proc/version", 4096).value or "").split()
        kernel = words[2] if words[:2] == ["Linux", "version"] and len(words) > 2 else None
    if kernel:
        yield Observation(path="os.kernel", value=kernel, source=RELEASE if release else source)
        yield Observation(path="os.wsl", value=_wsl(host, kernel), source=RELEASE if release else source)
    if uname.value is not None or kernel:
        yield Observation(path="os.family", value="linux", source=source if uname.value is not None else "/proc")
    arch = ARCHES.get(machine or "", (None, None))[1]
    if arch:
        yield Observation(path="os.arch", value=arch, source=source)
    if host.live or uname.value is not None:
        yield from _process(host, arch)


def _wsl(host: Host, kernel: str) -> int:
    """WSL 1 has no kernel of its own: its release ends in `-Microsoft`; WSL 2's in `microsoft-standard-WSL2`."""
    if "microsoft" not in kernel.lower():
        return 0
    two = "WSL2" in kernel or "microsoft-standard" in kernel or host.access("/dev/dxg", "f").value
    return 2 if two else 1


def _process(host: Host, machine: str | None) -> Iterator[Observation]:
    answer = host.ask("process_machine")
    if answer.value:
        own = ARCHES.get(str(answer.value), (None, None))[1]
        yield Observation(path="os.process_arch", value=own, source="/proc/self/exe", elapsed_seconds=answer.elapsed_seconds)
        narrower = {("x86_64", "i686"), ("aarch64", "armv7l")}
        if own and machine:
            yield Observation(path="os.translated", value=own != machine and (machine, own) not in narrower, source="/proc/self/exe")
