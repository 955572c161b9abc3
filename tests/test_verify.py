"""`matrix verify`: platform names, resolvers' answers, references, flags of help texts, evidence files."""

import json
import socket

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.acting.run import Outcome
from pathfinder.data.matrix import resolve as runtime_of
from pathfinder.errors import Problem
from pathfinder.types.facts import Cpu, Facts, Os
from pathfinder.types.words import Evidence
from pathfinder.verify import proofs, references
from pathfinder.verify.flags import asked, imports, known
from pathfinder.verify.installing import Machine, installs_here, try_cell
from pathfinder.verify.judging import check_cell, newest
from pathfinder.verify.looking import check_start
from pathfinder.verify.report import CellReport, Found
from pathfinder.verify.resolver import Answer, Request, find_uv, from_report, pip_platforms, reason, resolve, uv_arguments
from pathfinder.verify.resolving import Resolver
from pathfinder.verify.targets import Target, pythons, spans, targets
from pathfinder.verify.wheels import Pick, address, from_lock, named, pinned, source, without_local

TODAY = "2026-11-20"


def cell(pip=None, os="linux", backend="cpu", **fields):
    """A resolved cell as an author would write it."""
    steps = [{"kind": "pip", "title": "Install it", "pip": pip}] if pip else []
    raw = {
        "name": "Sample", "summary": "s", "home": "github:o/s", "project": {"state": "active"},
        "cells": {f"{os}-{backend}": {"status": "works", "install": steps, **fields}},
    }  # fmt: skip
    return runtime_of("sample", raw, {}).cells[0]


def requires(**when):
    return {"it": {"when": when, "says": "It needs that."}}


# --- what a cell claims ----------------------------------------------------------------------------------------------


def test_a_cell_that_says_nothing_is_asked_for_the_usual_systems():
    assert [one.platform for one in targets(cell())] == ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"]
    assert [one.platform for one in targets(cell(os="windows"))] == ["x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc"]
    mac = targets(cell(os="macos", backend="metal", arch=["aarch64"]))
    assert [(one.platform, one.env) for one in mac] == [("aarch64-apple-darwin", {"MACOSX_DEPLOYMENT_TARGET": "14.0"})]


@pytest.mark.parametrize(("needs", "platform"), [("2.35", "2_35"), ("2.17", "2_17"), ("2.29", "2_31")])
def test_the_c_library_is_the_oldest_that_the_requirements_allow(needs, platform):
    one = cell(arch=["x86_64"], requires=requires(**{"os.libc": "glibc", "os.libc_version": f">= {needs}"}))
    assert [target.platform for target in targets(one)] == [f"x86_64-manylinux_{platform}"]


def test_requirements_narrow_architectures_and_raise_macos():
    rules = {
        "chip": {"when": {"os.arch": "aarch64"}, "says": "Apple silicon."},
        "macos": {"when": {"os.version_id": ">= 15"}, "says": "macOS 15."},
        "gpu": {"when": {"device.memory_bytes": ">= 8GiB"}, "says": "A GPU with 8 GiB."},
    }
    assert targets(cell(os="macos", backend="metal", requires=rules)) == (Target(os="macos", arch="aarch64", version="15.0"),)
    assert targets(cell(arch=["x86_64"], requires=requires(**{"os.libc": "musl"}))) == ()


def test_a_step_for_some_systems_is_asked_for_those():
    pip = {"packages": ["sample==1.0"]}
    steps = [
        {"kind": "pip", "title": "For new ones", "pip": pip, "when": {"os.libc_version": ">= 2.39"}},
        {"kind": "pip", "title": "For Arm", "pip": pip, "when": {"os.arch": "aarch64"}},
    ]
    one = cell(install=steps)
    asked_for = [[target.platform for target in targets(one, step.when)] for step in one.install]
    assert asked_for == [["x86_64-manylinux_2_39", "aarch64-manylinux_2_39"], ["aarch64-manylinux_2_28"]]


def test_an_architecture_without_a_name_is_no_platform():
    assert Target(os="linux", arch="armv7l", version="2.28").platform is None
    assert Target(os="linux", arch="riscv64", version="2.28").platform == "riscv64-unknown-linux"


