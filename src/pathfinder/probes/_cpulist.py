"""The kernel's spellings of sets of CPUs."""

LIMIT = 1 << 16


def parse_list(text: str) -> set[int] | None:
    """`0-3,8` as numbers; `` is the empty set; None for what is no list."""
    found: set[int] = set()
    for part in text.strip().strip("\x00").split(","):
        if not part.strip():
            continue
        first, dash, last = part.strip().partition("-")
        last = last.split(":")[0] if dash else first
        if not (first.isdecimal() and last.isdecimal()) or int(last) >= LIMIT:
            return None
        found.update(range(int(first), int(last) + 1))
    return found


def parse_mask(text: str) -> set[int] | None:
    """`00000000,0000000f` as numbers; None for what is no mask."""
    digits = text.strip().replace(",", "")
    if not digits or len(digits) > LIMIT // 4:
        return None
    try:
        value = int(digits, 16)
    except ValueError:
        return None
    return {bit for bit in range(value.bit_length()) if value >> bit & 1}


def parse_words(text: str) -> set[int] | None:
    """`0 1 2 3` as numbers, as cpufreq lists them; None for what is no such list."""
    words = text.split()
    return {int(word) for word in words} if words and all(word.isdecimal() and int(word) < LIMIT for word in words) else None


def parse_int(text: str | None) -> int | None:
    """A whole number, or None."""
    if text is None:
        return None
    word = text.strip().strip("\x00")
    return int(word) if word.removeprefix("-").isdecimal() and len(word) < 20 else None
