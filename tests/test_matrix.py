"""Inheritance, recipes, platforms, overlays and evidence of a runtime."""

import pytest
from msgspec.structs import replace

from pathfinder.data.matrix import merge, proven, resolve, with_engines
from pathfinder.data.plainyaml import parse
from pathfinder.errors import Problem

AUTHOR = """
name: Example
summary: An example.
home: github:owner/example
project: {state: active}
recipes:
  pip:
    - {kind: pip, title: Install, pip: {packages: ['example==1.10'], python: '>=3.10'}}
  serve:
    - kind: start
      title: Serve
      argv: ['{bin}/example', --port, '{port}', {when: {set.count: '>= 2'}, argv: [--tp, '{device_count}']}, 8]
      undo: [{kind: run, title: Stop, argv: [kill], when: {os.family: linux}}]
defaults:
  arch: [x86_64]
  tasks: [chat]
  install: pip
  launch: serve
  formats: [{format: fp8, requires: {device.compute_capability: '>= 8.9'}, says: Ada.}]
  caveats: {always: {effect: partial, says: Mind the gap.}}
cells:
  linux-cuda:
    status: works
    platform: cuda-12.8
    requires:
      own: {when: {device.compute_capability: '>= 7.0'}, says: Volta.}
    caveats:
      slow: {effect: slower, factor: 0.5, when: {device.compute_capability: '< 8.0'}, says: Slower.}
    evidence: [{source: 'pypi:example==1.10', checked: 2026-11-20, how: resolved, says: wheel}]
  linux-rocm:
    like: linux-cuda
    platform: []
    requires: {own: null, other: {when: {device.arch: gfx1100}, says: RDNA 3.}}
    caveats: {slow: null}
  linux-rocm-old:
    like: linux-rocm
    status: broken
    arch: [x86_64, aarch64]
  windows-cuda:
    like: linux-cuda
    requires: {cuda-12.8.driver: null}
    install: [pip, {kind: manual, title: Then restart.}]
  macos-metal:
    status: untested
    caveats: {always: null}
"""
PLATFORMS = {
    "cuda-12.8": {"says": "CUDA 12.8", "requires": {"driver": {"when": {"device.driver_version": ">= 525"}, "says": "Newer driver."}}}
}


def example(text=AUTHOR):
    return parse(text, "x")


@pytest.fixture(scope="module")
def cells():
    return {cell.id: cell for cell in resolve("example", example(), PLATFORMS).cells}


def test_os_and_backend_come_from_the_id_unless_said(cells):
    assert [(cell.os, cell.backend) for cell in cells.values()] == [
        (("linux",), "cuda"), (("linux",), "rocm"), (("linux",), "rocm"), (("windows",), "cuda"), (("macos",), "metal"),
    ]  # fmt: skip


def test_defaults_like_and_own_in_this_order(cells):
    assert cells["linux-cuda"].arch == cells["linux-rocm"].arch == ("x86_64",)
    assert cells["linux-rocm-old"].arch == ("x86_64", "aarch64")
    assert [cells[id].status for id in ("linux-cuda", "linux-rocm", "linux-rocm-old", "windows-cuda")] == [
        "works",
        "works",
        "broken",
        "works",
    ]


def test_requirements_and_caveats_merge_by_key_and_null_removes(cells):
    assert [one.id for one in cells["linux-cuda"].requires] == ["cuda-12.8.driver", "own"]
    assert [one.id for one in cells["linux-rocm"].requires] == ["other"]
    assert [one.id for one in cells["windows-cuda"].requires] == ["own"]
    assert [one.id for one in cells["linux-cuda"].caveats] == ["always", "slow"]
    assert [one.id for one in cells["linux-rocm-old"].caveats] == ["always"]
    assert cells["macos-metal"].caveats == ()


def test_status_inherits_evidence_does_not(cells):
    assert cells["linux-rocm"].evidence == () and cells["linux-rocm"].inferred_from == "linux-cuda"
    assert cells["linux-rocm-old"].inferred_from == "linux-cuda"
    assert cells["macos-metal"].inferred_from == "defaults"
    assert cells["linux-cuda"].inferred_from is None and cells["linux-cuda"].evidence[0].source == "pypi:example==1.10"


def test_origins_name_where_a_value_was_stated(cells):
    places = ("arch", "tasks", "install", "launch", "formats", "caveats.always")
    assert cells["linux-cuda"].origins == dict.fromkeys(places, "defaults")
    old = cells["linux-rocm-old"].origins
    assert old["requires.other"] == "like:linux-rocm" and old["tasks"] == "defaults" and "status" not in old and "arch" not in old


