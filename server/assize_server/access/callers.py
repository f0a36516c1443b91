"""Who the call that is being answered comes from."""

from contextvars import ContextVar
from typing import Final

from assize.model.callers import ANONYMOUS, Caller

_caller: Final[ContextVar[Caller]] = ContextVar("assize-caller")


def current_caller() -> Caller:
    """Return who asks. Nobody is known where no call is authenticated: `anonymous`."""
    return _caller.get(ANONYMOUS)


def set_caller(caller: Caller) -> None:
    """Say who asks, for the rest of this task. The interceptor does that and tests do."""
    _caller.set(caller)
