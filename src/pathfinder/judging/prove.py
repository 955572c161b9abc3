"""Was it really so? A server's numbers, the device that did the work, its speed: one proof, and the evidence the matrix takes in. Pure."""

import re
from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from pathfinder.judging.verdict import FAILED
from pathfinder.types.facts import Device, Facts
from pathfinder.types.plans import Plan
from pathfinder.types.results import Proof, ProofCheck, Result
from pathfinder.types.words import Evidence

BACKEND_WORDS = {
    "cuda": ("using device cuda", "ggml_cuda_init", "cuda graph", "cuda:0", "device(type='cuda'", "flashinfer", "backend: cuda"),
    "rocm": ("using device rocm", "ggml_cuda_init: found", "rocm", "hip version"),
    "metal": ("ggml_metal_init", "using device metal", "device(gpu", "mps"),
    "vulkan": ("ggml_vulkan: found", "using device vulkan"),
    "sycl": ("ggml_sycl", "using device sycl"),
    "openvino": ("openvino",),
    "cpu": (
        "cpu_mapped model buffer",
        "cpu model buffer",
        "cpu kv buffer",
        "cpu compute buffer",
        "device(cpu",
        "device='cpu'",
        "backend: cpu",
    ),
}
"""What servers write when they use a backend, lower case."""
PART_OF_WEIGHTS = 0.5
"""Of the weights, this much memory must have gone for the device to be the one that holds them; a tenth of it says that it does not."""
REPEATED = 12


def proof(
    plan: Plan, result: Result, before: Facts, after: Facts, pids: Sequence[int], resident_bytes: int | None, log: str, today: str
) -> Proof:
    """`pids`: the server's processes; `resident_bytes`: what they hold in system memory; `log`: what the server has said."""
    checks = (numbers(result), device(plan, before, after, pids, resident_bytes, log), speed(plan, result))
    decisive = [check.holds for check in checks if check.what != "speed"]
    verdict: Literal["proved", "partial", "failed"] = "failed" if False in decisive else "proved" if all(decisive) else "partial"
    found = replace(result, device_used=_named(plan, after) if checks[1].holds else None, peak_memory_bytes=resident_bytes)
    evidence = None if verdict == "failed" else Evidence(
        source=source(plan), checked=today, how="run", says=sentence(found, checks, after))  # fmt: skip
    return Proof(runtime=plan.runtime, cell=plan.cell, verdict=verdict, checks=checks, result=found, evidence=evidence)


def numbers(result: Result) -> ProofCheck:
    """Right or wrong where there is a reference; else whether it answers plausibly, which a look at the text cannot affirm."""
    if result.verdict in FAILED:
        return ProofCheck(what="numbers", holds=False, says=result.says)
    if result.verdict != "unjudged":
        return ProofCheck(what="numbers", holds=True, says=result.says)
    odd = implausible(result.text)
    if odd:
        return ProofCheck(what="numbers", holds=False, says=odd)
    answer = " ".join(result.text.split())
    return ProofCheck(what="numbers", holds=None, says=f"{result.says} It says: '{answer[:120]}'.")


def implausible(text: str) -> str | None:
    """Why a text is none that a working model gives: no letters, broken characters, one word over and over."""
    words = text.split()
    if sum(char == "\ufffd" for char in text) * 5 > len(text):
        return "Its answer is made of broken characters."
    for length in (1, 2, 3):
        run = length
        for at in range(length, len(words)):
            run = run + 1 if words[at] == words[at - length] else length
            if run >= REPEATED * length:
                return f"Its answer repeats '{' '.join(words[at + 1 - length : at + 1])}' over and over."
    return None


def device(plan: Plan, before: Facts, after: Facts, pids: Sequence[int], resident_bytes: int | None, log: str) -> ProofCheck:
    """Where the work was done: the driver's list of processes, memory that went, the backend the log names."""
    weights = plan.estimate.memory.weights_bytes if plan.estimate else plan.artifact.bytes if plan.artifact else None
    named = next((word for word in BACKEND_WORDS.get(plan.backend, ()) if word in log.casefold()), None)
    words = f"its log says '{named}'" if named else ""
    if not plan.devices:
        return _cpu(after, pids, weights, resident_bytes, words)
    held, gone = zip(*(_held(id, before, after, pids) for id in plan.devices), strict=True)
    if any(held):
        seen = ", ".join(f"{id} holds {bytes_ >> 20} MiB of it" for id, bytes_ in zip(plan.devices, held, strict=True) if bytes_)
        return ProofCheck(what="device", holds=True, says=_and(f"The driver says so: {seen}", words))
    known = [one for one in gone if one is not None]
    if weights and len(known) == len(gone):
        went = sum(known)
        told = f"{went >> 20} MiB of {', '.join(plan.devices)} went for {weights >> 20} MiB of weights"
        if went >= PART_OF_WEIGHTS * weights:
            return ProofCheck(what="device", holds=True, says=_and(told, words))
        if went < 0.1 * PART_OF_WEIGHTS * weights and weights > 256 << 20 and not named:
            return ProofCheck(what="device", holds=False, says=f"The device was not used: {told}.")
    return ProofCheck(
        what="device", holds=True if named else None, says=_and("", words) if named else "Nothing tells which device did the work."
    )