def test_newer_systems_come_nearest_first():
    newer = [one.version for one in Target(os="linux", arch="x86_64", version="2.38").newer()]
    assert newer == ["2.39", "2.40"] and not list(Target(os="windows", arch="x86_64").newer())


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (">=3.10,<3.14", "3.10 to 3.13"),
        (">=3.12,<3.13", "3.12"),
        (">=3.11,!=3.13.*", "3.11, 3.12, 3.14 and 3.15"),
        (">=3.9.8,<3.11", "3.9 and 3.10"),
        (None, "3.12"),
    ],
)
def test_a_range_of_pythons(claim, found):
    assert spans(pythons(claim)) == found


@given(st.lists(st.integers(8, 15), min_size=1))
def test_spans_name_every_release_and_no_other(minors):
    said = spans([f"3.{minor}" for minor in minors]).replace(" and ", ", ").split(", ")
    told: set[int] = set()
    for part in said:
        first, _, last = part.partition(" to ")
        told |= set(range(int(first[2:]), int((last or first)[2:]) + 1))
    assert told == set(minors)


# --- what resolvers answer -------------------------------------------------------------------------------------------

LOCK = """
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "torch"
version = "2.15.0"
wheels = [{ url = "https://files.example/a/torch-2.15.0%2Bcpu-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", hashes = {} }]
[[packages]]
name = "six"
version = "1.17.0"
wheels = [{ name = "six-1.17.0-py2.py3-none-any.whl", url = "https://files.example/x" }]
[[packages]]
name = "antlr"
version = "4.9.3"
sdist = { url = "https://files.example/antlr-4.9.3.tar.gz" }
"""


def test_a_lock_tells_wheels_from_sources_and_pure_from_platform():
    torch, six, antlr = from_lock(LOCK)
    assert torch.wheel == "torch-2.15.0+cpu-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
    assert (torch.platform, torch.pure, six.pure, antlr.wheel, antlr.platform) == ("manylinux_2_27_x86_64", False, True, None, None)
    with pytest.raises(ValueError, match=r".+"):
        from_lock("[[packages")


def test_a_report_of_pip_is_read():
    entry = {
        "metadata": {"name": "Six", "version": "1.17.0"},
        "download_info": {"url": "https://files.example/six-1.17.0-py2.py3-none-any.whl"},
    }
    assert from_report(json.dumps({"version": "1", "install": [entry]})) == (Pick("six", "1.17.0", "six-1.17.0-py2.py3-none-any.whl"),)


@pytest.mark.parametrize(
    ("package", "name", "version"),
    [
        ("Coqui_TTS[server,codec]==0.28.0", "coqui-tts", "0.28.0"),
        ("torch==2.14.1+cu126", "torch", "2.14.1+cu126"),
        ("nvidia-cudnn-cu12==9.*", "nvidia-cudnn-cu12", None),
        ("transformers<5", "transformers", None),
        ("soundfile", "soundfile", None),
        ("vllm @ https://files.example/vllm-0.33.0+cpu-cp38-abi3-manylinux_2_34_x86_64.whl", "vllm", None),
        ("https://files.example/0.8.1/kittentts-0.8.1-py3-none-any.whl", "kittentts", None),
    ],
)
def test_what_a_package_is_called(package, name, version):
    assert (named(package), pinned(package)) == (name, version)


def test_where_a_package_comes_from():
    assert address("tabby[cu12] @ git+https://forge.example/o/tabby@e632af4") == "https://forge.example/o/tabby@e632af4"
    assert address("torch==2.15.0") is None
    assert without_local("torch==2.14.1+cu126") == "torch==2.14.1" and without_local("torch==2.14.1") == "torch==2.14.1"
    assert source(["transformers[serving]==5.23.0", "numpy", "x @ https://a.example/x.whl"]) == "pypi:transformers==5.23.0, pypi:numpy"


