"""Memory and names of Gaudi, Ascend and AWS Neuron devices, which no file tells: their own tools, asked only where the bus shows one."""

from collections.abc import Callable, Iterator
from typing import Any

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci

TOOLS: tuple[tuple[str, tuple[tuple[str, ...], ...], str], ...] = (
    ("1da3", (("hl-smi",),), "hl_smi"),
    ("19e5", (("npu-smi", "info"),), "npu_smi"),
    ("1d0f", (("neuron-ls", "-j"), ("neuron-ls",)), "neuron_ls"),
)


def probe(host: Host) -> Iterator[Observation]:
    uname = host.uname().value
    if uname is not None and uname.sysname != "Linux":
        return
    functions = _pci.functions(host)
    for vendor, spellings, reader in TOOLS:
        if functions is None or any(one["vendor_id"] == vendor and one["compute"] for one in functions):
            yield from _ask(host, spellings, reader)


def _ask(host: Host, spellings: tuple[tuple[str, ...], ...], reader: str) -> Iterator[Observation]:
    for argv in spellings:
        answer = host.run(argv)
        if answer.silence in ("absent", "timeout"):
            return
        if answer.value is None or answer.value.code != 0:
            continue
        from pathfinder.readers import accelerators

        read: Callable[[str], list[dict[str, Any]]] = getattr(accelerators, reader)
        records = read(answer.value.stdout)
        for record in records:
            value = {"kind": "accelerator"} | record
            yield Observation(path="devices", value=value, source=" ".join(argv), trust="tool", elapsed_seconds=answer.elapsed_seconds)
        if records:
            return
