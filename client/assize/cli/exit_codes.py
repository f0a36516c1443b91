"""Exit statuses: three ends and what keeps a question from being asked."""

from enum import IntEnum
from typing import assert_never

from assize.errors import AccessDenied, AssizeError, InvalidRequest
from assize.model.verdict import Status


class ExitStatus(IntEnum):
    """What a script sees. Whatever is not listed counts as "could not tell"."""

    PASSED = 0
    FAILED = 1
    """The code failed. Nothing else ends with 1, not even a fault of this program."""
    USAGE = 2
    """The command line or the request is at fault; nothing was run."""
    HELD = 3
    """A person must decide."""
    UNKNOWN = 4
    """We could not tell, and that says nothing about the code."""


def of_status(status: Status) -> ExitStatus:
    """Return the exit status of a verdict."""
    match status:
        case Status.PASSED:
            return ExitStatus.PASSED
        case Status.FAILED:
            return ExitStatus.FAILED
        case Status.HELD:
            return ExitStatus.HELD
        case Status.INFRA_ERROR:
            return ExitStatus.UNKNOWN
        case _:
            assert_never(status)


def of_error(error: AssizeError) -> ExitStatus:
    """Return the exit status of a question that got no verdict."""
    if isinstance(error, InvalidRequest | AccessDenied):
        return ExitStatus.USAGE
    return ExitStatus.UNKNOWN
