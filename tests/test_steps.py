"""Recipes made concrete: placeholders once and only from the closed list, conditions decided, environments spelt for what is there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.deciding.steps import PLACEHOLDERS, Places, effort, expand, fill, places_for
from pathfinder.deciding.values import device_env, threads
from pathfinder.language.when import compile_when
from pathfinder.types.facts import Cpu, Device, Facts, Os, Tool
from pathfinder.types.matrix import SetFacts
from pathfinder.types.steps import ArgGroup, PipInstall, StepTemplate

LINUX = Facts(os=Os(family="linux"), tools={"uv": Tool(found=False)})
WITH_UV = Facts(os=Os(family="linux"), tools={"uv": Tool(found=True)})
WINDOWS = Facts(os=Os(family="windows"))
VALUES = {name: f"<{name}>" for name in PLACEHOLDERS} | {"env": "/r/env", "python": "/r/env/bin/python", "bin": "/r/env/bin"}


def one(template: StepTemplate, facts: Facts = LINUX, scope: dict[str, Any] | None = None) -> Any:
    return expand((template,), VALUES, scope or {}, facts, places_for(facts))


def test_placeholders_are_filled_and_other_braces_stay() -> None:
    text = fill('{repo} {port} {"a": 1} {unknown} {{repo}} {', VALUES)
    assert text == '<repo> <port> {"a": 1} {unknown} {<repo>} {'


@given(st.text(max_size=40), st.sampled_from(PLACEHOLDERS))
def test_a_value_is_never_looked_into_again(value: str, name: str) -> None:
    assert fill("{repo}", {**VALUES, "repo": value}) == value
    assert fill("a {repo} b", {**VALUES, "repo": "{" + name + "}"}) == "a {" + name + "} b"


def test_conditional_arguments_and_steps() -> None:
    many = compile_when({"set.count": ">= 2"})
    template = StepTemplate(kind="start", title="x", argv=("serve", ArgGroup(when=many, argv=("--tp", "{device_count}"))))
    assert one(template, scope={"set": SetFacts(count=2)})[0].argv == ("serve", "--tp", "<device_count>")
    assert one(template, scope={"set": SetFacts(count=1)})[0].argv == ("serve",)
    assert one(template, scope={"set": None})[0].argv == ("serve",)
    gone = StepTemplate(kind="run", title="x", argv=("x",), when=many)
    assert one(gone, scope={"set": SetFacts(count=1)}) == ()


PIP = StepTemplate(
    kind="pip",
    title="Install",
    pip=PipInstall(packages=("vllm==1",), python=">=3.10,<3.14", index_url="https://i", extra_index_urls=("https://e",), pre=True),
    check=("{python}", "-c", "import vllm"),
)


def test_a_python_environment_with_uv_and_without() -> None:
    made, installed = one(PIP, WITH_UV)
    assert made.argv == ("uv", "venv", "--python", ">=3.10,<3.14", "/r/env")
    assert installed.argv[:5] == ("uv", "pip", "install", "--python", "/r/env/bin/python")
    indexes = ("--index-url", "https://i", "--extra-index-url", "https://e", "--index-strategy", "unsafe-best-match")
    assert installed.argv[5:] == ("--prerelease", "allow", *indexes, "vllm==1")
    assert made.undo[0].argv == ("rm", "-rf", "/r/env")
    plain_made, plain = one(PIP, LINUX)
    assert plain_made.argv == ("python3", "-m", "venv", "/r/env")
    assert plain.argv[:4] == ("/r/env/bin/python", "-m", "pip", "install")
    assert "--pre" in plain.argv
    assert plain.check == ("/r/env/bin/python", "-c", "import vllm")
    assert "network" in plain.needs
    assert one(PIP, WINDOWS)[0].argv[0] == "python"
    assert one(PIP, WINDOWS)[0].undo[0].argv[0] == "cmd"


def test_packages_of_two_steps_share_one_environment() -> None:
    steps = expand((PIP, PIP), VALUES, {}, Facts(), Places())
    assert [step.argv[2] if step.argv else None for step in steps] == ["venv", "pip", "pip"]


def test_paths_of_windows_have_its_separator() -> None:
    template = StepTemplate(kind="start", title="x", argv=("{env}/llama-server", "--repo", "{repo}", "https://a/b"))
    assert one(template, WINDOWS)[0].argv == ("\\r\\env\\llama-server", "--repo", "<repo>", "https://a/b")


def test_effort_counts_steps_and_root_once() -> None:
    root = StepTemplate(kind="run", title="x", argv=("x",), needs=("root",))
    assert effort((root, root)) == 5
    assert effort((PIP,)) == 3
    assert effort(()) == 0


@pytest.mark.parametrize(
    ("cpu", "count"),
    [
        (Cpu(cores=8, threads=16, usable_cpus=16), 8),
        (Cpu(cores=8, threads=16, usable_cpus=3.7), 3),
        (Cpu(cores=8, usable_cpus=0.5), 1),
        (Cpu(threads=4), 4),
        (Cpu(), 1),
    ],
)
def test_threads_follow_the_cpus_really_usable(cpu: Cpu, count: int) -> None:
    assert threads(Facts(cpu=cpu)) == count


def test_devices_are_named_by_uuid_or_in_pci_order() -> None:
    first, second = Device(id="0000:01:00.0", pci="0000:01:00.0", uuid="GPU-1"), Device(id="0000:02:00.0", pci="0000:02:00.0", uuid="GPU-2")
    facts = Facts(os=Os(family="linux"), devices=(second, first))
    assert device_env("cuda", (second,), facts) == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "GPU-2"}
    assert device_env("vulkan", (second,), facts) == {"GGML_VK_VISIBLE_DEVICES": "1"}
    assert device_env("rocm", (first,), facts) == {"ROCR_VISIBLE_DEVICES": "0"}
    assert device_env("cuda", (second, first), facts) == {}
    assert device_env("cpu", (), facts) == {}


def test_places_are_below_the_home_of_the_host_asked_about() -> None:
    assert places_for(LINUX, "/home/u") == Places(root="/home/u/.local/share/pathfinder")
    assert places_for(LINUX).root == "~/.local/share/pathfinder"
    assert places_for(WINDOWS).join("models") == "~\\AppData\\Local\\pathfinder\\models"
