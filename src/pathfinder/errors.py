"""The one error a person sees, and the exit codes of the contract."""

from enum import IntEnum


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

    def __init__(
        self, says: str, *, where: str | None = None, hint: str | None = None, exit: ExitStatus = ExitStatus.USAGE
    ) -> None:
        super().__init__(says)
        self.says = says
        self.where = where
        self.hint = hint
        self.exit = exit
