"""Puts many objects at once: durable together, which takes a fraction of the time.

To make a file durable costs a round to the disk. Files of a batch are all written, and their file
system is then synced once: 10,000 files took 9 s in place of 41. The promise of the store stays: an
object has its name only when it is durable.
"""

import ctypes
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from assize_sandbox.workspaces.nodes import Digest, Tree, digest_of, encode_tree
from assize_sandbox.workspaces.objects import ObjectStore

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
PENDING_MOST: Final = 64
"""Files of a batch that wait at once; each holds a descriptor."""
ALONE_MOST: Final = 3
"""So few are synced one by one: their file system may have much else to write."""
REMEMBERED_MOST: Final = 1024
REMEMBERED_MOST_BYTES: Final = 16 * 1024
"""Trees of a batch that need not be read again by whoever looks at what was put."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A file that is written and neither durable nor named."""

    path: Path
    descriptor: int


class Batch:
    """Objects that are put together. They are in the store when the `with` block is left."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._pending: dict[Digest, _Written] = {}
        self._trees: dict[Digest, Tree] = {}

    def has(self, digest: Digest) -> bool:
        """Tell whether there is, or will be, such an object; it is not collected for now."""
        return digest in self._pending or self._objects.touch(digest)

    def put(self, content: bytes) -> Digest:
        """Keep content and return its name."""
        digest = digest_of(content)
        self.put_as(digest, (content,))
        return digest

    def put_as(self, digest: Digest, chunks: Iterable[bytes]) -> None:
        """Keep what the chunks hold together, whose name the caller has computed from them."""
        if self.has(digest):
            return
        aside = self._objects.aside()
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._pending[digest] = _Written(aside, descriptor)
        for chunk in chunks:
            write_all(descriptor, chunk)
        if len(self._pending) >= PENDING_MOST:
            self.flush()

    def put_tree(self, tree: Tree) -> Digest:
        """Keep a tree and return its name; it is not to be changed any more."""
        content = encode_tree(tree)
        digest = self.put(content)
        if len(content) <= REMEMBERED_MOST_BYTES and len(self._trees) < REMEMBERED_MOST:
            self._trees[digest] = tree
        return digest

    def flush(self) -> None:
        """Make durable and name what was put so far."""
        alone = len(self._pending) <= ALONE_MOST
        if not alone:
            sync_file_system(next(iter(self._pending.values())).descriptor)
        for digest, written in tuple(self._pending.items()):
            if alone:
                os.fdatasync(written.descriptor)
            self._objects.adopt(written.path, digest)
            del self._pending[digest]
            os.close(written.descriptor)

    def drop(self) -> None:
        """Forget what is not yet in the store."""
        while self._pending:
            written = self._pending.popitem()[1]
            os.close(written.descriptor)
            written.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Bring everything in; nothing more if the block has failed."""
        try:
            if kind is None:
                self.flush()
                for digest, tree in self._trees.items():
                    self._objects.remember(digest, tree)
        finally:
            self.drop()


def write_all(descriptor: int, content: bytes) -> None:
    """Write content to its end: write(2) may stop at 2 GiB."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_file_system(descriptor: int) -> None:
    """Make all durable that was written to a descriptor's file system: syncfs(2).

    Raises:
        OSError: Something could not be written (told since Linux 5.8).
    """
    if _LIBC.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
