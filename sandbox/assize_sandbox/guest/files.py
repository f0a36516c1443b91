"""The sandbox's writable folders: source files in, checked files out, everything else forgotten.

All of it happens while no process of the candidate lives, so nothing can change under us.
"""

import os
import stat
import time

TYPE_CHECKING = False  # `typing` costs more to import than all the rest.
if TYPE_CHECKING:
    from collections.abc import Iterator

    from scratch import Scratch

WORK = "/workspace"
WRITABLE = (WORK, "/tmp", "/dev/shm")  # noqa: S108 - the container's own
STARTED = time.time()
"""What a workspace brought with it is older: its inodes were changed before there was a guest."""


class Sources:
    """The submitted files, remembered so that the work folder can be made anew."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def put(self, path: str, content: bytes) -> None:
        """Write one file below the work folder; the host has checked the path."""
        self._files[path] = content
        write(path, content)

    def restore(self) -> bool:
        """Forget whatever was left in the writable folders, times and attributes too."""
        for folder in WRITABLE:
            # A view of a workspace that calls share is read-only: nothing can be left in it.
            if not os.statvfs(folder).f_flag & os.ST_RDONLY:
                empty(folder)
        for path, content in self._files.items():
            write(path, content)
        return True


def write(path: str, content: bytes) -> None:
    """Write a file below the work folder, making its folders."""
    whole = os.path.join(WORK, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "wb") as file:
        file.write(content)


def empty(folder: str) -> None:
    """Remove everything in a folder, and what could be remembered on the folder itself."""
    if not os.path.isdir(folder):
        return
    # Ours is /workspace alone; the other two belong to root, and only their times can be marked.
    if os.stat(folder).st_uid == os.getuid():
        os.chmod(folder, 0o755)
        for name in os.listxattr(folder):
            os.removexattr(folder, name)
        os.utime(folder, (0, 0))
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                os.unlink(entry.path)
    renew_times(folder)


def renew_times(folder: str) -> None:
    """Let the times of an empty folder tell of now, and not of the last who wrote or listed it."""
    passing = os.path.join(folder, "passing")
    os.close(os.open(passing, os.O_CREAT | os.O_WRONLY))
    os.unlink(passing)
    # Reading moves the time of access because it is older than the change (relatime).
    os.listdir(folder)


def remove_tree(path: str) -> None:
    """Remove a folder, however deep it is and whatever its modes say.

    Level by level with chdir, since neither a path nor the stack has room for 4,000 levels.
    """
    enter(path)
    levels = [(path, strip())]
    while levels:
        name, folders = levels[-1]
        if folders:
            inner = folders.pop()
            enter(inner)
            levels.append((inner, strip()))
        else:
            levels.pop()
            os.chdir("..")
            os.rmdir(os.path.basename(name))
    os.chdir("/")


def enter(folder: str) -> None:
    """Make a folder ours to change, and go there."""
    os.chmod(folder, 0o700)
    os.chdir(folder)


def strip() -> list[str]:
    """Remove all but the folders from the current folder; return their names."""
    with os.scandir(".") as entries:
        found = list(entries)
    folders = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name)
    return folders


def texts() -> dict[str, str]:
    """Return every Python file below the work folder that is UTF-8, by its path from there."""
    found = {}
    for folder, _, names in os.walk(WORK):
        for name in names:
            if name.endswith(".py"):
                whole = os.path.join(folder, name)
                try:
                    with open(whole, encoding="utf-8", newline="") as file:
                        found[os.path.relpath(whole, WORK)] = file.read()
                except UnicodeDecodeError:
                    continue
    return found


def full(file_bytes: int) -> bool:
    """Tell whether a writable folder is full, or a file in it as large as a file may be."""
    for folder in WRITABLE:
        try:
            room = os.statvfs(folder)
        except OSError:
            continue
        if room.f_flag & os.ST_RDONLY:
            continue
        if room.f_bavail == 0 or room.f_favail == 0:
            return True
    return any(size >= file_bytes for size in _sizes())


def _sizes() -> "Iterator[int]":
    """Yield the sizes of files that were made or changed since the guest began."""
    waiting = list(WRITABLE)
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    status = entry.stat(follow_symlinks=False)
                    # Nobody sets the time of change (ctime) by hand.
                    if status.st_ctime >= STARTED:
                        yield status.st_size
        except OSError:
            continue


def read(path: str, most: int, room: "Scratch") -> tuple[str, int, str]:
    """Read a file below the work folder into `room`; return (kind, size, detail).

    SECURITY: links are not followed: every part of the path is opened relative to its parent with
    O_NOFOLLOW, and only a regular file with a single name is read.
    """
    room.forget()
    try:
        descriptor = _open_beneath(path)
    except FileNotFoundError:
        return "absent", 0, ""
    except OSError as error:
        return "refused", 0, f"cannot be opened as a plain file: {error.strerror}"
    try:
        status = os.fstat(descriptor)
        refusal = _refusal(status, most)
        if refusal:
            return "refused", status.st_size, refusal
        while room.used < most and room.read(descriptor, most - room.used):
            pass
        return "file", status.st_size, ""
    finally:
        os.close(descriptor)


def _refusal(status: os.stat_result, most: int) -> str:
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_nlink != 1:
        return "has more than one name (hard links)"
    if status.st_size > most:
        return f"has {status.st_size} bytes, at most {most} are read"
    return ""


def _open_beneath(path: str) -> int:
    folder = os.open(WORK, os.O_RDONLY | os.O_DIRECTORY)
    *parents, name = path.split("/")
    try:
        for part in parents:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            inner = os.open(part, flags, dir_fd=folder)
            os.close(folder)
            folder = inner
        # O_NONBLOCK: opening a FIFO must not wait for a writer.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
