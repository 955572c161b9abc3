"""Metal by the Objective-C runtime: name, working-set limit, unified memory and GPU family of every device of a Mac."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# mypy: disable-error-code="attr-defined,no-any-return,unreachable"
# (a script of a throw-away process: `typing` costs start-up time there, and system libraries have no types)

import ctypes
import ctypes.util
import sys

FAMILIES = tuple(range(1001, 1016))
"""MTLGPUFamilyApple1 is 1001; MTLGPUFamilyMetal3 is 5001, Metal4 5002."""


def ask():
    if sys.platform != "darwin":
        raise FileNotFoundError("no Metal on this system")
    runtime = ctypes.CDLL(ctypes.util.find_library("objc") or "/usr/lib/libobjc.A.dylib")
    metal = ctypes.CDLL("/System/Library/Frameworks/Metal.framework/Metal")
    runtime.sel_registerName.restype = ctypes.c_void_p
    runtime.sel_registerName.argtypes = [ctypes.c_char_p]
    address = ctypes.cast(runtime.objc_msgSend, ctypes.c_void_p).value or 0

    def send(target, name, result, *arguments):
        kinds = [ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_long for _ in arguments]
        function = ctypes.CFUNCTYPE(result, *kinds)(address)
        return function(target, runtime.sel_registerName(name), *arguments)

    def answers(target, name):
        function = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(address)
        return function(target, runtime.sel_registerName(b"respondsToSelector:"), runtime.sel_registerName(name))

    def describe(device):
        text = send(send(device, b"name", ctypes.c_void_p), b"UTF8String", ctypes.c_char_p)
        families = (
            [n for n in (*FAMILIES, 5001, 5002) if send(device, b"supportsFamily:", ctypes.c_bool, n)]
            if answers(device, b"supportsFamily:")
            else []
        )
        apple = max((n - 1000 for n in families if n < 2000), default=None)
        return {
            "name": (text or b"").decode("utf-8", "replace"),
            "working_set_bytes": send(device, b"recommendedMaxWorkingSetSize", ctypes.c_uint64),
            "unified": bool(send(device, b"hasUnifiedMemory", ctypes.c_bool)) if answers(device, b"hasUnifiedMemory") else None,
            "low_power": bool(send(device, b"isLowPower", ctypes.c_bool)),
            "apple_family": apple,
            "metal": "4" if 5002 in families else "3" if 5001 in families else "2",
        }

    metal.MTLCopyAllDevices.restype = ctypes.c_void_p
    array = metal.MTLCopyAllDevices()
    count = send(array, b"count", ctypes.c_ulong) if array else 0
    return [describe(send(array, b"objectAtIndex:", ctypes.c_void_p, number)) for number in range(min(count, 16))]
