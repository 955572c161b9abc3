"""A running OpenAI-compatible server under load: prompt sizes times concurrent requests. See `wire.py` for what it hears and says.

Every prompt is made of words drawn anew, so that a server's cache of prefixes does not answer in the model's place.
"""

import random
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathfinder.engines import openai_client, wire
else:
    import openai_client
    import wire

WORDS = """
river stone light paper green window seven music table winter orange garden silver engine mountain letter bridge coffee
candle forest summer pencil market pocket travel yellow mirror singer button carpet
""".split()  # noqa: SIM905 (a list of thirty strings reads worse)
REFUSED = (400, 422)
NO_SUCH_PATH = (404, 405, 501)
TRIES = 3
"""Requests to find out how many tokens a text has."""


class Load:
    def __init__(self, request: dict[str, Any]) -> None:
        self.request, self.client = request, openai_client.Client(request["url"])
        self.dice = random.Random(request.get("seed"))
        self.lock = threading.Lock()
        self.extras: dict[str, Any] = {"stream_options": {"include_usage": True}, "ignore_eos": True}
        self.per_token = 1.0
        """Words that make a token."""
        self.model: str | None = request.get("model")
        self.chat = False
        """Of a server that has chats only; its template adds to every prompt, which `prompt_count` counts."""

    def text(self, tokens: int) -> str:
        with self.lock:
            return " ".join(self.dice.choice(WORDS) for _ in range(max(1, round(tokens * self.per_token))))

    def calibrate(self, size: int) -> None:
        """So many words that the server counts the tokens wanted, as near as it goes."""
        for _ in range(TRIES):
            text = self.text(size)
            counted = self.one(text, 1)["prompt_count"]
            if not counted or counted == size:
                return
            self.per_token = len(text.split()) / counted

    def one(self, text: str, tokens: int) -> dict[str, Any]:
        """One streamed request: when it began, the first and the last token came (`perf_counter`), and counts."""
        body = {"model": self.model, "max_tokens": tokens, "temperature": 0, "stream": True}
        for attempt in range(3):
            path, asked = ("/chat/completions", {"messages": [{"role": "user", "content": text}]}) if self.chat else (
                "/completions", {"prompt": text})  # fmt: skip
            begun, first, last, pieces, prompt, made = time.perf_counter(), None, None, 0, None, None
            try:
                for moment, event in self.client.stream(path, {**body, **asked, **self.extras}):
                    choice = openai_client.first_choice(event)
                    piece = bool(openai_client.text_of(choice))
                    if piece or choice.get("finish_reason"):
                        first = first or moment  # A model that ends at once has read the prompt all the same.
                    if piece:
                        last, pieces = moment, pieces + 1
                    prompt = openai_client.usage(event, "prompt_tokens") or prompt
                    made = openai_client.usage(event, "completion_tokens") or made
                break
            except openai_client.Status as no:
                if no.code in NO_SUCH_PATH and not self.chat:
                    self.chat = True
                elif no.code in REFUSED and self.extras and attempt < 2:
                    self.extras = {}
                else:
                    raise
        return {"begun": begun, "first": first, "last": last, "made_count": made or pieces, "prompt_count": prompt}

    def together(self, size: int, count: int) -> dict[str, Any]:
        """So many requests at once; seconds to the last first token, and from the first token of any to the last of all."""
        done: list[dict[str, Any]] = []
        failed: list[Exception] = []
        gate = threading.Barrier(count)

        def ask(text: str) -> None:
            try:
                gate.wait()
                done.append(self.one(text, int(self.request["tokens"])))
            except openai_client.Refused as no:
                failed.append(no)

        threads = [threading.Thread(target=ask, args=(self.text(size),), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        firsts = [one["first"] for one in done if one["first"] is not None]
        if len(firsts) < count:
            if count > 1:
                raise openai_client.Refused(f"the server answered {len(firsts)} of {count} requests at once; it may take one at a time")
            raise openai_client.Refused(f"the server answered with nothing to a prompt of {size} tokens; its context may be smaller")
        begun = min(one["begun"] for one in done)
        counts = [one["prompt_count"] for one in done]
        return {
            "prompt_count": None if None in counts else sum(counts),
            "made_count": sum(one["made_count"] for one in done),
            "prefill_seconds": max(firsts) - begun,
            "decode_seconds": max((one["last"] for one in done if one["last"]), default=min(firsts)) - min(firsts),
            "first_token_seconds": sorted(one["first"] - one["begun"] for one in done)[count // 2],
        }


def main() -> None:
    out = wire.Wire()
    request = out.request()
    load = Load(request)
    try:
        load.model = load.model or next(iter(load.client.models()), None)
        if load.model is None:
            out.refuse("the server lists no model; name one with --model", unloadable=True)
        out.send("loaded", model=load.model)
        for size in request["sizes"]:
            load.calibrate(int(size))
            load.together(int(size), 1)
            for count in request["concurrency"]:
                for _ in range(int(request["repetitions"])):
                    out.send("load", size=size, concurrency=count, **load.together(int(size), int(count)))
    except openai_client.Refused as no:
        out.refuse(no.says, unloadable=no.unloadable)
    out.send("done", peak_memory_bytes=None)
    out.leave()


if __name__ == "__main__":
    main()
