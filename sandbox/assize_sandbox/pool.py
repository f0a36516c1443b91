"""A queue of prepared containers, so that a request does not wait for one to start.

A pool holds *preparations*: tasks that are under way or done. Whoever takes one waits for it if it
must. Each container serves one job; a replacement is started when one is taken, beside the job and
not before it.

- At most `size` wait in all, over every shape and role. A kind that is asked for and missing grows
  by one, and the kind that was asked for longest ago gives one up.
- Nothing is started ahead unless the memory promised to everything that waits would still leave the
  host its headroom.
- A preparation that failed while nobody waited is dropped: the taker then prepares its own, and
  gets the error if there still is one. Nothing is started but after a take, so a broken engine is
  asked once for each request and never in a loop.
- A container that died while it waited is replaced without a word: it never ran anything.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import psutil

from assize_sandbox.engines.base import Container, Engine, Role, WorkFolder
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape

STARTS_AT_ONCE: Final = 2
"""How many containers are started ahead at the same time; a start takes CPU from running jobs."""

log = logging.getLogger(__name__)
Preparation = asyncio.Task[Container]


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes two containers interchangeable."""

    shape: Shape
    role: Role


def available_memory_bytes() -> int:
    """Return what the host could give to new processes without swapping."""
    return psutil.virtual_memory().available


class WarmPool:
    """Prepared containers of one engine."""

    def __init__(
        self,
        engine: Engine,
        size: int,
        *,
        memory_headroom_bytes: int,
        available_bytes: Callable[[], int] = available_memory_bytes,
    ) -> None:
        self._engine = engine
        self._size = size
        self._headroom_bytes = memory_headroom_bytes
        self._available_bytes = available_bytes
        # INVARIANT: the kind asked for longest ago comes first.
        self._shelves: OrderedDict[Kind, deque[Preparation]] = OrderedDict()
        self._starts = asyncio.Semaphore(STARTS_AT_ONCE)
        self._removals: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many containers wait, those still starting included."""
        return sum(map(len, self._shelves.values()))

    def warm(self, shape: Shape, role: Role = Role.CANDIDATE, count: int = 1) -> None:
        """Start containers ahead, as many as there is room for; does not wait."""
        kind = Kind(shape, role)
        for _ in range(min(count, self._size - self.waiting)):
            self._start_one(kind)

    async def take(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Return a container whose guest waits. It is the caller's to remove.

        One with a folder of the host's is made for its taker: it cannot have waited.

        Raises:
            SandboxError: The pool is closed, or the container could not be started.
        """
        if self._closed:
            raise SandboxError("the pool of containers is closed")
        if folder is not None:
            return await self._engine.prepare(shape, role, folder)
        kind = Kind(shape, role)
        shelf = self._shelf(kind)
        preparation = self._next(shelf)
        self._start_one(kind)
        while preparation is not None:
            container = await self._wait(preparation, kind)
            if container.alive:
                return container
            self._discard(preparation)
            preparation = self._next(shelf)
        return await self._engine.prepare(shape, role)

    def _shelf(self, kind: Kind) -> deque[Preparation]:
        shelf = self._shelves.setdefault(kind, deque())
        self._shelves.move_to_end(kind)
        return shelf

    def _next(self, shelf: deque[Preparation]) -> Preparation | None:
        """Take the oldest preparation that has not failed already."""
        while shelf:
            preparation = shelf.popleft()
            if not failed(preparation):
                return preparation
        return None

    async def _wait(self, preparation: Preparation, kind: Kind) -> Container:
        try:
            return await asyncio.shield(preparation)
        except asyncio.CancelledError:
            # The taker gave up; what it waited for serves the next one, if its kind still waits.
            shelf = self._shelves.get(kind)
            if shelf is None or self._closed:
                self._discard(preparation)
            else:
                shelf.appendleft(preparation)
                self._give_up_excess()
            raise

    def _start_one(self, kind: Kind) -> None:
        if not self._closed and self._size > 0 and self._fits(kind):
            self._shelf(kind).append(asyncio.create_task(self._prepare(kind)))
            self._give_up_excess()

    def _fits(self, kind: Kind) -> bool:
        promised = sum(
            each.shape.memory_bytes * len(shelf) for each, shelf in self._shelves.items()
        )
        room = self._available_bytes() - self._headroom_bytes
        return promised + kind.shape.memory_bytes <= room

    async def _prepare(self, kind: Kind) -> Container:
        async with self._starts:
            return await self._engine.prepare(kind.shape, kind.role)

    def _give_up_excess(self) -> None:
        while self.waiting > self._size:
            self._discard(next(self._least_wanted_first()))

    def _least_wanted_first(self) -> Iterator[Preparation]:
        """Take preparations off their shelves, least wanted kind first."""
        for kind in tuple(self._shelves):
            shelf = self._shelves[kind]
            while shelf:
                # The newest has the longest way to go.
                yield shelf.pop()
            del self._shelves[kind]

    def _discard(self, preparation: Preparation) -> None:
        removal = asyncio.create_task(remove_when_up(preparation))
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    async def close(self) -> None:
        """Remove every container that waits, those still starting too. Idempotent."""
        self._closed = True
        for preparation in self._least_wanted_first():
            self._discard(preparation)
        while self._removals:
            await asyncio.wait(self._removals)


def failed(preparation: Preparation) -> bool:
    """Tell whether a preparation is over without a container."""
    if not preparation.done():
        return False
    return preparation.cancelled() or preparation.exception() is not None


async def remove_when_up(preparation: Preparation) -> None:
    """Remove a container that nobody will take."""
    try:
        await (await preparation).remove()
    except SandboxError as error:
        log.warning("a pooled container was not removed cleanly", extra={"error": str(error)})
