"""Mutated recordings, folders and tool outputs: never an exception, never a hang, never unknown turned into absent."""

from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathfinder.host import Answer, Ran, Uname
from pathfinder.host.text import decode
from pathfinder.looking.observe import observe
from pathfinder.probes import _cgroup, _cpuinfo, _cpulist, linux_android, linux_memory, lscpu, os_release
from pathfinder.probes._sysctl import parse as parse_sysctl

GOOD = {
    "/proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nphysical id\t: 0\ncore id\t: 0\n"
    "flags\t: fpu lm sse2 avx2\n\n",
    "/proc/meminfo": "MemTotal: 1000000 kB\nMemFree: 1000 kB\nMemAvailable: 500000 kB\nSwapTotal: 0 kB\nHugePages_Total: 1\n"
    "Hugepagesize: 2048 kB\n",
    "/proc/self/cgroup": "0::/a/b\n5:memory:/c\n",
    "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n31 23 0:27 /c /m rw - cgroup cgroup rw,memory\n",
    "/sys/fs/cgroup/a/b/cpu.max": "50000 100000\n",
    "/sys/fs/cgroup/a/b/memory.max": "1000000\n",
    "/sys/fs/cgroup/a/b/cpuset.cpus.effective": "0-3\n",
    "/m/memory.limit_in_bytes": "4096\n",
    "/m/memory.stat": "total_inactive_file 10\n",
    "/sys/devices/system/cpu/online": "0-3\n",
    "/sys/devices/system/cpu/present": "0-7\n",
    "/sys/devices/system/cpu/cpu0/topology/core_cpus_list": "0-1\n",
    "/sys/devices/system/cpu/cpu2/topology/thread_siblings": "0000000c\n",
    "/sys/devices/system/cpu/cpu0/topology/physical_package_id": "0\n",
    "/sys/devices/system/cpu/cpu0/cpufreq/related_cpus": "0 1 2 3\n",
    "/sys/devices/system/node/online": "0\n",
    "/etc/os-release": 'ID="x"\nVERSION_ID=1\n',
    "/system/build.prop": "ro.build.version.release=9\n",
    "/proc/sys/kernel/osrelease": "6.1.0\n",
    "/sys/class/dmi/id/sys_vendor": "QEMU\n",
    "/proc/device-tree/model": "Board\x00",
    "/etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1\n",
}
OUTPUTS = {
    "lscpu": "Architecture: x86_64\nCPU(s): 4\nOn-line CPU(s) list: 0-3\nThread(s) per core: 2\nSocket(s): 1\nCore(s) per socket: 2\n",
    "getprop": "[ro.build.version.release]: [9]\n",
    "sysctl": "hw.memsize: 17179869184\nhw.logicalcpu: 8\nhw.optional.arm.FEAT_DotProd: 1\nmachdep.cpu.brand_string: Apple M1\n",
    "nvidia-smi": "name, memory.total [MiB]\nTesla T4, 15360 MiB\n",
    "wmic": "Name=x\nManufacturer=GenuineIntel\n",
}
JUNK = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "\x00" * 9, "-1", "9" * 60, "0-99999999999", ",,,", "{", "[[[[", "N/A", "max", "1e999", "0x", "٣"]),
)


@st.composite
def mutated(draw: Any, text: str) -> str:
    """One text, cut, doubled, with a stretch replaced, or replaced whole."""
    how = draw(st.sampled_from(["same", "cut", "insert", "replace", "double", "drop line"]))
    at = draw(st.integers(0, max(0, len(text))))
    if how == "cut":
        return text[:at]
    if how == "insert":
        return text[:at] + draw(JUNK) + text[at:]
    if how == "replace":
        return draw(JUNK)
    if how == "double":
        return text * 2
    if how == "drop line":
        lines = text.splitlines(keepends=True)
        return "".join(lines[: at % (len(lines) or 1)] + lines[at % (len(lines) or 1) + 1 :])
    return text


