"""What tests of databases share: the guest's comparison in this process, and databases to make."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import apsw
import pytest

import assize_sandbox

GUEST = Path(assize_sandbox.__file__).parent / "guest"
MODULES = ("database_differences", "database_side", "row_changes")

Told: TypeAlias = dict[str, object]
Compare: TypeAlias = Callable[[Path, Path], Told]


@pytest.fixture(scope="session")
def guest() -> Iterator[ModuleType]:
    """The guest's module that compares; outside a sandbox it opens only what these tests made."""
    sys.path.insert(0, str(GUEST))
    try:
        yield importlib.import_module("database_differences")
    finally:
        sys.path.remove(str(GUEST))
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.fixture
def compare(guest: ModuleType) -> Compare:
    """Return the guest's answer for two paths."""

    def answer(before: Path, after: Path) -> Told:
        told: Told = guest.answer(str(before), str(after), time.monotonic() + 60)
        return told

    return answer


def make(path: Path, *statements: str) -> Path:
    """Make a database, or change one."""
    database = apsw.Connection(str(path))
    # Nothing here outlives a crash.
    database.execute("PRAGMA synchronous=OFF")
    for statement in statements:
        database.execute(statement).fetchall()
    database.close()
    return path
