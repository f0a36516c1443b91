"""Files below a folder, reached by descriptors: no step of a path is ever a link."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NewType

Signature = NewType("Signature", tuple[int, int, int, int, int])
"""Inode, type and mode, size, and both times: if these are the same, so is the file."""
FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO that was put there must not make us wait.
READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
CHUNK_BYTES: Final = 1024 * 1024
OWNER_ALL: Final = 0o700


class LinkOnTheWay(Exception):
    """A folder on the way to a path is none."""


@contextmanager
def folder_at(root: int, path: str) -> Iterator[int]:
    """Give a descriptor of the folder at a path below `root`; an empty path is the root.

    Raises:
        LinkOnTheWay: A part of the path is a link or a file.
        FileNotFoundError: It is not there.
    """
    opened = os.dup(root)
    try:
        for name in path.split("/") if path else ():
            try:
                below = os.open(name, FOLDER_FLAGS, dir_fd=opened)
            except OSError as error:
                if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                    raise LinkOnTheWay(f"{path!r}: {name!r} is no folder") from error
                raise
            os.close(opened)
            opened = below
        yield opened
    finally:
        os.close(opened)


@contextmanager
def parent_of(root: int, path: str) -> Iterator[tuple[int, str]]:
    """Give a descriptor of the folder that a path is in, and its name there.

    Raises:
        LinkOnTheWay: A part of the path is a link or a file.
        FileNotFoundError: The folder is not there.
    """
    parent, _, name = path.rpartition("/")
    with folder_at(root, parent) as opened:
        yield opened, name


@contextmanager
def writable(folder: int) -> Iterator[None]:
    """Let this user change a folder's entries for the while."""
    mode = stat.S_IMODE(os.fstat(folder).st_mode)
    if mode & OWNER_ALL == OWNER_ALL:
        yield
        return
    os.fchmod(folder, mode | OWNER_ALL)
    try:
        yield
    finally:
        os.fchmod(folder, mode)


def signature(found: os.stat_result) -> Signature:
    """Return what changes when a file does."""
    return Signature(
        (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    )


def signature_at(folder: int, name: str) -> Signature | None:
    """Return the signature of what stands at a name; None: nothing."""
    try:
        return signature(os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return None


@contextmanager
def opened_file(folder: int, name: str) -> Iterator[int]:
    """Give a descriptor of a plain file.

    Raises:
        OSError: It is none, or cannot be read.
    """
    opened = os.open(name, READ_FLAGS, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "is no plain file", name)
        yield opened
    finally:
        os.close(opened)


def chunks_of(opened: int) -> Iterator[bytes]:
    """Yield the bytes of an open file, to its end."""
    while chunk := os.read(opened, CHUNK_BYTES):
        yield chunk
