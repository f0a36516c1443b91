"""mount(2) and umount2(2) for what views are made of: tmpfs and overlay.

Every mount of ours is nosuid and nodev from the start: there is no moment in which it is not.
"""

import ctypes
import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from assize_sandbox.errors import SandboxError

MOUNTINFO: Final = Path("/proc/self/mountinfo")

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_REMOUNT: Final = 0x20
MNT_DETACH: Final = 0x2
UMOUNT_NOFOLLOW: Final = 0x8
HARDENED: Final = MS_NOSUID | MS_NODEV

OPTIONS_MOST_BYTES: Final = 4000
"""mount(2) copies one page of options, and cuts off the rest without a word."""
OVERLAY_SETTINGS: Final = ("index=off", "metacopy=off", "redirect_dir=on")
"""Said in full, since a kernel's defaults are its builder's: no hidden hard link index, no file
whose content is elsewhere, and folders of a lower layer can be renamed."""
OCTAL: Final = re.compile(r"\\([0-7]{3})")

_libc = ctypes.CDLL(None, use_errno=True)


class MountRefused(SandboxError):
    """The kernel did not mount or unmount something."""

    def __init__(self, what: str, number: int) -> None:
        super().__init__(
            f"{what}: {os.strerror(number)}",
            remedy="run the service as root on the host, with CAP_SYS_ADMIN",
        )
        self.number = number
        """errno."""


def mount_tmpfs(target: Path, *, owner: int, mode: int = 0o700) -> None:
    """Mount memory, as much as the kernel gives by itself; `bound_tmpfs` says how much in the end.

    Raises:
        MountRefused: The kernel did not.
    """
    options = f"mode={mode:o},uid={owner},gid={owner}"
    _mount("tmpfs", target, "tmpfs", HARDENED, options)


def bound_tmpfs(target: Path, *, free_bytes: int, free_inodes: int) -> None:
    """Let a tmpfs hold no more than is in it now, and so much beside.

    Raises:
        MountRefused: The kernel did not.
    """
    room = os.statvfs(target)
    size = (room.f_blocks - room.f_bfree) * room.f_frsize + max(free_bytes, room.f_frsize)
    inodes = room.f_files - room.f_ffree + max(free_inodes, 1)
    # SECURITY: 0 would be no bound at all, in either.
    options = f"size={size},nr_inodes={inodes}"
    _mount("tmpfs", target, "tmpfs", HARDENED | MS_REMOUNT, options)


def freeze(target: Path, kind: str) -> None:
    """Let nobody change a mounted file system any more.

    Raises:
        MountRefused: The kernel did not.
    """
    _mount(kind, target, kind, HARDENED | MS_REMOUNT | MS_RDONLY, "")


def mount_overlay(
    target: Path, lower: Sequence[Path], upper: Path | None = None, work: Path | None = None
) -> None:
    """Mount layers above each other, the uppermost of `lower` first; read-only without `upper`.

    Raises:
        MountRefused: The kernel did not.
        SandboxError: The options are too long for mount(2).
    """
    options = overlay_options(lower, upper, work)
    if len(os.fsencode(options)) > OPTIONS_MOST_BYTES:
        raise SandboxError(
            f"{len(lower)} layers need mount options of more than {OPTIONS_MOST_BYTES} bytes",
            remedy="set ASSIZE_STATE to a folder with a shorter path",
        )
    _mount("overlay", target, "overlay", HARDENED | (0 if upper else MS_RDONLY), options)


def overlay_options(lower: Sequence[Path], upper: Path | None, work: Path | None) -> str:
    """Return the options of an overlay mount."""
    layers = ":".join(escaped(folder) for folder in lower)
    options = [f"lowerdir={layers}", *OVERLAY_SETTINGS]
    if upper is not None and work is not None:
        options += [f"upperdir={escaped(upper)}", f"workdir={escaped(work)}"]
    return ",".join(options)


def escaped(path: Path) -> str:
    """Return a path so that overlay takes no character of it as its own (overlayfs.rst)."""
    return re.sub(r"([\\:,])", r"\\\1", str(path))


def unmount(target: Path) -> None:
    """Take a mount and all that is mounted in it out of sight at once. One not there is no error.

    Raises:
        MountRefused: The kernel did not.
    """
    if _libc.umount2(os.fsencode(target), MNT_DETACH | UMOUNT_NOFOLLOW) == 0:
        return
    number = ctypes.get_errno()
    if number not in {errno.EINVAL, errno.ENOENT}:
        raise MountRefused(f"{target} could not be unmounted", number)


def mounts_below(folder: Path) -> tuple[Path, ...]:
    """Return the mount points in a folder, the newest first."""
    prefix = f"{folder}/"
    points = [OCTAL.sub(_octal, line.split()[4]) for line in MOUNTINFO.read_text().splitlines()]
    return tuple(Path(point) for point in reversed(points) if point.startswith(prefix))


def _octal(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))


def _mount(source: str, target: Path, kind: str, flags: int, options: str) -> None:
    arguments = (source.encode(), os.fsencode(target), kind.encode())
    if _libc.mount(*arguments, ctypes.c_ulong(flags), os.fsencode(options)) != 0:
        raise MountRefused(f"{kind} could not be mounted on {target}", ctypes.get_errno())
