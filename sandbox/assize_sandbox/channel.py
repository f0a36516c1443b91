"""Frames over a container's byte streams."""

from typing import Final

from assize_sandbox import frames
from assize_sandbox.engines.base import Container
from assize_sandbox.frames import Frame

CHUNK: Final = 256 * 1024


class Channel:
    """Sends and receives whole frames. One reader and one writer at a time."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._pending = bytearray()

    async def send(self, frame: Frame) -> None:
        """Send one frame.

        Raises:
            ChannelClosed: The guest is gone.
        """
        await self._container.send(frames.encode(frame))

    async def receive(self) -> Frame:
        """Wait for one frame; never for the end of the stream.

        Raises:
            ChannelClosed: The guest is gone.
            ProtocolViolation: What came is not a frame, or one over its bounds.
        """
        prefix = await self._exactly(frames.PREFIX.size)
        header_size, payload_size = frames.sizes(prefix)
        header = await self._exactly(header_size)
        return frames.decode(header, await self._exactly(payload_size))

    async def _exactly(self, count: int) -> bytes:
        while len(self._pending) < count:
            self._pending += await self._container.receive(CHUNK)
        taken = bytes(self._pending[:count])
        del self._pending[:count]
        return taken
