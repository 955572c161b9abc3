"""deviceQuery of the CUDA and HIP samples, where somebody built it."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DEEP = True
SOURCE = "deviceQuery"


def probe(host: Host) -> Iterator[Observation]:
    ran = host.run(("deviceQuery",), 10.0).value
    if ran is None or not ran.stdout:
        return
    from pathfinder.readers import device_query, rocm

    cuda, hip = device_query.cuda(ran.stdout), rocm.hip_device_query(ran.stdout)
    for record in (*cuda, *hip):
        own = {key: item for key, item in record.items() if key != "memory_bytes"} | {"kind": "gpu"}
        yield Observation(path="devices", value=own, source=SOURCE, trust="tool")
        if record.get("memory_bytes") and record.get("pci"):
            value = {"pci": record["pci"], "memory_bytes": record["memory_bytes"]}
            yield Observation(
                path="devices", value=value, source=SOURCE, trust="guess", note="what programs may have, not what the card holds"
            )
    if cuda:
        version = device_query.driver(ran.stdout)
        yield Observation(path="backends.cuda", value={"usable": True, "version": version}, source=SOURCE, trust="tool")
