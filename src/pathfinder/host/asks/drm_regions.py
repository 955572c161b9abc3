"""Memory regions of an Intel GPU by its DRM ioctl: i915 (DRM_I915_QUERY_MEMORY_REGIONS) and xe (DRM_XE_DEVICE_QUERY_MEM_REGIONS).

`ask(node, driver)` -> `{total_bytes, free_bytes, visible_bytes}` of device memory; zeros when the GPU has none of its own.
Layouts as in the kernel's include/uapi/drm/i915_drm.h and xe_drm.h.
"""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
# mypy: disable-error-code="attr-defined,no-any-return,unreachable"
# (a script of a throw-away process: `typing` costs start-up time there, and system libraries have no types)

import ctypes
import os
import struct

I915_QUERY = 0xC0106479
XE_DEVICE_QUERY = 0xC0286440
LIMIT = 1 << 16


def call(descriptor, request, data):
    import fcntl

    buffer = bytearray(data)
    fcntl.ioctl(descriptor, request, buffer, True)
    return bytes(buffer)


def address(buffer):
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def i915(descriptor):
    def query(length, data):
        item = bytearray(struct.pack("<QiIQ", 4, length, 0, data))
        call(descriptor, I915_QUERY, struct.pack("<IIQ", 1, 0, address(item)))
        return struct.unpack_from("<i", item, 8)[0]

    length = query(0, 0)
    if not 16 <= length <= LIMIT:
        raise OSError(f"i915 refuses to tell its memory regions ({length})")
    data = bytearray(length)
    query(length, address(data))
    total = free = visible = 0
    for number in range(min(struct.unpack_from("<I", data)[0], (length - 16) // 88)):
        kind, _, _, size, left, seen = struct.unpack_from("<HHIQQQ", data, 16 + 88 * number)
        if kind == 1:
            total, free, visible = total + size, free + (left if left <= size else 0), visible + (seen if seen <= size else 0)
    return total, free, visible


def xe(descriptor):
    reply = call(descriptor, XE_DEVICE_QUERY, struct.pack("<QIIQQQ", 0, 1, 0, 0, 0, 0))
    length = struct.unpack_from("<I", reply, 12)[0]
    if not 8 <= length <= LIMIT:
        raise OSError(f"xe refuses to tell its memory regions ({length})")
    data = bytearray(length)
    call(descriptor, XE_DEVICE_QUERY, struct.pack("<QIIQQQ", 0, 1, length, address(data), 0, 0))
    total = free = visible = 0
    for number in range(min(struct.unpack_from("<I", data)[0], (length - 8) // 88)):
        kind, _, _, size, used, seen, _ = struct.unpack_from("<HHIQQQQ", data, 8 + 88 * number)
        if kind == 1:
            total, free, visible = total + size, free + max(0, size - used), visible + seen
    return total, free, visible


def ask(node, driver):
    if not node.startswith("/dev/dri/"):
        raise FileNotFoundError(node)
    descriptor = os.open(node, os.O_RDWR | os.O_CLOEXEC)
    try:
        total, free, visible = {"i915": i915, "xe": xe}[driver](descriptor)
    finally:
        os.close(descriptor)
    return {"total_bytes": total, "free_bytes": free, "visible_bytes": visible}
