"""DXGI adapters by COM: 64-bit memory sizes of every Windows display adapter (IDXGIAdapter1::GetDesc1)."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# mypy: disable-error-code="attr-defined,no-any-return,unreachable"
# (a script of a throw-away process: `typing` costs start-up time there, and system libraries have no types)

import ctypes
import os

SOFTWARE, NOT_FOUND = 2, -2005270526  # DXGI_ADAPTER_FLAG_SOFTWARE, DXGI_ERROR_NOT_FOUND


class Description(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_wchar * 128),
        ("vendor", ctypes.c_uint32),
        ("device", ctypes.c_uint32),
        ("subsystem", ctypes.c_uint32),
        ("revision", ctypes.c_uint32),
        ("video", ctypes.c_size_t),
        ("system", ctypes.c_size_t),
        ("shared", ctypes.c_size_t),
        ("luid_low", ctypes.c_uint32),
        ("luid_high", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
    ]


def method(pointer, slot, *kinds):
    table = ctypes.cast(pointer, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
    return ctypes.WINFUNCTYPE(ctypes.c_long, ctypes.c_void_p, *kinds)(table[slot])


def ask():
    if os.name != "nt":
        raise FileNotFoundError("no DXGI on this system")
    identity = (ctypes.c_ubyte * 16).from_buffer_copy(bytes.fromhex("78ae0a776ff2ba4da829253c83d1b387"))  # IID_IDXGIFactory1
    factory = ctypes.c_void_p()
    code = ctypes.windll.dxgi.CreateDXGIFactory1(identity, ctypes.byref(factory))
    if code:
        raise OSError(f"CreateDXGIFactory1 answered {code & 0xFFFFFFFF:#x}")
    out = []
    for number in range(64):
        adapter = ctypes.c_void_p()
        if method(factory, 12, ctypes.c_uint, ctypes.POINTER(ctypes.c_void_p))(factory, number, ctypes.byref(adapter)):
            break
        told = Description()
        if method(adapter, 10, ctypes.POINTER(Description))(adapter, ctypes.byref(told)) == 0:
            out.append(
                {
                    "name": told.name,
                    "vendor_id": f"{told.vendor:04x}",
                    "device_id": f"{told.device:04x}",
                    "software": bool(told.flags & SOFTWARE),
                    "dedicated_bytes": told.video,
                    "dedicated_system_bytes": told.system,
                    "shared_bytes": told.shared,
                    "luid": f"{told.luid_high:x}:{told.luid_low:x}",
                }
            )
        method(adapter, 2)(adapter)
    method(factory, 2)(factory)
    return out
