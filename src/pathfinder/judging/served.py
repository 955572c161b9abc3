"""A smoke test through a server: which address, which reference, and what the server told, put together and judged."""

from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec.structs import replace

from pathfinder import engines
from pathfinder.engines import Engine
from pathfinder.errors import ExitStatus, Problem, sentence
from pathfinder.judging import probe_model, smoke, verdict
from pathfinder.judging.probe_model import Form
from pathfinder.types.results import EngineRun, Judgement, Numerics, Reference, ReferenceAnswer, Result, Sample

FASTEST_SECONDS = 50e-6
"""A token that came sooner after the one before was not streamed: the server makes its answer first and sends it then."""
SCRIPT = Engine(name="openai", script="run_openai.py", module="http", distribution="", extra="", reads="gguf")


def address(url: str) -> str:
    """The base of an OpenAI-compatible API, `/v1` put behind an address without a path. Raises `Problem` for what is no such address."""
    try:
        at = urlsplit(url.strip())
        port = at.port
    except ValueError:
        raise Problem("This is no address.", where=url) from None
    if at.scheme not in ("http", "https") or not at.hostname or port == 0 or not url.isascii() or any(c.isspace() for c in url.strip()):
        raise Problem("This is no address of a server.", where=url, hint="It looks like http://127.0.0.1:8000/v1.")
    if at.username or at.password or at.query or at.fragment:
        raise Problem("The address may hold neither a user nor a query.", where=url, hint="A key goes into PATHFINDER_API_KEY.")
    return urlunsplit((at.scheme, at.netloc, at.path.rstrip("/") or "/v1", "", ""))


def loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(address(url)).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def run(
    url: str,
    model: str | None = None,
    *,
    form: Form | None = None,
    prompt: str | None = None,
    tokens: int | None = None,
    seconds: float = smoke.DEFAULT_SECONDS,
    on_event: smoke.OnEvent | None = None,
) -> Result:
    """Ask a server and judge it. `form` says which probe form it serves; else its model's name may say so.

    Raises `Problem` when nothing answers there (usage) or what answers is no such server (no).
    """
    base = address(url)
    if model is None or form is None:
        there = _asked({"url": base, "model": model, "tokens": 0, "prompts": []}, url, min(seconds, 60.0))
        model = _choose(model, there["models"]) if there else model
    found = form or form_named(model or "")
    reference = probe_model.reference(found.name) if found and prompt is None else None
    limit = tokens or (probe_model.longest_answer() if reference else smoke.DEFAULT_TOKENS)
    asked = request(base, model, reference, prompt, limit)
    events: list[dict[str, Any]] = []

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "sample":
            events.append(event)
        if on_event:
            on_event(event)

    ran = smoke.listen(engines.argv(SCRIPT), url, asked, seconds, hear)
    _refuse(ran, url)
    samples = tuple(
        told(event, answer) for event, answer in zip(events, reference.answers if reference else [None] * len(events), strict=False)
    )
    judged = judge(replace(ran, samples=samples), reference, limit, chat=any(event["chat"] for event in events))
    return Result(
        engine=url,
        model=f"{probe_model.NAME} {found.name}" if found else model or "",
        verdict=judged.verdict,
        says=judged.says,
        text="\n".join(s.prompt + s.text for s in samples),
        numerics=judged.numerics,
        **measured(events),
    )


def listed(url: str, seconds: float = 60.0) -> list[str]:
    """The names of the models a server lists, at least one. Raises `Problem` when it lists none."""
    there: list[str] = _asked({"url": address(url), "model": None, "tokens": 0, "prompts": []}, url, seconds)["models"]
    return there


def form_named(model: str) -> Form | None:
    """The probe form a server says it serves: by a path of this machine, or by a name that ends in the form's own file name."""
    path = Path(model)
    if model and path.is_absolute() and path.exists():
        return probe_model.form_of(path)
    last = model.replace("\\", "/").rstrip("/").rpartition("/")[2].removesuffix(".gguf")
    named = {Path(form.path).name.removesuffix(".gguf"): form for form in probe_model.every()}
    return named.get(last) if last != "hf" else None


def request(base: str, model: str | None, reference: Reference | None, prompt: str | None, limit: int) -> dict[str, Any]:
    """What the script is told: prompts, and which tokens to report on."""
    prompts: list[dict[str, Any]] = [{"text": smoke.DEFAULT_PROMPT if prompt is None else prompt, "watch": None}]
    if reference:
        prompts = [{"text": answer.prompt, "watch": answer.top} for answer in reference.answers]
    vocabulary = {"pieces": probe_model.pieces(), "end": probe_model.end()} if reference else {}
    return {"url": base, "model": model, "tokens": limit, "prompts": prompts, **vocabulary}


