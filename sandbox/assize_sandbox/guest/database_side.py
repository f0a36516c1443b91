"""One state of a database: opened with every precaution that SQLite offers, its schema read.

The precautions are those of <https://sqlite.org/security.html>. No view is read and no trigger
runs; nothing is attached; of ordinary tables, only what is stored in them is read.
"""

import os
import time

import apsw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRESS_STEPS = 5_000
SETTINGS = (
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA mmap_size=0",
    # Without it a database in WAL mode would want shared memory.
    "PRAGMA locking_mode=EXCLUSIVE",
)
SWITCHES = {
    apsw.SQLITE_DBCONFIG_DEFENSIVE: 1,
    apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_VIEW: 0,
    # A name in quotes that is no column must be an error and not a text.
    apsw.SQLITE_DBCONFIG_DQS_DML: 0,
}
BOUNDS = {
    apsw.SQLITE_LIMIT_LENGTH: 128 * 1024 * 1024,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 1024 * 1024,
    apsw.SQLITE_LIMIT_VDBE_OP: 250_000,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
STORED = (0, 3)
"""Of `hidden` in table_xinfo: an ordinary column, a stored generated one."""
JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""Also how the name of a journal over several databases ends (pager.c, readSuperJournal)."""
ROWID_NAMES = ("rowid", "_rowid_", "oid")
SEQUENCE = "sqlite_sequence"
Row = tuple[int | float | str | bytes | None, ...]


class Table:
    """An ordinary table: its stored columns and those of its key."""

    def __init__(self, name: str, columns: "dict[str, int]") -> None:
        self.name = name
        self.columns = list(columns)
        self.key = sorted(filter(columns.__getitem__, columns), key=columns.__getitem__)
        if name == SEQUENCE:
            # It declares none, and has one row for each table.
            self.key = ["name"]


class Side:
    """One state. A file that is not there is an empty database."""

    def __init__(self, path: str, deadline: float) -> None:
        """Open it; raises apsw.Error, UnicodeDecodeError or SharedJournal if it cannot be read."""
        there = os.path.exists(path)
        self.exists = there
        require_own_journal(path + "-journal")
        self._db = apsw.Connection(path if there else ":memory:", apsw.SQLITE_OPEN_READWRITE)
        self._db.set_progress_handler(lambda: time.monotonic() > deadline, PROGRESS_STEPS)
        for switch, value in SWITCHES.items():
            self._db.config(switch, value)
        for limit, most in BOUNDS.items():
            self._db.limit(limit, most)
        for setting in SETTINGS:
            self._db.execute(setting).fetchall()
        self.objects: dict[tuple[str, str], list[str]] = {}
        """SQL by type and name; a hostile schema may have several of one name."""
        self.virtual: list[str] = []
        self._names: list[str] = []
        self._read_schema()

    def _read_schema(self) -> None:
        self.encoding = str(self._value("PRAGMA encoding"))
        self.numbers = {name: self._value(f"PRAGMA {name}") for name in NUMBERS}
        rows = self._db.execute("SELECT type, name, rootpage, sql FROM sqlite_schema ORDER BY 1, 2")
        for kind, name, root, sql in rows:
            if sql is not None:
                self.objects.setdefault((str(kind), str(name)), []).append(str(sql))
            if kind == "table":
                # Neither views nor virtual tables have pages of their own.
                (self._names if root else self.virtual).append(str(name))

    def _value(self, sql: str) -> object:
        return next(iter(self._db.execute(sql)))[0]

    def names(self) -> list[str]:
        """Return the names of the ordinary tables."""
        return self._names

    def table(self, name: str) -> Table | None:
        """Return an ordinary table; None if there is none of that name."""
        if name not in self._names:
            return None
        sql = "SELECT name, pk, hidden FROM pragma_table_xinfo(?)"
        found = self._db.execute(sql, (name,))
        return Table(name, {str(column): pk for column, pk, hidden in found if hidden in STORED})

    def rows(self, table: Table | None, columns: list[str], key: list[str]) -> "Iterator[Row]":
        """Yield the rows in order of the key, compared byte for byte.

        Columns that the table has not are NULL. Indexes are not used: one that lies could hide a
        row, or the lack of one.
        """
        if table is None:
            return iter(())
        listed = ", ".join(quoted(name) if name in table.columns else "NULL" for name in columns)
        order = ", ".join(f"{quoted(name)} COLLATE BINARY" for name in key) or rowid_of(table)
        sql = f"SELECT {listed} FROM main.{quoted(table.name)} NOT INDEXED"  # noqa: S608 - quoted
        return iter(self._db.execute(f"{sql} ORDER BY {order}" if order else sql))

    def numbered_rows(self, table: Table) -> "Iterator[Row]":
        """Yield the rows of a table without a key, each with the number that SQLite gave it."""
        listed = ", ".join([*filter(None, [rowid_of(table)]), *map(quoted, table.columns)])
        sql = f"SELECT {listed} FROM main.{quoted(table.name)} NOT INDEXED"  # noqa: S608 - quoted
        return iter(self._db.execute(f"{sql} ORDER BY 1"))

    def count(self, table: Table) -> int:
        """Return how many rows there are."""
        sql = f"SELECT count(*) FROM main.{quoted(table.name)} NOT INDEXED"  # noqa: S608 - quoted
        count = self._value(sql)
        return count if isinstance(count, int) else 0

    def fault(self) -> str:
        """Return what is broken in the file; nothing if it is whole."""
        said = str(self._value("PRAGMA integrity_check(1)"))
        return "" if said == "ok" else said


NUMBERS = ("user_version", "application_id")


class SharedJournal(Exception):
    """A rollback journal belongs to a transaction over several databases."""

    def __init__(self) -> None:
        super().__init__("its journal belongs to a transaction over several databases")


def require_own_journal(path: str) -> None:
    """Refuse a journal that names another one: whether it counts depends on files elsewhere.

    SECURITY: here it would be ignored, in the workspace it might be rolled back.
    """
    if os.path.exists(path):
        with open(path, "rb") as file:
            if file.read().rstrip(b"\0").endswith(JOURNAL_MAGIC.rstrip(b"\0")):
                raise SharedJournal


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def rowid_of(table: Table) -> str:
    """Return a name of the rows' numbers that no column has taken; nothing if all are taken."""
    taken = {column.lower() for column in table.columns}
    return next((name for name in ROWID_NAMES if name not in taken), "")
