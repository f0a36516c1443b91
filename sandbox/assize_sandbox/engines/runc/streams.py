"""A guest's standard streams: three pipes between this process and the container.

Pipes, not sockets: over a socket the far end could pass file descriptors into this process.

Bytes are read from a pipe only when somebody asks for them, so a guest that floods meets a full
pipe and not our memory. Standard error is read only when something went wrong.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from assize_sandbox.errors import ChannelClosed

PIPE_BYTES: Final = 64 * 1024
"""What a pipe holds (pipe(7))."""
COMPLAINT_BYTES: Final = 8 * 1024
CLOSED: Final = -1


@dataclass(frozen=True, slots=True)
class FarEnds:
    """The guest's ends: passed to the runtime, then closed here, so that its death is seen."""

    stdin: int
    stdout: int
    stderr: int

    def close(self) -> None:
        """Let go of them. Once only."""
        for end in (self.stdin, self.stdout, self.stderr):
            os.close(end)


class GuestStreams:
    """Our ends. One reader and one writer at a time."""

    def __init__(self, stdin: int, stdout: int, stderr: int) -> None:
        self._stdin, self._stdout, self._stderr = map(PipeEnd, (stdin, stdout, stderr))
        self._pending = b""

    @classmethod
    def open(cls) -> tuple[Self, FarEnds]:
        """Return both ends of three new pipes."""
        (guest_in, our_in), (our_out, guest_out), (our_err, guest_err) = (
            os.pipe() for _ in range(3)
        )
        return cls(our_in, our_out, our_err), FarEnds(guest_in, guest_out, guest_err)

    def complaint(self) -> str:
        """Take the last of what was written to standard error: hostile, bounded, for logs."""
        return self._stderr.glance(PIPE_BYTES)[-COMPLAINT_BYTES:].decode(errors="replace")

    async def send(self, data: bytes) -> None:
        """Write all of `data`, as fast as the guest reads.

        Raises:
            ChannelClosed: The guest is gone.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[await self._stdin.write(rest) :]
        except OSError as error:
            raise ChannelClosed(f"the guest does not read any more: {error}") from error

    async def receive(self, most: int) -> bytes:
        """Return between one and `most` bytes of standard output.

        Raises:
            ChannelClosed: The guest is gone.
        """
        await self.fill()
        taken, self._pending = self._pending[:most], self._pending[most:]
        return taken

    async def fill(self) -> None:
        """Wait until there is standard output to take.

        Raises:
            ChannelClosed: The guest is gone.
        """
        if self._pending:
            return
        try:
            self._pending = await self._stdout.read(PIPE_BYTES)
        except OSError as error:
            raise ChannelClosed(f"the guest's stream broke: {error}") from error
        if not self._pending:
            raise ChannelClosed("the guest closed its stream")

    def close(self) -> None:
        """Let go of the pipes; whoever waits for one gets ChannelClosed. Idempotent."""
        for end in (self._stdin, self._stdout, self._stderr):
            end.close()


class PipeEnd:
    """One end of a pipe, never waited for in the kernel. One waiter at a time."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._waiting: asyncio.Future[None] | None = None

    async def read(self, most: int) -> bytes:
        """Return what is there, at most `most` bytes; nothing at the end of the stream."""
        while True:
            try:
                return os.read(self._descriptor, most)
            except BlockingIOError:
                loop = asyncio.get_running_loop()
                await self._ready(loop.add_reader, loop.remove_reader)

    async def write(self, data: memoryview) -> int:
        """Write as much as there is room for; return how many bytes that was."""
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                loop = asyncio.get_running_loop()
                await self._ready(loop.add_writer, loop.remove_writer)

    def glance(self, most: int) -> bytes:
        """Return what is there by now."""
        try:
            return os.read(self._descriptor, most)
        except OSError:
            return b""

    async def _ready(
        self,
        watch: Callable[[int, Callable[[], None]], object],
        unwatch: Callable[[int], object],
    ) -> None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        watched = self._descriptor
        watch(watched, partial(wake, waiting))
        try:
            await waiting
        finally:
            # INVARIANT: once closed, the number may mean somebody else's file.
            if self._descriptor == watched:
                unwatch(watched)

    def close(self) -> None:
        """Close it; who waits for it gets an OSError. Idempotent."""
        if self._descriptor == CLOSED:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._descriptor)
        loop.remove_writer(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = CLOSED
        if self._waiting is not None:
            wake(self._waiting)


def wake(waiting: asyncio.Future[None]) -> None:
    """End a wait."""
    if not waiting.done():
        waiting.set_result(None)
