"""Plans as text: shells give every argument back, formats are found by listing the folder, nothing breaks out of its place."""

import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathfinder.cli import main
from pathfinder.data import store
from pathfinder.errors import Problem
from pathfinder.telling import quoting
from pathfinder.telling.render import comment, file_name, formats, render
from pathfinder.types.models import Artifact
from pathfinder.types.plans import CaveatHit, Plan
from pathfinder.types.steps import Endpoint, Step

FOLDER = store.templates()
HOSTILE = [
    "",
    " ",
    "a b",
    "$(touch /tmp/x)",
    "`id`",
    "'",
    '"',
    "\\",
    "a'b\"c",
    "-n",
    "--",
    "*",
    "~",
    "~/x",
    "$HOME",
    "!",
    "\n",
    "a\nb",
    "é🦙",
    "#x",
    ";",
    "&&",
    "\t",
]
ROOT = "/home/u s/.local/share/pathfinder"


def plan(**fields: object) -> Plan:
    base: dict[str, object] = {
        "model": "llama-3-8b",
        "runtime": "x",
        "name": "X",
        "cell": "linux-cpu",
        "backend": "cpu",
        "devices": (),
        "verdict": "works",
        "root": ROOT,
        "os": "linux",
        "artifact": Artifact(format="gguf", quant="Q4_K_M", repo="o/r"),
        "install": (
            Step(kind="download", title="Get it", url="https://h/f?a=b&c", path=f"{ROOT}/f.tgz", sha256="0" * 64),
            Step(
                kind="run",
                title="Build",
                argv=("make", "-j"),
                cwd=f"{ROOT}/src",
                env={"A": "b c"},
                undo=(Step(kind="run", title="U", argv=("true",)),),
            ),
            Step(kind="write", title="Config", path=f"{ROOT}/c.json", text='{"a": "$HOME \'x\'"}\n'),
            Step(kind="manual", title="Click", why="Accept the licence."),
        ),
        "launch": (
            Step(kind="start", title="Serve", argv=(f"{ROOT}/bin/x", "--model", "o/r")),
            Step(kind="wait", title="Wait", url="http://127.0.0.1:1/h"),
        ),
        "endpoint": Endpoint(url="http://127.0.0.1:1/v1", api="openai", health="http://127.0.0.1:1/h"),
        "caveats": (CaveatHit(id="c", effect="partial", says="Mind\n$(rm -rf /)", applies=None),),
    }
    return Plan(**{**base, **fields})  # type: ignore[arg-type]


def given_back(line: str, shell: str, env: dict[str, str] | None = None) -> list[str]:
    script = f"show() {{ printf '%s\\0' \"$@\"; }}\nshow {line}\n"
    ran = subprocess.run([shell, "-c", script], capture_output=True, check=True, env=env or {"PATH": "/usr/bin:/bin", "HOME": "/home/x"})
    return ran.stdout.decode().split("\0")[:-1]


SHELLS = [shell for shell in ("bash", "dash") if shutil.which(shell)]


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell here")
@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_words_come_back(shell: str) -> None:
    assert given_back(quoting.sh(HOSTILE), shell) == HOSTILE


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell here")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=20))
def test_any_words_come_back(words: list[str]) -> None:
    assert given_back(quoting.sh(words), SHELLS[0]) == words


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell here")
@pytest.mark.parametrize("rest", ["", "/a b/$x", "/'", "/env/bin/python"])
def test_words_below_the_root_follow_the_variable(rest: str) -> None:
    line = quoting.sh([ROOT + rest, ROOT + "er/no"], ROOT, "PATHFINDER_HOME")
    env = {"PATH": "/usr/bin:/bin", "PATHFINDER_HOME": "/else where"}
    assert given_back(line, SHELLS[0], env) == ["/else where" + rest, ROOT + "er/no"]


