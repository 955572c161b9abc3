"""`pathfinder detect` as a person or a script calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pathfinder.looking.measure import Bandwidth, judged, memory_bandwidth


def pathfinder(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    code = "import sys; from pathfinder.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False, env=env, timeout=60)


def test_json_is_alone_on_standard_output() -> None:
    done = pathfinder("detect", "--json")
    assert done.returncode == 0 and done.stderr == ""
    document = json.loads(done.stdout)
    assert document["schema"] == "pathfinder/facts/v1" and document["cpu"]["threads"]
    assert all(why["source"] for why in document["why"].values())


def test_a_saved_recording_prints_the_same(tmp_path: Path) -> None:
    saved = pathfinder("detect", "--json", "--save", str(tmp_path / "host.json"))
    replayed = pathfinder("detect", "--json", "--host", str(tmp_path / "host.json"))
    assert saved.returncode == 0 and saved.stdout == replayed.stdout
    listed = pathfinder("detect", "--host", str(tmp_path / "host.json"))
    assert listed.returncode == 0 and "memory" in listed.stdout and listed.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["host.json"]


def test_every_fact_is_explained_when_asked() -> None:
    done = pathfinder("detect", "--explain")
    assert "cpu.threads" in done.stdout and done.returncode == 0


def test_two_hosts_are_a_fleet(tmp_path: Path) -> None:
    (tmp_path / "a" / "proc").mkdir(parents=True)
    (tmp_path / "a" / "proc" / "meminfo").write_text("MemTotal: 1024 kB\n")
    (tmp_path / "b").mkdir()
    done = pathfinder("detect", "--json", "--host", f"sysroot:{tmp_path}/a", "--host", f"sysroot:{tmp_path}/b")
    document = json.loads(done.stdout)
    assert document["schema"] == "pathfinder/fleet/v1"
    assert [one["memory"]["total_bytes"] for one in document["results"]] == [1 << 20, None]


@pytest.mark.parametrize(
    "args",
    [
        ("--host", "no-such-file.json"),
        ("--host", "sysroot:/no/such/folder"),
        ("--save", "/no/such/folder/x.json"),
        ("--save", "x.json", "--host", "profile:x"),
        ("--deadline", "soon"),
        ("--deadline", "-1"),
        ("--measure", "--save", "x.json"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(args: tuple[str, ...]) -> None:
    done = pathfinder("detect", *args)
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stderr.startswith("pathfinder: ")
    as_json = pathfinder("detect", "--json", *args)
    assert json.loads(as_json.stdout)["schema"] == "pathfinder/problem/v1"


@pytest.mark.skipif(os.name != "posix", reason="makes a program as POSIX does")
def test_a_healthy_linux_host_starts_no_tool(tmp_path: Path) -> None:
    if sys.platform != "linux" or Path("/proc/driver/nvidia").exists():
        pytest.skip("a Linux host without NVIDIA is meant")
    for name in ("lscpu", "lspci", "sysctl", "getprop", "vulkaninfo", "clinfo", "rocminfo"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho started >> {tmp_path}/log\n")
        (tmp_path / name).chmod(0o755)
    done = pathfinder("detect", "--json", env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0 and not (tmp_path / "log").exists()


def test_bandwidth_is_measured_or_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from pathfinder.looking import measure

    monkeypatch.setattr(measure, "BUFFER_BYTES", 4 << 20)
    found = memory_bandwidth(1)
    assert isinstance(found, Bandwidth) and found.note
    assert (found.bytes_per_second is None) == found.note.startswith("not ")
    assert found.bytes_per_second is None or 1e8 < found.bytes_per_second < 1e13
    monkeypatch.setattr("psutil.cpu_percent", lambda interval: 90.0)
    assert memory_bandwidth(1).note == "not measured: other work takes 90% of the processors' time"


QUIET = [20.3, 20.6, 20.5, 20.1, 19.2, 20.4, 20.6, 20.2, 20.5]
WORKING = [11.5, 12.0, 7.1, 9.5, 10.3, 9.9, 8.4, 8.5, 7.5]
INTERRUPTED = [20.3, 20.6, 20.5, 6.1, 5.8, 20.4, 20.6, 20.2, 19.9]


@pytest.mark.parametrize(
    ("busy", "trials", "gigabytes", "noise"),
    [
        (0.02, QUIET, 20.6, 0.010),
        (0.10, QUIET, 20.6, 0.010),
        (0.60, QUIET, None, None),
        (0.02, WORKING, None, 0.208),
        (0.02, INTERRUPTED, 20.6, 0.015),
        (0.02, [28.4, *[10.5] * 8], None, 0.630),
    ],
)
def test_what_a_series_of_trials_is_worth(busy: float, trials: list[float], gigabytes: float | None, noise: float | None) -> None:
    """Series of a machine with two processors: idle, idle but for a monitor, taken, working beside, interrupted, slowed after the first."""
    found = judged(busy, [one * 1e9 for one in trials], 2, 1.0)
    assert found.bytes_per_second == (gigabytes * 1e9 if gigabytes else None)
    assert found.noise == (pytest.approx(noise, abs=0.001) if noise is not None else None)


@pytest.mark.skipif(os.name != "posix", reason="interrupts as POSIX does")
def test_an_interrupt_leaves_no_tool_running(tmp_path: Path) -> None:
    import signal
    import time

    (tmp_path / "bin").mkdir()
    (tmp_path / "root").mkdir()
    beat = tmp_path / "beat"
    (tmp_path / "bin" / "lscpu").write_text(f"#!/bin/sh\nwhile :; do echo x >> {beat}; /bin/sleep 0.05; done\n")
    (tmp_path / "bin" / "lscpu").chmod(0o755)
    code = "import sys; from pathfinder.cli import main; sys.exit(main(sys.argv[1:]))"
    host = f"sysroot:{tmp_path}/root,bin={tmp_path}/bin"
    running = subprocess.Popen([sys.executable, "-c", code, "detect", "--deadline", "30", "--host", host], stderr=subprocess.PIPE)
    until = time.monotonic() + 20
    while not beat.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    time.sleep(0.3)
    before = beat.stat().st_size
    time.sleep(0.3)
    assert beat.stat().st_size == before


def test_the_listing_says_what_is_known_and_what_is_not() -> None:
    from pathfinder.cli.listing import lines
    from pathfinder.types.facts import BackendFact, Cpu, Device, Facts, Memory, Why

    facts = Facts(
        cpu=Cpu(model="Ryzen 7", cores=8, threads=16, usable_cpus=0.5, features=("avx2", "sse")),
        memory=Memory(total_bytes=32 << 30, available_bytes=1 << 29, limit_bytes=4 << 30, usable_bytes=1 << 29),
        devices=(Device(id="0000:01:00.0", vendor="nvidia", vendor_id="10de", device_id="28b9", driver_module="none", visible=False),),
        backends={"cpu": BackendFact(usable=True), "cuda": BackendFact(usable=False, why="no driver"), "vulkan": BackendFact()},
        why={"asked.nvidia-smi": Why(source="nvidia-smi", note="timeout: no answer within 2.5 s")},
    )
    text = "\n".join(lines(facts))
    for part in (
        "Ryzen 7, 8 cores, 16 threads, 0.5 usable",
        "32.0 GiB, 512 MiB available, limited to 4.0 GiB, 512 MiB usable",
        "nvidia 10de:28b9, no driver, hidden from runtimes, 0000:01:00.0",
        "unknown: vulkan",
        "not usable: cuda",
        "nvidia-smi: timeout",
    ):
        assert part in text, part
    assert "no driver" in "\n".join(lines(facts, explain=True))
    assert "devices     none" in "\n".join(lines(Facts(devices=())))
    assert "unknown: nothing that lists them" in "\n".join(lines(Facts()))


def test_the_listing_counts_and_names_as_people_do() -> None:
    from pathfinder.cli.listing import lines
    from pathfinder.types.facts import Cpu, Device, Disk, Facts, Link, Mig, Os

    four = ("a", "b", "c", "d")
    nvlink = tuple(Link(a=one, b=two, kind="nvlink") for n, one in enumerate(four) for two in four[n + 1 :])
    facts = Facts(
        os=Os(family="linux", name="Fedora Linux 43", version_id="43"), cpu=Cpu(cores=1, threads=2),
        disk=(Disk(path="/", free_bytes=20 << 40),), links=(*nvlink, Link(a="a", b="x", kind="c2c")),
        devices=(Device(id="a", name="H100", mig=Mig(supported=True, enabled=True)),),
    )  # fmt: skip
    assert list(lines(facts))[:5] == [
        "system      Fedora Linux 43",
        "cpu         1 core, 2 threads",
        "disk        / 20.0 TiB free",
        "gpu         H100, cut into MIG slices, a",
        "links       nvlink between every two of 4 devices; c2c a and x",
    ]
