"""A client of OpenAI-compatible servers that trusts them in nothing. Standard library only; imported as a neighbour, not as a package.

Never through a proxy, never after a redirect. Bodies and lines are bounded, a silent socket has a deadline; the whole has its parent's.
"""

import http.client
import json
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

BODY_BYTES = 16 << 20
LINE_BYTES = 1 << 20
SILENCE_SECONDS = 120.0
KEY = "PATHFINDER_API_KEY"
"""Environment variable with the key of a server that asks for one."""


class Refused(Exception):
    """A sentence about the server; `unloadable` as `wire.refuse` has it: the server is to blame, and not the address."""

    def __init__(self, says: str, *, unloadable: bool = True) -> None:
        super().__init__(says)
        self.says, self.unloadable = says, unloadable


class Status(Refused):
    """The server answered with an error of its own."""

    def __init__(self, code: int, says: str) -> None:
        super().__init__(f"the server answers with status {code}{': ' + says if says else ''}")
        self.code = code


class Client:
    """One server; safe to use from several threads, as every request has a connection of its own."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._host, self._port, self._base = at.hostname or "", at.port, at.path.rstrip("/")
        self._kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
        key = os.environ.get(KEY)
        self._headers = {"Accept": "*/*", "Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}

    def models(self) -> list[str]:
        """The ids `/models` lists, a thousand at most."""
        said = self.json("GET", "/models", None)
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, list):
            raise Refused("the server's list of models is none")
        return [one["id"] for one in data[:1000] if isinstance(one, dict) and isinstance(one.get("id"), str) and len(one["id"]) <= 1000]

    def json(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        connection, response = self._open(method, path, body)
        try:
            raw = response.read(BODY_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"the server broke off its answer ({_spoken(error)})") from None
        finally:
            connection.close()
        if len(raw) > BODY_BYTES:
            raise Refused(f"the server's answer is longer than {BODY_BYTES >> 20} MiB")
        return _parsed(raw)

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[tuple[float, dict[str, Any]]]:
        """Server-sent events with the moment each came (`perf_counter`), up to `[DONE]` or the end."""
        connection, response = self._open("POST", path, body)
        read = 0
        try:
            while line := response.readline(LINE_BYTES + 1):
                read += len(line)
                if len(line) > LINE_BYTES or read > BODY_BYTES:
                    raise Refused(f"the server's stream is longer than {BODY_BYTES >> 20} MiB, or a line than {LINE_BYTES >> 20} MiB")
                if not line.startswith(b"data:"):
                    continue
                data = line[5:].strip()
                if data == b"[DONE]":
                    return
                event = _parsed(data)
                if not isinstance(event, dict):
                    raise Refused("the server streams something other than objects")
                if event.get("error"):
                    raise Refused(f"the server breaks off: {_error(event)}")
                yield time.perf_counter(), event
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"the server broke off its stream ({_spoken(error)})") from None
        finally:
            connection.close()

    def _open(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self._kind(self._host, self._port, timeout=SILENCE_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise Refused(f"nothing answers there ({_spoken(error)})", unloadable=False) from None
        try:
            connection.request(method, self._base + path, None if body is None else json.dumps(body).encode(), self._headers)
            response = connection.getresponse()
            if response.status == 200:
                return connection, response
            if 300 <= response.status < 400:
                to = plain(response.headers.get("Location") or "")
                raise Refused(f"the server sends elsewhere{', to ' + to if to else ''}; name that address itself")
            raw = response.read(1 << 16)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Refused(f"the server does not speak HTTP as it should ({_spoken(error)})") from None
        except Refused:
            connection.close()
            raise
        connection.close()
        if response.status in (401, 403):
            raise Status(response.status, f"it wants a key, in the environment variable {KEY}")
        try:
            raise Status(response.status, _error(_parsed(raw)))
        except Status:
            raise
        except Refused:
            raise Status(response.status, "") from None


def first_choice(event: Any) -> dict[str, Any]:
    """`choices[0]`; empty for the events that have none, such as the one with the usage."""
    choices = event.get("choices") if isinstance(event, dict) else None
    if not isinstance(choices, list) or (choices and not isinstance(choices[0], dict)):
        raise Refused("the server's answer has no list of choices")
    return dict(choices[0]) if choices else {}


def text_of(choice: dict[str, Any]) -> str:
    """What one event adds: a completion's text, a chat's content, or its reasoning."""
    part = choice.get("delta") or choice.get("message") or choice
    said = [part.get(key) for key in ("text", "reasoning_content", "reasoning", "content")] if isinstance(part, dict) else []
    if any(not isinstance(one, str) for one in said if one is not None):
        raise Refused("the server's answer holds no text")
    return "".join(one for one in said if one)


def usage(event: Any, name: str) -> int | None:
    """`prompt_tokens` or `completion_tokens`, where the event says so."""
    said = event.get("usage") if isinstance(event, dict) else None
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 31 else None


def plain(text: str, longest: int = 200) -> str:
    """A server's words cannot steer the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())[:longest]


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        said = plain(raw[:200].decode("utf-8", "replace"), 60)
        raise Refused(f"the server's answer is not JSON{': ' + repr(said) if said else ', it is empty'}") from None


def _error(said: Any) -> str:
    for key in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(key):
            said = said[key]
    return plain(said if isinstance(said, str) else json.dumps(said)[:800])


def _spoken(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"silent for {SILENCE_SECONDS:.0f} s"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return plain(said or type(error).__name__, 100)
