"""AMD GPU generations: IP versions, code names and device ids to LLVM targets and integration. A driver's own word always comes first."""

GFX = {
    "9.0.1": "gfx900", "9.1.0": "gfx902", "9.2.1": "gfx904", "9.2.2": "gfx902", "9.4.0": "gfx906", "9.3.0": "gfx90c", "9.4.1": "gfx908",
    "9.4.2": "gfx90a", "9.4.3": "gfx942", "9.4.4": "gfx942", "9.5.0": "gfx950", "10.1.10": "gfx1010", "10.1.2": "gfx1011",
    "10.1.1": "gfx1012",
    "10.1.3": "gfx1013", "10.1.4": "gfx1013", "10.3.0": "gfx1030", "10.3.2": "gfx1031", "10.3.1": "gfx1033", "10.3.4": "gfx1032",
    "10.3.5": "gfx1034", "10.3.3": "gfx1035", "10.3.6": "gfx1036", "10.3.7": "gfx1036", "11.0.0": "gfx1100", "11.0.1": "gfx1103",
    "11.0.2": "gfx1102", "11.0.3": "gfx1101", "11.0.4": "gfx1103", "11.5.0": "gfx1150", "11.5.1": "gfx1151", "11.5.2": "gfx1152",
    "11.5.3": "gfx1153", "12.0.0": "gfx1200", "12.0.1": "gfx1201",
}  # fmt: skip
"""GC IP version to LLVM target (Linux drivers/gpu/drm/amd/amdkfd/kfd_device.c)."""
CODENAMES = {
    "kaveri": "gfx700", "hawaii": "gfx701", "carrizo": "gfx801", "tonga": "gfx802", "fiji": "gfx803", "polaris10": "gfx803",
    "polaris11": "gfx803",
    "polaris12": "gfx803", "vegam": "gfx803", "vega10": "gfx900", "raven": "gfx902", "vega12": "gfx904", "vega20": "gfx906",
    "arcturus": "gfx908",
    "renoir": "gfx90c", "aldebaran": "gfx90a", "navi10": "gfx1010", "navi12": "gfx1011", "navi14": "gfx1012",
    "sienna_cichlid": "gfx1030",
    "navy_flounder": "gfx1031", "dimgrey_cavefish": "gfx1032", "beige_goby": "gfx1034", "vangogh": "gfx1033", "yellow_carp": "gfx1035",
}  # fmt: skip
"""KFD node names of kernels without gfx_target_version (the same file)."""
BY_ID: tuple[tuple[int, int, str], ...] = (
    (0x6600, 0x663F, "gfx602"), (0x6640, 0x665F, "gfx704"), (0x6660, 0x666F, "gfx602"), (0x6780, 0x679F, "gfx600"),
    (0x67A0, 0x67BE, "gfx701"),
    (0x6800, 0x683F, "gfx601"), (0x6920, 0x693F, "gfx802"), (0x9870, 0x9877, "gfx801"),
    (0x15D8, 0x15DD, "gfx902"), (0x66A0, 0x66AF, "gfx906"), (0x67C0, 0x67FF, "gfx803"), (0x6860, 0x687F, "gfx900"),
    (0x6980, 0x699F, "gfx803"),
    (0x69A0, 0x69AF, "gfx904"), (0x7300, 0x730F, "gfx803"), (0x7310, 0x731F, "gfx1010"), (0x7340, 0x734F, "gfx1012"),
    (0x7360, 0x7362, "gfx1011"),
    (0x7388, 0x738E, "gfx908"), (0x73A0, 0x73BF, "gfx1030"), (0x73C0, 0x73DF, "gfx1031"), (0x73E0, 0x73FF, "gfx1032"),
    (0x7408, 0x7410, "gfx90a"),
    (0x7420, 0x743F, "gfx1034"), (0x7440, 0x745F, "gfx1100"), (0x7460, 0x747F, "gfx1101"), (0x7480, 0x749F, "gfx1102"),
    (0x74A0, 0x74BF, "gfx942"),
    (0x7550, 0x755F, "gfx1201"), (0x7590, 0x759F, "gfx1200"), (0x75A0, 0x75AF, "gfx950"), (0x1586, 0x1586, "gfx1151"),
    (0x150E, 0x150E, "gfx1150"),
    (0x1114, 0x1114, "gfx1152"), (0x15BF, 0x15C8, "gfx1103"), (0x1900, 0x1901, "gfx1103"), (0x1681, 0x1681, "gfx1035"),
    (0x164E, 0x164E, "gfx1036"),
    (0x13C0, 0x13C0, "gfx1036"), (0x1506, 0x1506, "gfx1036"), (0x163F, 0x163F, "gfx1033"), (0x1435, 0x1435, "gfx1033"),
    (0x1636, 0x1638, "gfx90c"),
    (0x164C, 0x164C, "gfx90c"),
)  # fmt: skip
"""Device ids to LLVM target (Linux drivers/gpu/drm/amd/amdgpu/amdgpu_drv.c, pci.ids; names of targets: LLVM, User Guide for AMDGPU
Backend), for kernels that do not say it."""
INTEGRATED = frozenset(
    (
        "gfx700",
        "gfx801",
        "gfx902",
        "gfx909",
        "gfx90c",
        "gfx1013",
        "gfx1033",
        "gfx1035",
        "gfx1036",
        "gfx1037",
        "gfx1103",
        "gfx1150",
        "gfx1151",
        "gfx1152",
        "gfx1153",
        "gfx940",
    )
)
APU_IDS = frozenset(("74a0", "74a8"))
"""Instinct MI300A shares gfx942 with MI300X."""
SUPPORTED = frozenset(
    (
        "gfx906",
        "gfx908",
        "gfx90a",
        "gfx942",
        "gfx950",
        "gfx1030",
        "gfx1100",
        "gfx1101",
        "gfx1102",
        "gfx1200",
        "gfx1201",
        "gfx1150",
        "gfx1151",
    )
)
"""ROCm 6 and 7, supported GPUs on Linux (ROCm documentation, system requirements)."""


def target(version: int) -> str | None:
    """`gfx90a` from KFD's gfx_target_version 90010: major * 10000 + minor * 100 + step, minor and step in hexadecimal."""
    if not 60000 <= version < 1000000:
        return None
    return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"


def number_of(device_id: str | None) -> int:
    """A PCI id as a number; -1 for what is none."""
    return int(device_id, 16) if device_id and len(device_id) <= 8 and set(device_id) <= set("0123456789abcdefABCDEF") else -1


def by_id(device_id: str | None) -> str | None:
    """The target a device id stands for, None for one not listed."""
    number = number_of(device_id)
    return next((arch for low, high, arch in BY_ID if low <= number <= high), None)


def dropped(arch: str | None) -> bool:
    """True for generations no current ROCm has code for (Polaris and older)."""
    return arch is not None and arch.startswith(("gfx6", "gfx7", "gfx8"))


def integration(arch: str | None, device_id: str | None) -> dict[str, bool]:
    """`{integrated, shared_memory}` by architecture, else by AMD's ranges of device ids (pci.ids); empty when neither tells."""
    if device_id in APU_IDS or arch in INTEGRATED:
        return {"integrated": True, "shared_memory": True}
    if arch is not None:
        return {"integrated": False, "shared_memory": False}
    number = number_of(device_id)
    if 0x6600 <= number < 0x8000 or 0x9400 <= number < 0x9600 or 0x4000 <= number < 0x6600:
        return {"integrated": False, "shared_memory": False}
    if 0x1100 <= number < 0x2000 or 0x9600 <= number < 0x9A00:
        return {"integrated": True, "shared_memory": True}
    return {}
