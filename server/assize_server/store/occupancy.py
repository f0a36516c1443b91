"""Who uses a state folder: one service that keeps it, and whoever judges a single run beside it.

Each holds the folder's lock in common for as long as it runs. Whoever finds it free holds it alone
at first, and may go on with what an earlier process left: nobody else is in the middle of it. The
locks are the kernel's (flock), so that a process that is killed holds none.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Final, Self

from assize_sandbox.errors import SandboxError

USED: Final = "in-use.lock"
KEPT: Final = "service.lock"
LOOKS_SECONDS: Final = 0.05


class StateInUse(SandboxError):
    """Another process uses the state folder."""


class Occupancy:
    """A process's place in a state folder, from entry to exit."""

    def __init__(self, folder: Path, *, keeps: bool) -> None:
        """Prepare a place; `keeps` is for the one service that keeps the folder."""
        self._folder, self._keeps = folder, keeps
        self._held: list[int] = []
        self.is_alone = False
        """Whether nobody else was there at entry, and nobody can come until `let_others_in`."""

    async def __aenter__(self) -> Self:
        """Take the place, once whoever is alone there has let others in.

        Raises:
            StateInUse: The folder is to be kept by this process, and is used by another.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._keeps:
            self._keep()
            return self
        self.is_alone = self._takes(USED, fcntl.LOCK_EX)
        # Looked at again and again, since a wait in the kernel could not be cancelled.
        while not (self.is_alone or self._takes(USED, fcntl.LOCK_SH)):  # noqa: ASYNC110
            await asyncio.sleep(LOOKS_SECONDS)
        return self

    def let_others_in(self) -> None:
        """Share the folder, once what was left has been gone on with."""
        if self.is_alone:
            fcntl.flock(self._held[-1], fcntl.LOCK_SH)

    async def __aexit__(self, *_: object) -> None:
        """Give the place up."""
        self._leave()

    def _keep(self) -> None:
        self.is_alone = self._takes(KEPT, fcntl.LOCK_EX) and self._takes(USED, fcntl.LOCK_EX)
        if not self.is_alone:
            self._leave()
            raise StateInUse(
                f"another process uses the state in {self._folder}",
                remedy="ask the service that runs there (--server), wait for what runs there to "
                "end, or name another folder with ASSIZE_STATE",
            )

    def _takes(self, name: str, how: int) -> bool:
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held.append(descriptor)
        return True

    def _leave(self) -> None:
        while self._held:
            os.close(self._held.pop())
