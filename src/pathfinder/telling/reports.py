"""A check's report for the machines that read one: GitHub's annotations and summary, JUnit XML, SARIF; pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree as xml

from pathfinder import __version__
from pathfinder.types.results import CheckReport, CheckResult

LEVELS = {"fail": "error", "unknown": "warning"}
MARKS = {"pass": "✅ pass", "fail": "❌ fail", "unknown": "❔ unknown"}


class Source(NamedTuple):
    """The file that expectations were read from, and the line of each."""

    file: str = ""
    lines: Mapping[str, int] = {}


INLINE = Source()


def named(host: str) -> str:
    return "this machine" if host == "live" else host


def detail(result: CheckResult) -> str:
    """What was found, where, by whom, and what to do: one line."""
    found = f"found {result.found}" if result.found is not None else "could not be read"
    where = f" on {result.device}" if result.device else ""
    source = f" ({result.source})" if result.source else ""
    fix = f"; {result.fix}" if result.fix and result.result != "pass" else ""
    return " ".join(f"{found}{where}{source}{fix}".split())


# --- GitHub ----------------------------------------------------------------------------------------------------------


def github(reports: Sequence[CheckReport], source: Source = INLINE) -> str:
    """Workflow commands, one annotation for each expectation that does not hold, at its line where it came from a file.

    Source of the form and its escapes: docs.github.com, Workflow commands for GitHub Actions; `toolkit` core/src/command.ts.
    """
    lines = []
    for report, result in _all(reports):
        if result.result in LEVELS:
            title = _property(f"{result.expectation} is {'unknown' if result.result == 'unknown' else 'not met'}")
            line = source.lines.get(result.expectation)
            at = f"file={_property(source.file)},line={line}," if line else ""
            lines.append(f"::{LEVELS[result.result]} {at}title={title}::{_data(f'{named(report.host)}: {detail(result)}')}")
    lines += [f"{named(report.host)}: {', '.join(f'{count} {word}' for word, count in report.counts.items())}" for report in reports]
    return "\n".join(lines)


def github_summary(reports: Sequence[CheckReport]) -> str:
    """Markdown for the job's summary page."""
    lines = ["### pathfinder check", "", "| | expectation | host | detail |", "|---|---|---|---|"]
    for report, result in _all(reports):
        cells = (MARKS[result.result], f"`{result.expectation}`", named(report.host), detail(result))
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


# --- JUnit -----------------------------------------------------------------------------------------------------------


def junit(reports: Sequence[CheckReport], source: Source = INLINE) -> str:
    """One suite a host, one case an expectation; an unknown is an error, for it is neither passed nor failed."""
    root = xml.Element("testsuites", name="pathfinder check")
    for report in reports:
        counts = {"tests": len(report.results), "failures": report.counts["fail"], "errors": report.counts["unknown"]}
        suite = xml.SubElement(root, "testsuite", {"name": _xml(report.host)} | {key: str(value) for key, value in counts.items()})
        for result in report.results:
            case = xml.SubElement(suite, "testcase", classname="pathfinder.check", name=_xml(result.expectation))
            if result.result != "pass":
                problem = xml.SubElement(case, {"fail": "failure", "unknown": "error"}[result.result], type=result.result)
                # Some systems show the attribute, others the text.
                problem.text = _xml(detail(result))
                problem.set("message", problem.text)
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True)


def _xml(text: str) -> str:
    """Without the characters that XML 1.0 cannot carry."""
    return "".join(
        char if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff" else "?" for char in text
    )


# --- SARIF -----------------------------------------------------------------------------------------------------------


def sarif(reports: Sequence[CheckReport], source: Source = INLINE) -> str:
    """SARIF 2.1.0 (OASIS): a rule an expectation, a result a host that does not meet it or cannot tell.

    GitHub's code scanning takes every result for an alert, so what holds is a rule without one; and it refuses a file with a result that
    has no physical location (codeql-action issues 1738 and 2459): the file of expectations, else the host.
    """
    rules = list(dict.fromkeys(result.expectation for _, result in _all(reports)))
    run = {
        "tool": {"driver": {"name": "pathfinder", "version": __version__, "rules": [_rule(text) for text in rules]}},
        "results": [_sarif(report, result, rules, source) for report, result in _all(reports) if result.result != "pass"],
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=1)


def _rule(text: str) -> dict[str, Any]:
    return {"id": text, "shortDescription": {"text": text}}


def _sarif(report: CheckReport, result: CheckResult, rules: list[str], source: Source) -> dict[str, Any]:
    kind = {"fail": "fail", "unknown": "open"}[result.result]
    line = source.lines.get(result.expectation)
    where = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(source.file if line else report.host, errors="replace")},
            "region": {"startLine": line or 1},
        },
        "logicalLocations": [{"name": report.host, "kind": "resource"}],
    }
    return {
        "ruleId": result.expectation,
        "ruleIndex": rules.index(result.expectation),
        "kind": kind,
        # SARIF asks for level `none` wherever kind is not `fail`.
        "level": "error" if kind == "fail" else "none",
        "message": {"text": f"{named(report.host)}: {detail(result)}"},
        "locations": [where],
    }


def _all(reports: Iterable[CheckReport]) -> list[tuple[CheckReport, CheckResult]]:
    return [(report, result) for report in reports for result in report.results]


FORMATS = {"github": github, "junit": junit, "sarif": sarif}
