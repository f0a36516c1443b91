"""Says whether an answer is the expected value. It calls nothing of the candidate's.

- Types are the very same: `1`, `True` and `1.0` are three different answers.
- Values are equal as Python says, so -0.0 is 0.0; time zones have the same offset as well.
- NaN equals NaN where the case says so, else nothing.
- Members of enums and instances of dataclasses have the same class, by its path, the same names
  and the same values; the order in which fields are written means nothing.
- A tolerance is for floats and the parts of complex numbers, wherever they are but in the items of
  sets and the keys of dicts, which are equal or not.
- Sets and dicts have no order: their items and keys are sorted by bytes, never hashed.
- `same_items` gives a list or a tuple no order either; what is in its items has the usual one.
- `has_entries` lets dicts have more keys than expected, and the dicts that are their values, too.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from assize.model.spec import Tolerance
from assize.values.keys import EqualityKeys
from assize.values.notation import show
from assize.values.tree import (
    DataclassValue,
    DictValue,
    EnumValue,
    FrozenSetValue,
    ListValue,
    SetValue,
    SliceValue,
    TupleValue,
    Value,
    type_name,
)
from assize_server.core.any_keys import AnyKeys

_SHOWN_MOST: Final = 100
_KEY_SHOWN_MOST: Final = 40
_EXACT: Final = Tolerance()


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference found."""

    path: str
    """Where, such as `[0]['name']`; empty for the value itself."""
    message: str
    """What was expected there and what came, both cut short."""


def same(
    expected: Value, actual: Value, tolerance: Tolerance | None = None, nan_equal: bool = False
) -> Difference | None:
    """Return how the answer differs from what was expected; None if it is the same."""
    return _Comparison(tolerance or _EXACT, EqualityKeys(False, nan_equal)).difference(
        expected, actual
    )


def same_items(
    expected: ListValue | TupleValue, actual: Value, nan_equal: bool = False
) -> Difference | None:
    """Return how the items of the answer differ from those expected, whatever their order."""
    if isinstance(actual, ListValue | TupleValue) and type(actual) is type(expected):
        keys = AnyKeys(EqualityKeys(False, nan_equal))
        return _Comparison(_EXACT, keys).items_differ(expected.items, actual.items)
    return same(expected, actual)


def has_entries(
    expected: DictValue,
    actual: Value,
    tolerance: Tolerance | None = None,
    nan_equal: bool = False,
) -> Difference | None:
    """Return what of the expected entries the answer lacks; it may have others."""
    keys = EqualityKeys(False, nan_equal)
    return _Comparison(tolerance or _EXACT, keys, subset=True).difference(expected, actual)


class Keys(Protocol):
    """Gives equal bytes to equal values."""

    @property
    def nan_equal(self) -> bool:
        """Whether NaN equals NaN."""
        ...

    def of(self, value: Value) -> bytes | None:
        """Return the key of a value; None if it equals nothing."""
        ...


