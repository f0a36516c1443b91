"""Collects what is wrong with a message, so that all of it is told at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from assize.errors import FieldViolation, InvalidFields

MOST_FAULTS = 100
"""Faults kept of one message; a request of 10,000 bad checks needs no longer answer."""


class Faults:
    """The faults of one message so far."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def add(self, field: str, description: str) -> None:
        """Note that `field` is wrong."""
        if len(self._violations) < MOST_FAULTS:
            self._violations.append(FieldViolation(field, description))

    def check(self) -> None:
        """Raise what was collected, if anything was.

        Raises:
            InvalidFields: There are faults.
        """
        if self._violations:
            raise InvalidFields(self._violations)


@contextmanager
def refusing_values(field: str) -> Iterator[None]:
    """Turn protobuf's refusal of a value (half a surrogate pair, 65 bits) into a field violation.

    Raises:
        InvalidFields: A value does not fit its field.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        violation = FieldViolation(field, "holds text that is not Unicode (a lone surrogate)")
        raise InvalidFields([violation]) from error
    except ValueError as error:
        raise InvalidFields([FieldViolation(field, str(error))]) from error
