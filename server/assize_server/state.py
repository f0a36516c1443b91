"""What the service remembers, opened: its database, its objects, its keys.

STATE/assize.db    tables of every room
STATE/objects      what workspaces hold, by content
STATE/keys         what the service signs with
STATE/*.lock       who uses the folder (store/occupancy.py)
HOME/layers        trees as runs see them: a cache
HOME/views         the views of runs under way
"""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.attestation.keys import ServiceKeys
from assize_server.audit.records import record_workspace
from assize_server.audit.running import RunningLog, keeping_log
from assize_server.core.policy import Policy
from assize_server.landing import records
from assize_server.settings import Settings
from assize_server.store.database import Database
from assize_server.workspaces.store import WorkspaceStore

DATABASE: Final = "assize.db"


@dataclass(frozen=True, slots=True)
class State:
    """Everything that outlives the service."""

    folder: Path
    database: Database
    log: RunningLog
    workspaces: WorkspaceStore

    @property
    def keys(self) -> ServiceKeys:
        """What the service signs with."""
        return self.log.keys

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
async def opened(settings: Settings, policies: Iterable[Policy]) -> AsyncIterator[State]:
    """Open the state, making what is not there yet, and close it again.

    The log says that the service starts, by which policies, and that it ends.

    Raises:
        SandboxError: It cannot be opened, or was made by another version.
    """
    folder = settings.state_folder()
    database = Database(folder / DATABASE)
    async with AsyncExitStack() as stack:
        await database.open()
        stack.push_async_callback(database.close)
        log = await stack.enter_async_context(keeping_log(settings, database, policies, now_ms))
        objects = ObjectStore(folder / "objects")
        workspaces = WorkspaceStore(
            database,
            objects,
            folder / "objects",
            pins=lambda: database.read_now(records.pinned_trees),
            journal=record_workspace,
        )
        yield State(folder, database, log, workspaces)
