"""Lays the ground of a run: the views of one workspace's tree, opened and removed in threads."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assize.trees import FolderNode
from assize_sandbox.engines.base import WorkFolder
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.collected import Collected, CollectLimits
from assize_sandbox.workspaces.kinds import View
from assize_sandbox.workspaces.views import Views
from assize_server.execution.ground import Ground, Grounds
from assize_server.execution.job import Job
from assize_server.workspaces.quotas import Quotas, free_files

COLLECT_LIMITS: Final = CollectLimits()
RESERVE_BYTES: Final = Quotas().disk_bytes_free
"""What must stay free on the disk of the store."""
RESERVE_FILES: Final = Quotas().disk_files_free
"""And for how many files."""


class ViewWork:
    """One container's view."""

    def __init__(self, view: View) -> None:
        self._view = view

    @property
    def folder(self) -> WorkFolder:
        """What is /workspace in the container."""
        return self._view.folder

    async def collect(self) -> Collected:
        """Return the tree that is there now. Only once every process of the container is dead."""
        return await asyncio.to_thread(self._view.collect, COLLECT_LIMITS)


@dataclass(frozen=True, slots=True)
class ViewGround:
    """A workspace's tree with the submitted files in it."""

    views: Views
    base: FolderNode
    start: FolderNode
    """The tree that every container begins with."""

    @asynccontextmanager
    async def work(self, shape: Shape, *, read_only: bool) -> AsyncIterator[ViewWork]:
        """Give a view; leaving removes it with all that was done in it.

        Raises:
            SandboxError: It could not be made.
        """
        view = await self._opened(shape, read_only=read_only)
        try:
            yield ViewWork(view)
        finally:
            # Whoever gives up waiting leaves no mount behind.
            await asyncio.shield(asyncio.to_thread(view.close))

    async def _opened(self, shape: Shape, *, read_only: bool) -> View:
        opening = asyncio.create_task(
            asyncio.to_thread(
                self.views.open, self.base, shape=shape, start=self.start, read_only=read_only
            )
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            view = await opening
            await asyncio.to_thread(view.close)
            raise


def grounds(views: Views, store: Path | None = None) -> Grounds:
    """Return what lays the ground of a job; none while the disk of `store` is nearly full."""

    @asynccontextmanager
    async def lay(job: Job) -> AsyncIterator[Ground]:
        if job.workspace is None:
            raise ValueError("the job has no workspace")
        if store is not None:
            await asyncio.to_thread(require_disk, store, job.limits.shape)
        yield ViewGround(views, job.workspace.base.root, job.workspace.start)

    return lay


def require_disk(
    store: Path,
    shape: Shape,
    free_bytes: int = RESERVE_BYTES,
    free_entries: int = RESERVE_FILES,
) -> None:
    """Require that what a run may leave fits on the disk of the store, with a reserve left.

    SECURITY: what failed runs leave is there until it is collected; the database needs room, too.

    Raises:
        SandboxError: It does not fit.
    """
    left_bytes = shutil.disk_usage(store).free - shape.disk_bytes
    if left_bytes < free_bytes:
        raise SandboxError(
            f"the store's disk would have {left_bytes} bytes left, at least {free_bytes} must be",
            remedy="`assize workspace gc`, or make room",
        )
    files = free_files(store)
    if files is not None and files < free_entries:
        raise SandboxError(
            f"the store's disk has room for {files} files, it must have for {free_entries}",
            remedy="`assize workspace gc`, or make room",
        )
