"""Containers and hypervisors. Neither can always be seen from inside: what no file tells stays unknown."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation
from pathfinder.probes._cpuinfo import HEAD

HYPERVISORS: tuple[tuple[str, str], ...] = (
    ("qemu", "kvm"),
    ("kvm", "kvm"),
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("xen", "xen"),
    ("virtual machine", "hyper-v"),
    ("amazon ec2", "kvm"),
    ("google compute engine", "kvm"),
    ("openstack", "kvm"),
    ("digitalocean", "kvm"),
    ("hetzner vserver", "kvm"),
    ("parallels", "parallels"),
    ("bhyve", "bhyve"),
    ("apple virtualization", "apple"),
    ("ovirt", "kvm"),
    ("nutanix", "nutanix"),
)
"""Words of the firmware's vendor and product names, lower case."""
ENGINES = (("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc"), ("containerd", "containerd"))


def probe(host: Host) -> Iterator[Observation]:
    kind, source = _container(host)
    note = None if kind else "no sign of a container, and no sign of a booted system either"
    yield Observation(path="os.container", value=kind, source=source, note=note)
    kind, source = _hypervisor(host)
    yield Observation(path="os.hypervisor", value=kind, source=source, note=None if kind else "the firmware names no known hypervisor")


def _container(host: Host) -> tuple[str | None, str]:
    if host.env("KUBERNETES_SERVICE_HOST").value:
        return "kubernetes", "KUBERNETES_SERVICE_HOST"
    given = host.env("container").value
    if given:
        return given, "container (environment)"
    for path, kind in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker"), ("/.flatpak-info", "flatpak")):
        if host.access(path, "f").value:
            return kind, path
    if host.env("SNAP_NAME").value and host.env("SNAP").value:
        return "snap", "SNAP"
    named = (host.read("/run/systemd/container", 256).value or "").strip()
    if named:
        return named, "/run/systemd/container"
    for path in ("/proc/1/cgroup", "/proc/self/cgroup"):
        text = host.read(path, 1 << 16).value or ""
        for word, kind in ENGINES:
            if f"/{word}" in text or f"-{word}" in text:
                return kind, path
    if host.read("/proc/vz/version", 64).value is not None and host.read("/proc/bc/0/resources", 64).value is None:
        return "openvz", "/proc/vz"
    booted = host.access("/run/systemd/system", "f").value or (host.read("/proc/1/comm", 64).value or "").strip() in (
        "init",
        "systemd",
        "openrc-init",
    )
    return ("none" if booted else None), "/run/systemd/system"


def _hypervisor(host: Host) -> tuple[str | None, str]:
    kind = (host.read("/sys/hypervisor/type", 64).value or "").strip()
    if kind:
        return kind, "/sys/hypervisor/type"
    release = host.read("/proc/sys/kernel/osrelease", 4096).value or ""
    if "microsoft" in release.lower():
        return "hyper-v", "/proc/sys/kernel/osrelease"
    dmi = "/sys/class/dmi/id"
    names = {name: (host.read(f"{dmi}/{name}", 256).value or "").strip() for name in ("sys_vendor", "product_name", "board_vendor")}
    firmware = " ".join(names.values()).lower()
    found = next((kind for word, kind in HYPERVISORS if word in firmware), None)
    flags = _flags(host)
    if found and not (flags and "hypervisor" not in flags):
        return found, dmi
    tree = (host.read("/proc/device-tree/hypervisor/compatible", 256).value or "").replace("\x00", " ")
    if tree:
        return ("kvm" if "kvm" in tree else "xen" if "xen" in tree else tree.split(",")[0].strip()), "/proc/device-tree/hypervisor"
    sysinfo = host.read("/proc/sysinfo", 1 << 14).value or ""
    if "VM00 Control Program" in sysinfo:
        return ("kvm" if "KVM/Linux" in sysinfo else "z/vm"), "/proc/sysinfo"
    if flags and "hypervisor" not in flags and names["sys_vendor"]:
        return "none", "/proc/cpuinfo"
    if flags and host.access("/dev/vsock", "f").value and not names["sys_vendor"] and host.access("/sys/bus/virtio", "f").value:
        return "kvm", "/sys/bus/virtio"
    return None, "/proc/cpuinfo"


def _flags(host: Host) -> set[str]:
    for line in (host.read("/proc/cpuinfo", HEAD).value or "").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()
