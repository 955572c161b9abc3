"""deviceQuery of the CUDA and HIP samples, where somebody built it."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True


def probe(host: Host) -> Iterator[Observation]:
    ran = host.run(("deviceQuery",), 10.0).value
    if ran is None or not ran.stdout:
        return
    from pathfinder.readers import device_query, rocm

    for record in device_query.cuda(ran.stdout):
        yield Observation(path="devices", value=record | {"kind": "gpu"}, source="deviceQuery", trust="tool")
    for record in rocm.hip_device_query(ran.stdout):
        value = {key: item for key, item in record.items() if key != "memory_bytes"} | {"kind": "gpu"}
        yield Observation(path="devices", value=value, source="deviceQuery", trust="tool")
