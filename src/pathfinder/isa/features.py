"""Feature names as Linux spells them, with the field's word where the kernel's is another; and how other systems spell them."""

from collections.abc import Iterable

KERNEL: dict[str, str] = {
    "pni": "sse3",
    "asimd": "neon",
    "asimdhp": "fp16",
    "asimddp": "dotprod",
    "asimdfhm": "fhm",
    "abm": "lzcnt",
}
"""Words of /proc/cpuinfo to the word everyone else uses (`abm` is AMD's name of lzcnt and popcnt together)."""

DARWIN_X86: dict[str, str] = {
    "avx1.0": "avx",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "lahf": "lahf_lm",
    "em64t": "lm",
    "sha": "sha_ni",
    "clfsopt": "clflushopt",
    "avx512vbmi2": "avx512_vbmi2",
    "avx512vnni": "avx512_vnni",
    "avx512bitalg": "avx512_bitalg",
    "avx512vpopcntdq": "avx512_vpopcntdq",
    "avx512bf16": "avx512_bf16",
    "avx512fp16": "avx512_fp16",
    "avx512_vpopcntdq": "avx512_vpopcntdq",
    "mon": "monitor",
    "htt": "ht",
}
"""Words of `sysctl machdep.cpu.*features`, lower case, to Linux words."""

DARWIN_OPTIONAL: dict[str, str] = {
    "supplementalsse3": "ssse3",
    "sse4_1": "sse4_1",
    "sse4_2": "sse4_2",
    "avx1_0": "avx",
    "avx2_0": "avx2",
    "fma": "fma",
    "f16c": "f16c",
    "bmi1": "bmi1",
    "bmi2": "bmi2",
    "avx512f": "avx512f",
    "avx512cd": "avx512cd",
    "avx512dq": "avx512dq",
    "avx512bw": "avx512bw",
    "avx512vl": "avx512vl",
    "avx512ifma": "avx512ifma",
    "avx512vbmi": "avx512vbmi",
}
"""`hw.optional.*` keys of Intel Macs, which say what the kernel lets programs use, to Linux words."""

DARWIN_ARM: dict[str, tuple[str, ...]] = {
    "FEAT_FP16": ("fp16",),
    "FEAT_DotProd": ("dotprod",),
    "FEAT_FHM": ("fhm",),
    "FEAT_I8MM": ("i8mm",),
    "FEAT_BF16": ("bf16",),
    "FEAT_EBF16": ("ebf16",),
    "FEAT_SVE": ("sve",),
    "FEAT_SVE2": ("sve2",),
    "FEAT_SME": ("sme",),
    "FEAT_SME2": ("sme2",),
    "FEAT_SME2p1": ("sme2p1",),
    "FEAT_LSE": ("atomics",),
    "FEAT_LSE2": ("uscat",),
    "FEAT_RDM": ("asimdrdm",),
    "FEAT_JSCVT": ("jscvt",),
    "FEAT_FCMA": ("fcma",),
    "FEAT_LRCPC": ("lrcpc",),
    "FEAT_LRCPC2": ("ilrcpc",),
    "FEAT_DPB": ("dcpop",),
    "FEAT_DPB2": ("dcpodp",),
    "FEAT_FlagM": ("flagm",),
    "FEAT_FlagM2": ("flagm2",),
    "FEAT_FRINTTS": ("frint",),
    "FEAT_SB": ("sb",),
    "FEAT_BTI": ("bti",),
    "FEAT_DIT": ("dit",),
    "FEAT_ECV": ("ecv",),
    "FEAT_AES": ("aes",),
    "FEAT_PMULL": ("pmull",),
    "FEAT_SHA1": ("sha1",),
    "FEAT_SHA256": ("sha2",),
    "FEAT_SHA3": ("sha3",),
    "FEAT_SHA512": ("sha512",),
    "FEAT_CRC32": ("crc32",),
    "FEAT_SSBS": ("ssbs",),
    "FEAT_PAuth": ("paca", "pacg"),
    "FEAT_WFxT": ("wfxt",),
    "FEAT_AFP": ("afp",),
    "AdvSIMD": ("neon",),
    "neon": ("neon",),
    "neon_fp16": ("fp16",),
    "armv8_crc32": ("crc32",),
    "armv8_1_atomics": ("atomics",),
    "armv8_2_fhm": ("fhm",),
    "armv8_2_sha3": ("sha3",),
    "armv8_2_sha512": ("sha512",),
    "armv8_3_compnum": ("fcma",),
}
"""`hw.optional.arm.*` keys of macOS, and those of macOS 11 and before under `hw.optional.*`, to Linux words."""


def normal(words: Iterable[str]) -> tuple[str, ...]:
    """Sorted, each once, in the field's spelling."""
    found = set()
    for word in words:
        found.add(KERNEL.get(word, word))
    return tuple(sorted(found))


def linux_words(words: Iterable[str]) -> set[str]:
    """Words of another system's listing as Linux spells them."""
    found = set()
    for word in words:
        low = word.lower()
        found.add(DARWIN_X86.get(low, low))
    if "sse3" in found:
        found.add("pni")
    if "lzcnt" in found or "amd_lzcnt" in found:
        found.add("abm")
    return found


def riscv_words(isa: str) -> set[str]:
    """`rv64imafdcv_zfh_zvfh` as words: the multi-letter extensions as they are, `rvv` where the single letters hold a `v`."""
    first, *more = isa.strip().lower().split("_")
    letters = first[4:] if first.startswith(("rv32", "rv64")) else ""
    single = letters.split("z", 1)[0].split("s", 1)[0].split("x", 1)[0]
    found = {word for word in more if len(word) > 1} | ({"rvv"} if "v" in single or "v" in more else set())
    return found | {letter for letter in single if letter.isalpha()} - {"v"}
