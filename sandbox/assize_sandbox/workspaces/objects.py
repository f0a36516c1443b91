"""The content-addressed store: blobs and trees, each named by the SHA-256 of its bytes.

SHA-256 and not BLAKE3: the processor has instructions for it, the standard library has it, and
in-toto statements name subjects by it (docs/adr/0010).

- An object is written aside, made durable and renamed: it is there as a whole or not at all.
- What is read is verified. An object that does not have its name is never served.
- `sync` makes the folders durable; whatever names an object is recorded only after it.
- What is put, or found there, is touched: garbage collection spares what was touched lately.
"""

import hashlib
import os
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Final, Self

from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.large_trees import LargeTrees
from assize_sandbox.workspaces.nodes import (
    EMPTY_TREE,
    Digest,
    MalformedTree,
    Tree,
    decode_tree,
    digest_of,
    encode_tree,
)

CHUNK_BYTES: Final = 1024 * 1024
TREE_MOST_BYTES: Final = 64 * 1024 * 1024
CACHED_TREES: Final = 4096
CACHED_TREE_MOST_BYTES: Final = 16 * 1024
LARGE_TREES_MOST_BYTES: Final = 32 * 1024 * 1024
"""SECURITY: of larger ones together, since whoever pushes chooses how large they are. In memory
they take four times as much. Without them each look at a path reads all of its folder anew."""


class ObjectMissing(SandboxError):
    """An object that something names is not in the store."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"object {digest} is missing from the store",
            remedy="restore it from a backup, or roll back to a snapshot that does not need it",
        )
        self.digest = digest


class ObjectCorrupt(SandboxError):
    """An object's bytes do not have the digest that it is named by."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"object {digest} in the store is corrupt",
            remedy="restore it from a backup, or roll back to a snapshot that does not need it",
        )
        self.digest = digest


