"""A container that says and counts what a test tells it to."""

import asyncio
from collections.abc import Iterable

from assize_sandbox.engines.base import ContainerId, Counters, Remains
from assize_sandbox.errors import ChannelClosed


class ScriptedContainer:
    """Says `pieces`, then nothing; counts `counts` in turn, the last one for ever."""

    def __init__(
        self, pieces: Iterable[bytes] = (), counts: Iterable[Counters | Exception] = ()
    ) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self._counts = [*counts] or [Counters()]
        self.killed = asyncio.Event()
        """Set when somebody has killed it."""
        self.looks = 0
        """How often the counters were read."""

    @property
    def id(self) -> ContainerId:
        """Its name."""
        return ContainerId("scripted")

    @property
    def alive(self) -> bool:
        """Whether nobody has killed it."""
        return not self.killed.is_set()

    async def send(self, data: bytes) -> None:
        """Refuse."""
        raise ChannelClosed(f"nobody listens to {len(data)} bytes")

    async def receive(self, most: int) -> bytes:
        """Say the next piece."""
        if not self._pieces:
            raise ChannelClosed("there is no more")
        piece = self._pieces.pop(0)
        self._pieces[:0] = [piece[most:]] if piece[most:] else []
        return piece[:most]

    async def counters(self) -> Counters:
        """Count what comes next, or fail with it."""
        self.looks += 1
        count = self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]
        if isinstance(count, Exception):
            raise count
        return count

    def kill(self) -> None:
        """Take note."""
        self.killed.set()

    async def remove(self) -> Remains:
        """Leave the last count."""
        self.kill()
        return Remains(await self.counters())
