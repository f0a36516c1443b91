"""Messages to and from a child that lives on: four bytes of length, then the message.

The child reads on its descriptor 4 and writes on 3. In a candidate's container whoever writes there
may be the candidate; a length over the bound ends the process.
"""

import os
import select
import signal
import struct

from process import CHUNK, FLOOD_FACTOR, Ending, bury

TYPE_CHECKING = False
if TYPE_CHECKING:
    from process import Child, Reaper, Tell

LENGTH = struct.Struct(">I")
MESSAGE_MOST = 4 * 1024 * 1024
CHILD_READS = 4
CHILD_WRITES = 3


class Letterbox:
    """The guest's end."""

    def __init__(self, child: "Child", reaper: "Reaper", keep: int, tell: "Tell") -> None:
        self._child = child
        self._reaper = reaper
        self._tell = tell
        self._left = keep * FLOOD_FACTOR
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._names = {child.stdout: "stdout", child.stderr: "stderr"}
        self._poll = select.poll()
        self._poll.register(reaper.descriptor, select.POLLIN)
        self._open = {child.stdin, child.stdout, child.stderr, child.answer}
        for descriptor in self._open:
            os.set_blocking(descriptor, False)
        for descriptor in self._open - {child.stdin}:
            self._poll.register(descriptor, select.POLLIN)
        self._flooded = False
        self.ending: Ending | None = None

    def post(self, message: bytes) -> None:
        """Queue a message for the child."""
        if not self._outgoing and self._child.stdin in self._open:
            self._poll.register(self._child.stdin, select.POLLOUT)
        self._outgoing += LENGTH.pack(len(message)) + message

    def wait(self) -> bytes | None:
        """Return the child's next message; None once it is dead and all is read."""
        while True:
            message = self._whole()
            if message is not None or self.ending is not None:
                return message
            self._pump()

    def end(self) -> Ending:
        """Kill the child and whatever it started, and free the pipes. Idempotent."""
        if self.ending is None:
            os.kill(self._child.pid, signal.SIGKILL)
            while self.ending is None:
                self._pump()
        for descriptor in tuple(self._open):
            self._close(descriptor)
        return self.ending

    def _whole(self) -> bytes | None:
        if len(self._incoming) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(self._incoming[: LENGTH.size])
        if length > MESSAGE_MOST:
            self._incoming.clear()
            self._stop()
            return None
        end = LENGTH.size + length
        if len(self._incoming) < end:
            return None
        message = bytes(self._incoming[LENGTH.size : end])
        del self._incoming[:end]
        return message

    def _stop(self) -> None:
        self._flooded = True
        if self.ending is None:
            os.kill(self._child.pid, signal.SIGKILL)

    def _pump(self) -> None:
        ready = [descriptor for descriptor, _ in self._poll.poll()]
        for descriptor in ready:
            if descriptor == self._child.stdin:
                self._write()
            elif descriptor != self._reaper.descriptor:
                self._read(descriptor)
        if self._reaper.descriptor in ready:
            status = self._reaper.reap(self._child.pid)
            if status is not None:
                self._over(status)

    def _over(self, status: int) -> None:
        """Bury the rest, then take what is still in the pipes."""
        bury()
        for descriptor in (self._child.stdout, self._child.stderr, self._child.answer):
            while descriptor in self._open and not self._flooded:
                self._read(descriptor)
        self.ending = Ending(status, self._flooded, b"")

    def _write(self) -> None:
        try:
            written = os.write(self._child.stdin, self._outgoing[:CHUNK])
        except BlockingIOError:
            return
        except OSError:
            written = len(self._outgoing)
        del self._outgoing[:written]
        if not self._outgoing:
            self._poll.unregister(self._child.stdin)

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close(descriptor)
        elif descriptor == self._child.answer:
            self._incoming += data
            if len(self._incoming) > 2 * MESSAGE_MOST:
                self._stop()
        else:
            self._left -= len(data)
            if self._left < 0:
                self._stop()
            self._tell(self._names[descriptor], data)

    def _close(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        try:
            self._poll.unregister(descriptor)
        except KeyError:
            pass  # Standard input is registered only while something waits for it.
        os.close(descriptor)


def read_by_child() -> None:
    """In the child: move the messages from standard input to their own descriptor."""
    os.dup2(0, CHILD_READS)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def child_receives() -> bytes:
    """In the child: wait for a message.

    Raises:
        EOFError: The guest is gone.
    """
    (length,) = LENGTH.unpack(_exactly(LENGTH.size))
    return _exactly(length)


def child_sends(message: bytes) -> None:
    """In the child: send a message."""
    view = memoryview(LENGTH.pack(len(message)) + message)
    while view:
        view = view[os.write(CHILD_WRITES, view) :]


def _exactly(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(CHILD_READS, count)
        if not piece:
            raise EOFError
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
