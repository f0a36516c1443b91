"""How two states of a database differ: its schema, the rows of its tables, and what cannot be told.

An answer is `{"effects": [...]}` or `{"fault": str}`; an effect is `{"kind", "table", "count",
"rows", "detail"}`, its kind one of insert, update, delete, schema, unattributable. If nothing of
all that differs the list is empty, and it is the host that says what that means.
"""

import apsw
import database_side
import row_changes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    Told: TypeAlias = dict[str, object]

OBJECTS_MOST = 500
"""Schema objects, and then tables, that are told one by one."""
DETAIL_MOST = 300


def answer(before: str, after: str, deadline: float) -> "Told":
    """Compare the databases of two paths; one that is not there is empty."""
    try:
        sides = []
        for path, word in ((before, "before"), (after, "after")):
            try:
                sides.append(database_side.Side(path, deadline))
            except (apsw.Error, UnicodeDecodeError, database_side.SharedJournal) as error:
                reraise_if_late(error)
                return {"fault": f"its state {word} the run cannot be read: {said(error)}"}
        return {"effects": list(Comparison(*sides).effects())}
    except apsw.InterruptError:
        return {"fault": "comparing its rows took too long"}
    except (MemoryError, apsw.NoMemError):
        return {"fault": "comparing its rows took too much memory"}


def reraise_if_late(error: Exception) -> None:
    """Let the end of the time, or of memory, pass: it is no fault of one table."""
    if isinstance(error, apsw.InterruptError | apsw.NoMemError):
        raise error


def said(error: Exception) -> str:
    """Return what an error says, bounded."""
    return f"{type(error).__name__}: {error}"[:DETAIL_MOST]


class Comparison:
    """Two states of one database."""

    def __init__(self, before: database_side.Side, after: database_side.Side) -> None:
        self._before = before
        self._after = after
        self._room = row_changes.Room()

    def effects(self) -> "Iterator[Told]":
        """Yield everything that differs."""
        yield from self._numbers()
        yield from listed(self._objects(), "schema objects differ")
        changed: list[str] = []
        yield from listed(self._tables(changed), "changes of tables")
        yield from self._virtual(changed)
        yield from self._faults()

    def _numbers(self) -> "Iterator[Told]":
        if not (self._before.exists and self._after.exists):
            return
        for name in database_side.NUMBERS:
            old, new = self._before.numbers[name], self._after.numbers[name]
            if old != new:
                yield told("schema", "main", detail=f"{name} was {old} and is {new}")

    def _objects(self) -> "Iterator[Told]":
        olds, news = self._before.objects, self._after.objects
        for kind, name in sorted(olds.keys() | news.keys()):
            old, new = olds.get((kind, name), []), news.get((kind, name), [])
            if sorted(old) == sorted(new):
                continue
            verb = "made" if not old else "dropped" if not new else "changed"
            sql = "; ".join(new or old)
            yield told("schema", f"main.{name}", detail=f"{kind} {verb}: {sql}")

    def _tables(self, changed: list[str]) -> "Iterator[Told]":
        """Yield how tables differ; note the names of those that do."""
        names = dict.fromkeys([*self._before.names(), *self._after.names()])
        for name in sorted(names):
            found = list(self._table(name))
            if found:
                changed.append(name)
            yield from found

    def _table(self, name: str) -> "Iterator[Told]":
        try:
            yield from self._rows(name)
        except (apsw.Error, UnicodeDecodeError) as error:
            reraise_if_late(error)
            yield told("unattributable", f"main.{name}", detail=f"cannot be read: {said(error)}")

    def _rows(self, name: str) -> "Iterator[Told]":
        old, new = self._before.table(name), self._after.table(name)
        keys = [table.key for table in (old, new) if table is not None]
        if old is not None and new is not None and not (old.key and old.key == new.key):
            yield from self._keyless(old, new)
        elif len(keys) > 1 and self._before.encoding != self._after.encoding:
            yield told("unattributable", f"main.{name}", detail="the text encoding differs")
        else:
            yield from self._keyed(old, new, keys[0])

    def _keyed(
        self, old: database_side.Table | None, new: database_side.Table | None, key: list[str]
    ) -> "Iterator[Told]":
        every = [column for table in (old, new) if table is not None for column in table.columns]
        columns = list(dict.fromkeys([*key, *every]))
        changes = row_changes.RowChanges(columns, key, self._room)
        row_changes.compare(
            self._before.rows(old, columns, key),
            self._after.rows(new, columns, key),
            changes,
            len(key),
            self._after.encoding,
        )
        name = (new or old or database_side.Table("", {})).name
        for kind, count in changes.counts.items():
            if count:
                yield told(kind, f"main.{name}", count, changes.samples[kind])

    def _keyless(self, old: database_side.Table, new: database_side.Table) -> "Iterator[Told]":
        """Tell of a table whose rows have no names, or got others."""
        why = "has no primary key" if old.key == new.key else "has another primary key"
        if old.columns == new.columns and old.key == new.key and self._unchanged(old):
            return
        counts = f"{self._before.count(old)} rows before and {self._after.count(new)} after"
        yield told("unattributable", f"main.{new.name}", detail=f"{why}; {counts}")

    def _unchanged(self, table: database_side.Table) -> bool:
        olds, news = self._before.numbered_rows(table), self._after.numbered_rows(table)
        for old, new in zip(olds, news, strict=False):
            if not row_changes.same(old, new):
                return False
        return self._before.count(table) == self._after.count(table)

    def _virtual(self, changed: list[str]) -> "Iterator[Told]":
        """A virtual table keeps what it holds in tables named after it."""
        for name in sorted({*self._before.virtual, *self._after.virtual}):
            if any(each.startswith(f"{name}_") for each in changed):
                detail = "is virtual, and tables that it keeps its content in changed"
                yield told("unattributable", f"main.{name}", detail=detail)

    def _faults(self) -> "Iterator[Told]":
        for side, word in ((self._before, "before"), (self._after, "after")):
            try:
                fault = side.fault()
            except (apsw.Error, UnicodeDecodeError) as error:
                reraise_if_late(error)
                fault = said(error)
            if fault:
                detail = f"its state {word} the run is not sound: {fault}"
                yield told("unattributable", "main", detail=detail)


def told(
    kind: str,
    table: str,
    count: int = 1,
    rows: "list[row_changes.Sample] | None" = None,
    detail: str = "",
) -> "Told":
    """Return an effect in the form of an answer."""
    return {
        "kind": kind,
        "table": table,
        "count": count,
        "rows": rows or [],
        "detail": detail[:DETAIL_MOST],
    }


def listed(effects: "Iterator[Told]", what: str) -> "Iterator[Told]":
    """Yield the first; of the rest, that there are more."""
    for place, effect in enumerate(effects):
        if place == OBJECTS_MOST:
            detail = f"more than {OBJECTS_MOST} {what}"
            yield told("unattributable", "main", detail=detail)
            return
        yield effect
