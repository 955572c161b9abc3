"""Every rule of the matrix finds what it is for, and nothing in a sound runtime."""

import pytest

from pathfinder.data.compiler import entries, platform
from pathfinder.data.matrix import resolve
from pathfinder.data.plainyaml import parse
from pathfinder.lint import Matrix, lint, rules
from pathfinder.types.models import Model, Source

SOUND = """
name: Example
summary: An example.
home: github:owner/example
aliases: [example server]
project: {state: active, since: 2024-01}
recipes:
  pip:
    - kind: pip
      title: Install it
      pip: {packages: ['example==1.2.3', 'torch>=2.8']}
      check: ['{python}', -c, 'import example; print(1)']
  image:
    - {kind: start, title: Docker, argv: [docker, run, -p, '{port}:8000', 'example/example:v1.2.3', --format, '{{.Name}}']}
  serve:
    - {kind: start, title: Serve, argv: ['{bin}/example', --port, '{port}', '{model}'], undo: [{kind: run, title: Stop, argv: [kill]}]}
defaults:
  install: pip
  launch: serve
  container: image
  tasks: [chat]
  server: {api: openai, port: 8000, health: /health, base: /v1}
cells:
  linux-cuda:
    status: works
    requires:
      volta: {when: {device.compute_capability: '>= 7.0'}, says: It needs Volta or newer.}
    caveats:
      slow: {effect: slower, factor: 0.5, when: {device.compute_capability: '< 8.0'}, says: Attention is slower there.}
    evidence: [{source: 'pypi:example==1.2.3', checked: 2026-11-20, how: resolved, says: wheel}]
  linux-cpu:
    status: works
    evidence: [{source: 'github:owner/example docs/install.md', checked: 2026-11-01, how: read, says: documented}]
"""
PLATFORMS = "glibc: {says: glibc, requires: {libc: {when: {os.libc: glibc}, says: It needs glibc here., evidence: []}}}"


def matrix_of(text, more=(), evidence=None):
    raw = parse(text, "x")
    shared = entries({"p": parse(PLATFORMS, "p")}, "platforms")
    return Matrix(
        runtimes=[resolve("example", raw, shared), *more],
        platforms=[platform(id, entry) for id, entry in shared.items()],
        raw={"runtimes": {"example": raw}, "evidence": evidence or {}},
    )


def found(text, **more):
    return {(finding.rule, finding.level) for finding in lint(matrix_of(text, **more))}


def test_a_sound_runtime_has_no_finding():
    assert lint(matrix_of(SOUND)) == ()


