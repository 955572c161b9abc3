"""CPUID and XGETBV of an x86-64 processor, run as machine code from a page of our own: vendor, brand and Linux' feature words.

Windows and the BSDs keep no list of features in a file. Bits: Intel SDM volume 2A (CPUID), AMD APM volume 3 appendix E.
"""

import ctypes
import os
import platform
import sys
from typing import Any

CODE = bytes.fromhex("53 89f8 89f1 0fa2 418900 41895804 41894808 4189500c 5b c3")
"""push rbx; mov eax,edi; mov ecx,esi; cpuid; store eax, ebx, ecx, edx at r8; pop rbx; ret (System V; edx/rcx unused, r8 fifth)."""
WINDOWS = bytes.fromhex("53 89c8 89d1 0fa2 418900 41895804 41894808 4189500c 5b c3")
"""The same with the first two arguments in ecx and edx (Microsoft's convention), the address in r8 third."""
XGETBV = bytes.fromhex("31c9 0f01d0 c3")

LEAF1_ECX = {0: "pni", 1: "pclmulqdq", 9: "ssse3", 12: "fma", 13: "cx16", 19: "sse4_1", 20: "sse4_2", 22: "movbe", 23: "popcnt", 25: "aes",
             26: "xsave", 28: "avx", 29: "f16c", 30: "rdrand", 31: "hypervisor"}  # fmt: skip
LEAF1_EDX = {0: "fpu", 8: "cx8", 15: "cmov", 23: "mmx", 24: "fxsr", 25: "sse", 26: "sse2"}
LEAF7_EBX = {0: "fsgsbase", 3: "bmi1", 5: "avx2", 8: "bmi2", 16: "avx512f", 17: "avx512dq", 18: "rdseed", 19: "adx", 21: "avx512ifma",
             23: "clflushopt", 24: "clwb", 28: "avx512cd", 29: "sha_ni", 30: "avx512bw", 31: "avx512vl"}  # fmt: skip
LEAF7_ECX = {1: "avx512vbmi", 5: "waitpkg", 6: "avx512_vbmi2", 8: "gfni", 9: "vaes", 10: "vpclmulqdq", 11: "avx512_vnni",
             12: "avx512_bitalg", 14: "avx512_vpopcntdq", 22: "rdpid", 27: "movdiri", 28: "movdir64b"}  # fmt: skip
LEAF7_EDX = {14: "serialize", 22: "amx_bf16", 23: "avx512_fp16", 24: "amx_tile", 25: "amx_int8"}
LEAF71_EAX = {4: "avx_vnni", 5: "avx512_bf16", 21: "amx_fp16", 23: "avx_ifma"}
LEAF71_EDX = {4: "avx_vnni_int8", 5: "avx_ne_convert", 10: "avx_vnni_int16", 19: "avx10"}
EXTENDED_ECX = {0: "lahf_lm", 5: "abm", 6: "sse4a", 11: "xop", 16: "fma4"}
EXTENDED_EDX = {11: "syscall", 29: "lm"}
XSAVE_LEAF = {0: "xsaveopt", 1: "xsavec"}


def ask() -> "dict[str, object]":
    if platform.machine().lower() not in ("x86_64", "amd64", "x64") or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise FileNotFoundError("not a 64-bit x86 process")
    top = _cpuid(0, 0)
    words = set()
    words |= _words(_cpuid(1, 0)[2], LEAF1_ECX) | _words(_cpuid(1, 0)[3], LEAF1_EDX)
    saved = _xgetbv() if _cpuid(1, 0)[2] >> 27 & 1 else 0
    if top[0] >= 7:
        leaf, sub = _cpuid(7, 0), _cpuid(7, 1)
        words |= _words(leaf[1], LEAF7_EBX) | _words(leaf[2], LEAF7_ECX) | _words(leaf[3], LEAF7_EDX)
        if leaf[0] >= 1:
            words |= _words(sub[0], LEAF71_EAX) | _words(sub[3], LEAF71_EDX)
    if top[0] >= 13:
        words |= _words(_cpuid(13, 1)[0], XSAVE_LEAF)
    if _cpuid(0x80000000, 0)[0] >= 0x80000001:
        words |= _words(_cpuid(0x80000001, 0)[2], EXTENDED_ECX) | _words(_cpuid(0x80000001, 0)[3], EXTENDED_EDX)
    vendor = b"".join(part.to_bytes(4, "little") for part in (top[1], top[3], top[2]))
    return {"vendor": vendor.decode("ascii", "replace"), "model": _brand(), "features": sorted(_usable(words, saved))}


def _usable(words: "set[str]", saved: int) -> "set[str]":
    """Without what the system does not save at a task switch (XCR0): AVX needs bits 1-2, AVX-512 5-7 too, AMX 17-18."""
    if saved & 6 != 6:
        words = {word for word in words if not word.startswith("avx") and word not in ("fma", "f16c", "vaes", "vpclmulqdq", "fma4", "xop")}
    if saved & 0xE6 != 0xE6:
        words = {word for word in words if not word.startswith("avx512")}
    if saved & 0x60000 != 0x60000:
        words = {word for word in words if not word.startswith("amx")}
    return words


def _words(register: int, names: "dict[int, str]") -> "set[str]":
    return {name for bit, name in names.items() if register >> bit & 1}


def _brand() -> str:
    if _cpuid(0x80000000, 0)[0] < 0x80000004:
        return ""
    raw = b"".join(part.to_bytes(4, "little") for leaf in (2, 3, 4) for part in _cpuid(0x80000000 + leaf, 0))
    return " ".join(raw.split(b"\x00")[0].decode("ascii", "replace").split())


def _cpuid(leaf: int, sub: int) -> "tuple[int, int, int, int]":
    out = (ctypes.c_uint32 * 4)()
    if os.name == "nt":
        call = _function(WINDOWS, None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)
        call(leaf, sub, ctypes.addressof(out))
    else:
        call = _function(CODE, None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        call(leaf, sub, None, None, ctypes.addressof(out))
    return out[0], out[1], out[2], out[3]


def _xgetbv() -> int:
    return int(_function(XGETBV, ctypes.c_uint32)())


_KEPT: "list[object]" = []


def _function(code: bytes, result: Any, *arguments: Any) -> Any:
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.VirtualAlloc.restype = ctypes.c_void_p
        kernel.VirtualAlloc.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_uint32)
        address = kernel.VirtualAlloc(None, 4096, 0x3000, 0x40)
        ctypes.memmove(address, code, len(code))
    else:
        import mmap

        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        _KEPT.append(page)
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(result, *arguments)(address)
