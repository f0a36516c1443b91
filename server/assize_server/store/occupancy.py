"""Who uses a state folder: one service that keeps it, and whoever judges a single run beside it.

Each holds the folder's lock in common for as long as it runs. Whoever finds it free holds it alone
at first, and may go on with what an earlier process left: nobody else is in the middle of it. The
locks are the kernel's (flock), so that a process that is killed holds none.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from assize_sandbox.errors import SandboxError
from assize_server.store.database import StoreError

USED: Final = "in-use.lock"
KEPT: Final = "service.lock"
LOOKS_SECONDS: Final = 0.05
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


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
            StoreError: The folder cannot be made or written.
        """
        if self._keeps:
            self.keep()
            return self
        self.is_alone = self._takes(USED, fcntl.LOCK_EX)
        # Looked at again and again, since a wait in the kernel could not be cancelled.
        while not (self.is_alone or self._takes(USED, fcntl.LOCK_SH)):  # noqa: ASYNC110
            await asyncio.sleep(LOOKS_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give the place up."""
        self.leave()

    def let_others_in(self) -> None:
        """Share the folder, once what was left has been gone on with."""
        if self.is_alone:
            fcntl.flock(self._held[-1], fcntl.LOCK_SH)

    def keep(self) -> None:
        """Take the folder for this process, while nobody else is there.

        Raises:
            StateInUse: Somebody is.
            StoreError: The folder cannot be made or written.
        """
        self.is_alone = self._takes(KEPT, fcntl.LOCK_EX) and self._takes(USED, fcntl.LOCK_EX)
        if not self.is_alone:
            self.leave()
            raise StateInUse(
                f"another process uses the state in {self._folder}",
                remedy="ask the service that runs there (--server), stop it or wait for its end, "
                "or name another folder in ASSIZE_STATE",
            )

    def leave(self) -> None:
        """Give the place up."""
        while self._held:
            os.close(self._held.pop())

    def _takes(self, name: str, how: int) -> bool:
        descriptor = self._opened(name)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held.append(descriptor)
        return True

    def _opened(self, name: str) -> int:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._folder / name, _FLAGS, 0o600)
        except OSError as error:
            raise StoreError(
                f"the state folder {self._folder} cannot be used: {error.strerror or error}",
                remedy="set ASSIZE_STATE to a folder that this user may write to",
            ) from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep everybody else out of a state folder meanwhile.

    Raises:
        StateInUse: Somebody is there.
        StoreError: The folder cannot be made or written.
    """
    place = Occupancy(folder, keeps=True)
    place.keep()
    try:
        yield
    finally:
        place.leave()
