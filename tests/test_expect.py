"""Expectations: parsed into conditions, answered on one device, never an exception but a Problem."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pathfinder.checking.expect import ALIASES, check, parse, parse_lines
from pathfinder.cli import main
from pathfinder.data import store
from pathfinder.errors import ExitStatus, Problem
from pathfinder.types.facts import BackendFact, Cpu, Device, Disk, Facts, Tool, Toolkit, Why
from pathfinder.types.results import CheckReport, CheckResult

GIB = 1 << 30

FACTS = Facts(
    cpu=Cpu(cores=8, features=("avx2", "avx512_vnni")),
    disk=(Disk(path="/", free_bytes=50 * GIB),),
    devices=(
        Device(id="big", vendor="nvidia", memory_bytes=24 * GIB, memory_free_bytes=10 * GIB, compute_capability="8.6"),
        Device(id="free", vendor="nvidia", memory_bytes=16 * GIB, memory_free_bytes=15 * GIB, compute_capability="7.5"),
    ),
    backends={"cuda": BackendFact(usable=True, version="12.8")},
    toolkits=(Toolkit(kind="cuda", version="11.8"), Toolkit(kind="cuda", version="12.6")),
    runtimes={"ollama": Tool(found=True), "vllm": Tool(found=False)},
    why={"devices.big.memory_bytes": Why(source="nvml"), "cpu.features": Why(source="/proc/cpuinfo")},
)


def never(name: str) -> CheckResult:
    raise AssertionError(f"nobody asked for {name}")


def ask(*texts: str, facts: Facts = FACTS) -> CheckReport:
    return check(texts, facts, "x", never, never)


def words(*texts: str, facts: Facts = FACTS) -> list[str]:
    return [result.result for result in ask(*texts, facts=facts).results]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("cuda >= 12.4", "pass"),
        ("cuda >= 12.10", "fail"),
        ("cuda>=12.8", "pass"),
        ("cuda = 12.8", "pass"),
        ("cuda", "pass"),
        ("cuda < 13", "pass"),
        ("toolkit.cuda >= 12.4", "pass"),
        ("toolkit.cuda >= 12.9", "fail"),
        ("toolkit.cuda", "pass"),
        ("toolkit.rocm >= 6", "fail"),
        ("vram >= 20GiB", "pass"),
        ("vram >= 25 GB", "pass"),
        ("vram >= 25GiB", "fail"),
        ("vram.free >= 12GiB", "pass"),
        ("disk.free >= 40GiB", "pass"),
        ("disk.free >= 60GiB", "fail"),
        ("cpu.avx512_vnni", "pass"),
        ("cpu.AVX2", "pass"),
        ("cpu.amx_tile", "fail"),
        ("cpu.cores >= 8", "pass"),
        ("device.compute_capability >= 8.0", "pass"),
        ("device.vendor == nvidia", "pass"),
        ("device.arch == sm_90", "unknown"),
        ("memory.total_bytes >= 1GiB", "unknown"),
        ("runtime:ollama installed", "pass"),
        ("runtime:vllm installed", "fail"),
        ("runtimes.ollama.found", "pass"),
        ("set.count >= 2", "pass"),
        ("os.family == linux", "unknown"),
        ("devices.free.memory_bytes >= 16GiB", "pass"),
    ],
)
def test_each_expectation_has_its_answer(text: str, result: str) -> None:
    assert words(text) == [result]


def test_all_device_expectations_bind_one_device() -> None:
    both = ask("vram >= 20GiB", "vram.free >= 12GiB")
    assert sorted(result.result for result in both.results) == ["fail", "pass"]
    assert len({result.device for result in both.results}) == 1
    most = ask("vram >= 10GiB", "vram.free >= 12GiB", "device.compute_capability >= 8.0", "device.vendor == nvidia", "vram.free >= 14GiB")
    assert {result.device for result in most.results} == {"free"}
    assert [result.result for result in most.results] == ["pass", "pass", "fail", "pass", "pass"]


def test_what_was_found_where_and_what_to_do() -> None:
    result = ask("vram >= 30GiB").results[0]
    assert (result.found, result.source, result.device) == ("24 GiB", "nvml", "big")
    assert result.fix == "needs other hardware: device memory 24 GiB -> 30 GiB or more"
    feature = ask("cpu.amx_tile").results[0]
    assert (feature.found, feature.source) == ("no", "/proc/cpuinfo")
    assert ask("vram.free >= 20GiB").results[0].fix == "free device memory 15 GiB -> 20 GiB or more"


def test_no_device_is_a_no_only_when_an_enumerator_said_so() -> None:
    assert words("vram >= 1GiB", facts=replace(FACTS, devices=())) == ["fail"]
    assert words("vram >= 1GiB", facts=replace(FACTS, devices=None)) == ["unknown"]
    hidden = tuple(replace(device, visible=False) for device in FACTS.devices or ())
    assert words("vram >= 1GiB", facts=replace(FACTS, devices=hidden)) == ["fail"]
    assert words("toolkit.cuda >= 12", facts=replace(FACTS, toolkits=None)) == ["unknown"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "vram >= 24",
        "vram > lots",
        "nope >= 1",
        "cpu.avx2 >= 3",
        "model.arch == llama",
        "want.users >= 2",
        "cuda >=",
        ">= 12",
        "runtime:",
        "model:",
        "os.family >= linux",
        "cuda >= twelve",
        "vram",
        "runtime:a b c",
        "os.family == beos",
        "cuda >= 12 and vram >= 999GiB",
        "cuda >= 12 && vram >= 999GiB",
        "cuda >= 12, < 14 and vram >= 999GiB",
        "toolkit.cuda >= 12 or so",
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str) -> None:
    with pytest.raises(Problem) as caught:
        parse(text)
    assert caught.value.exit == ExitStatus.USAGE


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("vram.fre > 1GiB", "vram.free"),
        ("tools.docker", "tools.docker.found"),
        ("device.compute_capabilty >= 8.0", "device.compute_capability"),
        ("backends.rocm", "backends.rocm.usable"),
        ("memry.total_bytes > 1GiB", "`pathfinder detect --json`"),
    ],
)
def test_a_fact_that_is_not_there_names_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(Problem, match="There is no fact") as caught:
        parse(text)
    assert meant in (caught.value.hint or "")


def test_a_range_is_one_expectation() -> None:
    assert parse("cuda >= 12, < 14").when == {"all": [leaf(">=", "12"), leaf("<", "14")]}


def leaf(op: str, value: str) -> dict[str, str]:
    return {"path": "backends.cuda.version", "op": op, "value": value, "kind": "version", "takes": "admin"}


ROOTS = [
    "cuda",
    "vram",
    "vram.free",
    "cpu",
    "cpu.avx2",
    "disk.free",
    "device",
    "device.arch",
    "toolkit.cuda",
    "runtime:",
    "model:",
    "os.family",
    "set",
]


@settings(max_examples=1000, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.builds(
            "{} {} {}".format, st.sampled_from(ROOTS), st.sampled_from([">=", "<", "==", "!=", "=", "has", ""]), st.text(max_size=20)
        ),
        st.builds("{}{}".format, st.sampled_from(ROOTS), st.text(max_size=20)),
    )
)
def test_fuzz_never_raises_but_a_problem(text: str) -> None:
    def no(name: str) -> CheckResult:
        return CheckResult(expectation="", result="unknown")

    try:
        report = check([text], FACTS, "x", no, no)
    except Problem as problem:
        assert problem.exit == ExitStatus.USAGE
        assert "\n" not in (problem.where or "")
    else:
        assert report.results[0].result in ("pass", "fail", "unknown")


def test_lines_of_a_file() -> None:
    assert parse_lines("# all\ncuda >= 12.4\n\n vram >= 8GiB # the card\n") == ["cuda >= 12.4", "vram >= 8GiB"]


def test_aliases_are_facts() -> None:
    for alias in ALIASES:
        assert parse(f"{alias} >= 1{'GiB' if 'vram' in alias else ''}").when


# --- the verb --------------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = main(["check", "--host", "profile:desktop-rtx-4090", *args])
    out = capsys.readouterr()
    return status, out.out, out.err


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("cuda >= 12.4", "vram >= 20GiB"), 0),
        (("cuda >= 99",), 1),
        (("cuda >= 99", "board.l4t >= 1"), 1),
        (("board.l4t >= 1", "cuda"), 3),
        (("nope",), 2),
        ((), 2),
        (("--format", "xml", "cuda"), 2),
        (("--file", "/no/such/file"), 2),
        (("runtime:llama.cpp",), 0),
        (("runtime:nonesuch",), 2),
    ],
)
def test_exit_status(args: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *args)[0] == status


def test_json_has_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in (("--json",), ("--format", "json")):
        status, out, err = run(capsys, "cuda >= 12.4", "cuda >= 99", "board.l4t >= 1", *flag)
        document = json.loads(out)
        assert (status, err, document["schema"]) == (1, "", "pathfinder/check/v1")
        assert document["counts"] == {"pass": 1, "fail": 1, "unknown": 1}
        assert set(document["results"][0]) == {"expectation", "result", "found", "source", "device", "fix"}


def test_a_file_adds_to_the_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "expect.txt"
    file.write_text("# at least\nvram >= 20GiB\n")
    status, out, _ = run(capsys, "cuda", "--file", str(file), "--json")
    assert status == 0
    assert [result["expectation"] for result in json.loads(out)["results"]] == ["cuda", "vram >= 20GiB"]
    file.write_bytes(b"\xff\xfe\x00")
    assert run(capsys, "--file", str(file))[0] == 2


@pytest.mark.parametrize("profile", store.profiles())
def test_every_machine_answers(profile: str) -> None:
    texts = ["cuda >= 12", "vram >= 8GiB", "vram.free >= 8GiB", "cpu.avx2", "disk.free >= 1GiB", "device.compute_capability >= 8.0"]
    report = ask(*texts, facts=store.profile(profile))
    assert sum(report.counts.values()) == len(texts)
