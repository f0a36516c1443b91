"""How the rows of one table differ, told by walking both states in the order of their keys.

Why not SQLite's session extension: it compares as SQL does. `Session.diff` sees no difference
between 'a' and 'A' in a column that ignores case, or between 1 and 1.0, passes over rows whose key
is NULL, and cannot compare tables whose columns differ or databases of two text encodings. Here
values are the same if their type and their bytes are.
"""

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    Value: TypeAlias = int | float | str | bytes | None
    Row: TypeAlias = tuple[Value, ...]
    Cells: TypeAlias = list[tuple[str, str]]
    Sample: TypeAlias = tuple[Cells, Cells, Cells]

SAMPLE_ROWS = 10
SAMPLE_COLUMNS = 20
LITERAL_MOST = 100
SAMPLES_MOST_CHARACTERS = 256 * 1024
"""Of all the samples of one database."""
CODECS = {"UTF-8": "utf-8", "UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}


class Room:
    """What the samples of one database may still take."""

    def __init__(self) -> None:
        self.left = SAMPLES_MOST_CHARACTERS

    def take(self, sample: "Sample") -> bool:
        """Take room for a sample, if there is enough."""
        self.left -= sum(len(name) + len(text) for cells in sample for name, text in cells)
        return self.left >= 0


class RowChanges:
    """How many rows were inserted, updated, deleted; the first of each."""

    def __init__(self, columns: list[str], key: list[str], room: Room) -> None:
        self._columns = columns
        self._key = len(key)
        self._room = room
        self.counts = {"insert": 0, "update": 0, "delete": 0}
        self.samples: dict[str, list[Sample]] = {"insert": [], "update": [], "delete": []}

    def note(self, before: "Row | None", after: "Row | None") -> None:
        """Count a change of a row; the columns of its key come first in it."""
        kind = "insert" if before is None else "delete" if after is None else "update"
        self.counts[kind] += 1
        if len(self.samples[kind]) < SAMPLE_ROWS and self._room.left > 0:
            sample = self._sample(before, after)
            if self._room.take(sample):
                self.samples[kind].append(sample)

    def _sample(self, before: "Row | None", after: "Row | None") -> "Sample":
        shown = list(range(len(self._columns)))
        if before is not None and after is not None:
            shown = [n for n in shown if not same(before[n : n + 1], after[n : n + 1])]
        row = before if after is None else after
        return (
            self._cells(row, list(range(self._key))),
            self._cells(before, shown),
            self._cells(after, shown),
        )

    def _cells(self, row: "Row | None", places: list[int]) -> "Cells":
        if row is None:
            return []
        return [(self._columns[n][:LITERAL_MOST], literal(row[n])) for n in places[:SAMPLE_COLUMNS]]


def compare(
    olds: "Iterator[Row]", news: "Iterator[Row]", changes: RowChanges, keys: int, encoding: str
) -> None:
    """Walk two states of a table; both are in order of their first `keys` columns."""
    codec = CODECS[encoding]
    old, new = next(olds, None), next(news, None)
    while old is not None or new is not None:
        order = 0
        if old != new:
            order = ordered(old, new, keys, codec)
        if order or not same(old or (), new or ()):
            changes.note(old if order <= 0 else None, new if order >= 0 else None)
        if order <= 0:
            old = next(olds, None)
        if order >= 0:
            new = next(news, None)


def ordered(old: "Row | None", new: "Row | None", keys: int, codec: str) -> int:
    """Tell which row comes first: -1 the old one, 1 the new one, 0 they have the same key."""
    if old is None or new is None:
        return 1 if old is None else -1
    first, second = (tuple(rank(value, codec) for value in row[:keys]) for row in (old, new))
    if first == second and keys:
        return 0
    return -1 if first <= second else 1


def rank(value: "Value", codec: str) -> "tuple[int, int | float | bytes]":
    """Return what puts values in SQLite's order (<https://sqlite.org/datatype3.html>, 4.1)."""
    if value is None:
        return 0, 0
    if isinstance(value, str):
        return 2, value.encode(codec, "surrogatepass")
    return (3, value) if isinstance(value, bytes) else (1, value)


def same(old: "Row", new: "Row") -> bool:
    """Tell whether two rows hold the same values of the same types; -0.0 is not 0.0."""
    if old != new or list(map(type, old)) != list(map(type, new)):
        return False
    return 0 not in old or all(map(same_zero, old, new))


def same_zero(old: "Value", new: "Value") -> bool:
    """Tell whether two equal values also have the same sign."""
    if isinstance(old, float) and isinstance(new, float):
        return math.copysign(1, old) == math.copysign(1, new)
    return True


def literal(value: "Value") -> str:
    """Return a value as SQL would have it, cut where it is long."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        text = f"X'{value[: LITERAL_MOST // 2].hex().upper()}'"
        return text if len(value) * 2 <= LITERAL_MOST else f"{text}... ({len(value)} bytes)"
    if isinstance(value, str):
        text = "'" + value[:LITERAL_MOST].replace("'", "''") + "'"
        return text if len(value) <= LITERAL_MOST else f"{text}... ({len(value)} characters)"
    if isinstance(value, float) and math.isinf(value):
        return "9.0e+999" if value > 0 else "-9.0e+999"
    return repr(value)
