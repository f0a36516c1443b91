"""Follows one process of the candidate's to its end: bytes in, bytes out, and how it ended.

SECURITY: what it sends is read into memory that is forgotten before the next fork (`scratch.py`).
"""

import os
import select

import scratch
from process import Child, Reaper, bury
from wire import CHANNEL_IN

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import TypeAlias

    Tell: TypeAlias = Callable[[str, memoryview], None]
else:
    import _signal as signal  # without its enums, which take milliseconds of each start

CHUNK = 64 * 1024
FLOOD_FACTOR = 16
"""A process that writes this many times what is kept is stopped here, to spare the host."""


class Ending:
    """How a process ended: an exit code or a signal, and whether it flooded its output."""

    def __init__(self, status: int, flooded: bool, answer: memoryview) -> None:
        self.code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        self.flooded = flooded
        self.answer = answer


class Rooms:
    """What is read from a process: its output, piece by piece, and its answer, whole."""

    def __init__(self, answer_most: int) -> None:
        self.output = scratch.Scratch(CHUNK)
        self.answer = scratch.Scratch(answer_most)

    def forget(self) -> None:
        """Forget what the process before sent."""
        self.output.forget()
        self.answer.forget()


def follow(
    child: Child, reaper: Reaper, stdin: memoryview, keep: int, rooms: Rooms, tell: "Tell"
) -> Ending:
    """Feed and drain the pipes until the process is over, then kill and reap everything.

    `tell(stream, data)` gets what it wrote. The end of a pipe is never waited for: a grandchild
    may hold it open for ever.
    """
    pump = Pump(child, reaper, stdin, keep * FLOOD_FACTOR, rooms, tell)
    try:
        status = pump.until_over()
        bury()
        pump.drain()
    finally:
        for descriptor in child.open_ends():
            pump.close(descriptor)
    return Ending(status, pump.flooded, rooms.answer.content)


def watch_host(poll: "select.poll") -> None:
    """Have the poll tell when the host's end of the channel is gone, and nothing else of it."""
    poll.register(CHANNEL_IN, 0)


def leave_with_host(ready: list[int]) -> None:
    """End, and with us the container, if the host is gone: nobody keeps limits any more."""
    if CHANNEL_IN in ready:
        os._exit(0)


class Pump:
    """Moves bytes between the process's pipes and the host."""

    def __init__(
        self,
        child: Child,
        reaper: Reaper,
        stdin: memoryview,
        most: int,
        rooms: Rooms,
        tell: "Tell",
    ) -> None:
        self._child = child
        self._reaper = reaper
        self._stdin = stdin
        self._left = most
        self._rooms = rooms
        self._tell = tell
        self._names = {child.stdout: "stdout", child.stderr: "stderr"}
        self._poll = select.poll()
        self._closed: set[int] = set()
        self.flooded = False
        self._poll.register(reaper.descriptor, select.POLLIN)
        watch_host(self._poll)
        for descriptor in child.open_ends():
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)
        if self._stdin:
            self._poll.modify(child.stdin, select.POLLOUT)
        else:
            self.close(child.stdin)

    def until_over(self) -> int:
        """Pump until the process has ended, or was stopped for flooding; return its wait status."""
        while True:
            ready = [descriptor for descriptor, _ in self._poll.poll()]
            leave_with_host(ready)
            for descriptor in ready:
                if descriptor != self._reaper.descriptor:
                    self._serve(descriptor)
            if self.flooded:
                os.kill(self._child.pid, signal.SIGKILL)
            if self._reaper.descriptor in ready:
                status = self._reaper.reap(self._child.pid)
                if status is not None:
                    return status

    def drain(self) -> None:
        """Take what is left in the pipes; nobody can write any more.

        An empty pipe need not have ended: a descriptor that was sent over a socket outlives its
        process until the kernel collects it.
        """
        for descriptor in (self._child.stdout, self._child.stderr, self._child.answer):
            while descriptor not in self._closed and not self.flooded:
                if not self._read(descriptor):
                    break

    def close(self, descriptor: int) -> None:
        """Close one of the pipes, once."""
        if descriptor not in self._closed:
            self._closed.add(descriptor)
            self._poll.unregister(descriptor)
            os.close(descriptor)

    def _serve(self, descriptor: int) -> None:
        if descriptor == self._child.stdin:
            self._write()
        else:
            self._read(descriptor)

    def _write(self) -> None:
        try:
            self._stdin = self._stdin[os.write(self._child.stdin, self._stdin[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._stdin = memoryview(b"")
        if not self._stdin:
            self.close(self._child.stdin)

    def _read(self, descriptor: int) -> bool:
        """Move one piece; tell whether there was one."""
        output, answer = self._rooms.output, self._rooms.answer
        is_answer = descriptor == self._child.answer and not answer.full
        output.used = 0
        try:
            count = (answer if is_answer else output).read(descriptor)
        except BlockingIOError:
            return False
        if not count:
            self.close(descriptor)
        elif descriptor in self._names:
            self._left -= count
            self.flooded = self._left < 0
            self._tell(self._names[descriptor], output.content)
        return count > 0
