"""A container's init process, held by a pidfd.

The number of a process can come round again; a pidfd means one process for ever. When the init
process of a pid namespace is gone, every other process of the namespace is dead and reaped before
it (pid_namespaces(7)), so its end is the end of the container.
"""

import asyncio
import os
import select
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Self

from assize_sandbox.errors import SandboxError

VISIBILITY_REMEDY = "run the service on the host itself, or in a container with --pid=host"


class InitProcess:
    """The first process of a container."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._dead = asyncio.Event()
        self._exit_status: int | None = None
        self._when_dead: list[Callable[[], None]] = []
        asyncio.get_running_loop().add_reader(pidfd, self._died)

    @classmethod
    def open(cls, pid: int, container: str) -> Self:
        """Take hold of the process `pid` of a container.

        Raises:
            SandboxError: It is gone already, or its number means another process here.
        """
        try:
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            raise SandboxError(
                f"the guest of container {container[:12]} is gone, or cannot be seen from here",
                remedy=VISIBILITY_REMEDY,
            ) from error
        # INVARIANT: compared after the pidfd was opened, so that both speak of one process.
        if container not in control_groups(pid):
            os.close(pidfd)
            raise SandboxError(
                f"process {pid} is not the guest of container {container[:12]} here",
                remedy=VISIBILITY_REMEDY,
            )
        return cls(pid, pidfd)

    @property
    def alive(self) -> bool:
        """Ask the kernel, not the event loop, whether it still runs."""
        if self._dead.is_set():
            return False
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return not poll.poll(0)

    @property
    def exit_status(self) -> int | None:
        """How it ended, as `os.waitstatus_to_exitcode` says; None where it was no child of ours."""
        return self._exit_status

    def when_dead(self, act: Callable[[], None]) -> None:
        """Have `act` called once, at once, when the process is seen dead."""
        if self._dead.is_set():
            act()
        else:
            self._when_dead.append(act)

    def kill(self) -> bool:
        """Kill it and with it the container; tell whether we were allowed to."""
        if self._dead.is_set():
            return True
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return True

    async def died(self) -> None:
        """Wait until every process of the container is dead."""
        await self._dead.wait()

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._exit_status = reap(self._pidfd)
        os.close(self._pidfd)
        self._dead.set()
        for act in self._when_dead:
            act()


def reap(pidfd: int) -> int | None:
    """Reap a dead process if it fell to us, and tell how it ended.

    That is so where this process is PID 1 of a container, or a child subreaper; elsewhere the
    host's own init does it.
    """
    try:
        end = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return None
    if end is None:
        return None
    return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status


def control_groups(pid: int) -> str:
    """Return /proc/PID/cgroup; empty if the process is gone."""
    try:
        return Path(f"/proc/{pid}/cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
