"""Argument lists and texts, spelt so that a POSIX shell or PowerShell gives them back unchanged."""

import re
from collections.abc import Iterable, Mapping

from pathfinder.types.steps import Step
from pathfinder.types.words import OsFamily

_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def sh_word(text: str, root: str = "", name: str = "") -> str:
    """One word for sh. Where it names `root` it holds `"$name"`, so that a script works on another machine; without a name, a root below
    `~` follows the home folder, which sh itself writes out only at a word's beginning."""
    root = root.rstrip("/")
    parts = _around(text, root) if name or root.startswith("~") else [text]
    if len(parts) == 1:
        return _sh(text)
    if not name and len(parts) == 2 and not parts[0]:
        return "~/" + _sh(text[2:])
    home = f'"${name}"' if name else f'"$HOME"{root[1:]}'
    return home.join(_sh(part) if part else "" for part in parts)


def _around(text: str, root: str) -> list[str]:
    """The pieces of a text between its mentions of a folder: at its beginning, or in a list or an assignment in it."""
    return re.split(rf"(?:^|(?<=[:=,;])){re.escape(root)}(?=[/\\:;,]|$)", text) if root else [text]


def plain(text: str) -> bool:
    """Whether a shell takes the word as it stands."""
    return bool(text and _SAFE.fullmatch(text))


def _sh(text: str) -> str:
    if plain(text):
        return text
    return "'" + text.replace("\0", "").replace("'", "'\"'\"'") + "'"


def ps1_word(text: str, root: str = "", name: str = "") -> str:
    """One word for PowerShell, in single quotes where need be; they double inside, curly ones too, which PowerShell takes for straight.
    Where it names `root`, a text with the variable in it: PowerShell hands `~` to programs as it stands."""
    parts = _around(text, root) if name or root.startswith("~") else [text]
    if len(parts) == 1:
        return _ps1(text)
    home = f"${{{name}}}" if name else f"$HOME{root[1:]}"
    return '"' + home.join(_PS_LIVE.sub(lambda sign: "`" + sign[0], part) for part in parts) + '"'


_PS_SAFE = re.compile(r"[A-Za-z0-9_./:\\=+-]+")
_PS_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
_PS_LIVE = re.compile('[`$"\u201c\u201d\u201e]')
"""What PowerShell does not take as it stands between double quotes."""


def _ps1(text: str) -> str:
    if (text and _PS_SAFE.fullmatch(text) and not text.startswith("-")) or re.fullmatch(r"--?[A-Za-z][A-Za-z0-9-]*", text):
        return text
    return "'" + _PS_QUOTES.sub(lambda quote: quote[0] * 2, text.replace("\0", "")) + "'"


def sh(argv: Iterable[str], root: str = "", name: str = "") -> str:
    return " ".join(sh_word(word, root, name) for word in argv)


def ps1(argv: Iterable[str], root: str = "", name: str = "") -> str:
    """A call: the program behind `&`, so that a quoted path is a program and not a text."""
    return "& " + " ".join(ps1_word(word, root, name) for word in argv)


def sh_env(env: Mapping[str, str], root: str = "", name: str = "") -> str:
    return "".join(f"{key}={sh_word(value, root, name)} " for key, value in env.items())


def ps1_env(env: Mapping[str, str], root: str = "", name: str = "") -> str:
    spelt = {key: word if (word := ps1_word(value, root, name)).startswith('"') else _ps1_text(value) for key, value in env.items()}
    return "".join(f"$env:{key} = {word}; " for key, word in spelt.items())


def _ps1_text(text: str) -> str:
    return "'" + _PS_QUOTES.sub(lambda quote: quote[0] * 2, text) + "'"


def command(step: Step, os: OsFamily | None, root: str = "") -> str:
    """A step as one line to paste; a step that is not a command as a comment."""
    windows = os == "windows"
    if step.kind == "download":
        curl = "curl.exe" if windows else "curl"
        return f"{curl} -fL --create-dirs -o {_word(step.path or '', windows, root)} {_word(step.url or '', windows)}"
    if step.kind == "write":
        path, text = _word(step.path or "", windows, root), step.text or ""
        return f"Set-Content -NoNewline -LiteralPath {path} -Value {_ps1_text(text)}" if windows else f"printf %s {_sh(text)} > {path}"
    if step.argv is None:
        says = step.text or step.why or step.title
        return "\n".join(f"# {line}" for line in says.splitlines())
    if windows:
        line = ps1_env(step.env, root) + ps1(step.argv, root)
        return f"cd {ps1_word(step.cwd, root)}; {line}" if step.cwd and step.kind != "unpack" else line
    line = sh_env(step.env, root) + sh(step.argv, root)
    sudo = "sudo " if "root" in step.needs and step.argv[0] not in ("sudo", "su") else ""
    line = sudo + line
    return f"cd {sh_word(step.cwd, root)} && {line}" if step.cwd and step.kind != "unpack" else line


def background(step: Step, root: str = "", log: str = "server.log") -> str:
    """A POSIX line that starts a server beside what follows, its words in a file of the folder it was typed in."""
    where = f"cd {sh_word(step.cwd, root)} && " if step.cwd else ""
    return f'log="$PWD/{log}"; {where}{sh_env(step.env, root)}nohup {sh(step.argv or (), root)} > "$log" 2>&1 &'


def _word(text: str, windows: bool, root: str = "") -> str:
    return ps1_word(text, root) if windows else sh_word(text, root)
