"""The board: firmware's product name, the device tree's model and chip, Jetson's L4T release."""

from collections.abc import Iterator

from pathfinder.host import Host, Observation

DMI = "/sys/class/dmi/id"
TREES = ("/proc/device-tree", "/sys/firmware/devicetree/base")
_NO_NAMES = {"", "to be filled by o.e.m.", "system product name", "default string", "not specified", "none", "n/a", "system manufacturer"}


def probe(host: Host) -> Iterator[Observation]:
    yield from _firmware(host)
    chips: list[str] = []
    for tree in TREES:
        model = _words(host, f"{tree}/model")
        chips = _words(host, f"{tree}/compatible")
        if model:
            yield Observation(path="board.model", value=model[0], source=f"{tree}/model")
        if chips:
            yield Observation(path="board.soc", value=chips[-1].partition(",")[2] or chips[-1], source=f"{tree}/compatible")
        if model or chips:
            break
    soc = _words(host, "/sys/devices/soc0/machine")
    if soc:
        yield Observation(path="board.soc", value=soc[0], source="/sys/devices/soc0/machine")
    yield from _tegra(host)
    if _no_tegra(host, chips):
        yield Observation(path="board.l4t", value="0", source="firmware or device tree", trust="guess", note="no Jetson")


def _no_tegra(host: Host, chips: list[str]) -> bool:
    """Whether the processor, the device tree or the firmware's names say that this is no Jetson. A container hides the device tree."""
    uname = host.uname().value
    if uname is not None and uname.machine != "aarch64":
        return True
    if chips:
        return not any("nvidia,tegra" in chip for chip in chips)
    names = " ".join(_product(host)).lower()
    return bool(names) and "jetson" not in names and "tegra" not in names and not host.access("/dev/nvmap", "f").value


def _words(host: Host, path: str) -> list[str]:
    return [word.strip() for word in (host.read(path, 4096).value or "").replace("\n", "\x00").split("\x00") if word.strip()]


def _firmware(host: Host) -> Iterator[Observation]:
    known = _product(host)
    if len(known) == 2 and known[1].lower().startswith(known[0].lower()):
        known = known[1:]
    if known:
        yield Observation(path="board.model", value=" ".join(known), source=f"{DMI}/product_name")


def _product(host: Host) -> list[str]:
    names = [(host.read(f"{DMI}/{name}", 256).value or "").strip() for name in ("sys_vendor", "product_name")]
    return [name for name in names if name.lower() not in _NO_NAMES]


def _tegra(host: Host) -> Iterator[Observation]:
    """`# R36 (release), REVISION: 4.3, ...` is L4T 36.4.3."""
    source = "/etc/nv_tegra_release"
    line = host.read(source, 4096).value or ""
    major = line.partition("# R")[2].partition(" ")[0]
    revision = line.partition("REVISION: ")[2].partition(",")[0].strip()
    if major.isdigit():
        yield Observation(path="board.l4t", value=f"{major}.{revision}" if revision else major, source=source)
        yield Observation(path="os.family", value="linux", source=source, trust="guess")
        eabi = line.partition("EABI: ")[2].partition(",")[0].strip()
        if eabi == "aarch64":
            yield Observation(path="os.arch", value="aarch64", source=source, trust="guess")
            yield Observation(path="cpu.family", value="arm", source=source, trust="guess")