def _cpu(after: Facts, pids: Sequence[int], weights: int | None, resident_bytes: int | None, words: str) -> ProofCheck:
    on = [one.id for one in after.devices or () if any(process.pid in pids for process in one.used_by or ())]
    if on:
        return ProofCheck(what="device", holds=False, says=f"It was meant for the CPU, and {', '.join(on)} is in use by it.")
    if resident_bytes is None or weights is None:
        return ProofCheck(what="device", holds=None, says="Its memory could not be read.")
    told = f"Its processes hold {resident_bytes >> 20} MiB of system memory, the weights are {_mib(weights)}"
    if after.devices and resident_bytes < PART_OF_WEIGHTS * weights:
        return ProofCheck(what="device", holds=None, says=_and(told, words))
    more = "" if after.devices else "and no other device is known here"
    return ProofCheck(what="device", holds=True, says=_and(told, words or more))


def _held(id: str, before: Facts, after: Facts, pids: Sequence[int]) -> tuple[int, int | None]:
    """Bytes the driver says the server holds on a device, and bytes that became less free since before."""
    was, now = _of(id, before), _of(id, after)
    if now is None:
        return 0, None
    held = sum(process.memory_bytes or 1 for process in now.used_by or () if process.pid in pids)
    if was is None or was.memory_free_bytes is None or now.memory_free_bytes is None:
        return held, None
    return held, max(0, was.memory_free_bytes - now.memory_free_bytes)


def _of(id: str, facts: Facts) -> Device | None:
    return next((one for one in facts.devices or () if one.id == id), None)


def _named(plan: Plan, facts: Facts) -> str:
    found = [one for id in plan.devices if (one := _of(id, facts))]
    return ", ".join(one.name or one.id for one in found) or "cpu"


SMALLEST_TIMED_BYTES = 32 << 20


def speed(plan: Plan, result: Result) -> ProofCheck:
    """The measured decode speed against the predicted interval; a tiny model's time is the server's own, not the device's."""
    expected = plan.estimate.speed.decode_tps if plan.estimate else None
    if result.decode_tps is None:
        return ProofCheck(what="speed", holds=None, says="It could not be timed.")
    told = f"{result.decode_tps:.3g} tokens/s"
    if plan.estimate and plan.estimate.memory.weights_bytes < SMALLEST_TIMED_BYTES:
        return ProofCheck(what="speed", holds=None, says=f"{told}; the model is too small to say anything about the machine.")
    if expected is None or expected.low is None or expected.high is None:
        return ProofCheck(what="speed", holds=None, says=f"{told}; there is no prediction to compare it with.")
    holds = expected.low <= result.decode_tps <= expected.high
    side = "as predicted" if holds else "slower than predicted" if result.decode_tps < expected.low else "faster than predicted"
    return ProofCheck(what="speed", holds=holds, says=f"{told}, {side} ({expected.low:.3g} to {expected.high:.3g}).")


def source(plan: Plan) -> str:
    """What was run, as evidence names it: the packages its recipe pins, else the runtime."""
    words = [word for step in plan.install for word in step.argv or ()]
    pins = [match for word in words if (match := re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^,;=]+)", word))]
    return f"pypi:{pins[0][1]}=={pins[0][2]}" if pins else f"{plan.name} as installed here"


def sentence(result: Result, checks: Sequence[ProofCheck], facts: Facts) -> str:
    """One line for the evidence file: what answered where, and what was checked."""
    on = facts.cpu.model if result.device_used == "cpu" and facts.cpu.model else result.device_used
    where = ", ".join(word for word in (facts.os.pretty_name or facts.os.name, facts.cpu.arch, on) if word)
    error = result.numerics.max_abs_logprob_error
    judged = f"{result.verdict} by {result.numerics.basis}" + (
        "" if error is None else f", error {error:.2g} of {result.numerics.tolerance:g}"
    )
    tiny = checks[-1].holds is None  # Its speed says nothing.
    timed = "" if result.decode_tps is None or tiny else f"; decode {result.decode_tps:.3g} tokens/s"
    within = next((check.holds for check in checks if check.what == "speed"), None)
    fits = {True: ", as predicted", False: ", outside the prediction", None: ""}[within]
    return f"Started and answered on {where}: {result.model} {judged}{timed}{fits}."


def _mib(bytes_: int) -> str:
    return f"{bytes_ >> 20} MiB" if bytes_ >= 1 << 20 else f"{bytes_ >> 10} KiB"


def _and(told: str, more: str) -> str:
    both = ", ".join(word for word in (told, more) if word)
    return f"{both[:1].upper()}{both[1:]}."
