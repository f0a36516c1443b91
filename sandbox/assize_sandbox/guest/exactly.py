"""Says how two plain values differ, in the test sandbox: the rules of docs/values.md.

The same rules as in the service's own `core/compare.py`, over real Python values: types are the
very same, NaN equals nothing unless asked for, a tolerance is for floats and complex numbers that
are no keys and no items of sets. Both values are plain and within the bounds of the encoding: who
calls has had them encoded.
"""

import cmath
import math
from collections import Counter
from datetime import datetime, time
from decimal import Decimal
from typing import Any

SHOWN_MOST = 100


class Rules:
    """When two values are the same."""

    def __init__(
        self, relative: float = 0.0, absolute: float = 0.0, *, nan_equal: bool = False
    ) -> None:
        self._relative = relative
        self._absolute = absolute
        self._nan_equal = nan_equal

    def difference(self, expected: Any, actual: Any) -> str:
        """Return the first difference with its place; empty if the two are the same."""
        kind = type(expected)
        if kind is not type(actual):
            return f": expected {typed(expected)}, got {typed(actual)}"
        if kind is list or kind is tuple:
            return self._in_order(expected, actual)
        if kind is dict:
            return self._entries(expected, actual)
        if kind is set or kind is frozenset:
            return self._unmatched(Counter(map(self.key, expected)), actual, "item")
        if self._equal(expected, actual):
            return ""
        return f": expected {shown(expected, SHOWN_MOST)}, got {shown(actual, SHOWN_MOST)}"

    def key(self, value: Any) -> Any:
        """Return something hashable that is equal for values that are the same, and only then."""
        kind = type(value)
        if kind is float:
            return kind, self._nan() if math.isnan(value) else value
        if kind is Decimal:
            return kind, self._nan() if value.is_nan() else value
        if kind is complex:
            return kind, self.key(value.real), self.key(value.imag)
        if kind is list or kind is tuple:
            return kind, tuple(map(self.key, value))
        if kind is set or kind is frozenset:
            return kind, frozenset(Counter(map(self.key, value)).items())
        if kind is dict:
            pairs = Counter((self.key(key), self.key(entry)) for key, entry in value.items())
            return kind, frozenset(pairs.items())
        if kind is slice:
            return kind, value.start, value.stop, value.step
        if kind is datetime or kind is time:
            return kind, value.replace(tzinfo=None, fold=0), value.utcoffset()
        return kind, value

    def _nan(self) -> object:
        # No other object is equal to a new one.
        return "nan" if self._nan_equal else object()

    def _equal(self, expected: Any, actual: Any) -> bool:
        if type(expected) is float:
            return self._close(expected, actual)
        if type(expected) is complex:
            return self._close_complex(expected, actual)
        return bool(self.key(expected) == self.key(actual))

    def _close(self, expected: float, actual: float) -> bool:
        if math.isnan(expected) and math.isnan(actual):
            return self._nan_equal
        return math.isclose(expected, actual, rel_tol=self._relative, abs_tol=self._absolute)

    def _close_complex(self, expected: complex, actual: complex) -> bool:
        # SECURITY: where a magnitude overflows to infinity, so does what the tolerance allows.
        if math.isfinite(magnitude(expected)) and math.isfinite(magnitude(actual)):
            return cmath.isclose(expected, actual, rel_tol=self._relative, abs_tol=self._absolute)
        return self._close(expected.real, actual.real) and self._close(expected.imag, actual.imag)

    def _in_order(self, expected: Any, actual: Any) -> str:
        if len(expected) != len(actual):
            return f": expected {len(expected)} items, got {len(actual)}"
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            found = self.difference(one, other)
            if found:
                return f"[{index}]{found}"
        return ""

    def _entries(self, expected: Any, actual: Any) -> str:
        keys = {key: self.key(key) for key in expected}
        unmatched = self._unmatched(Counter(keys.values()), actual, "key")
        if unmatched:
            return unmatched
        places = {self.key(key): entry for key, entry in actual.items()}
        for key, entry in expected.items():
            found = self.difference(entry, places[keys[key]])
            if found:
                return f"[{shown(key, SHOWN_MOST)}]{found}"
        return ""

    def _unmatched(self, wanted: "Counter[Any]", actual: Any, noun: str) -> str:
        for item in actual:
            key = self.key(item)
            if not wanted[key]:
                return f": the {noun} {typed(item)} is not expected"
            wanted[key] -= 1
        missing = sum(wanted.values())
        return f": {missing} expected {noun}s are missing" if missing else ""


def magnitude(value: complex) -> float:
    """Return the magnitude; infinite where it is beyond a float's range."""
    return math.hypot(value.real, value.imag)


def typed(value: Any) -> str:
    """Return a value with its type."""
    return f"{type(value).__name__} {shown(value, SHOWN_MOST)}"


def shown(value: Any, most: int) -> str:
    """Return how a plain value is written, cut short."""
    try:
        text = repr(value)
    except ValueError:
        # Python refuses to write an int of thousands of digits.
        return f"a {type(value).__name__} that is too long to be written"
    return text if len(text) <= most else f"{text[: most - 1]}…"
