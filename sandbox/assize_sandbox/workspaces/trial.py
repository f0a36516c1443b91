"""Finds out whether overlay works here as views need it: by mounting one and looking."""

import os
import stat
from pathlib import Path

from assize_sandbox.workspaces.descent import FOLDER_FLAGS
from assize_sandbox.workspaces.mounts import mount_overlay
from assize_sandbox.workspaces.rooms import Room
from assize_sandbox.workspaces.upper import OPAQUE, REDIRECT, attribute


def try_overlay(room: Room, lower: Path) -> str:
    """Change an overlay of `lower`, a folder to be made; tell what is not as it must be.

    Raises:
        SandboxError: Not even a tmpfs can be mounted, or overlay cannot.
        OSError: What overlay shows could not be changed.
    """
    (lower / "moved").mkdir(parents=True)
    (lower / "replaced").mkdir()
    (lower / "removed").touch()
    room.open()
    upper, work = room.folder_of_guest("upper", 0o755), room.folder_of_guest("work", 0o700)
    room.workspace.mkdir()
    mount_overlay(room.workspace, (room.folder_of_guest("start", 0o755), lower), upper, work)
    (room.workspace / "moved").rename(room.workspace / "there")
    (room.workspace / "removed").unlink()
    (room.workspace / "replaced").rmdir()
    (room.workspace / "replaced").mkdir()
    return fault(upper)


def fault(upper: Path) -> str:
    """Tell what overlay did not write to its upper layer, though it was asked for it."""
    if not is_whiteout(upper / "removed") or not is_whiteout(upper / "moved"):
        return "overlay makes no whiteouts here"
    if marked(upper / "there", REDIRECT) != b"moved":
        return "overlay does not tell where a folder came from"
    if marked(upper / "replaced", OPAQUE) != b"y":
        return "overlay does not tell that a folder was replaced"
    return ""


def is_whiteout(path: Path) -> bool:
    """Tell whether a path says that what is below it is gone."""
    status = path.lstat()
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(0, 0)


def marked(folder: Path, name: str) -> bytes | None:
    """Return an extended attribute of a folder."""
    descriptor = os.open(folder, FOLDER_FLAGS)
    try:
        return attribute(descriptor, name)
    finally:
        os.close(descriptor)
