"""NVIDIA product names to compute capability, for machines whose driver does not say it (before 510, tables, dead drivers).

Source: NVIDIA, "CUDA GPU Compute Capability" and "Legacy CUDA GPU Compute Capability". A name not listed is unknown.
"""

import re

_NAMES: tuple[tuple[str, str], ...] = (
    (r"\bGB10\b", "12.1"),
    (r"\bThor\b", "11.0"),
    (r"RTX PRO [2-6]\d00.*Blackwell|RTX 50[5-9]0|\bRTX PRO (?:6000|5000|4500|4000|2000)\b", "12.0"),
    (r"\bGB300\b|\bB300\b", "10.3"),
    (r"\bGB200\b|\bB200\b|\bB100\b", "10.0"),
    (r"\bGH200\b|\bH100\b|\bH200\b|\bH800\b|\bH20\b", "9.0"),
    (r"\bL40S?\b|\bL4\b|\bL20\b|RTX (?:[2-6]\d00|4[05]00|5880)(?: SFF)? ?Ada|\bRTX \d{4} Ada|RTX 40[5-9]0", "8.9"),
    (r"\bOrin\b", "8.7"),
    (r"RTX 30[5-9]0|RTX A[2-6]\d?0?00|RTX A[1-6]\d{3}|\bA40\b|\bA16\b|\bA10G?\b|\bA10M\b|\bA2\b|RTX 2050|\bMX570\b", "8.6"),
    (r"\bA100\b|\bA800\b|\bA30\b|\bCMP 170HX\b|\bPG506\b|\bDRIVE-PG\d+", "8.0"),
    (
        r"RTX 20[6-8]0|GTX 16[5-6]0|GTX 1630|\bCMP [345]0HX\b|\bT4G?\b|\bTITAN RTX\b|"
        r"Quadro RTX|\bT(?:400|500|550|600|1000|1200|2000)\b|\bMX[45]50\b",
        "7.5",
    ),
    (r"\bXavier\b", "7.2"),
    (r"\bV100\b|\bTITAN V\b|Quadro GV100|\bPG503\b", "7.0"),
    (r"\bTX2\b|\bParker\b", "6.2"),
    (
        r"GTX 10[5-8]0|GT 1030|\bGT 1010\b|"
        r"TITAN Xp?\b(?! Black)(?<!GTX TITAN X)|\bP40\b|\bP4\b|\bP6\b|Quadro P\d{3,4}\b|\bMX[1-3]\d0\b|\bP10[2-6]-\d{2,3}\b",
        "6.1",
    ),
    (r"\bP100\b|Quadro GP100", "6.0"),
    (r"Tegra X1|Jetson Nano|\bTX1\b", "5.3"),
    (r"GTX 9[5-8]0(?!A|M)|GTX TITAN X|\bM40\b|\bM60\b|\bM6\b|\bM4\b|Quadro M(?:[2-6]000)\b|GTX 9[78]0M|GTX 965M|Quadro M2200", "5.2"),
    (
        r"GTX 7[45]0(?: Ti)?\b|GTX 9[56]0[AM]|GTX 8[3-5]0M|\bM10\b|"
        r"9[34]0MX?\b|8[34]0M\b|Quadro K(?:620|1200|2200)\b|Quadro M(?:[5-9]\d0M?|1\d{3}M?|2000M)",
        "5.0",
    ),
    (r"\bK80\b", "3.7"),
    (r"\bK[42]0[cmstx]*\b|GTX TITAN(?: Black| Z)?$|GTX 780(?: Ti)?$|Quadro K(?:5200|6000)|GT 7[13]0\b|GT 6[34]0 D5", "3.5"),
    (r"GTX 6[5-9]0|GTX 7[67]0|\bK10\b|\bK1\b|\bK2\b|\bK520\b|Quadro K(?:4\d{2}|600|2000|3000|4\d00|5\d00)|GT 6[45]0", "3.0"),
)


def compute_capability(name: str | None) -> str | None:
    """`8.9` for `NVIDIA GeForce RTX 4090`; vGPU names (`GRID A100-4C`) follow their chip; None for a name not listed."""
    if not name:
        return None
    for pattern, capability in _NAMES:
        if re.search(pattern, name[:200], re.IGNORECASE):
            return capability
    return None
