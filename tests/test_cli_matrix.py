"""matrix, schema and profiles as a person and a script use them."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from pathfinder.cli import main
from pathfinder.data import store
from pathfinder.telling import schemas

OVERLAY = """
name: Sample Server
summary: An engine made for this test.
home: github:owner/sample
aliases: [sample old name]
project: {state: active, since: 2024-01}
recipes:
  get: [{kind: pip, title: Install it, pip: {packages: ['sample==1.2.3']}}]
  go: [{kind: start, title: Serve it, argv: [sample, --port, '{port}', {when: {set.count: '>= 2'}, argv: [--tp, '{device_count}']}]}]
defaults: {install: get, launch: go, tasks: [chat], server: {api: openai, port: 8000, health: /health}, formats: [{format: gguf}]}
cells:
  linux-cuda:
    status: works
    requires: {ada: {when: {device.compute_capability: '>= 8.9'}, says: It needs an Ada GPU or newer.}}
    caveats: {always: {effect: needs-flag, says: Mind the | bar.}}
    evidence: [{source: 'pypi:sample==1.2.3', checked: 2026-11-20, how: resolved, says: wheel}]
  linux-rocm: {like: linux-cuda, requires: {ada: null}}
history: [{claim: It ran on anything, source: an old table, now: It does not.}]
"""


@pytest.fixture
def overlay(tmp_path, monkeypatch):
    folder = tmp_path / "site" / "runtimes"
    folder.mkdir(parents=True)
    (folder / "sample.yaml").write_text(OVERLAY, "utf-8")
    monkeypatch.setenv("PATHFINDER_OVERLAY", str(folder.parent))
    return folder.parent


def ask(capsys, *args):
    status = main(list(args))
    out, err = capsys.readouterr()
    return status, out, err


def document(capsys, name, *args):
    status, out, _ = ask(capsys, *args, "--json")
    found = json.loads(out)
    jsonschema.validate(found, schemas.schema(name))
    return status, found


def test_list_narrows_and_marks_what_only_inherits(capsys, overlay):
    status, found = document(capsys, "matrix", "matrix", "list", "--backend", "cuda", "--os", "linux")
    ids = [one["id"] for one in found["runtimes"]]
    assert status == 0 and "sample" in ids and "mlx-lm" in [runtime.id for runtime in store.matrix()]
    assert all(any(cell["backend"] == "cuda" and "linux" in cell["os"] for cell in one["cells"]) for one in found["runtimes"])
    cells = {cell["id"]: cell for one in found["runtimes"] if one["id"] == "sample" for cell in one["cells"]}
    assert (cells["linux-rocm"]["status"], cells["linux-rocm"]["inferred_from"]) == ("untested", "linux-cuda")
    status, out, _ = ask(capsys, "matrix", "list")
    line = next(line for line in out.splitlines() if line.startswith("sample "))
    assert status == 0 and "cuda rocm?" in line


def test_show_by_any_name_with_origins(capsys, overlay):
    status, found = document(capsys, "runtime", "matrix", "show", "SAMPLE old-name")
    rocm = found["cells"][1]
    assert (found["id"], found["tasks"], rocm["status"]) == ("sample", ["chat"], "untested")
    assert status == 0 and rocm["origins"]["status"] == "like:linux-cuda" and rocm["origins"]["tasks"] == "defaults"
    _, out, _ = ask(capsys, "matrix", "show", "sample", "--explain")
    assert "untested (inferred from linux-cuda)" in out and "status: from like:linux-cuda" in out and "It does not." in out


def test_a_wrong_name_is_one_sentence_with_what_was_meant(capsys, overlay):
    status, out, err = ask(capsys, "matrix", "show", "sampel")
    assert (status, out) == (2, "") and "sample" in err and "Traceback" not in err
    status, out, _ = ask(capsys, "matrix", "list", "--task", "dance", "--json")
    assert status == 2 and json.loads(out)["schema"] == "pathfinder/problem/v1"


def test_why_traces_each_cell_on_each_device(capsys, overlay):
    if not store.models():
        pytest.skip("no model catalogue yet")
    args = ("matrix", "why", "sample", "--host", "profile:desktop-gtx-1080-ti")
    status, found = document(capsys, "why", *args)
    cuda = next(one for one in found["decisions"] if one["cell"] == "linux-cuda")
    assert status == 0 and cuda["verdict"] is None
    (asked,) = cuda["requirements"]
    assert asked["holds"] is False and asked["facts"][0]["found"] == "6.1" and asked["facts"][0]["needed"] == ">= 8.9"
    _, out, _ = ask(capsys, *args)
    assert "linux-cuda on" in out and "needs >= 8.9, found 6.1" in out
    _, found = document(capsys, "fleet", *args, "--host", "profile:desktop-rtx-4090")
    assert [one["decisions"][0]["verdict"] is None for one in found["results"]] == [True, False]


def test_lint_finds_what_is_wrong_with_a_folder(capsys, overlay):
    file = overlay / "runtimes" / "sample.yaml"
    file.write_text(OVERLAY.replace("{bar}", "x").replace("status: works", "status: wroks"), "utf-8")
    status, found = document(capsys, "lint", "matrix", "lint", str(overlay))
    assert status == 1 and found["counts"]["errors"] >= 1
    assert any(one["rule"] == "compiles" and "wroks" in one["says"] for one in found["findings"])
    file.write_text(OVERLAY.replace("  linux-rocm: {like: linux-cuda, requires: {ada: null}}\n", ""), "utf-8")
    status, out, _ = ask(capsys, "matrix", "lint", str(overlay))
    assert (status, out) == (0, "matrix lint: 0 errors, 0 warnings.\n")
    assert main(["matrix", "lint", str(overlay / "nowhere")]) == 2


def test_this_matrix_is_lint_clean(capsys, monkeypatch):
    monkeypatch.delenv("PATHFINDER_OVERLAY", raising=False)
    _, found = document(capsys, "lint", "matrix", "lint")
    assert [one for one in found["findings"] if one["level"] == "error"] == []


def test_export(capsys, overlay):
    status, out, _ = ask(capsys, "matrix", "export", "--as", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and {row["runtime"] for row in rows} == {runtime.id for runtime in store.matrix()}
    (row,) = [row for row in rows if (row["runtime"], row["cell"]) == ("sample", "linux-rocm")]
    assert (row["status"], row["tasks"], row["formats"], row["caveats"]) == ("untested", "chat", "gguf", "Mind the | bar.")
    status, found = document(capsys, "matrix", "matrix", "export", "--as", "json")
    assert status == 0 and len(found["runtimes"]) == len(store.matrix())
    status, out, _ = ask(capsys, "matrix", "export", "--as", "markdown")
    assert status == 0 and "[Sample Server]" in out and "[^1]" in out
    assert ask(capsys, "matrix", "export", "--as", "xls")[0] == 2


def test_profiles(capsys):
    status, found = document(capsys, "profiles", "profiles", "list")
    assert status == 0 and len(found["profiles"]) == len(store.profiles()) >= 20
    status, found = document(capsys, "facts", "profiles", "show", "desktop-rtx-4090")
    assert status == 0 and found["devices"][0]["compute_capability"] == "8.9"
    status, _, err = ask(capsys, "profiles", "show", "desktop-rtx-4091")
    assert status == 2 and "desktop-rtx-4090" in err


def test_schema(capsys):
    status, out, _ = ask(capsys, "schema")
    assert status == 0 and out.split() == list(schemas.names())
    status, out, _ = ask(capsys, "schema", "facts")
    assert status == 0 and json.loads(out)["title"] == "pathfinder/facts/v1"
    assert ask(capsys, "schema", "nothing")[0] == 2


def test_a_reader_that_leaves_early_makes_no_traceback():
    source = str(Path(store.__file__).parents[2])
    code = "import sys; from pathfinder.cli import main; sys.exit(main(['matrix', 'export', '--as', 'csv']))"
    reader, writer = os.pipe()
    env = {**os.environ, "PYTHONPATH": source}
    with subprocess.Popen([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, env=env) as process:
        os.close(writer)
        os.close(reader)
        _, err = process.communicate(timeout=60)
    assert b"Traceback" not in err and b"BrokenPipe" not in err
