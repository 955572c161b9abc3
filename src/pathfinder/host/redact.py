"""Taking out of answers what identifies a person or a machine, the same way everywhere in one recording."""

import os
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from pathfinder.host import Host, Ran

_MAC = re.compile(r"(?<![\w:.-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")
_IP4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\w)")
_IP6 = re.compile(
    r"(?<![\w:.])(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6})(?:%\w+)?(?![\w:])"
)
_VERSIONED = re.compile(r"(?i)version|driver|release|build|firmware|vbios|api|revision|kernel|cuda|rocm|\bv$")
_UUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])|(?<=GPU-)[0-9a-f]{4,8}(?![0-9a-f])"
)
_SERIAL = re.compile(
    r"""(?im)^(?P<before>.*?\b(?:serial|serialno|serial[ _-]?(?:number|no|num)|asset[ _-]?tag|imei|board[ _-]?id|hardware[ _-]uuid|udid)\b
        (?:\s*\([^)\n]*\))?[\]"']*\s*(?:[:=>]|\ (?=[A-Z0-9]{6}))\s*[\["']*)(?P<secret>[^\s"'\]<>][^"'\]<>\n]*)""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    r"(?<![\w-])(?:hf_\w{8,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{8,}|nvapi-[\w-]{16,}|"
    r"AKIA[0-9A-Z]{16}|ya29\.[\w-]{16,}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_ASSIGNED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|authorization|credential)s?\w*[\"']?[ \t]*[:=][ \t]*[\"']?)"
    r"([^\s\"',;]{4,})"
)
_LOGIN = re.compile(r"(?<=://)[^/\s@:]+:[^/\s@]+(?=@)")
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HOMES = re.compile(r"(?P<before>(?:/home/|/Users/|[A-Za-z]:\\+Users\\+|/var/home/|/export/home/))(?P<name>[^/\\\s:\"',;<>|*?]+)")
_SHARED_HOMES = {"user", "Shared", "Public", "shared", "Default", "linuxbrew"}
_SECRET_NAME = re.compile(r"(?i)token|secret|password|passwd|api_?key|credential")

COMMON = frozenset(
    """root user users admin administrator ubuntu debian fedora arch archlinux alpine centos rocky almalinux opensuse suse rhel nixos
    linux windows macos darwin android freebsd localhost local host vm docker container kvm qemu xen vmware wsl server desktop laptop
    workstation node gpu cpu nvidia amd intel apple jetson tegra raspberrypi pi orangepi ec2-user azureuser runner runneradmin vagrant
    ci build builder test guest ollama vllm nobody daemon python cuda rocm home default true false none main x86_64 aarch64 arm64
    strix halo ryzen epyc xeon core arc radeon geforce thor orin spark dgx gb10 grace hopper""".split()  # noqa: SIM905
)
"""Names that tell nobody apart; as words of other answers they must stay."""


class Redactor:
    """Replaces user names, home folders, host names, serials, addresses, tokens and UUIDs; equal things stay equal.

    UUIDs become pseudonyms that keep common prefixes, so that an abbreviation in CUDA_VISIBLE_DEVICES still names the same card.
    """

    def __init__(self, host: Host) -> None:
        self._key = os.urandom(16)
        homes = [host.env(name).value for name in ("HOME", "USERPROFILE")]
        self._home = next((home for home in homes if home and len(home) > 1 and home not in ("/root", "/")), None)
        people = {host.env(name).value for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")}
        people |= {re.split(r"[/\\]", self._home.rstrip("/\\"))[-1]} if self._home else set()
        places = {host.env(name).value for name in ("HOSTNAME", "COMPUTERNAME", "USERDOMAIN")}
        places |= {host.read(path).value for path in ("/proc/sys/kernel/hostname", "/etc/hostname")}
        hosts = {name for place in places if place for name in (place.strip(), place.strip().split(".")[0])}
        self._words = _words(people, "user") + _words(hosts, "host")
        self._pseudo_home = _HOMES.sub(lambda m: m["before"] + "user", self._home) if self._home else None
        if self._home and self._pseudo_home == self._home and not self._home.endswith(("/user", "\\user")):
            self._pseudo_home = "/home/user"

    def reveal(self, asked: str) -> str:
        """The real place a redacted path stands for."""
        if self._home and self._pseudo_home and asked.startswith(self._pseudo_home):
            return self._home + asked[len(self._pseudo_home) :]
        return asked

    def clean(self, value: Any, key: str = "") -> Any:
        """`value` with every text inside redacted; keys of objects that name a serial hide their value."""
        if isinstance(value, str):
            return "redacted" if key and (_SECRET_NAME.search(key) or _is_serial(key)) and value else self.text(value)
        if isinstance(value, Ran):
            return msgspec.structs.replace(value, stdout=self.text(value.stdout), stderr=self.text(value.stderr))
        if isinstance(value, tuple):
            return tuple(self.clean(item) for item in value)
        if isinstance(value, list):
            return [self.clean(item) for item in value]
        if isinstance(value, dict):
            return {name: self.clean(item, str(name)) for name, item in value.items()}
        return value

    def text(self, text: str) -> str:
        if self._home and self._pseudo_home:
            text = text.replace(self._home, self._pseudo_home)
        text = _HOMES.sub(lambda m: m[0] if m["name"] in _SHARED_HOMES else m["before"] + "user", text)
        text = _TOKEN.sub("redacted", text)
        text = _LOGIN.sub("redacted", text)
        text = _ASSIGNED.sub(r"\1redacted", text)
        text = _MAIL.sub("user@example.com", text)
        text = _SERIAL.sub(lambda m: m["before"] + "redacted", text)
        text = _MAC.sub("02:00:00:00:00:00", text)
        text = _UUID.sub(self._pseudonym, text)
        text = _IP6.sub("2001:db8::1", text)
        text = _IP4.sub(lambda m: _address(text, m), text)
        for pattern, word in self._words:
            text = pattern.sub(word, text)
        return text

    def _pseudonym(self, match: re.Match[str]) -> str:
        seen, out = "", ""
        for letter in match[0].lower():
            if letter == "-":
                out += letter
                continue
            out += _digit(self._key, seen, letter)
            seen += letter
        return out


def _digit(key: bytes, before: str, letter: str) -> str:
    """A permutation of the hexadecimal digits, chosen by the digits before: equal prefixes stay equal, others stay apart."""
    from hashlib import blake2s

    raw = blake2s(before.encode(), key=key).digest()
    order = sorted(range(16), key=lambda n: (raw[n], n))
    return "0123456789abcdef"[order[int(letter, 16)]]


def _is_serial(key: str) -> bool:
    return key.lower().replace("-", "_").replace(" ", "_") in {
        "serial",
        "serial_number",
        "serialnumber",
        "serialno",
        "board_id",
        "uuid_board",
    }


def _words(names: Iterable[str | None], word: str) -> list[tuple[re.Pattern[str], str]]:
    wanted = {name.strip() for name in names if name and len(name.strip()) > 1}
    wanted = {name for name in wanted if name.lower() not in COMMON and not name.isdigit()}
    return [(re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])"), word) for name in sorted(wanted, key=len, reverse=True)]


def _address(text: str, match: re.Match[str]) -> str:
    found = match[0]
    if found.startswith(("127.", "0.", "255.")):
        return found
    line = text[max(text.rfind("\n", 0, match.start()) + 1, match.start() - 60) : match.start()]
    return found if _VERSIONED.search(line) and not found.startswith(("192.168.", "172.16.")) else "192.0.2.1"
