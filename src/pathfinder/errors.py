"""The one error a person sees, and the exit codes of the contract."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from os import PathLike


class ExitStatus(IntEnum):
    OK = 0
    NO = 1
    USAGE = 2
    UNKNOWN = 3
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


class Problem(Exception):
    """A mistake or refusal to be told in one sentence: what, where, and what to do about it."""

    def __init__(self, says: str, *, where: str | None = None, hint: str | None = None, exit: ExitStatus = ExitStatus.USAGE) -> None:
        super().__init__(says)
        self.says = says
        self.where = where
        self.hint = hint
        self.exit = exit


_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)


def about_the_disk(error: BaseException) -> bool:
    """Whether it tells of a file of ours: no room, no permission, nothing there."""
    return isinstance(error, OSError) and error.filename is not None and error.errno in (*_FULL, *_CLOSED)


@contextmanager
def writing(where: str | PathLike[str], home: str = "HOME") -> Iterator[None]:
    """A folder that cannot be written, or a disk that is full, is a `Problem` with the place; other errors stay what they are.

    `home`: the variable that moves it elsewhere."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or where)
        if error.errno in _FULL:
            raise Problem(
                "There is no room left to write to.", where=place, hint="Make room, then give the same command again.", exit=ExitStatus.NO
            ) from None
        if error.errno in _CLOSED:
            says = f"It cannot be written: {error.strerror or error}."
            raise Problem(
                says, where=place, hint=f"Make the folder writable for you, or set {home} to one that is.", exit=ExitStatus.NO
            ) from None
        raise


def sentence(says: str) -> str:
    """With a capital, unless it begins with a name such as llama.cpp, and a full stop."""
    word = says.partition(" ")[0]
    first = says[:1].upper() if word.isalpha() and word.islower() and word != "pathfinder" else says[:1]
    return f"{first}{says[1:].rstrip('.')}."
