"""Receives objects in parts. Each is kept once it is whole and has its digest; else it is nothing.

Small ones wait for `flush`, which makes them durable together.
One `Incoming` for one call, used by one thread at a time.
"""

import shutil
from contextlib import ExitStack
from pathlib import Path

from assize.trees import Digest, digest_of, is_digest
from assize_sandbox.workspaces.batches import Batch
from assize_sandbox.workspaces.objects import ObjectStore, Writing
from assize_server.workspaces.errors import Malformed, OverQuota
from assize_server.workspaces.quotas import Quotas, free_files
from assize_server.workspaces.steps import step


class Incoming:
    """What one caller sends."""

    def __init__(self, objects: ObjectStore, folder: Path, quotas: Quotas) -> None:
        """`folder` is where the store is; its file system must have room left."""
        self._objects = objects
        self._folder = folder
        self._quotas = quotas
        self._stack = ExitStack()
        self._writing: Writing | None = None
        self._digest, self._size_bytes = Digest(""), 0
        self._whole: list[bytes] = []
        self.kept: list[Digest] = []
        """Objects that are whole."""
        self.bytes = 0
        """Theirs together."""

    def take(self, digest: str, size_bytes: int, data: bytes) -> None:
        """Take the next part.

        Raises:
            Malformed: It is not what was announced.
            OverQuota: It is larger than anything may be, or the disk is full.
        """
        if self._writing is None and len(data) == size_bytes:
            self._keep_whole(digest, data)
            return
        writing = self._writing or self._begin(digest, size_bytes)
        if (digest, size_bytes) != (self._digest, self._size_bytes):
            raise Malformed(f"object {self._digest} ended after {writing.size_bytes} bytes")
        if writing.size_bytes + len(data) > size_bytes:
            raise Malformed(f"object {digest} is longer than the {size_bytes} bytes announced")
        writing.write(data)
        step("part written")
        if writing.size_bytes == size_bytes:
            self._keep_written(writing)

    def flush(self) -> None:
        """Keep what is whole."""
        whole, self._whole = self._whole, []
        with Batch(self._objects) as batch:
            kept = [(batch.put(data), len(data)) for data in whole]
        for digest, size_bytes in kept:
            self._note(digest, size_bytes)

    def finish(self) -> None:
        """Keep what is whole, and check that nothing was left half sent.

        Raises:
            Malformed: Something was.
        """
        self.flush()
        if self._writing is not None:
            got = self._writing.size_bytes
            raise Malformed(f"object {self._digest} ended after {got} of {self._size_bytes} bytes")

    def close(self) -> None:
        """Remove what is not whole."""
        self._stack.close()
        self._writing = None

    def _keep_whole(self, digest: str, data: bytes) -> None:
        self._require_announced(digest, len(data))
        if digest_of(data) != digest:
            raise Malformed(f"the bytes sent as {digest} have another digest; push again")
        self._whole.append(data)

    def _begin(self, digest: str, size_bytes: int) -> Writing:
        self._require_announced(digest, size_bytes)
        self._digest, self._size_bytes = Digest(digest), size_bytes
        self._writing = self._stack.enter_context(self._objects.writing())
        return self._writing

    def _keep_written(self, writing: Writing) -> None:
        if writing.digest() != self._digest:
            raise Malformed(f"the bytes sent as {self._digest} have another digest; push again")
        writing.keep()
        self.close()
        self._note(self._digest, self._size_bytes)

    def _note(self, digest: Digest, size_bytes: int) -> None:
        self.kept.append(digest)
        self.bytes += size_bytes
        step("object kept")

    def _require_announced(self, digest: str, size_bytes: int) -> None:
        if not is_digest(digest):
            raise Malformed(f"{digest[:80]!r} is no digest of an object")
        most_bytes = max(self._quotas.workspace_bytes, self._quotas.tree_bytes)
        if not 0 <= size_bytes <= most_bytes:
            remedy = "leave the file out"
            raise OverQuota(f"the bytes of object {digest}", size_bytes, most_bytes, remedy)
        free = shutil.disk_usage(self._folder).free - size_bytes
        if free < self._quotas.disk_bytes_free:
            raise OverQuota(
                "the bytes taken of the service's reserve of disk",
                self._quotas.disk_bytes_free - free,
                0,
                "its operator must make room",
            )
        files = free_files(self._folder)
        if files is not None and files < self._quotas.disk_files_free:
            raise OverQuota(
                "the files taken of the service's reserve of disk",
                self._quotas.disk_files_free - files,
                0,
                "its operator must make room",
            )
