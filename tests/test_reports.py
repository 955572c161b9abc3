"""A check's report in the formats of CI systems, read back by those formats' own readers; drift against a recording."""

import json
import re
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as xml

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pathfinder.checking.drift import drift
from pathfinder.cli import main
from pathfinder.data import store
from pathfinder.telling.reports import github, github_summary, junit, sarif
from pathfinder.types.results import CheckReport, CheckResult

RESULTS = ("pass", "fail", "unknown")
WORDS = st.text(max_size=30)
REPORTS = st.builds(
    lambda host, results: CheckReport(
        host=host, results=tuple(results), counts={word: sum(one.result == word for one in results) for word in RESULTS}
    ),
    WORDS,
    st.lists(
        st.builds(
            CheckResult,
            expectation=WORDS,
            result=st.sampled_from(RESULTS),
            found=st.none() | WORDS,
            source=st.none() | WORDS,
            device=st.none() | WORDS,
            fix=st.none() | WORDS,
        ),
        max_size=5,
    ),
)


@given(REPORTS)
def test_github_reads_one_annotation_for_each_that_does_not_hold(report: CheckReport) -> None:
    text = github([report])
    commands = [line for line in text.split("\n") if re.match(r"::(error|warning) title=[^\n]*?::", line)]
    assert len(commands) == report.counts["fail"] + report.counts["unknown"]
    assert sum(line.startswith("::error") for line in commands) == report.counts["fail"]
    assert "\r" not in text.replace(report.host, "")
    rows = [line for line in github_summary([report]).splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(report.results)


@given(REPORTS)
def test_junit_is_xml_with_the_right_counts(report: CheckReport) -> None:
    suite = xml.fromstring(junit([report]).encode()).find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", "")) == len(suite.findall("testcase")) == len(report.results)
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure")) == report.counts["fail"]
    assert int(suite.get("errors", "")) == len(suite.findall("testcase/error")) == report.counts["unknown"]


@given(REPORTS)
def test_sarif_names_a_rule_for_every_result(report: CheckReport) -> None:
    run = json.loads(sarif([report]))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert set(rules) == {one.expectation for one in report.results}
    for result, one in zip(run["results"], [one for one in report.results if one.result != "pass"], strict=True):
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
        assert rules[result["ruleIndex"]] == result["ruleId"] == one.expectation
        assert (result["level"] == "error") == (result["kind"] == "fail") == (one.result == "fail")


@pytest.mark.parametrize("format", ["github", "junit", "sarif"])
def test_a_fleet_is_one_document_of_the_format(format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "expectations.txt"
    file.write_text("# what the job needs\nvram >= 20GiB\n", encoding="utf-8")
    assert main(["check", "--file", str(file), "--format", format, "--host", "profile:desktop-rtx-*"]) == 1
    text = capsys.readouterr().out
    if format == "junit":
        assert len(xml.fromstring(text.encode()).findall("testsuite")) > 3
    if format == "sarif":
        places = [result["locations"][0]["physicalLocation"] for result in json.loads(text)["runs"][0]["results"]]
        assert len(places) > 1
        assert {(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places} == {(quote(str(file)), 2)}
    if format == "github":
        assert f"::error file={file},line=2,title=vram >= 20GiB is not met::profile:desktop-rtx-4060: found" in text
        assert not [line for line in text.splitlines() if line.startswith("==")]


def test_a_host_has_not_drifted_from_itself() -> None:
    for id in store.profiles():
        facts = store.profile(id)
        assert drift(facts, facts, id).counts["fail"] == 0


def failed(report: CheckReport) -> set[str]:
    return {result.expectation.split(" as recorded")[0] for result in report.results if result.result == "fail"}


def test_what_changed_is_told() -> None:
    before = store.profile("workstation-2x-rtx-3090")
    assert before.devices is not None
    first = before.devices[0]
    gone = replace(before, devices=before.devices[1:])
    assert failed(drift(before, gone, "h")) == {f"devices.{first.id}"}
    other = replace(before, devices=(replace(first, driver_version="470.1"), *before.devices[1:]))
    assert failed(drift(before, other, "h")) == {f"devices.{first.id}.driver_version"}
    half = replace(before, memory=replace(before.memory, total_bytes=(before.memory.total_bytes or 0) // 2 - 1))
    assert failed(drift(before, half, "h")) == {"memory.total_bytes"}
    weaker = replace(before, cpu=replace(before.cpu, features=tuple(set(before.cpu.features or ()) - {"avx2"})))
    assert failed(drift(before, weaker, "h")) == {"cpu.features"}
    assert failed(drift(gone, before, "h")) == {"no device beyond the recorded"}


@pytest.mark.parametrize("side", ["before", "now"])
def test_unknown_is_never_a_change(side: str) -> None:
    whole = store.profile("dgx-h100")
    blind = replace(whole, devices=None, cpu=replace(whole.cpu, features=None, cores=None), memory=replace(whole.memory, total_bytes=None))
    report = drift(*((blind, whole) if side == "before" else (whole, blind)), "h")
    assert report.counts["fail"] == 0 and report.counts["unknown"] >= 4


def test_a_baseline_that_still_holds_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    recording = str(Path(__file__).parent / "hosts" / "gtx-1080-ti" / "recording.json")
    assert main(["check", "--baseline", recording, "--host", recording]) == 0
    assert re.match(r"pass +as recorded in .*\(found \d\d+ facts unchanged\)", capsys.readouterr().out)
    assert main(["check", "--baseline", recording, "--host", "profile:dgx-spark"]) == 1
    assert "as recorded in" not in capsys.readouterr().out
