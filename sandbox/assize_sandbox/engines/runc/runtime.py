"""The OCI runtime binary: run, delete, tell the version.

Each call is a short process in a session of its own, so that a Ctrl-C in our terminal does not
stop it half-way. It gets nothing of our environment but the search path.
"""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Coroutine
from pathlib import Path
from typing import Final, TypeVar

from assize_sandbox.engines.runc.streams import FarEnds
from assize_sandbox.errors import EngineUnavailable, SandboxError

CALL_SECONDS: Final = 30
"""How long a call may take on a loaded machine; one takes tens of milliseconds."""
COMPLAINT_CHARACTERS: Final = 2000
T = TypeVar("T")


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
            process = await self._spawn(words, stdio.stdin, stdio.stdout, stdio.stderr)
        finally:
            stdio.close()
        if await bounded(process, process.wait()) != 0:
            raise SandboxError(f"{self._command[0]} could not start a container")
        return read_number(pid_file)

    async def delete(self, container: str) -> None:
        """Kill and free a container, its cgroup with it. One that is not there is no error.

        Raises:
            SandboxError: Something of it may be left.
        """
        await self._call("delete", "--force", container)

    async def _call(self, *words: str) -> str:
        process = await self._spawn(words, DEVNULL, PIPE, STDOUT)
        said, _ = await bounded(process, process.communicate())
        text = said.decode(errors="replace")
        if process.returncode != 0:
            raise SandboxError(
                f"{self._command[0]} {' '.join(words)} failed with status {process.returncode}: "
                f"{text[-COMPLAINT_CHARACTERS:]}"
            )
        return text

    async def _spawn(self, words: tuple[str, ...], stdin: int, stdout: int, stderr: int) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                *("--root", str(self._state)),
                *words,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"{self._command[0]} could not be run: {error}") from error


async def bounded(process: Process, work: Coroutine[None, None, T]) -> T:
    """Wait for a runtime's end; one that hangs is killed.

    Raises:
        SandboxError: It took too long.
    """
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await work
    except TimeoutError:
        raise SandboxError(f"the OCI runtime was silent for {CALL_SECONDS} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def read_number(file: Path) -> int:
    """Return the number in a file."""
    return int(file.read_text())
