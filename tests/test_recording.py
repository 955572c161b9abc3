"""Recordings: the replay says what the recording run said, and nothing that identifies anybody is in the file."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pathfinder import probes
from pathfinder.host import Answer, Host, Observation, Ran, Uname
from pathfinder.host.live import LiveHost
from pathfinder.host.open import open_host
from pathfinder.host.recorded import load
from pathfinder.host.recording import RecordingHost
from pathfinder.host.redact import Redactor
from pathfinder.host.sysroot import SysrootHost
from pathfinder.looking.observe import observe
from pathfinder.types.facts import Facts

SECRETS = {
    "user name": "wilhelmina",
    "host name": "zaphod-workstation",
    "mac": "a4:bb:6d:12:34:56",
    "ip": "192.168.17.23",
    "public ip": "203.0.113.77",
    "ip6": "2a02:8109:9a40:1234::77",
    "hub token": "hf_AbCdEfGhIjKlMnOpQrStUv",
    "github token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "api key": "sk-proj-abcdefghijklmnop1234",
    "serial": "PF3XK9QT",
    "disk serial": "S4EWNX0R123456",
    "password": "correct-horse-battery",
    "mail": "wilhelmina@corp.example",
    "uuid": "8932f937-d72c-4106-c12f-20bd9faed9f6",
}
LEAKY = f"""Linux {SECRETS["host name"]} 6.1
user={SECRETS["user name"]} home=/home/{SECRETS["user name"]}/models
    ether {SECRETS["mac"]}  inet {SECRETS["ip"]}/24 via {SECRETS["public ip"]} inet6 {SECRETS["ip6"]}
    Serial Number                         : {SECRETS["serial"]}