def test_uv_is_called_for_one_system_with_wheels_only():
    request = Request(packages=("a",), target=Target(os="linux", arch="x86_64", version="2.35"), python="3.12", no_binary=("a",), pre=True)
    words = uv_arguments(request, "file")
    assert words[words.index("--python-platform") + 1] == "x86_64-manylinux_2_35"
    assert words[words.index("--only-binary") + 1] == ":all:" and words[words.index("--no-binary") + 1] == "a"
    assert "--prerelease" in words and "--extra-index-url" not in words


def test_pip_is_told_every_tag_a_system_takes():
    tags = pip_platforms(Target(os="linux", arch="x86_64", version="2.28"))
    assert "manylinux_2_28_x86_64" in tags and "manylinux2014_x86_64" in tags and "manylinux_2_31_x86_64" not in tags
    assert pip_platforms(Target(os="macos", arch="aarch64", version="14.0"))[:2] == ["macosx_14_0_arm64", "macosx_14_0_universal2"]


def test_the_reason_of_a_refusal_is_one_line():
    text = """error: No solution found when resolving dependencies
  cause: Because only certifi<=2026.10.18 is available and vllm>=0.33.0 depends on certifi>=2026.10.19,
         we can conclude that vllm>=0.33.0 cannot be used.
         And because you require vllm==0.33.0, we can conclude that your requirements are unsatisfiable."""
    said = reason(text)
    assert said.startswith("Because only certifi<=2026.10.18 is available") and "\n" not in said and "unsatisfiable" not in said


# --- a cell, with a registry of our own ------------------------------------------------------------------------------


def answering(wheels=(), silent=()):
    """A resolver's answer from a table: (name, version, platforms or None for a source) and addresses that never answer."""

    def ask(request, uv):
        for url in (*request.extra_index_urls, *filter(None, map(address, request.packages))):
            if url in silent:
                return Answer(silent=f"{url}/x")
        picks = []
        for package in request.packages:
            fitting = [one for one in wheels if one[0] == named(package) and pinned(package) in (None, one[1]) and _fits(one[2], request)]
            if not fitting:
                return Answer(refused=f"there is no {package}")
            name, version, tag = fitting[-1]
            picks.append(Pick(name, version, None if tag is None else f"{name}-{version}-cp312-abi3-{tag}.whl"))
        return Answer(tuple(picks))

    return ask


def _fits(tag, request):
    if tag is None:
        return not request.wheels_only or "sample" in request.no_binary
    return tag == "any" or (tag.startswith("manylinux") and tag.removesuffix("_x86_64") <= request.target.platform.partition("-")[2])


def checked(one, **registry):
    return check_cell(one, Resolver("uv", answering(**registry)), TODAY)


def test_a_pure_wheel_says_that_it_resolves_everywhere():
    done = checked(cell({"packages": ["sample==1.0"], "python": ">=3.12,<3.14"}), wheels=[("sample", "1.0", "any")])
    (proof,) = done.proofs
    assert (proof.source, proof.how, proof.checked, done.found) == ("pypi:sample==1.0", "resolved", TODAY, ())
    assert proof.says == (
        "1 packages for Python 3.12 and 3.13 on Linux x86_64 (glibc 2.28) and Linux aarch64 (glibc 2.28); "
        "sample 1.0 is a pure Python wheel, which resolves everywhere"
    )


def test_a_wheel_for_a_newer_system_is_a_wrong_claim():
    done = checked(cell({"packages": ["sample==1.0"]}, arch=["x86_64"]), wheels=[("sample", "1.0", "manylinux_2_34_x86_64")])
    assert done.proofs == () and [one.kind for one in done.found] == ["wrong"] and "needs Linux x86_64 (glibc 2.34)" in done.found[0].says


def test_what_must_be_compiled_is_said():
    done = checked(cell({"packages": ["sample==1.0"]}, arch=["x86_64"]), wheels=[("sample", "1.0", None)])
    assert "has no wheel and is compiled" in done.proofs[0].says and not done.found


def test_a_part_of_a_recipe_proves_nothing():
    steps = [
        {"kind": "pip", "title": "Install a helper", "pip": {"packages": ["sample==1.0"]}},
        {"kind": "download", "title": "Fetch the engine", "url": "https://forge.example/engine.tar.gz"},
    ]
    done = checked(cell(install=steps), wheels=[("sample", "1.0", "any")])
    assert done.proofs == () and [one.kind for one in done.found] == ["note"] and "Only a part" in done.found[0].says


