"""The CI pages and the action: their YAML reads, their commands run, hostile inputs stay values."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).parent / "pathfinder"


def test_every_yaml_example_reads() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        assert yaml.safe_load(block)


def test_every_command_of_the_page_is_one_pathfinder_understands(tmp_path: Path) -> None:
    (tmp_path / "expectations.yaml").write_text("expect:\n  - cpu.avx2\n  - memory.total_bytes > 1GiB\n")
    subprocess.run([str(PROGRAM), "detect", "--save", "runner.json"], cwd=tmp_path, check=True, capture_output=True)
    commands = re.findall(r"pathfinder check [^\n\"]*", PAGE)
    assert len(commands) >= 8
    for command in commands:
        words = shlex.split(command.split(" > ")[0].replace("`", ""))
        if any(word == word.upper() and len(word) > 3 for word in words):
            continue  # prose that names a placeholder
        done = subprocess.run([str(PROGRAM), *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1, 3), (command, done.stderr)


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="the action runs bash")
def test_the_action_checks_and_its_inputs_stay_values(tmp_path: Path) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    step = action["runs"]["steps"][0]
    assert "${{" not in step["run"]
    # A program of that name stands in for the installation; everything else is what the action runs.
    home = tmp_path / "pathfinder-check"
    fake = tmp_path / "python"
    fake.write_text(
        f'#!/bin/sh\nmkdir -p "{home}/bin"\nprintf "#!/bin/sh\\nexit 0\\n" > "{home}/bin/python"\n'
        f'ln -sf "{PROGRAM}" "{home}/bin/pathfinder"\nchmod +x "{home}/bin/python"\n'
    )
    fake.chmod(0o755)
    summary = tmp_path / "summary.md"
    env = {**os.environ, "RUNNER_TEMP": str(tmp_path), "PYTHON": str(fake), "GITHUB_STEP_SUMMARY": str(summary)}

    def run(**inputs: str) -> subprocess.CompletedProcess[str]:
        script = ["bash", str(ROOT / "tools" / "action.sh")]
        return subprocess.run(script, env={**env, **inputs}, capture_output=True, text=True, check=False, cwd=tmp_path)

    good = run(EXPECT="memory.total_bytes > 1MiB  # a comment\n\n")
    assert good.returncode == 0, good.stderr
    assert "✅ pass" in summary.read_text(encoding="utf-8")
    bad = run(EXPECT="memory.total_bytes > 900TiB")
    assert bad.returncode == 1 and "::error title=" in bad.stdout
    hostile = run(EXPECT="$(touch owned)\n`touch owned`; touch owned")
    assert hostile.returncode == 2 and not (tmp_path / "owned").exists()
    unknown = run(EXPECT="memory.bandwidth_bytes_per_second > 1", UNKNOWN="pass")
    assert unknown.returncode == 0 and run(EXPECT="memory.bandwidth_bytes_per_second > 1").returncode == 3
