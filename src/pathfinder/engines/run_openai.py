"""Any running OpenAI-compatible server, asked over HTTP. See `wire.py` for what it hears and says.

Each prompt is streamed, for its times; where a reference asks for log-probabilities it is asked once more, for those. A server tells them
of its likeliest tokens alone: `floors` holds, per step, the least it told, which no untold token can exceed.
"""

import math
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathfinder.engines import openai_client, wire
else:
    import openai_client
    import wire

WAYS: tuple[dict[str, Any], ...] = ({"logprobs": 20}, {"logprobs": True, "top_logprobs": 11}, {"logprobs": 5})
"""How log-probabilities are asked for: as many as most servers give, as chats do (mlx-lm), as the completions of old did."""
CHAT_WAYS: tuple[dict[str, Any], ...] = ({"logprobs": True, "top_logprobs": 20}, {"logprobs": True, "top_logprobs": 5})
NO_SUCH_PATH = (404, 405, 501)


class Asker:
    def __init__(self, request: dict[str, Any], out: "wire.Wire") -> None:
        self.request, self.out, self.client = request, out, openai_client.Client(request["url"])
        self.chat, self.usage = False, True
        self.ways: list[dict[str, Any]] | None = None
        self.model: str | None = request.get("model")

    def models(self) -> list[str]:
        try:
            return self.client.models()
        except openai_client.Refused as no:
            if not no.unloadable or not self.model:
                raise
            return []  # The model is named; what else there is does not matter.

    def answer(self, index: int, prompt: dict[str, Any]) -> None:
        started = time.perf_counter()
        text, count, first, last, prompt_count, finish = "", 0, None, started, None, None
        made: int | None = None
        heard = False
        for moment, event in self.events(prompt["text"]):
            heard = True
            choice = openai_client.first_choice(event)
            piece = openai_client.text_of(choice)
            if piece:
                first, last, count = first or moment, moment, count + 1
                text += piece
                if count > 2 * int(self.request["tokens"]) + 64:
                    raise openai_client.Refused(f"the server does not stop after the {self.request['tokens']} tokens it was asked for")
                self.out.token(index, piece)
            finish = choice.get("finish_reason") or finish
            prompt_count = openai_client.usage(event, "prompt_tokens") or prompt_count
            made = openai_client.usage(event, "completion_tokens") or made
        if not heard:
            raise openai_client.Refused("the server streams nothing")
        told: dict[str, Any] = {"tokens": [], "logprobs": None, "floors": None, "finite": True}
        if prompt.get("watch"):
            said = self.with_logprobs(prompt["text"])
            if said is not None:
                choice = openai_client.first_choice(said)
                steps = read_steps(choice, self.request["pieces"])
                prompt_count = openai_client.usage(said, "prompt_tokens") or prompt_count
                if steps is not None:
                    text = openai_client.text_of(choice)
                    stopped = choice.get("finish_reason") == "stop"
                    told = watched(steps, prompt["watch"], self.request["end"] if stopped else None)
        self.out.send(
            "sample",
            prompt=index,
            prompt_tokens=[],
            text=text,
            **told,
            chat=self.chat,
            prompt_count=prompt_count,
            made_count=made or count,
            prefill_seconds=None if first is None else round(first - started, 6),
            decode_seconds=None if first is None else round(last - first, 6),
        )

    def events(self, prompt: str) -> Any:
        """One streamed answer; the chat where the server has no completions, without what it does not know."""
        body = {"model": self.model, "max_tokens": int(self.request["tokens"]), "temperature": 0, "stream": True}
        for _ in range(3):
            path, asked = self.spelt(prompt)
            extra = {"stream_options": {"include_usage": True}} if self.usage else {}
            try:
                yield from self.client.stream(path, {**body, **asked, **extra})
                return
            except openai_client.Status as no:
                if no.code in NO_SUCH_PATH and not self.chat:
                    self.chat = True
                elif no.code in (400, 422) and self.usage:
                    self.usage = False
                else:
                    raise

    def spelt(self, prompt: str) -> tuple[str, dict[str, Any]]:
        """Where a prompt is sent, and how it is put there."""
        if self.chat:
            return "/chat/completions", {"messages": [{"role": "user", "content": prompt}]}
        return "/completions", {"prompt": prompt}

    def with_logprobs(self, prompt: str) -> Any:
        """The answer with log-probabilities; without, where the server knows no way to tell them. None: it does not answer so at all."""
        if self.ways is None:
            self.ways = list(CHAT_WAYS if self.chat else WAYS)
        path, asked = self.spelt(prompt)
        while self.ways:
            body = {"model": self.model, **asked, "max_tokens": int(self.request["tokens"]), "temperature": 0, **self.ways[0]}
            try:
                said = self.client.json("POST", path, body)
            except openai_client.Refused as no:
                if not self.chat and not isinstance(no, openai_client.Status):
                    raise
                self.ways.pop(0)
                continue
            if openai_client.first_choice(said).get("logprobs"):
                return said
            self.ways.pop(0)
        return None


