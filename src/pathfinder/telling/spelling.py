"""Values spelt for configuration languages, so that each program reads the value back unchanged and nothing leaves its place."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pathfinder.errors import ExitStatus, Problem
from pathfinder.telling import quoting
from pathfinder.types.steps import Step

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_XML_NEVER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def yaml(value: Any) -> str:
    """YAML in flow style on one line: texts in double quotes, which hold anything (YAML 1.2, 7.3.1)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_yaml_letter(letter) for letter in value) + '"'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{yaml(key)}: {yaml(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(yaml(item) for item in value) + "]"


def _yaml_letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    code = ord(letter)
    if 0xD800 <= code <= 0xDFFF:
        return "\\uFFFD"
    if 0x20 <= code < 0x7F or (letter.isprintable() and code > 0xA0 and code not in (0xFEFF, 0x2028, 0x2029)):
        return letter
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def dollars(value: Any) -> Any:
    """Every `$` doubled: Compose interpolates variables, and Kubernetes `$(NAME)` in commands and environments."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: dollars(item) for key, item in value.items()}
    return [dollars(item) for item in value]


def json_text(value: Any) -> str:
    """JSON on one line; also the exec form of a Dockerfile's commands."""
    return json.dumps(value)


def unit(words: str | Iterable[str]) -> str:
    """Words of a systemd command line: C escapes in double quotes, `%` and `$` doubled (systemd.syntax(7), systemd.service(5)).

    A leading `~/` is the user's home, `%h`.
    """
    return " ".join(_unit_word(word, "$$") for word in ((words,) if isinstance(words, str) else words))


def unit_env(env: Mapping[str, str]) -> str:
    """Assignments of `Environment=`, where `$` is a letter like others."""
    return " ".join(_unit_word(value, "$", f"{key}=") for key, value in env.items())


def quadlet_env(env: Mapping[str, str]) -> str:
    """Assignments of Quadlet's `Environment=`, which ends up in a command line."""
    return " ".join(_unit_word(value, "$$", f"{key}=") for key, value in env.items())


def _unit_word(word: str, dollar: str, before: str = "") -> str:
    start = before + ("%h/" if word.startswith("~/") else "")
    text = start + "".join(_unit_letter(letter, dollar) for letter in (word[2:] if word.startswith("~/") else word))
    return text if re.fullmatch(r"[A-Za-z0-9_@+=:,./%-]+", text) else f'"{text}"'


def _unit_letter(letter: str, dollar: str) -> str:
    special = {"%": "%%", "$": dollar, "\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    if letter in special:
        return special[letter]
    code = ord(letter)
    if letter == "\0" or 0xD800 <= code <= 0xDFFF:
        return ""
    if letter.isprintable():
        return letter
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unit_value(text: str) -> str:
    """A value systemd takes to the end of the line, unquoted: a path, an image, a description. Raises Problem for what it cannot hold."""
    refuse(text, not text.isprintable() or text != text.strip() or text.endswith("\\"), "a unit file")
    text = f"%h/{text[2:].replace('%', '%%')}" if text.startswith("~/") else text.replace("%", "%%")
    return text.replace("$", "$$")


def unit_path(text: str) -> str:
    """A path of `WorkingDirectory=`, which systemd takes to the end of the line and where `$` is a letter like others."""
    return unit_value(text).replace("$$", "$")


def xml(text: str) -> str:
    """Text of an XML element, line ends kept. Raises Problem for a character XML 1.0 has no word for."""
    refuse(text, bool(_XML_NEVER.search(text)), "a property list")
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def actions(text: str) -> str:
    """A YAML text of a GitHub workflow in which `${{` is no expression."""
    return yaml(text.replace("${{", "${{ '${{' }}"))


def swap(argv: Iterable[str]) -> str:
    """A command of llama-swap: words as for sh, `${` parted so that it is no macro; it reads lines, so none may end."""
    words = tuple(argv)
    for word in words:
        refuse(word, "\n" in word or "\r" in word, "llama-swap's command")
    return yaml(" ".join(_swap_word(word) for word in words))


def swap_env(name: str, value: str) -> str:
    """One variable of llama-swap's, which nobody expands: a leading `~/` is the user's home. Raises Problem as `no_macro` does."""
    no_macro(value)
    return yaml(f"{name}=${{env.HOME}}/{value[2:]}" if value.startswith("~/") else f"{name}={value}")


def _swap_word(word: str) -> str:
    home = '"${env.HOME}"/' if word.startswith("~/") else ""
    rest = word[2:] if home else word
    return home + (rest if quoting.plain(rest) or (home and not rest) else quoting.sh((rest,)).replace("${", "$''{"))


def no_macro(text: str) -> str:
    """A YAML text where `${` would be a macro that cannot be escaped. Raises Problem for one that holds it."""
    refuse(text, "${" in text, "this file, where ${ begins a macro")
    return yaml(text)


def no_secret(text: str) -> str:
    """A YAML text of Continue, which would put a secret in for `${{`. Raises Problem for one that holds it."""
    refuse(text, "${{" in text, "Continue's configuration, where ${{ begins a secret")
    return yaml(text)


def one_word(text: str) -> str:
    """A name without blanks, as Dockerfiles take it. Raises Problem for others."""
    refuse(text, not re.fullmatch(r"[A-Za-z0-9._/:@-]+", text), "a Dockerfile")
    return text


def description(text: str) -> str:
    """A title systemd takes to the end of the line; what would go on in the next is left out."""
    return text.replace("%", "%%").rstrip("\\ ")


def from_home(step: Step, name: str) -> list[str]:
    """A step's command where nobody writes out `~`: through a shell, its words into the user's log of that plain name."""
    env = {key: value for key, value in step.env.items() if value.startswith("~/")}
    folder = step.cwd if step.cwd and step.cwd.startswith("~/") else None
    go = f"cd {quoting.sh_word(folder, '~/')} && " if folder else ""
    command = f"exec {quoting.sh(step.argv or (), '~/')} >>~/Library/Logs/{name}.log 2>&1"
    return ["/bin/sh", "-c", f"{go}{quoting.sh_env(env, '~/')}{command}"]


def modelfile(text: str) -> str:
    """A value of Ollama's Modelfile. Raises Problem for quotes and line ends, which have no escape there."""
    refuse(text, '"' in text or not text.isprintable() or text != text.strip(), "a Modelfile")
    return f'"{text}"' if " " in text else text


def docker_value(text: str) -> str:
    """A value of a Dockerfile's ENV, in quotes, `$` a letter. Raises Problem for line ends."""
    refuse(text, "\n" in text or "\r" in text, "a Dockerfile")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def gibibytes(size: int) -> str:
    """`12Gi`, rounded up."""
    return f"{-(-size // (1 << 30))}Gi"


def refuse(text: str, bad: bool, where: str) -> None:
    if bad:
        says = f"{text!r} cannot be written into {where}."
        raise Problem(says, where="--as", hint="Use a name or a path without it.", exit=ExitStatus.NO)
