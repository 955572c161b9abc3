"""A check's report for the machines that read one: GitHub's annotations and summary, JUnit XML, SARIF; pure."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree as xml

from pathfinder import __version__
from pathfinder.types.results import CheckReport, CheckResult

LEVELS = {"fail": "error", "unknown": "warning"}
MARKS = {"pass": "✅ pass", "fail": "❌ fail", "unknown": "❔ unknown"}


def detail(result: CheckResult) -> str:
    """What was found, where, by whom, and what to do: one line."""
    found = f"found {result.found}" if result.found is not None else "could not be read"
    where = f" on {result.device}" if result.device else ""
    source = f" ({result.source})" if result.source else ""
    fix = f". {result.fix}" if result.fix and result.result != "pass" else ""
    return " ".join(f"{found}{where}{source}{fix}".split())


# --- GitHub ----------------------------------------------------------------------------------------------------------


def github(reports: Sequence[CheckReport]) -> str:
    """Workflow commands, one annotation for each expectation that does not hold.

    Source of the form and its escapes: docs.github.com, Workflow commands for GitHub Actions; `toolkit` core/src/command.ts.
    """
    lines = []
    for report, result in _all(reports):
        if result.result in LEVELS:
            title = _property(f"{result.expectation} is {'unknown' if result.result == 'unknown' else 'not met'}")
            lines.append(f"::{LEVELS[result.result]} title={title}::{_data(f'{report.host}: {detail(result)}')}")
    lines += [f"{report.host}: {', '.join(f'{count} {word}' for word, count in report.counts.items())}" for report in reports]
    return "\n".join(lines)


def github_summary(reports: Sequence[CheckReport]) -> str:
    """Markdown for the job's summary page."""
    lines = ["### pathfinder check", "", "| | expectation | host | detail |", "|---|---|---|---|"]
    for report, result in _all(reports):
        cells = (MARKS[result.result], f"`{result.expectation}`", report.host, detail(result))
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


# --- JUnit -----------------------------------------------------------------------------------------------------------


def junit(reports: Sequence[CheckReport]) -> str:
    """One suite a host, one case an expectation; an unknown is an error, for it is neither passed nor failed."""
    root = xml.Element("testsuites", name="pathfinder check")
    for report in reports:
        counts = {"tests": len(report.results), "failures": report.counts["fail"], "errors": report.counts["unknown"]}
        suite = xml.SubElement(root, "testsuite", {"name": _xml(report.host)} | {key: str(value) for key, value in counts.items()})
        for result in report.results:
            case = xml.SubElement(suite, "testcase", classname="pathfinder.check", name=_xml(result.expectation))
            if result.result != "pass":
                xml.SubElement(case, {"fail": "failure", "unknown": "error"}[result.result], message=_xml(detail(result)))
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True)


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot carry."""
    return "".join(
        char if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff" else "?" for char in text
    )


# --- SARIF -----------------------------------------------------------------------------------------------------------


def sarif(reports: Sequence[CheckReport]) -> str:
    """SARIF 2.1.0 (OASIS): a rule an expectation, a result a host that does not meet it or cannot tell."""
    rules = list(dict.fromkeys(result.expectation for _, result in _all(reports)))
    run = {
        "tool": {"driver": {"name": "pathfinder", "version": __version__, "rules": [_rule(text) for text in rules]}},
        "results": [_sarif(report, result, rules) for report, result in _all(reports)],
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=1)


def _rule(text: str) -> dict[str, Any]:
    return {"id": text, "shortDescription": {"text": text}}


def _sarif(report: CheckReport, result: CheckResult, rules: list[str]) -> dict[str, Any]:
    kind = {"pass": "pass", "fail": "fail", "unknown": "open"}[result.result]
    where = {"logicalLocations": [{"name": report.host, "kind": "resource"}]}
    return {
        "ruleId": result.expectation,
        "ruleIndex": rules.index(result.expectation),
        "kind": kind,
        # SARIF asks for level `none` wherever kind is not `fail`.
        "level": "error" if kind == "fail" else "none",
        "message": {"text": detail(result)},
        "locations": [where],
    }


def _all(reports: Iterable[CheckReport]) -> list[tuple[CheckReport, CheckResult]]:
    return [(report, result) for report in reports for result in report.results]


FORMATS = {"github": github, "junit": junit, "sarif": sarif}
