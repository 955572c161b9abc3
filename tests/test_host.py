"""The door: live machine, sysroot, commands that hang or flood, libraries that crash."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pathfinder.errors import Problem
from pathfinder.host import commands, files
from pathfinder.host.asking import Askers
from pathfinder.host.live import LiveHost
from pathfinder.host.open import open_host
from pathfinder.host.sysroot import SysrootHost
from pathfinder.host.text import decode

POSIX = pytest.mark.skipif(os.name != "posix", reason="makes programs and links as POSIX does")


def program(path: Path, body: str) -> Path:
    path.write_text(f"#!{sys.executable} -SE\nimport os, sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_read_is_bounded_and_says_what_is_absent(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 300_000)
    assert len(files.read(str(tmp_path / "big"), 1000).value or "") == 1000
    assert files.read(str(tmp_path / "none"), 1000).silence == "absent"
    assert files.read(str(tmp_path), 1000).silence == "failed"
    assert files.read(str(tmp_path / "a\x00b"), 1000).silence == "absent"


@POSIX
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    began = time.monotonic()
    assert files.read(str(tmp_path / "pipe"), 1000).silence == "failed"
    assert time.monotonic() - began < 1


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_an_endless_device_is_refused() -> None:
    assert files.read("/dev/zero", 1 << 20).note == "not a regular file"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_permission_denied_is_not_absence(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    assert files.read(str(tmp_path / "secret"), 10).silence == "denied"


def test_texts_of_other_systems() -> None:
    assert decode("Näme\r\nx".encode("utf-16")) == "Näme\nx"
    assert decode("ab".encode("utf-16-le")) == "ab"
    assert decode(b"\xef\xbb\xbfab") == "ab"
    assert decode(b"\xff\x00\xfe") == "\ufffd\x00\ufffd"


def test_glob_tells_an_empty_folder_from_none(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "cpu0").mkdir()
    (tmp_path / "d" / "cpu0" / "online").write_text("1")
    (tmp_path / "d" / "cpufreq").mkdir()
    host = LiveHost()
    base = tmp_path.as_posix()
    assert host.glob(f"{base}/d/cpu[0-9]*").value == (f"{base}/d/cpu0",)
    assert host.glob(f"{base}/d/cpu*/online").value == (f"{base}/d/cpu0/online",)
    assert host.glob(f"{base}/d/x*").value == ()
    assert host.glob(f"{base}/e/x*").silence == "absent"


@POSIX
def test_a_hung_program_and_its_children_cost_only_the_deadline(tmp_path: Path) -> None:
    program(tmp_path / "hangs", "import subprocess; subprocess.Popen(['sleep', '60']); time.sleep(60)")
    began = time.monotonic()
    answer = commands.run(("hangs",), str(tmp_path / "hangs"), {}, 0.5)
    assert answer.silence == "timeout" and "0.5 s" in (answer.note or "")
    assert time.monotonic() - began < 2


@POSIX
def test_endless_output_is_stopped(tmp_path: Path) -> None:
    program(tmp_path / "floods", "while True: os.write(1, b'x' * 65536)")
    began = time.monotonic()
    answer = commands.run(("floods",), str(tmp_path / "floods"), {}, 20.0)
    assert answer.silence == "failed" and "more than" in (answer.note or "")
    assert time.monotonic() - began < 10


@POSIX
def test_a_program_that_fails_has_still_answered(tmp_path: Path) -> None:
    program(tmp_path / "nvidia-smi", "os.write(1, b'out\\xff'); os.write(2, b'err'); sys.exit(9)")
    ran = commands.run(("nvidia-smi",), str(tmp_path / "nvidia-smi"), {}, 10.0).value
    assert ran is not None and (ran.code, ran.stdout, ran.stderr) == (9, "out\ufffd", "err")


def test_a_missing_program_is_absent() -> None:
    assert LiveHost().run(("no-such-program-as-this",)).silence == "absent"


@POSIX
def test_sysroot_links_resolve_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/os-release").write_text("ID=inside")
    (root / "etc/os-release").symlink_to("/usr/lib/os-release")
    (root / "etc/up").symlink_to("../../../../../../../../etc/passwd")
    (root / "etc/circle").symlink_to("circle")
    (root / "sys").symlink_to("/usr")
    host = SysrootHost(str(root))
    assert host.read("/etc/os-release").value == "ID=inside"
    assert host.read("/sys/lib/os-release").value == "ID=inside"
    assert host.read("/etc/up").silence == "absent"
    assert host.read("/etc/circle").silence == "absent"
    assert host.read("/../../../../etc/os-release").value == "ID=inside"
    assert host.glob("/sys/l*").value == ("/sys/lib",)
    assert host.readlink("/etc/os-release").value == "/usr/lib/os-release"


def test_sysroot_knows_nothing_of_the_machine_it_lies_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    host = SysrootHost(str(tmp_path))
    assert host.env("CUDA_VISIBLE_DEVICES").silence == "absent"
    assert host.uname().silence == "not-recorded"
    assert host.ask("affinity").silence == "not-recorded"
    assert host.run(("ls",)).silence == "not-recorded"


@POSIX
def test_sysroot_commands_come_only_from_bin(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "tool", "sys.exit(127) if sys.argv[1:] else print('plain', os.environ.get('HOME'))")
    host = SysrootHost(str(tmp_path / "root"), str(tmp_path / "bin"))
    ran = host.run(("/opt/x/tool",)).value
    assert ran is not None and ran.stdout == "plain None\n"
    assert host.run(("tool", "-x")).silence == "not-recorded"
    assert host.run(("ls",)).silence == "absent"


def asks(folder: Path, **bodies: str) -> Askers:
    for name, body in bodies.items():
        (folder / f"{name}.py").write_text(body)
    return Askers(str(folder))


def test_a_library_that_crashes_or_hangs_costs_only_its_own_answer(tmp_path: Path) -> None:
    pool = asks(
        tmp_path,
        fine="def ask(*words): print('chatter'); return list(words)",
        crashes="import os, signal\ndef ask(): os.kill(os.getpid(), signal.SIGSEGV if os.name == 'posix' else 9)",
        hangs="import time\ndef ask(): time.sleep(60)",
        missing="def ask(): raise FileNotFoundError('libx.so')",
        raises="def ask(): return 1 / 0",
    )
    assert pool.ask("fine", ("a", "b"), 10.0).value == ["a", "b"]
    assert pool.ask("fine", (), 10.0).value == [] and pool.started == 1
    assert pool.ask("missing", (), 10.0).silence == "absent"
    raised = pool.ask("raises", (), 10.0)
    assert raised.silence == "failed" and "ZeroDivisionError" in (raised.note or "")
    assert pool.ask("crashes", (), 10.0).silence == "failed"
    assert pool.ask("fine", (), 10.0).value == [] and pool.started == 2
    began = time.monotonic()
    assert pool.ask("hangs", (), 0.3).silence == "timeout"
    assert time.monotonic() - began < 2
    assert pool.ask("fine", (), 10.0).value == []
    pool.close()


def test_questions_that_are_no_questions() -> None:
    host = LiveHost()
    assert host.ask("no_such_thing").silence == "absent"
    assert host.ask("../asker").silence == "absent"
    host.close()


def test_references(tmp_path: Path) -> None:
    assert open_host("live").live
    assert open_host(f"sysroot:{tmp_path}").name == f"sysroot:{tmp_path}"
    for wrong in (f"sysroot:{tmp_path}/none", f"sysroot:{tmp_path},bin={tmp_path}/none", str(tmp_path / "none.json"), str(tmp_path)):
        with pytest.raises(Problem):
            open_host(wrong)


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"[1]", b'{"schema": "x"}', b'{"schema": "pathfinder/recording/v1"}', b"[" * 100_000]
)
def test_a_file_that_is_no_recording_is_told_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(Problem) as caught:
        open_host(str(tmp_path / "x.json"))
    assert "\n" not in caught.value.says


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="runs CPUID and compares with the kernel's list")
def test_cpuid_agrees_with_the_kernel() -> None:
    host = LiveHost()
    found = host.ask("cpuid").value
    host.close()
    kernel = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")).split()
    assert found is not None and set(found["features"]) <= set(kernel)
    assert {"avx", "avx2", "fma", "avx512f", "amx_tile"} & set(kernel) == {"avx", "avx2", "fma", "avx512f", "amx_tile"} & set(
        found["features"]
    )


def test_detect_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathfinder.looking.observe import observe; from pathfinder.host.live import LiveHost; observe(LiveHost());"
        "print(*sorted({'pydantic', 'psutil', 'pynvml', 'yaml', 'rich', 'typer', 'asyncio', 'subprocess', 'ctypes'} & set(sys.modules)))"
    )
    if sys.platform != "linux" or Path("/proc/driver/nvidia").exists():
        pytest.skip("a Linux host without NVIDIA is meant")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = set(out.stdout.split()) - {"subprocess", "ctypes"}
    assert not heavy, out.stdout
