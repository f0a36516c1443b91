"""The OCI runtime binary: run, delete, tell the version.

Each call is a short process in a session of its own, so that a Ctrl-C in our terminal does not
stop it half-way. It gets nothing of our environment but the search path.

INVARIANT: calls are started by `subprocess`, which uses vfork, and not by the event loop. uvloop
forks, and a fork runs the handlers that libraries have registered: those of gRPC bring the child
down when another thread is inside gRPC just then. A fork also copies our page tables.
"""

import asyncio
import os
import shutil
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Final

from assize_sandbox.engines.runc.streams import FarEnds, wake
from assize_sandbox.errors import EngineUnavailable, SandboxError

CALL_SECONDS: Final = 30
"""How long a call may take on a loaded machine; one takes tens of milliseconds."""
COMPLAINT_CHARACTERS: Final = 2000
SAID_MOST_BYTES: Final = 64 * 1024


class Runtime:
    """An OCI runtime, and the folder in which it keeps its state."""

    def __init__(self, command: tuple[str, ...], state: Path) -> None:
        self._command = command
        self._state = state

    async def version(self) -> str:
        """Return name and version, such as `runc 1.1.5`.

        Raises:
            EngineUnavailable: There is no such binary, or it is no OCI runtime.
        """
        binary = self._command[0]
        if shutil.which(binary) is None:
            raise EngineUnavailable(
                f"there is no OCI runtime {binary!r} on the path", remedy="apt-get install runc"
            )
        said = await self._call("--version")
        name, separator, version = said.partition("\n")[0].partition(" version ")
        if not separator:
            raise EngineUnavailable(
                f"{binary} does not answer like an OCI runtime: {said[:80]!r}",
                remedy="name the binary of runc, crun or runsc",
            )
        return f"{name} {version}"

    async def run(self, bundle: Path, container: str, stdio: FarEnds) -> int:
        """Start a container and return the process id of its guest.

        What the runtime has to say of a failure goes to the guest's standard error.

        Raises:
            SandboxError: It could not be started.
        """
        pid_file = bundle / "pid"
        words = ("run", "--detach", "--bundle", str(bundle), "--pid-file", str(pid_file), container)
        try:
            process = self._spawn(words, stdio.stdin, stdio.stdout, stdio.stderr)
        finally:
            stdio.close()
        if await bounded(process) != 0:
            raise SandboxError(f"{self._command[0]} could not start a container")
        return read_number(pid_file)

    async def delete(self, container: str) -> None:
        """Kill and free a container, its cgroup with it. One that is not there is no error.

        Raises:
            SandboxError: Something of it may be left.
        """
        await self._call("delete", "--force", container)

    async def _call(self, *words: str) -> str:
        # A file in memory, not a pipe: nobody has to read while it runs.
        said = os.memfd_create("said")
        try:
            status = await bounded(self._spawn(words, DEVNULL, said, said))
            text = os.pread(said, SAID_MOST_BYTES, 0).decode(errors="replace")
        finally:
            os.close(said)
        if status != 0:
            raise SandboxError(
                f"{self._command[0]} {' '.join(words)} failed with status {status}: "
                f"{text[-COMPLAINT_CHARACTERS:]}"
            )
        return text

    def _spawn(self, words: tuple[str, ...], stdin: int, stdout: int, stderr: int) -> Popen[bytes]:
        try:
            return Popen(
                (*self._command, "--root", str(self._state), *words),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{self._command[0]} could not be run: {error}") from error


async def bounded(process: Popen[bytes]) -> int:
    """Wait for a runtime's end and return its status; one that hangs is killed.

    Raises:
        SandboxError: It took too long.
    """
    try:
        async with asyncio.timeout(CALL_SECONDS):
            await ended(process.pid)
        return process.wait()
    except TimeoutError:
        raise SandboxError(f"the OCI runtime was silent for {CALL_SECONDS} s") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


async def ended(pid: int) -> None:
    """Wait until a child of ours is dead; it is left to be reaped."""
    loop = asyncio.get_running_loop()
    dead = loop.create_future()
    pidfd = os.pidfd_open(pid)
    loop.add_reader(pidfd, wake, dead)
    try:
        await dead
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


def read_number(file: Path) -> int:
    """Return the number in a file."""
    return int(file.read_text())
