"""A real database with nothing in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assize_server.approvals import tables
from assize_server.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give an open database."""
    assert tables.holds.name == "holds"
    made = Database(tmp_path / "assize.db")
    made.open_now()
    yield made
    made.close_now()