def told(event: dict[str, Any], answer: ReferenceAnswer | None) -> Sample:
    """One answer of a server, what it left out filled so that it cannot count against it.

    A server tells the likeliest tokens alone. An untold one is at most as likely as the least it told (`floors`), so that is what it is
    taken for where the reference has it likelier, and for right elsewhere. Prompts come back as counts.
    """
    after = event["after"]
    text, tokens, logprobs = event["text"], tuple(event["tokens"]), event["logprobs"]
    if answer is None:
        return Sample(prompt=after, text=text, finite=event["finite"])
    count = event["prompt_count"]
    same_prompt = count is None or count == len(answer.prompt_tokens)
    if event["chat"] and count != len(answer.prompt_tokens):
        logprobs = None  # Those of another prompt, or not known to be of this one.
    return Sample(
        prompt=after,
        prompt_tokens=answer.prompt_tokens if same_prompt else (-1,) * count,
        tokens=tokens,
        text=answer.text if text.strip() == answer.text.strip() else text,  # Some servers cut the space in front.
        logprobs=None if logprobs is None else tuple(
            _filled(step, event["floors"][at], answer.logprobs[at]) for at, step in enumerate(logprobs)),
        finite=event["finite"],
    )  # fmt: skip


def _filled(step: list[float | None], floor: float | None, right: tuple[float, ...]) -> tuple[float, ...]:
    highest = inf if floor is None else floor
    return tuple(min(expected, highest) if value is None else value for value, expected in zip(step, right, strict=True))


def judge(ran: EngineRun, reference: Reference | None, limit: int, *, chat: bool) -> Judgement:
    """As `verdict.judge`; what a chat answers is right when it is the reference's, and says nothing when it is not."""
    if reference and chat:
        asked = verdict.judge(ran, None)
        right = all(s.text.strip() == a.text.strip() for s, a in zip(ran.samples, reference.answers, strict=False))
        if asked.verdict == "unjudged" and not right:
            says = "The server offers chats only, and its template changes the prompts, so that there is no reference for the answers."
            return Judgement(verdict="unjudged", says=says, numerics=Numerics())
    return verdict.judge(ran, reference, limit)


def measured(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Time to the first token and tokens a second as a client sees them, transport included; the first token belongs to the prompt."""
    timed = [event for event in events if event["prefill_seconds"] is not None]
    counts = [event["prompt_count"] for event in timed]
    made = sum(event["made_count"] for event in events)
    steps = sum(event["made_count"] - 1 for event in timed)
    prefill, decode = sum(event["prefill_seconds"] for event in timed), sum(event["decode_seconds"] for event in timed)
    if decode < FASTEST_SECONDS * steps:
        decode = 0.0
    known = bool(counts) and None not in counts
    return {
        "prompt_tokens": sum(counts) if known else None,
        "generated_tokens": made if events else None,
        "first_token_seconds": round(sorted(event["prefill_seconds"] for event in timed)[len(timed) // 2], 4) if timed else None,
        "prefill_tps": round(sum(counts) / prefill, 3) if known and prefill else None,
        "decode_tps": round(steps / decode, 3) if decode and steps > 0 else None,
    }


def _asked(request: dict[str, Any], url: str, seconds: float) -> dict[str, Any]:
    """What the script's first event says of the server."""
    first: dict[str, Any] = {}

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "loaded":
            first.update(event)

    ran = smoke.listen(engines.argv(SCRIPT), url, request, seconds, hear)
    _refuse(ran, url, None if request["model"] else "This was its list of models. If it serves one nevertheless, name it: --model NAME.")
    if ran.timed_out is not None:
        raise Problem(f"It did not answer within {seconds:.0f} s.", where=url, exit=ExitStatus.NO)
    if not first:
        raise Problem(f"Asking it ended with {ran.died}.", where=url, exit=ExitStatus.BUG)
    return first


def _refuse(ran: EngineRun, url: str, hint: str | None = None) -> None:
    if ran.refused:
        if not ran.unloadable:
            raise Problem(sentence(ran.refused), where=url, hint="Start the server first, or check the address and its port.")
        raise Problem(sentence(ran.refused), where=url, hint=hint, exit=ExitStatus.NO)


def _choose(wanted: str | None, there: list[str]) -> str:
    """The server's own spelling of a model; the probe model where it has it, else its first."""
    if wanted is None:
        return next((name for name in there if form_named(name)), there[0])
    return next((name for name in there if name == wanted or name.rpartition("/")[2] == wanted), wanted)
