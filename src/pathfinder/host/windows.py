"""Windows' registry and feature calls, asked in this process."""

import sys
from typing import Any


def _values(path: str, names: tuple[str, ...]) -> dict[str, Any]:
    if sys.platform != "win32":
        raise FileNotFoundError("not Windows")
    import winreg

    found: dict[str, Any] = {}
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        for name in names:
            try:
                found[name] = winreg.QueryValueEx(key, name)[0]
            except OSError:
                continue
    return found


def windows_version() -> dict[str, Any]:
    """Product name, build and update revision."""
    return _values(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", ("ProductName", "CurrentBuild", "DisplayVersion", "UBR", "EditionID"))


def windows_processor() -> dict[str, Any]:
    """Name and vendor of the first processor."""
    found = _values(r"HARDWARE\DESCRIPTION\System\CentralProcessor\0", ("ProcessorNameString", "VendorIdentifier"))
    return {"name": found.get("ProcessorNameString"), "vendor": found.get("VendorIdentifier")}


def windows_arm_features() -> list[str]:
    """Linux' words for what IsProcessorFeaturePresent says (winnt.h, PF_ARM_*)."""
    if sys.platform != "win32":
        raise FileNotFoundError("not Windows")
    import ctypes

    words = {
        19: "neon",
        30: "crypto",
        31: "crc32",
        34: "atomics",
        43: "dotprod",
        44: "jscvt",
        45: "lrcpc",
        46: "sve",
        47: "sve2",
        66: "i8mm",
        68: "bf16",
    }
    present = ctypes.windll.kernel32.IsProcessorFeaturePresent
    return sorted(word for number, word in words.items() if present(number))
