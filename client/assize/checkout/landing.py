"""Puts a snapshot's files into a folder, each as a whole or not at all.

The order: what is gone is removed, folders are made, files and links are put in place by a rename,
folders get their bits. Before a name is touched, what stands there is compared with what was seen
when the pull was decided. Killed at any point, the folder can be pulled into again.
"""

import errno
import hashlib
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from assize.checkout.places import (
    FOLDER_FLAGS,
    LinkOnTheWay,
    Signature,
    chunks_of,
    opened_file,
    parent_of,
    signature_at,
    writable,
)
from assize.checkout.plan import Plan, Sides
from assize.checkout.state import Folder
from assize.errors import Conflict, MalformedAnswer
from assize.model.effects import FileState, FileType

_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_STAYS: Final = {errno.ENOTEMPTY, errno.EEXIST}


def keep_aside(folder: Folder, digest: str, size_bytes: int, chunks: Iterable[bytes]) -> None:
    """Write content aside under its digest.

    Raises:
        MalformedAnswer: It is not what the digest says.
    """
    part, hashed, written = uuid.uuid4().hex, hashlib.sha256(), 0
    opened = os.open(part, _WRITE, 0o600, dir_fd=folder.aside)
    with os.fdopen(opened, "wb") as file:
        for chunk in chunks:
            hashed.update(chunk)
            written += len(chunk)
            if written > size_bytes:
                break
            file.write(chunk)
    if written != size_bytes or hashed.hexdigest() != digest:
        os.unlink(part, dir_fd=folder.aside)
        raise MalformedAnswer(f"the service sent other bytes than those of {digest}")
    os.rename(part, digest, src_dir_fd=folder.aside, dst_dir_fd=folder.aside)


def is_aside(folder: Folder, digest: str) -> bool:
    """Tell whether content is aside, as a pull that was interrupted leaves it."""
    hashed = hashlib.sha256()
    try:
        with opened_file(folder.aside, digest) as file:
            for chunk in chunks_of(file):
                hashed.update(chunk)
    except FileNotFoundError:
        return False
    except OSError:
        # It has got its bits already, by which its owner may not read it.
        hashed.update(b"unread")
    if hashed.hexdigest() == digest:
        return True
    os.unlink(digest, dir_fd=folder.aside)
    return False


class Landing:
    """Carries out one plan. All content that it needs is aside."""

    def __init__(
        self,
        folder: Folder,
        plan: Plan,
        *,
        sides: Sides,
        seen: Mapping[str, Signature],
        landed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare. `landed` is told of each path that is done."""
        self._folder = folder
        self._plan = plan
        self._sides = sides
        self._new = new = sides.new
        self._seen = seen
        self._landed = landed
        self._uses = Counter(
            state.digest for state in map(new.__getitem__, plan.written) if state.digest
        )

    def land(self) -> None:
        """Do all of it.

        Raises:
            Conflict: Something was changed here meanwhile, or stands in the way.
        """
        here = self._sides.here.items()
        folders = {path for path, state in here if state.type is FileType.FOLDER}
        gone = self._gone(folders)
        for path in sorted(gone, reverse=True):
            self._act(path, self._remove_folder if path in folders else self._remove_file)
        written = sorted(self._plan.written)
        for path in (each for each in written if self._type(each) is FileType.FOLDER):
            self._act(path, self._make_folder)
        for path in (each for each in written if self._type(each) is not FileType.FOLDER):
            self._act(path, self._put)
        for path in sorted(self._folders_to_mark(), reverse=True):
            self._act(path, self._mark)

    def _gone(self, folders: set[str]) -> Iterator[str]:
        """Yield what goes, or has to make way for another type."""
        yield from self._plan.removed
        for path in self._plan.written:
            becomes_folder = self._type(path) is FileType.FOLDER
            if (path in folders and not becomes_folder) or (path in self._seen and becomes_folder):
                yield path

    def _folders_to_mark(self) -> Iterator[str]:
        for path, state in self._new.items():
            if state.type is not FileType.FOLDER or path in self._plan.kept:
                continue
            # Bits that only somebody here has changed stay as they are.
            known = (self._sides.last.get(path), self._sides.here.get(path))
            if path in self._plan.written or state not in known:
                yield path

    def _type(self, path: str) -> FileType:
        return self._new[path].type

    def _act(self, path: str, act: Callable[[int, str, str], None]) -> None:
        try:
            with parent_of(self._folder.root, path) as (parent, name):
                act(parent, name, path)
        except LinkOnTheWay as error:
            raise Conflict(f"{path}: a link or file stands where a folder was: {error}") from error
        except FileNotFoundError:
            # The folder that it was in is gone, so that there is nothing to remove or mark.
            if path in self._plan.written:
                raise _changed(path) from None
        self._landed(path)

    def _remove_file(self, parent: int, name: str, path: str) -> None:
        self._require_unchanged(parent, name, path)
        with writable(parent), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)

    def _remove_folder(self, parent: int, name: str, path: str) -> None:
        with writable(parent), suppress(FileNotFoundError):
            try:
                os.rmdir(name, dir_fd=parent)
            except OSError as error:
                if error.errno not in _STAYS:
                    raise
                # Something is in it that no snapshot knows: it stays, unless it is in the way.
                if path in self._plan.written:
                    text = f"{path}: this folder has files that no snapshot knows; move them away"
                    raise Conflict(text) from error

    def _make_folder(self, parent: int, name: str, path: str) -> None:
        with writable(parent):
            try:
                os.mkdir(name, 0o700, dir_fd=parent)
            except FileExistsError:
                # Made by a pull that was interrupted, or by somebody: a folder is a folder.
                os.close(os.open(name, FOLDER_FLAGS, dir_fd=parent))

    def _put(self, parent: int, name: str, path: str) -> None:
        state = self._new[path]
        made = self._link(state) if state.type is FileType.SYMLINK else self._file(state)
        self._require_unchanged(parent, name, path)
        with writable(parent):
            os.rename(made, name, src_dir_fd=self._folder.aside, dst_dir_fd=parent)

    def _link(self, state: FileState) -> str:
        made = uuid.uuid4().hex
        os.symlink(state.target, made, dir_fd=self._folder.aside)
        return made

    def _file(self, state: FileState) -> str:
        aside = self._folder.aside
        made = state.digest
        self._uses[state.digest] -= 1
        if self._uses[state.digest]:
            made = uuid.uuid4().hex
            with opened_file(aside, state.digest) as source:
                copy = os.open(made, _WRITE, 0o600, dir_fd=aside)
                with os.fdopen(copy, "wb") as file:
                    for chunk in chunks_of(source):
                        file.write(chunk)
        with opened_file(aside, made) as opened:
            os.fchmod(opened, state.mode)
        return made

    def _mark(self, parent: int, name: str, path: str) -> None:
        opened = os.open(name, FOLDER_FLAGS, dir_fd=parent)
        try:
            os.fchmod(opened, self._new[path].mode)
        finally:
            os.close(opened)

    def _require_unchanged(self, parent: int, name: str, path: str) -> None:
        if signature_at(parent, name) not in {None, self._seen.get(path)}:
            raise _changed(path)


def _changed(path: str) -> Conflict:
    return Conflict(f"{path} was changed while the pull was under way; pull again")