def test_recipes_by_name_with_conditions_compiled(cells):
    cell = cells["windows-cuda"]
    assert [step.kind for step in cell.install] == ["pip", "manual"]
    assert cell.install[0].pip is not None and cell.install[0].pip.packages == ("example==1.10",)
    (serve,) = cell.launch
    assert serve.argv is not None
    assert serve.argv[:3] == ("{bin}/example", "--port", "{port}") and serve.argv[4] == "8"
    assert serve.argv[3].when["path"] == "set.count" and serve.argv[3].when["value"] == 2  # type: ignore[union-attr]
    assert serve.undo[0].when == {"path": "os.family", "op": "==", "value": "linux", "kind": "word", "takes": "os"}
    assert cell.formats[0].requires is not None and cell.caveats[1].factor == 0.5


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("    like: linux-cuda\n    platform: []", "    like: linux-none\n    platform: []", "no cell 'linux-none'"),
        ("    like: linux-rocm\n", "    like: linux-rocm-old\n", "circle"),
        ("platform: cuda-12.8", "platform: cuda-9", "no platform 'cuda-9'"),
        ("  install: pip\n", "  install: pipx\n", "no recipe 'pipx'"),
        ("device.arch: gfx1100", "device.arc: gfx1100", "no fact 'device.arc'"),
        ("status: broken", "status: broke", "broke"),
        ("  tasks: [chat]", "  task: [chat]", "'task'"),
        ("  arch: [x86_64]\n  tasks", "  evidence: []\n  tasks", "does not inherit"),
        ("summary: An example.", "sumary: An example.", "'sumary'"),
        ("how: resolved", "how: guessed", "guessed"),
    ],
)
def test_mistakes_are_told_with_their_place(before, after, says):
    assert before in AUTHOR
    with pytest.raises(Problem) as caught:
        resolve("example", example(AUTHOR.replace(before, after)), PLATFORMS)
    assert says in caught.value.says and str(caught.value.where).startswith("runtimes/example.yaml")


def test_an_overlay_merges_cells_by_id_and_keeps_origins():
    over = parse(
        """
best_for: us
recipes: {serve: [{kind: start, title: Ours, argv: [ours]}]}
defaults: {tasks: [chat, embeddings]}
cells:
  linux-cuda: {caveats: {slow: null, ours: {effect: needs-flag, says: Ask us.}}, status: partial}
  linux-vulkan: {like: linux-cuda}
  macos-metal: null
""",
        "over",
    )
    runtime = resolve("example", merge(example(), over, "site"), PLATFORMS)
    cells = {cell.id: cell for cell in runtime.cells}
    assert runtime.best_for == "us" and runtime.name == "Example"
    assert sorted(cells) == ["linux-cuda", "linux-rocm", "linux-rocm-old", "linux-vulkan", "windows-cuda"]
    cuda = cells["linux-cuda"]
    assert [one.id for one in cuda.caveats] == ["always", "ours"] and [one.id for one in cuda.requires] == ["cuda-12.8.driver", "own"]
    assert cuda.origins["status"] == cuda.origins["caveats.ours"] == "overlay:site"
    assert cuda.launch[0].title == "Ours" and cuda.tasks == ("chat", "embeddings")
    assert cuda.evidence and cells["linux-vulkan"].origins["status"] == "overlay:site"
    assert [one.id for one in cells["windows-cuda"].caveats] == ["always", "ours"]


def test_machine_written_evidence_joins_that_of_its_cell():
    proofs = {"linux-rocm": [{"source": "pypi:example==1.10", "checked": "2026-11-20", "how": "resolved", "says": "wheel"}], "gone": [{}]}
    cells = {cell.id: cell for cell in resolve("example", proven(example(), proofs), PLATFORMS).cells}
    assert cells["linux-rocm"].inferred_from is None and cells["linux-rocm"].evidence[0].how == "resolved"
    assert cells["linux-rocm-old"].inferred_from == "linux-rocm"


def test_a_runtime_loads_what_its_engine_loads():
    engine = replace(resolve("engine", example(), PLATFORMS), architectures=("llama", "qwen2"))
    raw = example()
    raw["defaults"]["engine"] = "engine"
    front = resolve("front", raw, PLATFORMS)
    raw["defaults"]["formats"] = [*raw["defaults"]["formats"], {"format": "onnx"}]
    wider = resolve("wider", raw, PLATFORMS)
    found = {one.id: one.architectures for one in with_engines([engine, front, wider])}
    assert found == {"engine": ("llama", "qwen2"), "front": ("llama", "qwen2"), "wider": ()}
