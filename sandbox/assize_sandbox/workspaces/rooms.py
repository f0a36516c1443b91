"""The memory that a view lives in, and what is left of views whose process died."""

import logging
import os
from pathlib import Path
from typing import Final

from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.mounts import bound_tmpfs, mount_tmpfs, mounts_below, unmount
from assize_sandbox.workspaces.nodes import MODE_BITS

PASSING: Final = 0o711
"""Of folders on the way to a view: the container's users pass through, and see no names."""

log = logging.getLogger(__name__)


class Room:
    """A tmpfs of one view's own. Close it, whatever happens."""

    def __init__(self, folder: Path, owner: int) -> None:
        self.folder = folder
        """Where it is mounted."""
        self.workspace = folder / "workspace"
        """What the run will see of it."""
        self._owner = owner
        self._open = False

    def open(self) -> None:
        """Make it. `bound` says how much it holds; until then only we write to it.

        Raises:
            SandboxError: The kernel mounts no tmpfs here.
        """
        try:
            self.folder.mkdir(mode=PASSING)
        except OSError as error:
            raise SandboxError(f"a view could not be made: {error}") from error
        self._open = True
        # SECURITY: closed to all but the guest's user, and the container's root who is above it.
        mount_tmpfs(self.folder, owner=self._owner, mode=0o700)

    def folder_of_guest(self, name: str, mode: int) -> Path:
        """Make a folder in it that belongs to the guest's user."""
        made = self.folder / name
        made.mkdir(mode=0o700)
        os.chown(made, self._owner, self._owner)
        made.chmod(mode & MODE_BITS)
        return made

    def bound(self, shape: Shape, entries: int = 0) -> None:
        """Let a disk's worth be added to what is in it now, and `entries` more inodes."""
        bound_tmpfs(
            self.folder,
            free_bytes=shape.disk_bytes,
            free_inodes=shape.disk_inodes + entries,
        )

    def require_open(self) -> None:
        """Refuse to go on without it.

        Raises:
            SandboxError: It is closed.
        """
        if not self._open:
            raise SandboxError("the view of the workspace is closed")

    def close(self) -> None:
        """Unmount and remove it, with all that is mounted in it. Idempotent."""
        if self._open:
            clear(self.folder)
            self._open = False


def clear(folder: Path) -> None:
    """Remove the folder of a room.

    SECURITY: what the run left is never walked to be deleted. It is gone with the memory it was in.
    """
    unmount(folder)
    folder.rmdir()


def clear_all(folder: Path) -> None:
    """Remove every room of a process that is dead; what resists is told and left."""
    for mounted in mounts_below(folder):
        unmount(mounted)
    try:
        for room in folder.iterdir():
            room.rmdir()
        folder.rmdir()
    except OSError as error:
        log.warning("the views of a dead process were not removed", extra={"error": str(error)})
