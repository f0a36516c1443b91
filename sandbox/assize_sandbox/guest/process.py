"""Starts one process of the candidate's, and buries everything that it started.

The guest is PID 1 of the container. The candidate's process is its child, with pipes of its own;
the channel to the host is closed in it. How long the process may run, how much CPU and memory it
may use is not watched here: the host does, from outside, and kills the whole container.
"""

import _ctypes
import errno
import os
import resource

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping
    from typing import NoReturn, TypeAlias

    Body: TypeAlias = Callable[[int], None]
else:
    import _signal as signal  # without its enums, which take milliseconds of each start

PR_SET_DUMPABLE = 4
SIGNALS_TO_RESET = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD)
OOM_SCORE_WORST = b"1000"
WAKE_BYTES = 64 * 1024
"""Room for every wake-up that the kernel can hold for us."""

# `ctypes` itself takes another millisecond. None is this very program.
_prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]


def set_dumpable(value: int) -> None:
    """Let processes of the same user look into this one, or not (prctl(2))."""
    if _ctypes.call_function(_prctl, (PR_SET_DUMPABLE, value, 0, 0, 0)) != 0:
        raise OSError("prctl(PR_SET_DUMPABLE) failed")


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
            os.read(self.descriptor, WAKE_BYTES)
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
        os.chdir("/workspace")
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


def apart(act: "Callable[[], bool]") -> bool:
    """Do something in a process of its own, so that nothing it reads stays in this one.

    Only while no process of the candidate lives. Raises OSError with the number that it ended with.
    """
    pid = os.fork()
    if pid == 0:
        _exit_with(act)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        # For want of memory: the host has it from the kernel that it was, and asks no more of us.
        os._exit(1)
    code = os.WEXITSTATUS(status)
    if code > YES:
        raise OSError(code - YES, os.strerror(code - YES))
    return code == YES


NO, YES = 0, 1
"""How a process of `apart` ends; above that it is a number of errno."""


def _exit_with(act: "Callable[[], bool]") -> "NoReturn":
    code = 255
    try:
        signal.set_wakeup_fd(-1)
        code = YES if act() else NO
    except OSError as error:
        code = YES + (error.errno or errno.EIO)
    finally:
        os._exit(code)


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