class ObjectStore:
    """Objects in a folder. Safe for threads and for several processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[Path] = set()
        self._making = threading.Lock()
        """Held where `_made` is changed: threads put while another makes durable."""
        self._syncing = threading.Lock()
        self._fresh: dict[Digest, Tree] = {}
        self._cached = lru_cache(maxsize=CACHED_TREES)(self._read_tree)
        self._large = LargeTrees(LARGE_TREES_MOST_BYTES)

    def path(self, digest: Digest) -> Path:
        """Return where an object is, or would be."""
        return self._folder / digest[:2] / digest[2:]

    def has(self, digest: Digest) -> bool:
        """Tell whether there is such an object; what it holds is not looked at."""
        return self.path(digest).exists()

    def size_bytes(self, digest: Digest) -> int:
        """Return an object's size; its content is not looked at.

        Raises:
            ObjectMissing: It is not there.
        """
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError as error:
            raise ObjectMissing(digest) from error

    def touch(self, digest: Digest) -> bool:
        """Tell whether there is such an object, and keep it from being collected for now."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def missing(self, digests: Iterable[Digest]) -> list[Digest]:
        """Return those that are not there, in order."""
        return [digest for digest in digests if not self.has(digest)]

    def put(self, content: bytes) -> Digest:
        """Keep content and return its name."""
        digest = digest_of(content)
        if not self.touch(digest):
            with self._aside() as (aside, file):
                file.write(content)
                self.keep(aside, file, digest)
        return digest

    def put_stream(self, chunks: Iterable[bytes]) -> tuple[Digest, int]:
        """Keep what the chunks hold together; return its name and size. Constant memory."""
        with self.writing() as writing:
            for chunk in chunks:
                writing.write(chunk)
            return writing.keep(), writing.size_bytes

    def writing(self) -> "Writing":
        """Return an object that is written piece by piece; a context manager."""
        return Writing(self, self._aside())

    def read(self, digest: Digest, most_bytes: int = TREE_MOST_BYTES) -> bytes:
        """Return an object's bytes, verified; no more than `most_bytes` are read.

        Raises:
            ObjectMissing: It is not there.
            ObjectCorrupt: It is not what its name says.
            SandboxError: It is larger than `most_bytes`.
        """
        with self._open(digest) as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise SandboxError(f"object {digest} has more than {most_bytes} bytes")
        if digest_of(content) != digest:
            raise ObjectCorrupt(digest)
        return content

    def verify(self, digest: Digest) -> None:
        """Read an object to its end.

        Raises:
            ObjectMissing: It is not there.
            ObjectCorrupt: It is not what its name says.
        """
        with self._open(digest) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ObjectCorrupt(digest)

    def chunks(self, digest: Digest) -> Iterator[bytes]:
        """Yield an object's bytes, verified before the first is given.

        Raises:
            ObjectMissing: It is not there.
            ObjectCorrupt: It is not what its name says.
        """
        with self._open(digest) as file:
            # SECURITY: both passes read the same open file, which is never written again.
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ObjectCorrupt(digest)
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def put_tree(self, tree: Tree) -> Digest:
        """Keep a tree and return its name."""
        return self.put(encode_tree(tree))

    def tree(self, digest: Digest) -> Tree:
        """Return the tree of that name; do not change it.

        Raises:
            ObjectMissing: It is not there.
            ObjectCorrupt: It is not what its name says, or no tree.
        """
        if digest == EMPTY_TREE:
            # What a workspace begins with needs no object.
            return {}
        size_bytes = self.size_bytes(digest)
        if size_bytes <= CACHED_TREE_MOST_BYTES:
            return self._cached(digest)
        return self._large.tree(digest, size_bytes, self._read_tree)

    def sync(self) -> None:
        """Make durable what was put since the last time.

        INVARIANT: what this thread put is durable on return, whichever thread's call did it.
        """
        with self._syncing:
            with self._making:
                made, self._made = self._made, set()
            try:
                for folder in made:
                    sync_folder(folder)
            except OSError:
                with self._making:
                    self._made |= made
                raise

    def aside(self) -> Path:
        """Return where an object may be written before it is there; nobody looks at it."""
        aside = self._folder / "aside"
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        return aside / uuid.uuid4().hex

    def adopt(self, aside: Path, digest: Digest) -> None:
        """Give a file that was written aside, and is durable, its name."""
        target = self.path(digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        aside.rename(target)
        with self._making:
            self._made |= {target.parent, self._folder}

    def digests(self) -> Iterator[Digest]:
        """Yield the name of every object there is."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                yield Digest(folder.name + path.name)

    def delete(self, digest: Digest) -> None:
        """Remove an object; one that is not there is no error."""
        self.path(digest).unlink(missing_ok=True)
        self._cached.cache_clear()
        self._large.clear()

    def delete_untouched(self, digest: Digest, since_ns: int) -> int | None:
        """Remove an object unless it was touched since then; return its size if it is gone.

        INVARIANT: whoever touches an object and is told that it is there finds it there later. A
        touch that comes between the look and the removal is seen on the file put aside.
        """
        path, aside = self.path(digest), self._folder / "aside" / uuid.uuid4().hex
        try:
            if path.stat().st_mtime_ns >= since_ns:
                return None
            aside.parent.mkdir(mode=0o700, exist_ok=True)
            path.rename(aside)
        except FileNotFoundError:
            return None
        found = aside.stat()
        if found.st_mtime_ns >= since_ns:
            aside.rename(path)
            return None
        aside.unlink()
        self._cached.cache_clear()
        self._large.clear()
        return found.st_size

    def clear_aside(self, since_ns: int) -> None:
        """Remove what writers that were killed left, unless it was written to since then."""
        for path in (self._folder / "aside").glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime_ns < since_ns:
                    path.unlink()

    def remember(self, digest: Digest, tree: Tree) -> None:
        """Keep a tree that was just put from being read again; it is not to be changed."""
        self._fresh[digest] = tree
        self._cached(digest)
        self._fresh.pop(digest, None)

    def _read_tree(self, digest: Digest) -> Tree:
        if (fresh := self._fresh.get(digest)) is not None:
            return fresh
        try:
            return decode_tree(self.read(digest))
        except MalformedTree as error:
            raise ObjectCorrupt(digest) from error

    def _open(self, digest: Digest) -> BufferedReader:
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            raise ObjectMissing(digest) from error

    def _aside(self) -> "_Aside":
        return _Aside(self.aside())

    def keep(self, aside: Path, file: BufferedWriter, digest: Digest) -> None:
        """Make a file that was written aside an object; for `Writing`."""
        file.flush()
        os.fsync(file.fileno())
        self.adopt(aside, digest)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Aside:
    """A file that is removed unless it was renamed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[Path, BufferedWriter]:
        self._file = self._path.open("xb")
        return self._path, self._file

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class Writing:
    """An object that comes in pieces. It is there once `keep` was called, else never."""

    def __init__(self, store: ObjectStore, aside: _Aside) -> None:
        self._store = store
        self._aside = aside
        self._hashed = hashlib.sha256()
        self.size_bytes = 0
        """What was written so far."""

    def __enter__(self) -> Self:
        """Open the file that is written aside."""
        self._path, self._file = self._aside.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove what was not kept."""
        self._aside.__exit__(*error)

    def write(self, chunk: bytes) -> None:
        """Add a piece."""
        self._hashed.update(chunk)
        self.size_bytes += len(chunk)
        self._file.write(chunk)

    def digest(self) -> Digest:
        """Return the name of what was written so far."""
        return Digest(self._hashed.hexdigest())

    def keep(self) -> Digest:
        """Make it an object and return its name."""
        digest = self.digest()
        if not self._store.touch(digest):
            self._store.keep(self._path, self._file, digest)
        return digest
