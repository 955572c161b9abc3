"""AMD GPUs from amdgpu's sysfs files and the KFD topology: no tool, no library."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes import _pci


def probe(host: Host) -> Iterator[Observation]:
    functions = _pci.of_vendor(host, "1002")
    if not functions and not host.glob("/sys/class/kfd/kfd/topology/nodes/*").value:
        return
    from pathfinder.probes import _amd

    yield from _amd.observations(host, functions)