class Step:
    """One generated token: its id (-1: no token of the model's), what the server told of the likeliest, by id, and the least of those."""

    def __init__(self, id: int, own: float, told: dict[int, float], floor: float | None) -> None:
        self.id, self.own, self.told, self.floor = id, own, told, floor


def read_steps(choice: dict[str, Any], pieces: dict[str, int]) -> list[Step] | None:
    """Both spellings of log-probabilities; None where it is neither."""
    said = choice.get("logprobs")
    if not isinstance(said, dict):
        return None
    try:
        if isinstance(said.get("content"), list):
            return [_step_of_chat(one, pieces) for one in said["content"]]
        tops = said.get("top_logprobs") or [{}] * len(said["tokens"])
        return [_step(pieces.get(t, -1), float(own), {pieces.get(k, -1): float(v) for k, v in (top or {}).items()})
                for t, own, top in zip(said["tokens"], said["token_logprobs"], tops, strict=True)]  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        raise openai_client.Refused("the server's log-probabilities have no known form") from None


def _step_of_chat(one: dict[str, Any], pieces: dict[str, int]) -> Step:
    tops = {_id(top, pieces): float(top["logprob"]) for top in one.get("top_logprobs") or ()}
    id, own = _id(one, pieces), float(one["logprob"])
    if id == next(iter(tops), None) and own < (best := max(tops.values())):
        # mlx-lm names the first of an unordered list as the token taken. At temperature 0 it is the likeliest; the text tells if not.
        id, own = next(top for top in tops.items() if top[1] == best)
    return _step(id, own, tops)


def _id(one: dict[str, Any], pieces: dict[str, int]) -> int:
    if isinstance(one.get("id"), int):
        return int(one["id"])
    if isinstance(one.get("bytes"), list):
        return pieces.get(bytes(one["bytes"]).decode("utf-8", "replace"), -1)
    return pieces.get(one["token"], -1)


def _step(id: int, own: float, tops: dict[int, float]) -> Step:
    return Step(id, own, {**tops, id: own}, min(tops.values()) if len(tops) > 1 else None)


def watched(steps: list[Step], watch: list[list[int]], end: int | None) -> dict[str, Any]:
    """What is reported of the steps. The end of the text, which most servers leave out, is put behind where they say they stopped there."""
    tokens = [step.id for step in steps]
    logprobs = [[_number(step.told.get(id)) for id in ids] for step, ids in zip(steps, watch, strict=False)]
    floors = [_number(step.floor) for step in steps]
    if end is not None and (not tokens or tokens[-1] != end):
        tokens.append(end)
        floors.append(None)
        if len(logprobs) < len(watch):
            logprobs.append([None] * len(watch[len(logprobs)]))
    return {"tokens": tokens, "logprobs": logprobs, "floors": floors, "finite": all(math.isfinite(step.own) for step in steps)}


def _number(value: float | None) -> float | None:
    return None if value is None else wire.number(value)


def main() -> None:
    out = wire.Wire()
    request = out.request()
    try:
        asker = Asker(request, out)
        there = asker.models()
        asker.model = asker.model or (there[0] if there else None)
        if asker.model is None:
            out.refuse("the server lists no model; name one with --model", unloadable=True)
        out.send("loaded", load_seconds=None, models=there, model=asker.model)
        for index, prompt in enumerate(request["prompts"]):
            asker.answer(index, prompt)
    except openai_client.Refused as no:
        out.refuse(no.says, unloadable=no.unloadable)
    out.send("done", peak_memory_bytes=None)
    out.leave()


if __name__ == "__main__":
    main()
