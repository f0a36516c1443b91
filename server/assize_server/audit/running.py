"""The log of a running service: opened, checked against what was published, closed.

    async with keeping_log(settings, database, policies, now_ms) as log:
        ...

What writes to the log afterwards must end before this does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy import Connection

from assize.model.callers import SERVICE
from assize_server.attestation.keys import ServiceKeys, open_keys
from assize_server.audit.places import place_of
from assize_server.audit.publishing import DEFAULT_PACE, Pace, Publisher
from assize_server.audit.records import record_policies, record_start, record_stop
from assize_server.core.policy import Policy
from assize_server.settings import Settings
from assize_server.store.database import Database


@dataclass(frozen=True, slots=True)
class RunningLog:
    """What a service needs of its log, beside `append`."""

    keys: ServiceKeys
    """What signs checkpoints and attestations."""
    publisher: Publisher
    """May be nudged when something was written."""


@asynccontextmanager
async def keeping_log(
    settings: Settings,
    database: Database,
    policies: Iterable[Policy],
    now_ms: Callable[[], int],
    pace: Pace = DEFAULT_PACE,
) -> AsyncIterator[RunningLog]:
    """Keep the log of a service whose database is open.

    Raises:
        KeysUnusable: The signing keys cannot be made or read.
        PlaceUnusable: Checkpoints cannot be published where the settings say.
        LogBroken: The log does not continue what was published.
    """
    keys = await asyncio.to_thread(
        open_keys, settings.state_folder(), now_ms, settings.audit_origin
    )
    place = (
        await asyncio.to_thread(place_of, settings.checkpoints) if settings.checkpoints else None
    )
    publisher = Publisher(database, keys, place, now_ms, pace)
    await publisher.start()

    def begin(connection: Connection) -> None:
        record_start(connection, version("assize"), now_ms())
        record_policies(connection, policies, SERVICE, now_ms())

    await database.write(begin)
    try:
        yield RunningLog(keys, publisher)
    finally:
        await database.write(lambda connection: record_stop(connection, now_ms()))
        await publisher.close()