Serial\t\t: {SECRETS["disk serial"]}
<serial>{SECRETS["serial"]}</serial>
"serial": "{SECRETS["disk serial"]}",
HF_TOKEN={SECRETS["hub token"]} Authorization: Bearer {SECRETS["github token"]} {SECRETS["api key"]}
DB_PASSWORD="{SECRETS["password"]}" mail {SECRETS["mail"]}
GPU UUID : GPU-{SECRETS["uuid"]}
Driver Version : 570.86.15   CUDA Version : 12.8   Bus-Id : 00000000:01:00.0
Vulkan Instance Version: 1.3.275.0  driver 31.0.15.3713 version 10.8.8.6
"""


class Leaky:
    """A host whose every answer is full of secrets."""

    name = "live"
    live = True
    ends: float | None = None

    def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
        return Answer(value=SECRETS["host name"] + "\n" if path.endswith("hostname") else LEAKY)

    def glob(self, pattern: str) -> Answer[tuple[str, ...]]:
        return Answer(value=(f"/home/{SECRETS['user name']}/x",))

    def readlink(self, path: str) -> Answer[str]:
        return Answer(value=f"/home/{SECRETS['user name']}/y")

    def access(self, path: str, mode: Any = "r") -> Answer[bool]:
        return Answer(value=True)

    def run(self, argv: tuple[str, ...], seconds: float = 2.5) -> Answer[Ran]:
        return Answer(value=Ran(code=0, stdout=LEAKY, stderr=LEAKY))

    def env(self, name: str) -> Answer[str]:
        known = {
            "HOME": f"/home/{SECRETS['user name']}",
            "USER": SECRETS["user name"],
            "CUDA_VISIBLE_DEVICES": "GPU-" + SECRETS["uuid"][:8],
        }
        return Answer(value=known[name]) if name in known else Answer(value=LEAKY) if name.startswith("X") else Answer(silence="absent")

    def uname(self) -> Answer[Uname]:
        return Answer(value=Uname(sysname="Linux", release="6.1", version="#1", machine="x86_64"))

    def ask(self, name: str, *args: str) -> Answer[Any]:
        return Answer(value={"serial": SECRETS["serial"], "hf_token": "abc", "text": LEAKY, "list": [LEAKY], "path": args})


def test_no_planted_secret_reaches_the_file() -> None:
    host = RecordingHost(Leaky())
    host.read("/proc/x")
    host.read(f"/home/{SECRETS['user name']}/model.gguf")
    host.glob("/home/*")
    host.readlink("/l")
    host.run(("nvidia-smi", "-q"))
    host.env("XDG")
    host.env("CUDA_VISIBLE_DEVICES")
    host.ask("nvml", f"/home/{SECRETS['user name']}/x")
    host.uname()
    tape = host.tape().decode()
    assert [kind for kind, secret in SECRETS.items() if secret.lower() in tape.lower()] == []


def test_what_decides_is_kept() -> None:
    clean = Redactor(Leaky()).text(LEAKY)
    for kept in ("570.86.15", "12.8", "00000000:01:00.0", "1.3.275.0", "31.0.15.3713", "10.8.8.6", "Linux host 6.1", "/home/user/models"):
        assert kept in clean, kept


def test_pseudonyms_of_cards_keep_their_prefixes() -> None:
    redactor = Redactor(Leaky())
    whole = redactor.text("GPU-" + SECRETS["uuid"])
    assert whole == redactor.text("GPU-" + SECRETS["uuid"]) and SECRETS["uuid"] not in whole
    assert whole.startswith(redactor.text("GPU-" + SECRETS["uuid"][:8]))
    assert redactor.text("GPU-8932f937-d72c-4106-c12f-20bd9faed9f7") != whole


def test_common_words_stay_what_they_are() -> None:
    class Plain(Leaky):
        def env(self, name: str) -> Answer[str]:
            return (
                Answer(value={"USER": "ubuntu", "HOME": "/home/ubuntu"}.get(name)) if name in ("USER", "HOME") else Answer(silence="absent")
            )

        def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
            return Answer(value="nvidia\n")

    clean = Redactor(Plain()).text("ID=ubuntu\ndriver nvidia in /home/ubuntu/x")
    assert clean == "ID=ubuntu\ndriver nvidia in /home/user/x"


def test_questions_about_the_home_folder_reach_it() -> None:
    class Homely(Leaky):
        def read(self, path: str, limit: int = 1 << 20) -> Answer[str]:
            return Answer(value="found" if path == f"/home/{SECRETS['user name']}/f" else "")

    host = RecordingHost(Homely())
    assert host.env("HOME").value == "/home/user"
    assert host.read("/home/user/f").value == "found"
    assert load(host.tape(), "x").read("/home/user/f").value == "found"


def same(host: Host) -> tuple[Facts, bytes]:
    recording = RecordingHost(host)
    facts = observe(recording)
    tape = recording.tape()
    replayed = observe(load(tape, "tape"))
    assert msgspec.json.encode(replayed) == msgspec.json.encode(facts)
    return facts, tape


def test_this_machine_replays_byte_for_byte() -> None:
    facts, tape = same(LiveHost())
    document = json.loads(tape)
    assert document["schema"] == "pathfinder/recording/v1"
    assert all(len(line) < 5000 for row in document["answers"] for line in row.get("lines", []))
    assert facts.cpu.threads


def test_a_recording_of_a_recording_is_the_same(tmp_path: Path) -> None:
    host = RecordingHost(LiveHost())
    facts = observe(host)
    (tmp_path / "a.json").write_bytes(host.tape())
    again = RecordingHost(open_host(str(tmp_path / "a.json")))
    assert msgspec.json.encode(observe(again)) == msgspec.json.encode(facts)


def test_a_sysroot_can_be_recorded(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 100 kB\n")
    facts, _ = same(SysrootHost(str(tmp_path)))
    assert facts.memory.total_bytes == 102400


def slow(host: Host) -> Iterator[Observation]:
    yield Observation(path="board.model", value="said in time", source="slow")
    time.sleep(30)
    yield Observation(path="board.soc", value="said too late", source="slow")


def broken(host: Host) -> Iterator[Observation]:
    yield Observation(path="board.l4t", value="36.4", source="broken")
    raise ValueError("no such luck")


@pytest.fixture
def sick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more probes: one never ends, one fails."""
    import types

    for name, function in (("slow", slow), ("broken", broken)):
        module = types.ModuleType(f"pathfinder.probes.{name}")
        module.probe = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"pathfinder.probes.{name}", module)
    names = probes.names
    monkeypatch.setattr(probes, "names", lambda sysname: [*names(sysname), "broken", "slow"])


@pytest.mark.usefixtures("sick")
def test_a_probe_that_hangs_or_fails_costs_only_its_own_facts() -> None:
    recording = RecordingHost(LiveHost())
    began = time.monotonic()
    facts = observe(recording, deadline=1.5)
    assert time.monotonic() - began < 3
    assert (facts.board.model, facts.board.soc, facts.board.l4t) == ("said in time", None, "36.4")
    assert facts.cpu.threads and facts.collected.deadline_hit is True
    assert "deadline of 1.5 s" in (facts.why["probes.slow"].note or "")
    assert "no such luck" in (facts.why["probes.broken"].note or "")
    assert msgspec.json.encode(observe(load(recording.tape(), "tape"))) == msgspec.json.encode(facts)


@pytest.mark.skipif(os.name != "posix", reason="makes a program as POSIX does")
def test_a_hung_tool_is_named_and_the_rest_is_intact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nvidia-smi", "rocm-smi"):
        (tmp_path / name).write_text("#!/bin/sh\nsleep 60\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    began = time.monotonic()
    facts = observe(LiveHost())
    assert time.monotonic() - began < 4
    assert facts.cpu.threads and facts.memory.total_bytes
    if any(path.startswith("asked.nvidia-smi") for path in facts.why):
        assert "timeout" in next(why.note or "" for path, why in facts.why.items() if path.startswith("asked.nvidia-smi"))
