"""Equal bytes for equal values, those that Python cannot hash included.

`assize.values.keys` gives keys to what can be in a set; here lists, sets, dicts and slices have
theirs, by the same notion of equality. The time it takes is linear in the size, sorting aside.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from assize.values.keys import EqualityKeys
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
)


@dataclass(frozen=True, slots=True)
class AnyKeys:
    """Keys of all values. What holds a NaN has one only if NaN equals NaN."""

    leaves: EqualityKeys

    @property
    def nan_equal(self) -> bool:
        """Whether NaN equals NaN."""
        return self.leaves.nan_equal

    def of(self, value: Value) -> bytes | None:
        """Return the key of a value; None if it equals nothing, not even itself."""
        match value:
            case ListValue(items):
                return _joined(b"l", map(self.of, items))
            case TupleValue(items):
                return _joined(b"t", map(self.of, items))
            case SetValue(items):
                return _joined(b"S", self._sorted(items))
            case FrozenSetValue(items):
                return _joined(b"z", self._sorted(items))
            case DictValue(pairs):
                return _joined(b"d", self._sorted(TupleValue(pair) for pair in pairs))
            case SliceValue(start, stop, step):
                return _joined(b"x", map(self.of, (start, stop, step)))
            case EnumValue(path, name, inner):
                return _joined(b"m", map(self.of, (path, name, inner)))
            case DataclassValue(path, fields):
                named = self._sorted(TupleValue(field) for field in fields)
                return _joined(b"k", (self.of(path), *named))
            case _:
                return self.leaves.of(value)

    def _sorted(self, values: Iterable[Value]) -> list[bytes | None]:
        return sorted(map(self.of, values), key=lambda key: key or b"")


def _joined(tag: bytes, keys: Iterable[bytes | None]) -> bytes | None:
    state = blake2b(digest_size=32)
    for key in keys:
        if key is None:
            return None
        state.update(len(key).to_bytes(4))
        state.update(key)
    return tag + state.digest()
