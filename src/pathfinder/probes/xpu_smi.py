"""Intel's xpu-smi: names and addresses where sysfs is not to be had."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True
SPELLINGS = (
    ("xpu-smi", "discovery", "-j"),
    ("xpu-smi", "discovery"),
    ("xpu-smi", "discovery", "-d", "0", "-j"),
    ("xpu-smi", "discovery", "-d", "0"),
)


def probe(host: Host) -> Iterator[Observation]:
    for argv in SPELLINGS:
        answer = host.run(argv, 10.0)
        if answer.silence in ("absent", "timeout"):
            return
        if answer.value is None or answer.value.code:
            continue
        from pathfinder.probes import _intel_chips
        from pathfinder.readers import xpu_smi

        records = xpu_smi.json(answer.value.stdout) or xpu_smi.table(answer.value.stdout)
        for record in records:
            chip = _intel_chips.chip(record.get("device_id"))
            yield Observation(
                path="devices", value=chip | record, source=" ".join(argv), trust="tool", elapsed_seconds=answer.elapsed_seconds
            )
        if records:
            return
