"""Who calls, for handlers: a function that is asked inside a call."""

from collections.abc import Callable
from typing import Final

from assize.model.callers import ANONYMOUS as _ANONYMOUS

Caller = Callable[[], str]
"""Tells who calls, from the credential and nothing else."""
ANONYMOUS: Final = _ANONYMOUS.name
"""Everybody, where the service does not ask who calls."""


def nobody_special() -> str:
    """Tell that callers are not told apart."""
    return ANONYMOUS
