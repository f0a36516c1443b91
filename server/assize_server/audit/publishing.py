"""Publishes checkpoints: after so many entries, after so many seconds, and at the end.

`start` compares the log with what was published last. A log that does not continue it is not gone
on with: a database that was set back would otherwise grow again, and be signed.

A place that cannot be written to does not stop the service. It is said in its log and tried again,
and whoever waits for checkpoints outside sees that none come.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from assize.audit.checkpoints import Checkpoint, MalformedCheckpoint, opened
from assize.audit.entries import Entry, EntryKind, decode
from assize.model.callers import SERVICE
from assize_sandbox.errors import SandboxError
from assize_server.attestation.keys import ServiceKeys
from assize_server.audit.log import Head, append, check_extends, read, size
from assize_server.audit.places import Place, PlaceUnusable
from assize_server.audit.signing import SignedHead, record_keys, sign_head
from assize_server.store.database import Database

EVERY_ENTRIES: Final = 1000
EVERY_SECONDS: Final = 60.0
LOOKS_SECONDS: Final = 5.0
"""How often the log's size is looked at, unless somebody nudges."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often checkpoints are published."""

    entries: int = EVERY_ENTRIES
    """So many new entries, whatever the time."""
    seconds: float = EVERY_SECONDS
    """So long after the last one, if there are new entries."""


DEFAULT_PACE: Final = Pace()


class Publisher:
    """Signs the log's head and publishes it. `start` first, `close` at the end."""

    def __init__(
        self,
        database: Database,
        keys: ServiceKeys,
        place: Place | None,
        now_ms: Callable[[], int],
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._database = database
        self._keys = keys
        self._place = place
        self._now_ms = now_ms
        self._pace = pace
        self._published = Published(0, 0)
        self._nudge = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Compare the log with what was published last, note the key, and begin to publish.

        Raises:
            LogBroken: The log does not continue what was published.
            PlaceUnusable: The place cannot be read.
        """
        found = await asyncio.to_thread(self._newest)
        now_ms = self._now_ms()
        await self._database.write(lambda connection: self._begin(connection, found, now_ms))
        self._published = Published(found.size if found else 0, now_ms)
        if self._place is not None:
            self._task = asyncio.create_task(self._go_on(), name="assize-checkpoints")

    def nudge(self) -> None:
        """Say that there are new entries. Only on the event loop; need not be called at all."""
        self._nudge.set()

    async def look(self) -> bool:
        """Publish if it is time to, and tell whether that was done."""
        count = await self._database.read(size)
        if not await self._is_due(count):
            return False
        return await self.publish()

    async def publish(self) -> bool:
        """Publish the log as it is; tell whether that was done."""
        try:
            made = await self._database.write(lambda connection: sign_head(connection, self._keys))
            await asyncio.to_thread(self._put, made)
        except SandboxError as error:
            _log.error("checkpoint not published", problem=str(error), remedy=error.remedy)
            return False
        now_ms = self._now_ms()
        await self._database.write(lambda connection: _note(connection, made.state, now_ms))
        self._published = Published(made.state.size, now_ms)
        return True

    async def close(self) -> None:
        """Publish what is new, and end. Idempotent."""
        if self._task is None:
            return
        # What is being published now is let end: it would be published a second time.
        self._closing = True
        self._nudge.set()
        await self._task
        self._task = None
        if await self._news(await self._database.read(size)):
            await self.publish()

    def _newest(self) -> Checkpoint | None:
        note = self._place.newest() if self._place else None
        if note is None:
            return None
        try:
            found = opened(note, [each.key for each in self._keys.listed])
        except MalformedCheckpoint as error:
            raise _not_ours(str(error)) from error
        if found.origin != self._keys.origin:
            raise _not_ours(f"it is of the log {found.origin}, this one is {self._keys.origin}")
        return found

    def _begin(self, connection: Connection, found: Checkpoint | None, now_ms: int) -> None:
        if found is not None:
            check_extends(connection, Head(found.size, found.root))
        record_keys(connection, self._keys, now_ms)

    async def _go_on(self) -> None:
        while not self._closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(LOOKS_SECONDS, self._pace.seconds)):
                    await self._nudge.wait()
            self._nudge.clear()
            try:
                await self.look()
            except (SandboxError, SQLAlchemyError) as error:
                # The next entries must be published all the same.
                _log.error("checkpoint not published", problem=str(error))

    async def _is_due(self, count: int) -> bool:
        new = count - self._published.size
        waited_ms = self._now_ms() - self._published.time_ms
        if new < self._pace.entries and waited_ms < self._pace.seconds * 1000:
            return False
        return await self._news(count)

    async def _news(self, count: int) -> bool:
        """Tell whether there is more than the entry that said the last one was published."""
        new = count - self._published.size
        if new != 1:
            return new > 1
        (stored,) = await self._database.read(lambda connection: read(connection, count - 1, 1))
        return decode(stored.leaf).kind is not EntryKind.CHECKPOINT

    def _put(self, made: SignedHead) -> None:
        if self._place is not None:
            self._place.publish(made.note, made.state.size)


@dataclass(frozen=True, slots=True)
class Published:
    """What was published last."""

    size: int
    """How many entries the log had."""
    time_ms: int
    """When that was."""


def _note(connection: Connection, state: Head, now_ms: int) -> int:
    entry = Entry(
        EntryKind.CHECKPOINT,
        now_ms,
        SERVICE,
        digests={"root": state.root.hex()},
        counts={"size": state.size},
    )
    return append(connection, entry)


def _not_ours(problem: str) -> PlaceUnusable:
    return PlaceUnusable(
        f"what is published there is not a checkpoint of this log: {problem}",
        remedy="name another place for a new log; docs/audit.md, 'When the log is broken'",
    )
