"""What the service remembers, opened: its database, its objects, its keys.

STATE/assize.db    tables of every room
STATE/objects      what workspaces hold, by content
STATE/keys         what the service signs with
HOME/layers        trees as runs see them: a cache
HOME/views         the views of runs under way
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.attestation.keys import ServiceKeys, open_keys
from assize_server.landing import records
from assize_server.settings import Settings
from assize_server.store.database import Database
from assize_server.workspaces.store import WorkspaceStore


@dataclass(frozen=True, slots=True)
class State:
    """Everything that outlives the service."""

    folder: Path
    database: Database
    keys: ServiceKeys
    workspaces: WorkspaceStore

    @property
    def objects(self) -> ObjectStore:
        """What workspaces hold."""
        return self.workspaces.objects


def seconds() -> float:
    """Return the time in seconds since 1970."""
    return time.time()


def now_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return int(seconds() * 1000)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[State]:
    """Open the state, making what is not there yet, and close it again.

    Raises:
        SandboxError: It cannot be opened, or was made by another version.
    """
    folder = settings.state_folder()
    database = Database(folder / "assize.db")
    await database.open()
    try:
        keys = open_keys(folder, now_ms, settings.audit_origin)
        objects = ObjectStore(folder / "objects")
        workspaces = WorkspaceStore(
            database,
            objects,
            folder / "objects",
            pins=lambda: database.read_now(records.pinned_trees),
        )
        yield State(folder, database, keys, workspaces)
    finally:
        await database.close()
