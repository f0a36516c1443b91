"""Who waits for which job: when the last caller leaves, the job is stopped."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from assize.model.events import Event
from assize_server.execution.job import Dispatcher, Job, JobId


class Attendance:
    """Counts the callers of each job, since one request id may have several."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._callers: Counter[JobId] = Counter()

    @asynccontextmanager
    async def attend(self, job: Job) -> AsyncIterator[AsyncIterator[tuple[int, Event]]]:
        """Submit the job and give its events; leaving early kills it unless others wait.

        Raises:
            Saturated: No room.
            Draining: The service is shutting down.
            IdReused: The request id came with another request before.
        """
        await self._dispatcher.submit(job)
        self._callers[job.id] += 1
        try:
            async with aclosing(self._dispatcher.watch(job.id)) as events:
                yield events
        finally:
            self._callers[job.id] -= 1
            if not self._callers[job.id]:
                del self._callers[job.id]
                # A finished job is left alone, so this does nothing after the verdict.
                await asyncio.shield(self._dispatcher.cancel(job.id))