def test_words_of_powershell_cannot_leave_their_quotes() -> None:
    assert quoting.ps1_word("a'b") == "'a''b'"
    assert quoting.ps1_word("a\u2019; rm x") == "'a\u2019\u2019; rm x'"
    assert quoting.ps1_word("$(x)") == "'$(x)'"
    assert quoting.ps1_word("--model") == "--model"
    assert quoting.ps1_word("-x;y") == "'-x;y'"


def test_folders_of_powershell_follow_their_variable() -> None:
    root = "~\\AppData\\Local\\pathfinder"
    assert quoting.ps1_word("C:\\r\\a b", "C:\\r", "R") == '"${R}\\a b"'
    assert quoting.ps1_word(f"{root}\\x.exe", root) == '"$HOME\\AppData\\Local\\pathfinder\\x.exe"'
    assert quoting.ps1_word(f'{root}\\$(x)`"\u201d', root) == '"$HOME\\AppData\\Local\\pathfinder\\`$(x)```"`\u201d"'
    assert quoting.ps1_word(f"--dir={root}\\a;{root}\\b", root, "R") == '"--dir=${R}\\a;${R}\\b"'
    assert quoting.ps1_word("~\\other", root) == "'~\\other'"
    assert quoting.ps1_env({"A": f"{root}\\m", "B": "1:2"}, root) == "$env:A = \"$HOME\\AppData\\Local\\pathfinder\\m\"; $env:B = '1:2'; "


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell here")
@pytest.mark.parametrize("shell", SHELLS)
def test_the_home_folder_is_found_inside_words(shell: str) -> None:
    root = "~/.local/share/pathfinder"
    words = [
        f"{root}/a b",
        f"{root}/m:/models",
        f"--dir={root}/x",
        f"type=bind,source={root},target=/r",
        f"a:{root}/b:{root}",
        "~/x",
        f"{root}er",
    ]
    home = f"/home/x{root[1:]}"
    found = [
        f"{home}/a b",
        f"{home}/m:/models",
        f"--dir={home}/x",
        f"type=bind,source={home},target=/r",
        f"a:{home}/b:{home}",
        "~/x",
        f"{root}er",
    ]
    assert given_back(quoting.sh(words, root), shell) == found


def test_formats_are_the_files_of_the_folder(tmp_path: Path) -> None:
    assert set(formats(FOLDER)) >= {"sh", "ps1", "json", "markdown"}
    (tmp_path / "ini.conf.j2").write_text("[x]\nname = {{ plan.name }}\n")
    assert set(formats(tmp_path)) == {"ini"}
    assert render("ini", plan(), tmp_path) == "[x]\nname = X\n"
    assert file_name("ini", plan(model="a/b c"), tmp_path) == "x-a-b-c.conf"
    (tmp_path / "typo.txt.j2").write_text("{{ plan.nmae }}")
    with pytest.raises(Exception, match="nmae"):
        render("typo", plan(), tmp_path)


def test_an_unknown_format_lists_the_known() -> None:
    with pytest.raises(Problem) as caught:
        render("bat", plan(), FOLDER)
    assert "markdown" in (caught.value.hint or "")


