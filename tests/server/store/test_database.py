"""One database: what lands together lands together, and is there after a restart."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from assize_server.store import database
from assize_server.store.database import Database, StoreError, metadata

NUMBERS = Table("test_numbers", metadata, Column("number", Integer, primary_key=True))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """An open database."""
    made = Database(tmp_path / "state" / "assize.db")
    await made.open()
    yield made
    await made.close()


def count(connection: Connection) -> int:
    """Return how many numbers there are."""
    return connection.execute(select(func.count()).select_from(NUMBERS)).scalar_one()


async def test_transaction_that_raises_leaves_nothing(store: Database) -> None:
    """All of it lands, or none."""

    def half(connection: Connection) -> None:
        connection.execute(insert(NUMBERS), {"number": 1})
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own
        await store.write(half)
    assert await store.read(count) == 0


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    """Closing loses nothing."""
    for expected in (1, 2):
        store = Database(tmp_path / "assize.db")
        await store.open()
        await store.write(lambda connection: connection.execute(NUMBERS.insert()).rowcount)
        assert await store.read(count) == expected
        await store.close()


async def test_writers_take_turns(store: Database) -> None:
    """A read and a write in one transaction: no increment is lost."""

    def add(connection: Connection) -> None:
        connection.execute(insert(NUMBERS), {"number": count(connection)})

    await asyncio.gather(*(store.write(add) for _ in range(20)))
    assert await store.read(count) == 20


async def test_database_of_another_version_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed about tables that this version did not make."""
    made = Database(tmp_path / "assize.db")
    await made.open()
    await made.write(
        lambda connection: connection.execute(
            text(f"PRAGMA user_version = {database.VERSION + 1}")
        ).close()
    )
    await made.close()
    again = Database(tmp_path / "assize.db")
    with pytest.raises(StoreError, match="another version"):
        await again.open()
    await again.close()


async def test_database_whose_tables_lack_a_column_is_refused(tmp_path: Path) -> None:
    """At the start, with the column, and not at the first run that cannot be written down."""
    path = tmp_path / "assize.db"
    with closing(sqlite3.connect(path)) as older:
        older.execute("CREATE TABLE test_numbers (name TEXT)")
        older.execute(f"PRAGMA user_version = {database.VERSION}")
    made = Database(path)
    with pytest.raises(StoreError, match=r"test_numbers\.number"):
        await made.open()
    await made.close()


async def test_folder_that_cannot_be_written_is_told_with_its_remedy(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "state").write_text("")
    made = Database(tmp_path / "state" / "assize.db")
    with pytest.raises(StoreError) as caught:
        await made.open()
    assert "ASSIZE_STATE" in caught.value.remedy
    await made.close()


async def test_error_does_not_say_what_was_to_be_written(store: Database) -> None:
    """Errors end in logs, and a nonce is for approvers alone."""

    def twice(connection: Connection) -> None:
        connection.execute(insert(NUMBERS), [{"number": 987654321}, {"number": 987654321}])

    with pytest.raises(IntegrityError) as caught:
        await store.write(twice)
    assert "987654321" not in str(caught.value)
