"""The Vulkan loader by ctypes: physical devices, their largest DEVICE_LOCAL heap and PCI address. Structures as in vulkan_core.h."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# mypy: disable-error-code="attr-defined,no-any-return,unreachable"
# (a script of a throw-away process: `typing` costs start-up time there, and system libraries have no types)

import ctypes
import os
import struct
import sys

U32, VP = ctypes.c_uint32, ctypes.c_void_p
PORTABILITY = 1
"""VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR: without it MoltenVK stays hidden."""


class Application(ctypes.Structure):
    _fields_ = [
        ("type", U32),
        ("next", VP),
        ("name", ctypes.c_char_p),
        ("version", U32),
        ("engine", ctypes.c_char_p),
        ("engine_version", U32),
        ("api", U32),
    ]


class Create(ctypes.Structure):
    _fields_ = [
        ("type", U32),
        ("next", VP),
        ("flags", U32),
        ("application", ctypes.POINTER(Application)),
        ("layers", U32),
        ("layer_names", VP),
        ("extensions", U32),
        ("extension_names", ctypes.POINTER(ctypes.c_char_p)),
    ]


class Bus(ctypes.Structure):
    _fields_ = [("type", U32), ("next", VP), ("domain", U32), ("bus", U32), ("device", U32), ("function", U32)]


class Properties2(ctypes.Structure):
    _fields_ = [("type", U32), ("next", VP), ("properties", ctypes.c_ubyte * 824)]


def load():
    names = {"nt": ["vulkan-1.dll"]}.get(os.name, ["libvulkan.so.1", "libvulkan.so"])
    if sys.platform == "darwin":
        names = ["libvulkan.1.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib"]
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise FileNotFoundError("the Vulkan loader is not installed")


def instance(library):
    application = Application(0, None, b"pathfinder", 1, None, 0, 1 << 22 | 1 << 12)
    for extension in (b"VK_KHR_portability_enumeration", None) if sys.platform == "darwin" else (None,):
        names = (ctypes.c_char_p * 1)(extension) if extension else None
        wish = Create(1, None, PORTABILITY if extension else 0, ctypes.pointer(application), 0, None, 1 if extension else 0, names)
        made = VP()
        code = library.vkCreateInstance(ctypes.byref(wish), None, ctypes.byref(made))
        if code == 0:
            return made
    raise RuntimeError(f"vkCreateInstance answered {code}")


def heap(library, device):
    buffer = (ctypes.c_ubyte * 1024)()
    library.vkGetPhysicalDeviceMemoryProperties(device, buffer)
    raw = bytes(buffer)
    count = min(struct.unpack_from("<I", raw, 260)[0], 16)
    heaps = [struct.unpack_from("<QI", raw, 264 + 16 * number) for number in range(count)]
    return max((size for size, flags in heaps if flags & 1), default=None)


def place(library, device):
    bus = Bus(1000212000, None, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0)
    wish = Properties2(1000059001, ctypes.cast(ctypes.pointer(bus), VP))
    try:
        library.vkGetPhysicalDeviceProperties2(device, ctypes.byref(wish))
    except AttributeError:
        return None
    return None if bus.bus > 255 else f"{bus.domain:04x}:{bus.bus:02x}:{bus.device:02x}.{bus.function:x}"


def ask():
    library = load()
    made = instance(library)
    try:
        count = U32()
        library.vkEnumeratePhysicalDevices(made, ctypes.byref(count), None)
        devices = (VP * max(1, min(count.value, 64)))()
        count = U32(min(count.value, 64))
        if count.value:
            library.vkEnumeratePhysicalDevices(made, ctypes.byref(count), devices)
        out = []
        for pointer in devices[: count.value]:
            device = VP(pointer)
            buffer = (ctypes.c_ubyte * 1024)()
            library.vkGetPhysicalDeviceProperties(device, buffer)
            raw = bytes(buffer)
            api, driver, vendor, number, kind = struct.unpack_from("<5I", raw)
            name = raw[20:276].split(b"\0")[0].decode("utf-8", "replace")
            out.append(
                {
                    "apiVersion": api,
                    "driverVersion": driver,
                    "vendorID": vendor,
                    "deviceID": number,
                    "deviceType": kind,
                    "deviceName": name,
                    "memory_bytes": heap(library, device),
                    "pci": place(library, device),
                }
            )
        return out
    finally:
        library.vkDestroyInstance(made, None)