def test_what_does_not_resolve_is_wrong_and_proves_nothing():
    done = checked(cell({"packages": ["sample==2.0"]}), wheels=[("sample", "1.0", "any")])
    assert done.proofs == () and done.found[0].kind == "wrong" and "there is no sample==2.0" in done.found[0].says


def test_a_place_that_does_not_answer_is_open_and_never_a_failure():
    pip = {"packages": ["sample==1.0+cu1", "six"], "extra_index_urls": ["https://wheels.example/cu1"]}
    registry = {"wheels": [("sample", "1.0", "any"), ("six", "1", "any")], "silent": ["https://wheels.example/cu1"]}
    done = checked(cell(pip), **registry)
    assert done.proofs == () and [one.kind for one in done.found] == ["open"]
    assert (
        "wheels.example is not reachable here; the rest resolves to 2 packages with the registry's own sample==1.0." in done.found[0].says
    )
    only = checked(cell({"packages": ["sample @ https://forge.example/sample.whl"]}), silent=["https://forge.example/sample.whl"])
    assert [one.kind for one in only.found] == ["open"] and only.found[0].says.endswith("forge.example is not reachable here.")


def test_sources_that_cannot_be_asked_leave_it_open():
    def ask(request, uv):
        return Answer(refused="no wheel") if request.wheels_only else Answer(silent="a source archive that wants gigabytes")

    done = check_cell(cell({"packages": ["sample==1.0"]}, arch=["x86_64"]), Resolver("uv", ask), TODAY)
    assert [one.kind for one in done.found] == ["open"] and done.found[0].says.endswith("with wheels only it does not resolve: no wheel.")


def test_a_registry_that_does_not_answer_is_nobodys_mistake():
    def ask(request, uv):
        return Answer(silent="https://registry.example/simple/sample/")

    with pytest.raises(Problem, match="does not answer"):
        check_cell(cell({"packages": ["sample==1.0"]}), Resolver("uv", ask), TODAY)


def test_a_newer_version_is_noted_with_whether_it_resolves():
    one = cell({"packages": ["sample==1.0"]}, arch=["x86_64"])
    (pip,) = [step.pip for step in one.install]
    wheels = [("sample", "1.0", "any"), ("sample", "1.1", "any")]
    assert [found.says for found in newest(pip, one, Resolver("uv", answering(wheels)))] == ["sample 1.1 is out (pinned: 1.0) and resolves"]
    assert not list(newest(pip, one, Resolver("uv", answering(wheels[:1]))))


def test_cuda_libraries_in_a_build_for_the_cpu_are_noted():
    def ask(request, uv):
        return Answer(
            tuple(Pick(name, "1", f"{name}-1-py3-none-manylinux_2_28_x86_64.whl") for name in ("torch", "nvidia-a", "nvidia-b", "nvidia-c"))
        )

    kinds = [
        [one.kind for one in check_cell(cell({"packages": ["torch==1"]}, backend=backend), Resolver("uv", ask), TODAY).found]
        for backend in ("cpu", "cuda")
    ]
    assert kinds == [["note"], []]


_TWO = ("x86_64", "aarch64")

# --- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "images"),
    [
        (["docker", "run", "--rm", "--gpus", "all", "-p", "8000:80", "--ipc=host", "o/engine:v0.3", "--model", "m"], ("o/engine:v0.3",)),
        (["podman", "pull", "quay.io/ramalama/ramalama:0.25"], ("quay.io/ramalama/ramalama:0.25",)),
        (["docker", "run", *({"when": {"os.arch": one}, "argv": [f"o/e:{one}"]} for one in _TWO)], ("o/e:x86_64", "o/e:aarch64")),
        (["docker", "compose", "up"], ()),
        (["ollama", "serve"], ()),
    ],
)  # fmt: skip
def test_the_images_of_a_command(argv, images):
    raw = [{"kind": "start", "title": "t", "argv": argv}]
    assert references.images(cell(container=raw).container[0]) == images


