"""What Tab offers, asked as the shells' own scripts ask."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pathfinder.cli import VERBS
from pathfinder.data import store

from .test_cli import PROGRAM

FORBIDDEN = ("pydantic", "rich", "yaml", "jinja2", "numpy", "prompt_toolkit")


def asked(shell: str, *words: str, imports: bool = False) -> subprocess.CompletedProcess[str]:
    """The completion protocol of Typer: `words` after the program's name, the last one unfinished."""
    line = " ".join(("pathfinder", *words))
    env = {"_PATHFINDER_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    env |= {"COMP_WORDS": "\n".join(("pathfinder", *words)), "COMP_CWORD": str(len(words)), "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1]}
    program = [PROGRAM[0], "-X", "importtime", *PROGRAM[1:]] if imports else PROGRAM
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **env})


def offers(*words: str) -> list[str]:
    done = asked("bash", *words)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


DGX = [id for id in store.profiles() if id.startswith("dgx")]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("rec",), ["recommend"]),
        (("recommend", "--as", ""), ["svg", "html"]),
        (("matrix", ""), ["list", "show", "why", "lint", "verify", "export"]),
        (("recommend", "--pre"), ["--prefer"]),
        (("recommend", "--prefer", ""), ["simple", "fast", "throughput", "memory"]),
        (("recommend", "--for", "t"), ["team"]),
        (("recommend", "--model", "llama-3.2-3b"), ["llama-3.2-3b-base", "llama-3.2-3b-instruct"]),
        (("models", "show", "PHI-4-mini-i"), ["phi-4-mini-instruct"]),
        (("launch", "oll"), ["ollama"]),
        (("matrix", "why", "vl"), ["vllm"]),
        (("matrix", "export", "--as", ""), ["json", "csv", "markdown", "html"]),
        (("setup", "--as", "p"), ["ps1"]),
        (("profiles", "show", "dgx"), DGX),
        (("detect", "--host", "profile:dgx"), [f"profile:{id}" for id in DGX]),
        (("schema", "fac"), ["facts"]),
        (("check", "vram"), ["vram", "vram.free"]),
        (("check", "--format", "git"), ["github"]),
        (("completion", "z"), ["zsh"]),
        (("recommend", "--model", "./"), []),
    ],
)
def test_bash_is_offered(words: tuple[str, ...], some: list[str]) -> None:
    assert offers(*words) == some


def test_every_verb_and_every_name_there_is() -> None:
    assert offers("") == list(VERBS)
    assert offers("matrix", "show", "") == sorted(runtime.id for runtime in store.matrix())
    assert offers("estimate", "") == sorted(model.id for model in store.models())
    assert {"--host", "--json", "--model", "--top", "--explain"} <= set(offers("recommend", "--"))


def test_bash_breaks_words_at_colons() -> None:
    assert offers("detect", "--host", "profile", ":", "dgx") == DGX
    assert offers("check", "runtime", ":", "vll") == ["vllm"]
    assert {"dgx-spark", "dgx-h100"} <= set(offers("detect", "--host", "profile", ":"))


def test_the_other_shells_have_the_sentences_too() -> None:
    assert '"ollama"' in asked("zsh", "launch", "oll").stdout
    assert f'"recommend":"{VERBS["recommend"]}"' in asked("zsh", "rec").stdout
    assert asked("fish", "rec").stdout == f"recommend\t{VERBS['recommend']}\n"
    assert asked("powershell", "rec").stdout == f"recommend:::{VERBS['recommend']}\n"
    assert asked("pwsh", "launch", "oll").stdout.split(":::")[0] == "ollama"


@pytest.mark.parametrize("words", [("re",), ("recommend", "--pre"), ("recommend", "--model", "llama"), ("detect", "--host", "profile:")])
def test_a_tab_imports_nothing_heavy_and_is_quick(words: tuple[str, ...]) -> None:
    asked("zsh", *words)  # compiles the matrix, where it has just been changed
    loaded = asked("zsh", *words, imports=True).stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in loaded.splitlines() if line.startswith("import time:")}
    assert not names & set(FORBIDDEN)
    bare, ours = [], []
    for _ in range(4):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        bare.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        asked("bash", *words)
        ours.append(time.perf_counter() - begun)
    assert min(ours) < max(0.3, 15 * min(bare))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_is_one_the_shell_takes(shell: str, tmp_path: Path) -> None:
    done = subprocess.run([*PROGRAM, "completion", shell], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_PATHFINDER_COMPLETE" in done.stdout
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(done.stdout, encoding="utf-8")
    assert subprocess.run([shell, "-n", str(tmp_path / "script")], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_itself_completes() -> None:
    program = Path(sys.executable).parent
    ask = """eval "$(pathfinder completion bash)"; COMP_WORDS=(pathfinder recommend --model gpt-oss); COMP_CWORD=3
             _pathfinder_completion pathfinder; printf '%s\\n' "${COMPREPLY[@]}" """
    env = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=False, timeout=60, env=env)
    offered = done.stdout.split()
    assert {"gpt-oss-120b", "gpt-oss-20b"} <= set(offered), done.stderr
    assert all(one.startswith("gpt-oss-") for one in offered)


def test_install_writes_where_the_shell_reads(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    done = subprocess.run([*PROGRAM, "completion", "bash", "--install"], capture_output=True, text=True, check=False, timeout=60, env=env)
    assert done.returncode == 0, done.stderr
    assert "pathfinder" in (tmp_path / ".bashrc").read_text(encoding="utf-8")
    assert "_PATHFINDER_COMPLETE" in (tmp_path / ".bash_completions" / "pathfinder.sh").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_at_the_first_tab(tmp_path: Path) -> None:
    from .terminal import Terminal

    env = {
        **os.environ,
        "HOME": str(tmp_path),
        "ZDOTDIR": str(tmp_path),
        "TERM": "xterm",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    subprocess.run([*PROGRAM, "completion", "zsh", "--install"], capture_output=True, check=True, timeout=60, env=env)
    one = Terminal((str(shutil.which("zsh")), "-i"), 100, 30, env)
    try:
        one.until(lambda text: bool(text.strip()))
        one.press("pathfinder recom\t", "pathfinder recommend")
    finally:
        os.kill(one.pid, signal.SIGKILL)
        os.waitpid(one.pid, 0)
        os.close(one.fd)


def test_an_unknown_shell_is_a_mistake() -> None:
    done = subprocess.run([*PROGRAM, "completion", "tcsh"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "tcsh" in done.stderr
