"""Starts one process of the candidate's, follows it to its end, and buries everything it started.

The guest is PID 1 of the container. The candidate's process is its child, with pipes of its own;
the channel to the host is closed in it. How long the process may run, how much CPU and memory it
may use is not watched here: the host does, from outside, and kills the whole container.
"""

import _ctypes
import os
import resource
import select

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping
    from typing import NoReturn, TypeAlias

    Body: TypeAlias = Callable[[int], None]
    Tell: TypeAlias = Callable[[str, bytes], None]
else:
    import _signal as signal  # without its enums, which take milliseconds of each start

CHUNK = 64 * 1024
FLOOD_FACTOR = 16
"""A process that writes this many times what is kept is stopped here, to spare the host."""
PR_SET_DUMPABLE = 4
SIGNALS_TO_RESET = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD)
OOM_SCORE_WORST = b"1000"

# `ctypes` itself takes another millisecond. None is this very program.
_prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]


def set_dumpable(value: int) -> None:
    """Let processes of the same user look into this one, or not (prctl(2))."""
    if _ctypes.call_function(_prctl, (PR_SET_DUMPABLE, value, 0, 0, 0)) != 0:
        raise OSError("prctl(PR_SET_DUMPABLE) failed")


class Ending:
    """How a process ended: an exit code or a signal, and whether it flooded its output."""

    def __init__(self, status: int, flooded: bool, answer: bytes) -> None:
        self.code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        self.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        self.flooded = flooded
        self.answer = answer


class Child:
    """A process of the candidate's and the pipes to it."""

    def __init__(self, limits: "Mapping[str, int]", body: "Body") -> None:
        """Fork, and run `body` in the child: it gets the descriptor to answer on, never returns."""
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        self.stderr, stderr = os.pipe()
        self.answer, answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            become_candidate(limits, (stdin, stdout, stderr, answer), body)
        for descriptor in (stdin, stdout, stderr, answer):
            os.close(descriptor)

    def open_ends(self) -> list[int]:
        """Return the descriptors that are ours to close."""
        return [self.stdin, self.stdout, self.stderr, self.answer]


class Reaper:
    """Notices that processes have died, as the first process of a pid namespace must.

    Orphans come to us, and unreaped they would count against the pids limit.
    """

    def __init__(self) -> None:
        self.descriptor, wake = os.pipe()
        for end in (self.descriptor, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def reap(self, pid: int) -> int | None:
        """Reap whatever is dead; return the wait status of `pid` if it was among them."""
        try:
            os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            pass
        found = None
        while True:
            try:
                dead, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if dead == 0:
                return found
            if dead == pid:
                found = status


def become_candidate(
    limits: "Mapping[str, int]", descriptors: tuple[int, ...], body: "Body"
) -> "NoReturn":
    """Turn the forked copy of the guest into the candidate's process."""
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        # Move them out of the way first: 0, 1 and 2 may be among them.
        high = [_moved_up(descriptor) for descriptor in descriptors]
        for target, descriptor in enumerate(high):
            os.dup2(descriptor, target)
        os.closerange(4, 1 << 16)
        set_dumpable(1)
        with open("/proc/self/oom_score_adj", "wb") as file:
            file.write(OOM_SCORE_WORST)
        bound(limits)
        for number in SIGNALS_TO_RESET:
            signal.signal(number, signal.SIG_DFL)
        os.umask(0o022)
        os.chdir("/work")
        body(3)
    except BaseException as error:  # noqa: BLE001 - nothing may return into the guest's own loop
        os.write(2, f"assize: cannot start: {error!r}\n".encode(errors="replace"))
    finally:
        os._exit(127)


def _moved_up(descriptor: int) -> int:
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64)


def bound(limits: "Mapping[str, int]") -> None:
    """Set the limits of this process and of its children."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
    ):
        resource.setrlimit(kind, (value, value))


def follow(
    child: Child, reaper: Reaper, stdin: bytes, keep: int, answer_most: int, tell: "Tell"
) -> Ending:
    """Feed and drain the pipes until the process is over, then kill and reap everything.

    `tell(stream, data)` gets what it wrote. The end of a pipe is never waited for: a grandchild
    may hold it open for ever.
    """
    pump = Pump(child, reaper, stdin, keep * FLOOD_FACTOR, answer_most, tell)
    try:
        status = pump.until_over()
        bury()
        pump.drain()
    finally:
        for descriptor in child.open_ends():
            pump.close(descriptor)
    return Ending(status, pump.flooded, bytes(pump.answer))


def bury() -> None:
    """Kill and reap every other process of the container."""
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


class Pump:
    """Moves bytes between the process's pipes and the host."""

    def __init__(
        self,
        child: Child,
        reaper: Reaper,
        stdin: bytes,
        most: int,
        answer_most: int,
        tell: "Tell",
    ) -> None:
        self._child = child
        self._reaper = reaper
        self._stdin = memoryview(stdin)
        self._left = most
        self._answer_most = answer_most
        self._tell = tell
        self._names = {child.stdout: "stdout", child.stderr: "stderr"}
        self._poll = select.poll()
        self._closed: set[int] = set()
        self.answer = bytearray()
        self.flooded = False
        self._poll.register(reaper.descriptor, select.POLLIN)
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
        """Take what is left in the pipes; nobody can write any more."""
        for descriptor in (self._child.stdout, self._child.stderr, self._child.answer):
            while descriptor not in self._closed and not self.flooded:
                self._read(descriptor)

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

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.close(descriptor)
        elif descriptor == self._child.answer:
            if len(self.answer) <= self._answer_most:
                self.answer += data
        else:
            self._left -= len(data)
            self.flooded = self._left < 0
            self._tell(self._names[descriptor], data)
