"""Reads what the guest says at the end of a run or a call. Hostile input: form checked, bounded."""

import json
from dataclasses import replace
from typing import Final

from assize.model.verdict import Reason
from assize_sandbox.errors import ProtocolViolation
from assize_sandbox.evidence import Ending
from assize_sandbox.frames import Frame
from assize_sandbox.outcome import CallOutcome, Outcome

DETAIL_MOST_CHARS: Final = 2000
NAME_MOST_CHARS: Final = 200
NAMES_MOST: Final = 20
STATUSES: Final = range(256)


def detail_of(event: Frame) -> str:
    """Return the guest's explanation, bounded."""
    return str(event.header.get("detail", ""))[:DETAIL_MOST_CHARS]


def read_ending(event: Frame) -> Ending:
    """Return how the process ended, from an `end` or a `reply`.

    Raises:
        ProtocolViolation: It is not of that form.
    """
    code, number = event.header.get("code"), event.header.get("signal")
    if (code is None) == (number is None):
        raise ProtocolViolation("the guest named neither exit code nor signal, or both")
    for value in (code, number):
        if value is not None and (type(value) is not int or value not in STATUSES):
            raise ProtocolViolation("the guest sent an exit status that there is not")
    return Ending(
        code=code if isinstance(code, int) else None,
        signal=number if isinstance(number, int) else None,
        flooded=event.header.get("flooded") is True,
        disk_full=event.header.get("disk_full") is True,
    )


def read_reply(event: Frame, outcome: Outcome) -> CallOutcome:
    """Return what a call answered.

    Raises:
        ProtocolViolation: It is not of that form.
    """
    match event.header.get("kind"):
        case "value":
            return CallOutcome(outcome, value=event.payload)
        case "raised":
            names, message = read_raised(event.payload)
            return CallOutcome(replace(outcome, detail=message), raised=names)
        case "refused":
            text = event.payload[:DETAIL_MOST_CHARS].decode(errors="replace")
            return CallOutcome(outcome, refused=text or "no reason was given")
        case "none":
            return CallOutcome(_unanswered(outcome))
    raise ProtocolViolation("the guest sent a reply of no known kind")


def read_raised(payload: bytes) -> tuple[tuple[str, ...], str]:
    """Return the class names and the message of an exception; anything odd becomes no name."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return ("?",), "the exception cannot be read"
    names = told.get("names") if isinstance(told, dict) else None
    if not isinstance(names, list) or not names:
        return ("?",), "the exception cannot be read"
    short = tuple(str(name)[:NAME_MOST_CHARS] for name in names[:NAMES_MOST])
    return short, str(told.get("message", ""))[:DETAIL_MOST_CHARS]


def _unanswered(outcome: Outcome) -> Outcome:
    """A process that ends without an answer has failed, whatever its exit status."""
    return replace(
        outcome,
        reason=Reason.RUNTIME_ERROR,
        detail="the process ended without answering the call",
    )
