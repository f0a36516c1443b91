"""The attached stream: one socket on which the daemon mixes standard output and error.

Each piece comes with eight bytes before it: the stream (1 output, 2 error), three zeros, and the
length as a big-endian 32-bit number (Docker Engine API, "Attach to a container").

Bytes are read from the socket only when somebody asks for them, so a guest that floods meets a full
pipe and not our memory.
"""

import asyncio
import socket
import struct
from typing import Final

from assize_sandbox.errors import ChannelClosed, ProtocolViolation

HEADER: Final = struct.Struct(">BxxxI")
STDOUT: Final = 1
STDERR: Final = 2
STDERR_KEPT_BYTES: Final = 8 * 1024
READ_BYTES: Final = 256 * 1024


class Demultiplexer:
    """Takes the mixed bytes apart. Keeps the output until taken, and the last of the errors."""

    def __init__(self) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self._header = bytearray()
        self._stream = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> None:
        """Take in bytes as they came, cut anywhere.

        Raises:
            ProtocolViolation: The daemon named a stream that does not exist.
        """
        view = memoryview(data)
        while view:
            view = self._content(view) if self._left else self._prefix(view)

    def _prefix(self, view: memoryview) -> memoryview:
        missing = HEADER.size - len(self._header)
        self._header += view[:missing]
        if len(self._header) == HEADER.size:
            self._stream, self._left = HEADER.unpack(self._header)
            self._header.clear()
            if self._stream not in {STDOUT, STDERR}:
                raise ProtocolViolation(f"the Docker daemon sent stream number {self._stream}")
        return view[missing:]

    def _content(self, view: memoryview) -> memoryview:
        piece = view[: self._left]
        self._left -= len(piece)
        if self._stream == STDOUT:
            self.stdout += piece
        else:
            self.stderr += piece
            del self.stderr[:-STDERR_KEPT_BYTES]
        return view[len(piece) :]


class AttachedStream:
    """A guest's standard streams. One reader and one writer at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._mixed = Demultiplexer()

    @property
    def complaint(self) -> str:
        """The last that the guest wrote to standard error: hostile, bounded, for logs."""
        return self._mixed.stderr.decode(errors="replace")

    async def send(self, data: bytes) -> None:
        """Write all of `data`, as fast as the guest reads.

        Raises:
            ChannelClosed: The guest is gone.
        """
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except OSError as error:
            raise ChannelClosed(f"the guest does not read any more: {error}") from error

    async def receive(self, most: int) -> bytes:
        """Return between one and `most` bytes of standard output.

        Raises:
            ChannelClosed: The guest is gone.
        """
        await self.fill()
        taken = bytes(self._mixed.stdout[:most])
        del self._mixed.stdout[:most]
        return taken

    async def fill(self) -> None:
        """Wait until there is standard output to take.

        Raises:
            ChannelClosed: The guest is gone.
        """
        while not self._mixed.stdout:
            self._mixed.feed(await self._read())

    async def _read(self) -> bytes:
        try:
            data = await asyncio.get_running_loop().sock_recv(self._socket, READ_BYTES)
        except OSError as error:
            raise ChannelClosed(f"the guest's stream broke: {error}") from error
        if not data:
            raise ChannelClosed("the guest closed its stream")
        return data

    def close(self) -> None:
        """Let go of the socket. Idempotent."""
        self._socket.close()
