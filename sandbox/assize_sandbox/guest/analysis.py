"""PID 1 of an analysis container: reads source and never runs it.

    python3 -I -S -B analysis.py [TOOLS]      TOOLS holds bin/ruff and lib/mypy

Processes: this one keeps mypy loaded and speaks with the host. Each request is carried out by a
forked child under limits of its own, in a fresh folder; the child starts ruff. When the child is
done, or its time is up, its whole process group is killed and the folder wiped, so nothing of one
request is left for the next. What the child says comes through a pipe and is passed on unread.

SECURITY: the source is hostile to its readers: it may crash ruff or mypy, or keep them busy for
ever. A reader that gave up is reported as such (`stopped`) and never as "nothing found".
"""

import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wire

TOOLS = sys.argv[1] if len(sys.argv) > 1 else "/opt/assize/tools"
sys.path.append(os.path.join(TOOLS, "lib"))

import readers  # noqa: E402 - its mypy is found through the line above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

WALL_SECONDS = 20
CPU_SECONDS = 10
"""Of each process: mypy's and ruff's."""
MEMORY_BYTES = 900 * 1024 * 1024
FILE_BYTES = 16 * 1024 * 1024
ANSWER_MOST = 3 * 1024 * 1024 + 512 * 1024
OPEN_FILES = 256
CHUNK = 64 * 1024


def serve() -> None:
    """Carry out what the host asks until it goes away."""
    files: dict[str, bytes] = {}
    wire.send({"ev": "ready"})
    while True:
        header, payload = wire.receive()
        if header["op"] == "put":
            files[header["path"]] = payload
            wire.send({"ev": "done"})
        elif header["op"] == "analyse":
            answer(files, header["settings"])
            files = {}
        else:
            wire.send({"ev": "error", "detail": f"analysis knows no {header['op']}"})


def answer(files: dict[str, bytes], settings: "readers.Settings") -> None:
    """Analyse in a child, wipe, and send what it found, or why it stopped."""
    folder = tempfile.mkdtemp(prefix="analysis-")
    try:
        said, code, in_time = run_child(files, settings, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wire.send(*reply(said, code, in_time))


def run_child(
    files: dict[str, bytes], settings: "readers.Settings", folder: str
) -> tuple[bytes, int, bool]:
    """Return what the child said, how it ended, and whether it was done in time."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        work(files, settings, folder, writing)
    os.close(writing)
    said, in_time = collect(reading, time.monotonic() + WALL_SECONDS)
    os.close(reading)
    return said, bury(child), in_time


def work(
    files: dict[str, bytes], settings: "readers.Settings", folder: str, writing: int
) -> "NoReturn":
    """Be the child: never returns."""
    status = 1
    try:
        os.setsid()
        leave_channel()
        limit_self()
        said = readers.read(files, settings, folder, os.path.join(TOOLS, "bin", "ruff"))
        view = memoryview(said)
        while view:
            view = view[os.write(writing, view) :]
        status = 0
    except readers.Misused as error:
        os.write(writing, str(error).encode()[:CHUNK])
        status = readers.MISUSED
    except MemoryError:
        status = readers.OUT_OF_MEMORY
    finally:
        os._exit(status)


def leave_channel() -> None:
    """Make sure that nothing which a tool prints can get into a frame."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (wire.CHANNEL_IN, wire.CHANNEL_OUT, 2):
        os.dup2(nowhere, stream)


def limit_self() -> None:
    """Set the limits of the child and of the ruff that it starts."""
    bounds = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))


def collect(reading: int, deadline: float) -> tuple[bytes, bool]:
    """Return what comes through the pipe until it ends, and whether it ended in time."""
    said = bytearray()
    while len(said) <= ANSWER_MOST:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return bytes(said), False
        piece = os.read(reading, CHUNK)
        if not piece:
            break
        said += piece
    return bytes(said), True


def bury(child: int) -> int:
    """Kill the child and all it started; return how it ended."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
    status = os.waitpid(child, 0)[1]
    reap_orphans()
    return os.waitstatus_to_exitcode(status)


def reap_orphans() -> None:
    """Wait for what the dead child left to PID 1."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def reply(said: bytes, code: int, in_time: bool) -> "tuple[wire.Header, bytes]":
    """Return header and payload of the answer."""
    if code == readers.MISUSED:
        return {"ev": "error", "detail": said.decode(errors="replace")[:2000]}, b""
    if not in_time or code == -signal.SIGXCPU:
        return {"ev": "findings", "stopped": "time"}, b"[]"
    if code == readers.OUT_OF_MEMORY:
        return {"ev": "findings", "stopped": "memory"}, b"[]"
    if code != 0 or len(said) > ANSWER_MOST:
        return {"ev": "findings", "stopped": "crash"}, b"[]"
    return {"ev": "findings", "stopped": ""}, said


if __name__ == "__main__":
    # mypy puts its working folder on the search path: let it be one that stays empty.
    os.chdir(tempfile.mkdtemp(prefix="empty-"))
    readers.prepare()
    try:
        serve()
    except wire.HostGone:
        pass
