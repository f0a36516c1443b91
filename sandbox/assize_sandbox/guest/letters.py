"""Messages to and from a child that lives on: four bytes of length, then the message.

The child reads on its descriptor 4 and writes on 3. In a candidate's container whoever writes there
may be the candidate; a length over the bound ends the process.

SECURITY: what comes is read into memory that is forgotten before the next fork (`scratch.py`).
"""

import os
import select
import struct

from process import bury
from pump import CHUNK, FLOOD_FACTOR, Ending, leave_with_host, watch_host
from scratch import Scratch

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    import signal

    from process import Child, Reaper
    from pump import Tell
else:
    import _signal as signal  # without its enums, which take milliseconds of each start

LENGTH = struct.Struct(">I")
MESSAGE_MOST = 4 * 1024 * 1024
CHILD_READS = 4
CHILD_WRITES = 3


class Rooms:
    """What is read from the child: messages, whole, and output, piece by piece."""

    def __init__(self) -> None:
        self.messages = Scratch(LENGTH.size + MESSAGE_MOST)
        self.output = Scratch(CHUNK)

    def forget(self) -> None:
        """Forget what the child before sent."""
        self.messages.forget()
        self.output.forget()


class Letterbox:
    """The guest's end."""

    def __init__(
        self, child: "Child", reaper: "Reaper", keep: int, rooms: Rooms, tell: "Tell"
    ) -> None:
        self._child = child
        self._reaper = reaper
        self._rooms = rooms
        self._tell = tell
        self._left = keep * FLOOD_FACTOR
        self._outgoing: list[memoryview] = []
        self._taken = 0
        self._names = {child.stdout: "stdout", child.stderr: "stderr"}
        self._poll = select.poll()
        self._poll.register(reaper.descriptor, select.POLLIN)
        watch_host(self._poll)
        self._open = {child.stdin, child.stdout, child.stderr, child.answer}
        for descriptor in self._open:
            os.set_blocking(descriptor, False)
        for descriptor in self._open - {child.stdin}:
            self._poll.register(descriptor, select.POLLIN)
        self._flooded = False
        self.ending: Ending | None = None

    def post(self, message: bytes | memoryview) -> None:
        """Queue a message for the child; it must not change before the next `wait` returns."""
        if self._child.stdin in self._open:
            self._poll.register(self._child.stdin, select.POLLOUT)
            self._outgoing = [memoryview(LENGTH.pack(len(message))), memoryview(message)]

    def wait(self) -> memoryview | None:
        """Return the child's next message; None once it is dead and all is read.

        The message holds until the next `wait`.
        """
        self._rooms.messages.drop(self._taken)
        self._taken = 0
        while True:
            message = self._whole()
            if message is not None or self.ending is not None:
                return message
            self._pump()

    def end(self) -> Ending:
        """Kill the child and whatever it started, and free the pipes. Idempotent."""
        while self.ending is None:
            self._stop()
            self._rooms.messages.forget()
            self._pump()
        for descriptor in tuple(self._open):
            self._close(descriptor)
        return self.ending

    def _whole(self) -> memoryview | None:
        content = self._rooms.messages.content
        if len(content) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(content[: LENGTH.size])
        if length > MESSAGE_MOST:
            self._flooded = True
            self._stop()
            self._rooms.messages.forget()
            return None
        if len(content) < LENGTH.size + length:
            return None
        self._taken = LENGTH.size + length
        return content[LENGTH.size : self._taken]

    def _stop(self) -> None:
        if self.ending is None:
            os.kill(self._child.pid, signal.SIGKILL)

    def _pump(self) -> None:
        ready = [descriptor for descriptor, _ in self._poll.poll()]
        leave_with_host(ready)
        for descriptor in ready:
            if descriptor == self._child.stdin:
                self._write()
            elif descriptor != self._reaper.descriptor and descriptor in self._open:
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
                if not self._read(descriptor):
                    break
        self.ending = Ending(status, self._flooded, memoryview(b""))

    def _write(self) -> None:
        try:
            written = os.writev(self._child.stdin, [piece[:CHUNK] for piece in self._outgoing])
        except BlockingIOError:
            return
        except OSError:
            self._outgoing.clear()
            written = 0
        while self._outgoing and written >= len(self._outgoing[0]):
            written -= len(self._outgoing.pop(0))
        if self._outgoing:
            self._outgoing[0] = self._outgoing[0][written:]
        else:
            self._poll.unregister(self._child.stdin)

    def _read(self, descriptor: int) -> bool:
        """Move one piece; tell whether there was one."""
        output, messages = self._rooms.output, self._rooms.messages
        is_message = descriptor == self._child.answer
        if is_message and messages.full:
            return False
        output.used = 0
        try:
            count = (messages if is_message else output).read(descriptor)
        except BlockingIOError:
            return False
        if not count:
            self._close(descriptor)
        elif descriptor in self._names:
            self._left -= count
            if self._left < 0:
                self._flooded = True
                self._stop()
            self._tell(self._names[descriptor], output.content)
        return count > 0

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
