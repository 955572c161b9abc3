"""Argument lists and texts, spelt so that a POSIX shell or PowerShell gives them back unchanged."""

import re
from collections.abc import Iterable, Mapping

from pathfinder.types import OsFamily, Step

_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def sh_word(text: str, root: str = "", name: str = "") -> str:
    """One word for sh. Below `root` it begins with `"$name"`, so that a script works on another machine."""
    if root and name and (text == root or text.startswith(root + "/")):
        rest = text[len(root) :]
        return f'"${name}"{_sh(rest) if rest else ""}'
    if root.startswith("~/") and text.startswith(root):
        return "~/" + _sh(text[2:])
    return _sh(text)


def plain(text: str) -> bool:
    """Whether a shell takes the word as it stands."""
    return bool(text and _SAFE.fullmatch(text))


def _sh(text: str) -> str:
    if plain(text):
        return text
    return "'" + text.replace("\0", "").replace("'", "'\"'\"'") + "'"


def ps1_word(text: str, root: str = "", name: str = "") -> str:
    """One word for PowerShell, in single quotes where need be; they double inside, curly ones too, which PowerShell takes for straight."""
    if root and name and (text == root or text.startswith(root + "\\")):
        rest = text[len(root) :]
        return f"(Join-Path ${name} {_ps1(rest[1:])})" if rest else f"${name}"
    return _ps1(text)


_PS_SAFE = re.compile(r"[A-Za-z0-9_./:\\=+-]+")
_PS_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


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
    return "".join(f"$env:{key} = {_ps1_text(value)}; " for key, value in env.items())


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
        line = ps1_env(step.env) + ps1(step.argv, root)
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
