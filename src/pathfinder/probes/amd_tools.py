"""AMD's own tools, for hosts whose kernel files do not answer: rocminfo, amd-smi, rocm-smi in its spellings."""

from collections.abc import Callable, Iterator
from typing import Any

from pathfinder.host import Host, Observation, Trust
from pathfinder.probes import _pci

Record = dict[str, Any]
MEMORY = ("--showmeminfo", "vram")
SPELLINGS: tuple[tuple[tuple[str, ...], str, Trust], ...] = (
    (("rocminfo",), "rocminfo", "tool"),
    (("amd-smi", "static", "--json"), "amd_smi", "tool"),
    (("amd-smi", "static"), "amd_smi", "tool"),
    (("amd-smi", "static", "--asic", "--bus", "--vram", "--json"), "amd_smi", "tool"),
    (("amd-smi", "list", "--json"), "amd_smi", "tool"),
    (("amd-smi", "list"), "amd_smi", "tool"),
    (("amd-smi",), "amd_smi_table", "table"),
    (("amd-smi", "monitor"), "amd_smi_table", "table"),
    (("rocm-smi", "--showproductname", "--showid", "--showbus", *MEMORY, "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "-a", *MEMORY, "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "--showproductname", "--showuse", *MEMORY, "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "--showproductname", *MEMORY, "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", *MEMORY, "--showproductname", "--showuse", "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", *MEMORY, "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "-a", "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "--showallinfo", "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "--showproductname", "--showuse", *MEMORY, "--csv"), "rocm_smi_csv", "tool"),
    (("rocm-smi", "--showproductname", *MEMORY, "--csv"), "rocm_smi_csv", "tool"),
    (("rocm-smi", "--showproductname", "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "--showid", "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "--showmeminfo", "all", "--json"), "rocm_smi_json", "tool"),
    (("rocm-smi", "-a"), "rocm_smi_text", "tool"),
    (("rocm-smi", "--showproductname", *MEMORY), "rocm_smi_text", "tool"),
    (("rocm-smi", *MEMORY), "rocm_smi_text", "tool"),
    (("rocm-smi", "--showproductname"), "rocm_smi_text", "tool"),
    (("rocm-smi", "--showallinfo"), "rocm_smi_text", "tool"),
    (("rocm-smi",), "rocm_smi_table", "table"),
)

PATIENCE = 2
"""How many spellings of one tool a running machine is asked; a recording is asked all, it may hold any one."""


def probe(host: Host) -> Iterator[Observation]:
    uname = host.uname().value
    if (uname is not None and uname.sysname not in ("Linux", "Windows")) or _answered(host):
        return
    hung: set[str] = set()
    ran: list[str] = []
    for argv, reader, trust in SPELLINGS:
        if argv[0] in hung or (uname is not None and ran.count(argv[0]) >= PATIENCE):
            continue
        answer = host.run(argv)
        ran += [argv[0]] if answer.value is not None else []
        if answer.silence in ("timeout", "failed"):
            hung.add(argv[0])
            yield Observation(path="backends.rocm", value=None, source=argv[0], note=f"{answer.silence}: {answer.note}")
            continue
        records = _read(reader, answer.value.stdout) if answer.value is not None and answer.value.code == 0 else []
        if records:
            yield from _say(records, " ".join(argv), trust)
            if all(record.get("memory_bytes") and record.get("name") for record in records if record.get("kind", "gpu") == "gpu"):
                return


def _answered(host: Host) -> bool:
    """Whether the kernel has told already: KFD or amdgpu memory files, or a PCI bus without any AMD GPU."""
    functions = _pci.functions(host)
    if functions is None:
        return bool(host.glob("/sys/class/kfd/kfd/topology/nodes/*").value)
    mine = [one for one in functions if one["vendor_id"] == "1002" and one["compute"]]
    return (
        not mine
        or any(host.access(f"{_pci.FOLDER}/{one['pci']}/mem_info_vram_total", "f").value for one in mine)
        or bool(host.glob("/sys/class/kfd/kfd/topology/nodes/*").value)
    )


def _read(reader: str, text: str) -> list[Record]:
    from pathfinder.readers import rocm

    read: Callable[[str], list[Record]] = getattr(rocm, reader)
    return read(text)


def _say(records: list[Record], source: str, trust: Trust) -> Iterator[Observation]:
    for record in records:
        value: Record = {"kind": "gpu", "vendor_id": "1002"} | record
        if value["kind"] == "npu":
            value |= {"vendor_id": "1022", "integrated": True, "shared_memory": True}
        yield Observation(path="devices", value=value, source=source, trust=trust)
        if value["kind"] == "gpu":
            from pathfinder.probes import _amd_chips

            arch = value.get("arch") or _amd_chips.by_id(value.get("device_id"))
            kind: Record = _amd_chips.integration(arch, value.get("device_id")) | ({"arch": arch} if arch else {})
            same: Record = {key: value[key] for key in ("pci", "device_id", "name", "kind", "vendor") if value.get(key)}
            if kind:
                yield Observation(path="devices", value=same | kind, source="PCI device id", trust="guess")
    if any(record.get("kind", "gpu") == "gpu" for record in records) and source == "rocminfo":
        yield Observation(path="backends.rocm", value={"usable": True}, source=source, trust=trust)
