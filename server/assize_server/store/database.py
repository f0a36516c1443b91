"""The database: tables by SQLAlchemy Core, SQLite in WAL mode, one thread that writes.

Whoever writes hands over a function that gets a connection inside a transaction (`BEGIN IMMEDIATE`)
and runs on the writing thread. What must land together (a spent nonce, an audit entry, the commit)
is one such function. It returns plain records; it may be told to raise, which rolls back all of it.

A database of another version is refused: there was no release yet that one would come from.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, MetaData, event, text

from assize_sandbox.errors import SandboxError

VERSION: Final = 1
"""Raise it when a table changes. Kept in SQLite's `user_version`."""
BUSY_MILLISECONDS: Final = 30_000
"""How long to wait for another process that writes."""
READERS: Final = 4

T = TypeVar("T")
metadata: Final = MetaData()
"""Every table of the service; each room adds its own in its `tables.py`."""


class StoreError(SandboxError):
    """The database cannot be used."""


class Database:
    """The service's database. `open` first, `close` at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="assize-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="assize-reader")
        self._engine: Engine | None = None

    async def open(self) -> None:
        """Open the file, making it and its tables if they are not there.

        Raises:
            StoreError: It cannot be opened, or was made by another version.
        """
        await asyncio.get_running_loop().run_in_executor(self._writer, self.open_now)

    def open_now(self) -> None:
        """Do what `open` does, on this thread: for whoever has no event loop."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._engine = made = _engine(self._path)
            with made.begin() as connection:
                _take_or_make(connection)
        except (OSError, sqlalchemy.exc.SQLAlchemyError) as error:
            raise StoreError(
                f"the database {self._path} cannot be opened: {error}",
                remedy="set ASSIZE_STATE to a folder that this user may write to",
            ) from error

    async def write(self, act: Callable[[Connection], T]) -> T:
        """Run `act` in one transaction on the writing thread and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, self.write_now, act)

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on a reading thread, in one transaction that sees one state."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, act)

    def read_now(self, act: Callable[[Connection], T]) -> T:
        """Run `act` on this thread, in one transaction that sees one state."""
        reading = self._opened().execution_options(reading=True)
        with reading.begin() as connection:
            return act(connection)

    def write_now(self, act: Callable[[Connection], T]) -> T:
        """Run `act` in one transaction on this thread."""
        with self._opened().begin() as connection:
            return act(connection)

    def _opened(self) -> Engine:
        if self._engine is None:
            raise StoreError("the database is not open")
        return self._engine

    async def close(self) -> None:
        """Let what was handed over end, and close. Idempotent."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """Do what `close` does, on this thread."""
        self._writer.shutdown()
        self._readers.shutdown()
        if self._engine is not None:
            self._engine.dispose()


def _engine(path: Path) -> Engine:
    # SECURITY: what is written (nonces, code, reasons) is in no message of an error, and no log.
    made = sqlalchemy.create_engine(f"sqlite:///{path}", hide_parameters=True)

    @event.listens_for(made, "connect")
    def _connected(connection: object, _record: object) -> None:
        # SQLAlchemy begins transactions; sqlite3's own would begin them late, and only some.
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            f"busy_timeout={BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(made, "begin")
    def _begun(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return made


def _take_or_make(connection: Connection) -> None:
    found = connection.execute(text("PRAGMA user_version")).scalar_one()
    if found not in {0, VERSION}:
        raise _of_another(f"{found}, not {VERSION}")
    metadata.create_all(connection)
    if told := misfits(connection):
        raise _of_another(f"without {', '.join(told)}")
    connection.execute(text(f"PRAGMA user_version = {VERSION}"))


def misfits(connection: Connection) -> tuple[str, ...]:
    """Return the columns that tables which are there lack, as `table.column`.

    Between releases tables change while the version stays: such a database is refused at the start,
    and not at the first verdict that it cannot take.
    """
    there = sqlalchemy.inspect(connection)
    known = set(there.get_table_names())
    return tuple(
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        if table.name in known
        for names in [{each["name"] for each in there.get_columns(table.name)}]
        for column in table.columns
        if column.name not in names
    )


def _of_another(how: str) -> StoreError:
    return StoreError(
        f"the database was made by another version of Assize ({how})",
        remedy="set ASSIZE_STATE to an empty folder, or use that version",
    )