@pytest.mark.parametrize(
    "name", ["ollama/ollama:0.20.1", "ghcr.io/o/p:v1.2-cuda", "nvcr.io/nvidia/tritonserver:26.10-py3", "a/b@sha256:" + "0" * 64]
)
def test_good_image_names(name):
    assert not list(references.image_name(name))


@pytest.mark.parametrize("name", ["ollama/ollama", "Ollama/Ollama:1", "ghcr.io/o/p:", "a b:1", "https://ghcr.io/o/p:1"])
def test_bad_image_names(name):
    assert len(list(references.image_name(name))) == 1


def test_downloads_are_for_the_cells_own_system():
    one = cell(arch=["x86_64"])
    base = "https://forge.example/releases/download/b1/"
    good = ("llama-b1-bin-ubuntu-x64.tar.gz", "tool.tar.gz", "tool-linux-amd64", "model.gguf", "x64-darwinless-linux.zip")
    assert [list(references.address(base + name, one)) for name in good[:4]] == [[]] * 4
    for name, says in (
        ("llama-b1-bin-macos-arm64.zip", "is for macos"),
        ("tool-win-x64.zip", "is for windows"),
        ("tool-linux-aarch64", "is for aarch64"),
        ("", "names no file"),
    ):
        assert any(says in found for found in references.address(base + name, one)), name
    assert list(references.address("http://forge.example/x.zip", one)) == ["http://forge.example/x.zip is not an https address."]


# --- flags of help texts ---------------------------------------------------------------------------------------------


def launch(*argv):
    return cell(launch=[{"kind": "start", "title": "Serve", "argv": list(argv)}]).launch[0]


def test_what_a_start_command_asks():
    step = launch(
        "{bin}/vllm", "serve", "{repo}", "--port", "{port}", {"when": {"set.count": ">= 2"}, "argv": ["--tp=2", "-q"]}, "--temp", "-1"
    )
    ask = asked(step)
    assert (ask.program, ask.subcommands, ask.flags) == (("{bin}/vllm",), ("serve",), ("--port", "--tp", "-q", "--temp"))
    ask = asked(launch("{python}", "-m", "llama_cpp.server", "--model", "{path}", "--", "--not-ours"))
    assert (ask.program, ask.subcommands, ask.flags) == (("{python}", "-m", "llama_cpp.server"), (), ("--model",))
    assert asked(launch("ollama", "serve")) is None


ARGPARSE = """usage: serve [-h] [--model MODEL] [-ngl N]
  -h, --help            show this help message and exit
  -ngl N, --n-gpu-layers N
                        layers (see --n-ctx-size.)
  --cache, --no-cache   cache
"""
RICH = """
 │ --host        TEXT     Host to bind. [default: localhost]  │
 │ --continuous-batching    --no-continuous-batching   Batch  │
"""
ABSL = "  --[no]verbose: talk\n  --[no-]color  paint"


def test_flags_in_the_help_of_the_usual_parsers():
    assert {"-h", "--help", "--model", "-ngl", "--n-gpu-layers", "--cache", "--no-cache"} <= known(ARGPARSE)
    assert {"--host", "--continuous-batching", "--no-continuous-batching"} <= known(RICH)
    assert {"--verbose", "--noverbose", "--color", "--no-color"} <= known(ABSL)
    assert not {"--mod", "--n-gpu", "-n", "-gpu-layers", "-model"} & known(ARGPARSE)


def helping(helps):
    """A runner that knows the help of some programs."""

    def run(argv, seconds):
        text = helps.get(tuple(argv))
        return (Outcome(code=2), "error: no") if text is None else (Outcome(code=0), text)

    return run


def test_a_flag_the_help_does_not_know_is_found():
    run = helping({("{bin}/tool", "serve", "--help"): "  --host H\n --port P"})
    good, bad = check_start(launch("{bin}/tool", "serve", "{model}", "--host", "{host}", "--prot", "{port}"), run)
    assert good == ["`tool serve --help` knows --host"] and bad == ["`tool serve --help` knows no --prot"]


