"""Goes down into folders and up again without following a link.

SECURITY: what is below was left by hostile code. Each folder is opened by its name in the one
above, O_NOFOLLOW; the way up is checked to lead where the way down came from. One descriptor is
held however deep it goes, and no path is ever resolved as a whole.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from assize_sandbox.errors import SandboxError

FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
Identity = tuple[int, int]
"""Device and inode."""


class Descent:
    """Stands in a folder. Used in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder, FOLDER_FLAGS)
        self._above: list[Identity] = []

    @property
    def fd(self) -> int:
        """The descriptor of the folder that this stands in."""
        return self._fd

    @property
    def depth(self) -> int:
        """How many folders there are above, up to where it began."""
        return len(self._above)

    def enter(self, name: bytes) -> None:
        """Go down into a folder of this one.

        Raises:
            OSError: There is no such folder.
        """
        inner = os.open(name, FOLDER_FLAGS, dir_fd=self._fd)
        self._above.append(identity(os.fstat(self._fd)))
        self._stand_in(inner)

    def leave(self) -> None:
        """Go up again.

        Raises:
            SandboxError: Somebody moved the folder meanwhile.
        """
        self._stand_in(os.open("..", FOLDER_FLAGS, dir_fd=self._fd))
        if identity(os.fstat(self._fd)) != self._above.pop():
            raise SandboxError("a folder was moved while it was read, when no process should live")

    def _stand_in(self, descriptor: int) -> None:
        os.close(self._fd)
        self._fd = descriptor

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the folder."""
        os.close(self._fd)


def identity(status: os.stat_result) -> Identity:
    """Return what tells a file from every other that there is now."""
    return status.st_dev, status.st_ino