CASES = [
    ("less_than_works", "error", "  linux-cpu:\n    status: works", "  linux-cpu:\n    status: partial"),
    ("evidence_of_its_own", "error", "    evidence: [{source: 'github:owner/example docs/install.md'", "    x-evidence: [{source: 'x'"),
    ("evidence_of_its_own", "error", "state: active", "state: maintenance"),
    ("sources", "error", "pypi:example==1.2.3', checked", "https://pypi.org/project/example', checked"),
    ("sources", "error", "github:owner/example docs/install.md", "docs.example.ai/install"),
    ("sources", "error", "checked: 2026-11-20", "checked: 20.11.2026"),
    ("age", "warning", "checked: 2026-11-01", "checked: 2025-11-01"),
    ("placeholders", "error", "'{model}'", "'{modell}'"),
    ("placeholders", "error", "print(1)", "{version}"),
    ("projects", "error", "since: 2024-01", "since: January"),
    ("projects", "error", "state: active, since: 2024-01", "state: active, successor: nothing"),
    ("projects", "error", "state: active, since: 2024-01", "state: archived, since: 2024-01"),
    ("projects", "error", "state: active, since: 2024-01", "state: archived, says: Over."),
    ("sentences", "error", "It needs Volta or newer.", "volta"),
    ("factors", "error", "effect: slower, factor: 0.5", "effect: slower"),
    ("factors", "error", "effect: slower, factor: 0.5", "effect: slower, factor: 2"),
    ("factors", "error", "effect: slower, factor: 0.5", "effect: needs-flag, factor: 0.5"),
    ("no_shell", "error", "argv: ['{bin}/example', --port", "argv: [sh, -c, 'x --port {port} | y', --port"),
    ("no_shell", "error", "argv: [docker, run", "argv: [docker, run, --entrypoint, bash, -c, x, run"),
    ("no_shell", "error", "argv: [kill]", "argv: [kill, '$(pidof example)']"),
    ("no_shell", "error", "argv: [kill]", "argv: ['{python}', -c, 'print({repo})']"),
    ("no_shell", "warning", "argv: [kill]", "argv: [python3, -c, 'print(\"x\")']"),
    ("isolated", "error", "argv: [kill]", "argv: [python3, -m, pip, install, example]"),
    ("pinned", "error", "example==1.2.3', 'torch", "example', 'torch"),
    ("pinned", "warning", "'torch>=2.8'", "torch"),
    ("pinned", "warning", "example/example:v1.2.3", "example/example:latest"),
    ("servers", "error", "argv: ['{bin}/example', --port, '{port}'", "argv: ['{bin}/example', --port, '8000'"),
    ("servers", "warning", ", health: /health", ""),
    ("answerable", "error", "  linux-cpu:\n", "  linux-cpu:\n    requires: {d: {when: {device.kind: gpu}, says: It needs a GPU.}}\n"),
    ("recipes", "error", "  install: pip\n", "  install: []\n"),
    ("recipes", "warning", "  container: image\n", "  container: []\n"),
    ("containers", "error", "argv: [docker, run", "argv: [docker, run, --frobnicate"),
    ("cell_ids", "error", "  linux-cpu:\n", "  linux-cpu:\n    backend: vulkan\n"),
]


@pytest.mark.parametrize(("rule", "level", "before", "after"), CASES)
def test_the_rule_finds_it(rule, level, before, after):
    assert SOUND.count(before) == 1 or before == "argv: [kill]"
    text = SOUND.replace(before, after)
    if rule == "evidence_of_its_own" and "x-evidence" in after:
        text = SOUND[: SOUND.index(before)]
    if (rule, level) == ("recipes", "error"):
        text = text.replace("  container: image\n", "")
    assert (rule, level) in found(text)


def test_a_download_without_a_digest_must_say_so():
    step = "    - {kind: download, title: Get it, url: 'https://example', path: '{env}/x'}\n"
    text = SOUND.replace("  serve:\n", f"{step}  serve:\n", 1)
    assert ("pinned", "warning") in found(text)
    assert found(text.replace("Get it", "Get it (unpinned)")) == set()


def test_a_model_read_from_a_host():
    source = Source(source="https://huggingface.co/a/b", checked="2026-11-20")
    model = Model(id="m", name="M", family="M", arch="llama", sources=(source,))
    assert {one.rule for one in lint(matrix_of(SOUND)._replace(models=[model]))} == {"sources"}


def test_two_runtimes_with_one_name():
    other = resolve("Other", parse(SOUND.replace("name: Example", "name: Exam-ple Server"), "x"), {})
    findings = [finding for finding in lint(matrix_of(SOUND, more=[other])) if finding.rule == "names"]
    assert any("example" in finding.says for finding in findings) and any("lower-case" in finding.says for finding in findings)


def test_machine_written_evidence_for_a_cell_that_is_gone():
    assert found(SOUND, evidence={"example": {"cells": {"linux-gone": []}}}) == {("proofs", "warning")}
    assert found(SOUND, evidence={"gone": {"cells": {}}}) == {("proofs", "warning")}


def test_what_does_not_compile_is_told():
    from pathfinder.errors import Problem

    matrix = matrix_of(SOUND)._replace(mistakes=[Problem("Not so.", where="runtimes/x.yaml")])
    assert [(one.rule, one.where, one.level) for one in lint(matrix)] == [("compiles", "runtimes/x.yaml", "error")]


def test_every_rule_has_a_case():
    elsewhere = {"names", "proofs", "compiles"}
    assert set(rules()) == {rule for rule, *_ in CASES} | elsewhere