@dataclass(frozen=True, slots=True)
class _Comparison:
    tolerance: Tolerance
    keys: Keys
    subset: bool = False

    def difference(self, expected: Value, actual: Value) -> Difference | None:
        match expected, actual:
            case _ if type(expected) is not type(actual):
                return _differ(
                    f"{type_name(expected)} {_short(expected)}",
                    f"{type_name(actual)} {_short(actual)}",
                )
            case (ListValue() | TupleValue(), ListValue() | TupleValue()):
                return self._in_order(expected.items, actual.items)
            case (SetValue() | FrozenSetValue(), SetValue() | FrozenSetValue()):
                return self.items_differ(expected.items, actual.items)
            case DictValue(), DictValue():
                return self._pairs(expected.pairs, actual.pairs)
            case EnumValue(), EnumValue():
                return self._members(expected, actual)
            case DataclassValue(), DataclassValue():
                return self._fields(expected, actual)
            case _:
                equal = self._equal(expected, actual)
                return None if equal else _differ(_short(expected), _short(actual))

    def _equal(self, expected: Value, actual: Value) -> bool:
        match expected, actual:
            case float(), float():
                return self._close(expected, actual)
            case complex(), complex():
                return self._close_complex(expected, actual)
            case SliceValue(), SliceValue():
                return expected == actual
            case _:
                key = self.keys.of(expected)
                return key is not None and key == self.keys.of(actual)

    def _close(self, expected: float, actual: float) -> bool:
        if math.isnan(expected) and math.isnan(actual):
            return self.keys.nan_equal
        allowed = self.tolerance
        return math.isclose(expected, actual, rel_tol=allowed.relative, abs_tol=allowed.absolute)

    def _close_complex(self, expected: complex, actual: complex) -> bool:
        # SECURITY: where a magnitude overflows to infinity, so does what the tolerance allows,
        # and everything would be close.
        if math.isfinite(_magnitude(expected)) and math.isfinite(_magnitude(actual)):
            allowed = self.tolerance
            return cmath.isclose(
                expected, actual, rel_tol=allowed.relative, abs_tol=allowed.absolute
            )
        real = self._close(expected.real, actual.real)
        return real and self._close(expected.imag, actual.imag)

    def _in_order(
        self, expected: tuple[Value, ...], actual: tuple[Value, ...]
    ) -> Difference | None:
        if len(expected) != len(actual):
            return _differ(f"{len(expected)} items", f"{len(actual)}")
        inside = self._inside()
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            found = inside.difference(one, other)
            if found is not None:
                return replace(found, path=f"[{index}]{found.path}")
        return None

    def _inside(self) -> "_Comparison":
        # A subset is of dicts: what is in anything else is compared as ever.
        return replace(self, subset=False) if self.subset else self

    def _members(self, expected: EnumValue, actual: EnumValue) -> Difference | None:
        if (expected.path, expected.name) != (actual.path, actual.name):
            return _differ(_short(expected), _short(actual))
        found = self._inside().difference(expected.value, actual.value)
        return found and replace(found, path=f".value{found.path}")

    def _fields(self, expected: DataclassValue, actual: DataclassValue) -> Difference | None:
        others, inside = dict(actual.fields), self._inside()
        if expected.path != actual.path or dict(expected.fields).keys() != others.keys():
            return _differ(_short(expected), _short(actual))
        for name, value in expected.fields:
            found = inside.difference(value, others[name])
            if found is not None:
                return replace(found, path=f".{name[:_KEY_SHOWN_MOST]}{found.path}")
        return None

    def items_differ(
        self, expected: tuple[Value, ...], actual: tuple[Value, ...]
    ) -> Difference | None:
        """Return which item is missing or not expected, whatever their order."""
        matched = self._matched(expected, actual, "item")
        return matched if isinstance(matched, Difference) else None

    def _pairs(
        self, expected: tuple[tuple[Value, Value], ...], actual: tuple[tuple[Value, Value], ...]
    ) -> Difference | None:
        if self.subset:
            wanted = {self.keys.of(key) for key, _ in expected}
            actual = tuple(pair for pair in actual if self.keys.of(pair[0]) in wanted)
        matched = self._matched(
            tuple(key for key, _ in expected), tuple(key for key, _ in actual), "key"
        )
        if isinstance(matched, Difference):
            return matched
        for one, other in matched:
            key, value = expected[one]
            found = self.difference(value, actual[other][1])
            if found is not None:
                return replace(found, path=f"[{show(key, _KEY_SHOWN_MOST)}]{found.path}")
        return None

    def _matched(
        self, expected: Sequence[Value], actual: Sequence[Value], noun: str
    ) -> Difference | list[tuple[int, int]]:
        """Return which is equal to which, by their places, in the expected order."""
        wanted, found = self._sorted(expected), self._sorted(actual)
        pairs: list[tuple[int, int]] = []
        for (key, place), (other_key, other_place) in zip(wanted, found, strict=False):
            if key < other_key or (key == other_key and not key):
                return _missing(noun, expected[place])
            if key > other_key:
                return _unexpected(noun, actual[other_place])
            pairs.append((place, other_place))
        if len(wanted) > len(found):
            return _missing(noun, expected[wanted[len(found)][1]])
        if len(wanted) < len(found):
            return _unexpected(noun, actual[found[len(wanted)][1]])
        return sorted(pairs)

    def _sorted(self, values: Sequence[Value]) -> list[tuple[bytes, int]]:
        # What equals nothing has an empty key, which no other value has.
        return sorted((self.keys.of(value) or b"", place) for place, value in enumerate(values))


def _magnitude(value: complex) -> float:
    return math.hypot(value.real, value.imag)


def _missing(noun: str, value: Value) -> Difference:
    return Difference("", f"the {noun} {_typed(value)} is missing")


def _unexpected(noun: str, value: Value) -> Difference:
    return Difference("", f"the {noun} {_typed(value)} is not expected")


def _typed(value: Value) -> str:
    return f"{type_name(value)} {_short(value)}"


def _differ(expected: str, actual: str) -> Difference:
    return Difference("", f"expected {expected}, got {actual}")


def _short(value: Value) -> str:
    return show(value, _SHOWN_MOST)