def test_a_bare_word_may_be_no_subcommand_and_help_may_come_in_parts():
    run = helping({("{bin}/tool", "--help"): "  --host H", ("{bin}/tool", "--help=all"): "  --host H --port P"})
    assert check_start(launch("{bin}/tool", "tiny", "--host", "{host}", "--port", "{port}"), run) == (
        ["`tool --help` knows --host and --port"],
        [],
    )
    assert "does not answer" in check_start(launch("{bin}/other", "--host", "{host}"), run)[1][0]


def test_a_program_given_as_text_has_its_imports_tried():
    assert imports("import sys; from a.b import C as D\nprint(D(sys.argv))") == "import sys\nfrom a.b import C as D"
    run = helping({("{python}", "-c", "import json"): ""})
    assert check_start(launch("{python}", "-c", "import json; json.loads(1)"), run) == (["the start command's `import json` works"], [])
    assert check_start(launch("{python}", "-c", "import jsn"), run)[1] == ["`import jsn` fails: error: no"]
    assert "no Python" in check_start(launch("{python}", "-c", "import ("), run)[1][0]


def test_only_what_this_machine_could_start_is_tried():
    facts = Facts(os=Os(family="linux", arch="x86_64", libc="glibc", libc_version="2.36"), cpu=Cpu(arch="x86_64"))
    pip = {"packages": ["sample==1.0"]}
    assert installs_here(cell(pip), facts) and installs_here(cell(pip, arch=["x86_64"]), facts)
    newer = requires(**{"os.libc": "glibc", "os.libc_version": ">= 2.39"})
    others = [cell(pip, os="windows"), cell(pip, arch=["aarch64"]), cell(pip, backend="cuda"), cell(), cell(pip, requires=newer)]
    assert not any(installs_here(one, facts) for one in others)


# --- evidence files --------------------------------------------------------------------------------------------------


def proof(how="resolved", says="s", checked=TODAY):
    return Evidence(source="pypi:sample==1.0", checked=checked, how=how, says=says)


def test_new_proofs_take_the_place_of_old_ones_of_their_kind():
    old = proofs.File(cells={"a": [proof("run", "ran"), proof(checked="2026-01-01")], "b": [proof()], "gone": [proof()]})
    done = proofs.updated(old, [CellReport(cell="a", proofs=(proof(says="new"),)), CellReport(cell="b")], ["resolved"], ["a", "b"])
    assert done.cells == {"a": [proof(says="new"), proof("run", "ran")]}


def test_what_was_proved_elsewhere_stays_where_nothing_can_be_asked():
    old = proofs.File(cells={"a": [proof()]})
    for kind, left in (("open", {"a": [proof()]}), ("wrong", {})):
        report = CellReport(cell="a", found=(Found(kind=kind, says="x"),))
        done = proofs.updated(old, [report], ["resolved"], ["a"])
        assert done.cells == left and done.found == {"a": [Found(kind=kind, says="x")]}


def test_an_evidence_file_is_the_same_however_it_came_about(tmp_path):
    reports = [CellReport(cell=id, proofs=(proof(),), found=(Found(kind="open", says="o"),)) for id in ("b", "a")]
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert proofs.save(one, proofs.updated(proofs.File(), reports, ["resolved"], ["a", "b"]))
    for report in reversed(reports):
        proofs.save(two, proofs.updated(proofs.load(two), [report], ["resolved"], ["a", "b"]))
    assert one.read_bytes() == two.read_bytes() and not proofs.save(one, proofs.load(two))
    assert msgspec.json.decode(one.read_bytes())["cells"]["a"] == [msgspec.to_builtins(proof())]
    proofs.save(one, proofs.File())
    assert not one.exists() and proofs.load(one) == proofs.File()


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"cells": []}', "utf-8")
    with pytest.raises(Problem, match="Not an evidence file"):
        proofs.load(path)


# --- the real thing --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uv():
    found = find_uv()
    if found is None:
        pytest.skip("uv is not installed")
    try:
        socket.create_connection(("pypi.org", 443), timeout=3).close()
    except OSError:
        answer = resolve(Request(packages=("six==1.17.0",), target=Target(os="linux", arch="x86_64", version="2.28"), python="3.12"), found)
        if not answer.resolved:
            pytest.skip("the package registry is not reachable")
    return found


