"""OpenCL devices of every platform, CPUs and emulators included: clinfo."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True
SPELLINGS = (("clinfo", "--json"), ("clinfo",), ("clinfo", "-a"))


def probe(host: Host) -> Iterator[Observation]:
    for argv in SPELLINGS:
        answer = host.run(argv, 10.0)
        if answer.silence == "timeout":
            yield Observation(path="opencl", value=None, source="clinfo", note=f"timeout: {answer.note}")
            return
        if answer.value is None or answer.value.code or not answer.value.stdout:
            continue
        from pathfinder.readers import opencl

        source, told = " ".join(argv), answer.value.stdout
        records = opencl.clinfo_json(told) or opencl.clinfo_text(told)
        for record in records:
            yield Observation(path="opencl", value=record, source=source, trust="tool", elapsed_seconds=answer.elapsed_seconds)
        if not records and opencl.says_none(told):
            yield Observation(path="opencl", value=(), source=source, trust="tool", elapsed_seconds=answer.elapsed_seconds)
        if records or opencl.says_none(told):
            return
