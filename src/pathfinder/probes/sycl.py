"""SYCL devices of oneAPI: sycl-ls. CPUs and the FPGA emulator are listed as what they are."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True


def probe(host: Host) -> Iterator[Observation]:
    for argv in (("sycl-ls",), ("/opt/intel/oneapi/compiler/latest/bin/sycl-ls",)):
        answer = host.run(argv, 10.0)
        if answer.value is None or answer.value.code:
            continue
        from pathfinder.readers import opencl

        records = opencl.sycl_ls(answer.value.stdout)
        for record in records:
            yield Observation(path="sycl", value=record, source="sycl-ls", trust="tool", elapsed_seconds=answer.elapsed_seconds)
        if not records:
            yield Observation(path="sycl", value=(), source="sycl-ls", trust="tool", elapsed_seconds=answer.elapsed_seconds)
        return