def test_uv_answers_for_other_systems(uv):
    one = cell({"packages": ["msgpack==1.1.1", "six==1.17.0"], "python": ">=3.12,<3.13"}, os="macos", backend="metal", arch=["aarch64"])
    (found,) = check_cell(one, Resolver(uv), TODAY).proofs
    assert "msgpack 1.1.1 macosx_11_0_arm64" in found.says and "six 1.17.0 is a pure Python wheel" in found.says


def test_uv_refuses_what_is_not_there(uv):
    done = check_cell(cell({"packages": ["six==0.0.99"]}, os="windows", arch=["x86_64"]), Resolver(uv), TODAY)
    assert done.proofs == () and done.found[0].kind == "wrong" and "six==0.0.99" in done.found[0].says


def test_a_tiny_recipe_is_installed_and_its_flags_are_looked_up(uv):
    from pathfinder.host.open import open_host
    from pathfinder.looking.observe import observe

    def step(*flags):
        return {"kind": "start", "title": "Serve", "argv": ["{bin}/httpx", "{model}", *flags]}

    facts = observe(open_host("live"))
    machine = Machine(facts, uv, Resolver(uv), TODAY, ("six==1.16.0",))
    pip = {"packages": ["httpx[cli]==0.28.1", "six==1.17.0"]}
    family = facts.os.family
    done = try_cell(cell(pip, os=family, launch=[step("--method", "GET", "--no-such-flag")]), machine, lambda line: None)
    (found,) = done.proofs
    assert found.how == "installed" and "imports httpx and six" in found.says and "`httpx --help` knows --method" in found.says
    assert "six 1.16.0 as the build at hand" in found.says and found.source == "pypi:httpx==0.28.1, pypi:six==1.16.0"
    assert [(one.kind, one.says) for one in done.found] == [("wrong", "`httpx --help` knows no --no-such-flag")]


# --- the verb --------------------------------------------------------------------------------------------------------

OVERLAY = """
name: Sample Library
summary: A package made of nothing, for this test.
home: github:owner/sample
project: {state: active, since: 2024-01}
recipes:
  get: [{kind: pip, title: Install it, pip: {packages: ['six==1.17.0'], python: '>=3.12,<3.13'}}]
defaults: {install: get, tasks: [chat], formats: [{format: gguf}]}
cells:
  linux-cpu: {status: works, evidence: [{source: 'pypi:six==1.17.0', checked: 2026-11-20, how: read, says: wheel}]}
"""


@pytest.fixture
def overlay(tmp_path, monkeypatch):
    (tmp_path / "site" / "runtimes").mkdir(parents=True)
    (tmp_path / "site" / "runtimes" / "sample.yaml").write_text(OVERLAY, "utf-8")
    monkeypatch.setenv("PATHFINDER_OVERLAY", str(tmp_path / "site"))
    return tmp_path / "site"


def test_a_runtime_of_an_overlay_is_proved_beside_its_own_file(uv, overlay, capsys):
    import jsonschema

    from pathfinder.cli import main
    from pathfinder.data import store
    from pathfinder.telling import schemas

    assert main(["matrix", "verify", "sample", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schemas.schema("verify"))
    assert document["counts"] == {"proofs": 1, "wrong": 0, "open": 0, "note": 0}
    kept = json.loads((overlay / "evidence" / "sample.json").read_text("utf-8"))
    assert [one["how"] for one in kept["cells"]["linux-cpu"]] == ["resolved"]
    store.compiled.load.cache_clear()
    assert [one.how for one in store.runtime("sample").cells[0].evidence] == ["read", "resolved"]


def test_verifying_needs_the_network_and_a_name(overlay, capsys):
    from pathfinder.cli import main

    assert main(["matrix", "verify", "sample", "--offline"]) == 1
    assert main(["matrix", "verify", "no-such-runtime"]) == 2
    assert not (overlay / "evidence").exists()
    capsys.readouterr()
