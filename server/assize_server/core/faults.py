"""Collects what is wrong with a request, up to a bound."""

from collections.abc import Sized

from assize.errors import FieldViolation
from assize_server.core.bounds import MOST_VIOLATIONS


class Faults:
    """The violations found so far; those past MOST_VIOLATIONS are dropped."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def add(self, field: str, description: str | None) -> None:
        """Note a fault of a field; None is no fault."""
        if description is not None and not self.full:
            self._violations.append(FieldViolation(field, description))

    def at_most(self, field: str, value: int | Sized, most: int, unit: str) -> bool:
        """Note a count or a size over its bound, and return whether it keeps to it."""
        seen = value if isinstance(value, int) else len(value)
        if seen <= most:
            return True
        self.add(field, f"at most {most} {unit}, got {seen}")
        return False

    @property
    def full(self) -> bool:
        """Whether looking further is of no use."""
        return len(self._violations) >= MOST_VIOLATIONS

    def found(self) -> list[FieldViolation]:
        """Return what was noted, in order."""
        return list(self._violations)


def utf8_size(text: str) -> int:
    """Return how many bytes a text takes; a lone surrogate counts as three."""
    return len(text.encode("utf-8", "surrogatepass"))