def test_a_shell_of_another_system_is_refused() -> None:
    with pytest.raises(Problem):
        render("ps1", plan(), FOLDER)
    with pytest.raises(Problem):
        render("sh", plan(os="windows"), FOLDER)


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell here")
def test_the_script_does_what_the_plan_says(tmp_path: Path) -> None:
    """Run for real: files are written where PATHFINDER_HOME says, hostile texts arrive unchanged, uninstall removes."""
    own = plan(
        root=ROOT,
        install=(
            Step(kind="write", title="Config\n$(touch PWNED)", path=f"{ROOT}/runtimes/x/c $x.json", text='{"a": "$HOME \'x\' `id`"}\n'),
            Step(
                kind="run",
                title="Copy",
                argv=("cp", f"{ROOT}/runtimes/x/c $x.json", "out.txt"),
                cwd=f"{ROOT}/runtimes/x/deep",
                env={"A": "b'c"},
                undo=(Step(kind="run", title="U", argv=("touch", f"{ROOT}/undone")),),
            ),
        ),
        launch=(Step(kind="start", title="Serve", argv=("printf", "%s", "served 'it'")),),
        endpoint=None,
    )
    script = tmp_path / "x.sh"
    script.write_text(render("sh", own, FOLDER))
    home = tmp_path / "else where"
    env = {"PATH": "/usr/bin:/bin", "PATHFINDER_HOME": str(home), "HOME": str(tmp_path)}
    ran = subprocess.run([SHELLS[-1], str(script)], capture_output=True, text=True, env=env, cwd=tmp_path, check=True)
    assert ran.stdout == "served 'it'"
    assert (home / "runtimes/x/deep/out.txt").read_text() == '{"a": "$HOME \'x\' `id`"}\n'
    assert not list(tmp_path.rglob("PWNED"))
    subprocess.run([SHELLS[-1], str(script), "uninstall"], env=env, cwd=tmp_path, check=True)
    assert (home / "undone").exists()
    assert not (home / "runtimes/x").exists()
    assert subprocess.run([SHELLS[-1], str(script), "dance"], env=env, cwd=tmp_path, capture_output=True, check=False).returncode == 2


@pytest.mark.skipif(not SHELLS, reason="no POSIX shell here")
def test_a_server_followed_by_steps_runs_beside_them_and_is_stopped(tmp_path: Path) -> None:
    own = plan(
        install=(),
        launch=(Step(kind="start", title="Serve", argv=("sleep", "0.3")), Step(kind="run", title="Load", argv=("printf", "loaded"))),
        endpoint=None,
    )
    script = tmp_path / "x.sh"
    script.write_text(render("sh", own, FOLDER))
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    ran = subprocess.run([SHELLS[0], str(script), "launch"], capture_output=True, text=True, env=env, timeout=20, check=True)
    assert ran.stdout == "loaded"


def test_markdown_and_json() -> None:
    text = render("markdown", plan(), FOLDER)
    assert "    curl -fL" in text
    assert "May apply: Mind $(rm -rf /)" in text
    document = json.loads(render("json", plan(), FOLDER))
    assert document["schema"] == "pathfinder/plan/v1"
    assert msgspec.convert(document, Plan) == plan()


@given(st.text())
def test_a_comment_is_one_line(text: str) -> None:
    assert len(comment(text).splitlines()) <= 1


# --- the verb --------------------------------------------------------------------------------------------------------


def test_setup_prints_or_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["setup", "llama.cpp", "--model", "llama-3-8b", "--host", "profile:desktop-rtx-4090"]
    assert main([*args, "--as", "sh"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("#!/bin/sh\n# llama.cpp for llama-3-8b-instruct")
    assert main([*args, "--as", "sh", "-o", str(tmp_path / "new")]) == 0
    written = Path(capsys.readouterr().out.strip())
    assert written.read_text() == text
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["llama.cpp-llama-3-8b-instruct.sh"]
    assert main([*args, "--as", "bat"]) == 2
    assert main([*args, "--as", "sh", "-o", "/proc/nowhere"]) == 2
    assert main(["setup", "vllm", "--model", "llama-3-8b", "--host", "profile:raspberry-pi-5-8gb", "--as", "sh"]) == 1
    assert main(["setup", "--as", "sh"]) == 2
    capsys.readouterr()


@pytest.mark.parametrize("profile", store.profiles())
def test_every_machines_first_plan_is_a_script_that_parses(profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    windows = store.profile(profile).os.family == "windows"
    status = main(["setup", "--model", "llama-3-8b", "--host", f"profile:{profile}", "--as", "ps1" if windows else "sh"])
    out = capsys.readouterr()
    if status == 1:
        assert not out.out
        return
    assert status == 0
    assert "{" + "env}" not in out.out
    if not windows and SHELLS:
        script = tmp_path / "x.sh"
        script.write_text(out.out)
        for shell in SHELLS:
            subprocess.run([shell, "-n", str(script)], check=True)