class Mutant:
    """A host of mutated answers; what it was not given is absent, denied or not recorded."""

    name = "mutant"
    live = False

    def __init__(self, texts: dict[str, str], outputs: dict[str, str], silence: Any, uname: Uname | None) -> None:
        self.texts, self.outputs, self.silence, self.is_uname = texts, outputs, silence, uname

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        return Answer(value=self.texts[path][:limit]) if path in self.texts else Answer(silence=self.silence)

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        head = pattern.partition("*")[0].partition("[")[0]
        depth = pattern.count("/")
        found = {"/".join(path.split("/")[: depth + 1]) for path in self.texts if path.startswith(head)}
        return Answer(value=tuple(sorted(found))) if found else Answer(silence=self.silence)

    def readlink(self, path: str) -> Answer[str]:
        return Answer(silence=self.silence)

    def access(self, path: str, mode: Literal["r", "w", "x", "f"] = "r") -> Answer[bool]:
        return Answer(value=path in self.texts)

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        return Answer(value=Ran(code=0, stdout=self.outputs[argv[0]])) if argv[0] in self.outputs else Answer(silence=self.silence)

    def env(self, name: str) -> Answer[str]:
        return Answer(silence="absent")

    def uname(self) -> Answer[Uname]:
        return Answer(value=self.is_uname) if self.is_uname else Answer(silence="not-recorded")

    def ask(self, name: str, *args: str) -> Answer[Any]:
        return Answer(silence=self.silence)


UNAMES = [
    None,
    *(Uname(sysname=name, release="1", version="1", machine="x86_64") for name in ("Linux", "Darwin", "Windows", "FreeBSD", "Haiku")),
]


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_mutated_hosts(data: Any) -> None:
    victims = data.draw(st.lists(st.sampled_from(sorted(GOOD)), max_size=4))
    gone = data.draw(st.sets(st.sampled_from(sorted(GOOD)), max_size=6))
    texts = {path: data.draw(mutated(text)) if path in victims else text for path, text in GOOD.items() if path not in gone}
    outputs = {name: data.draw(mutated(text)) for name, text in OUTPUTS.items() if data.draw(st.booleans())}
    silence = data.draw(st.sampled_from(["absent", "denied", "timeout", "not-recorded", "failed"]))
    host = Mutant(texts, outputs, silence, data.draw(st.sampled_from(UNAMES)))
    facts = observe(host, deep=data.draw(st.booleans()), deadline=20.0)
    failed = {path: why.note for path, why in facts.why.items() if path.startswith("probes.")}
    assert failed == {}
    # nothing here lists PCI functions: no devices may be claimed absent
    assert facts.devices != () and facts.pci != ()
    assert facts.memory.total_bytes is None or facts.memory.total_bytes >= 0


@settings(max_examples=2500, deadline=None)
@given(text=st.one_of(JUNK, *(mutated(text) for text in (*GOOD.values(), *OUTPUTS.values()))))
def test_every_parser_takes_any_text(text: str) -> None:
    info = _cpuinfo.parse(text)
    _cpuinfo.family(info)
    for cpus in (_cpulist.parse_list(text), _cpulist.parse_mask(text), _cpulist.parse_words(text)):
        assert cpus is None or all(0 <= cpu < _cpulist.LIMIT for cpu in cpus)
    linux_memory.meminfo(text)
    lscpu.parse(text)
    os_release.shell_values(text)
    linux_android.properties(text)
    parse_sysctl(text)
    list(_cgroup._from_mountinfo(text))


@settings(max_examples=1000, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_text(raw: bytes) -> None:
    assert isinstance(decode(raw), str)


@settings(max_examples=1000, deadline=None)
@given(cpus=st.sets(st.integers(0, 4000), max_size=60))
def test_lists_and_masks_of_cpus_round_trip(cpus: set[int]) -> None:
    assert _cpulist.parse_list(",".join(map(str, sorted(cpus)))) == cpus
    assert _cpulist.parse_mask(f"{sum(1 << cpu for cpu in cpus):x}") == cpus
