"""A forked child that waits for one request, reads its source, answers and ends.

It is forked ahead, while nobody waits: a fork of a process that holds all of mypy takes
milliseconds, and so does its end. Whoever asks waits for neither. A child serves one request, and
was forked from a parent that never looks into any source: nothing of one request is left for the
next.

Its answer is a status, a length and that many bytes, so that an answer that was cut off by a signal
is told from a whole one without waiting for the child's end.
"""

import marshal
import os
import resource
import select
import signal
import struct
import time

import readers
import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

CPU_SECONDS = 10
"""Of each process: mypy's and ruff's."""
MEMORY_BYTES = 900 * 1024 * 1024
FILE_BYTES = 16 * 1024 * 1024
OPEN_FILES = 256
ANSWER_MOST = 3 * 1024 * 1024 + 512 * 1024
CHUNK = 64 * 1024
ANSWER = struct.Struct(">BI")
DONE = 0


class Answer:
    """What a child said. `whole` is false if it was stopped, or stopped itself, before its end."""

    def __init__(self, said: bytes, in_time: bool) -> None:
        self.in_time = in_time
        self.status, size = ANSWER.unpack_from(said) if len(said) >= ANSWER.size else (DONE, -1)
        self.payload = said[ANSWER.size :]
        self.whole = len(self.payload) == size


class Standby:
    """One child and the pipes to it."""

    def __init__(self, ruff: str) -> None:
        """Fork it."""
        request, self._request = os.pipe()
        self._answer, answer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            # Held open here, its end would never be seen.
            os.close(self._request)
            os.close(self._answer)
            work(request, answer, ruff)
        os.close(request)
        os.close(answer)

    @property
    def alive(self) -> bool:
        """Whether it still waits."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._child, options) is None

    def ask(
        self,
        files: dict[str, bytes],
        settings: "readers.Settings",
        rules: bytes,
        folder: str,
        seconds: float,
    ) -> Answer:
        """Have it read the files; wait for the answer, not for its end. Once only."""
        deadline = time.monotonic() + seconds
        question = (files, settings, rules, folder)
        # A TypedDict is a dict when it runs.
        asked = memoryview(marshal.dumps(question))  # type: ignore[arg-type]
        try:
            while asked:
                asked = asked[os.write(self._request, asked) :]
        except BrokenPipeError:
            pass  # It died. Its silence says so too.
        os.close(self._request)
        return Answer(*self._collect(deadline))

    def _collect(self, deadline: float) -> tuple[bytes, bool]:
        said = bytearray()
        while len(said) <= ANSWER_MOST:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._answer], [], [], left)[0]:
                return bytes(said), False
            piece = os.read(self._answer, CHUNK)
            if not piece:
                break
            said += piece
        return bytes(said), True

    def bury(self) -> int:
        """Kill the child and all it started; return how it ended."""
        os.close(self._answer)
        for kill in (os.killpg, os.kill):
            try:
                kill(self._child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        status = os.waitpid(self._child, 0)[1]
        reap_orphans()
        return os.waitstatus_to_exitcode(status)


def reap_orphans() -> None:
    """Wait for what the dead child left to PID 1."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def work(request: int, answer: int, ruff: str) -> "NoReturn":
    """Be the child."""
    status, said = DONE, b""
    try:
        os.setsid()
        leave_channel()
        limit_self()
        asked = receive(request)
        if asked:
            files, settings, rules, folder = marshal.loads(asked)  # noqa: S302 - our parent's word
            said = readers.read(files, settings, rules, folder, ruff)
    except readers.Misused as error:
        status, said = readers.MISUSED, str(error).encode()[:CHUNK]
    except MemoryError:
        status = readers.OUT_OF_MEMORY
    except BaseException:  # noqa: BLE001 - an answer without a status: the parent calls it a crash
        os._exit(1)
    send(answer, ANSWER.pack(status, len(said)) + said)
    os._exit(0)


def receive(request: int) -> bytes:
    """Return what comes through the pipe until it ends."""
    pieces = []
    while piece := os.read(request, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def send(answer: int, said: bytes) -> None:
    """Write all of it, and let the reader see the end before ours."""
    view = memoryview(said)
    while view:
        view = view[os.write(answer, view) :]
    os.close(answer)


def leave_channel() -> None:
    """Make sure that nothing which a tool prints can get into a frame."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (wire.CHANNEL_IN, wire.CHANNEL_OUT, 2):
        os.dup2(nowhere, stream)


def limit_self() -> None:
    """Set the limits of the child and of the ruff that it starts."""
    # At the hard bound the kernel kills without a word, at the soft one it says why (SIGXCPU).
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    bounds = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))
