"""What code runs over: a workspace's tree, seen by each container through a view of its own."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from assize_sandbox.engines.base import WorkFolder
from assize_sandbox.limits import Shape
from assize_sandbox.workspaces.collected import Collected
from assize_sandbox.workspaces.nodes import FolderNode
from assize_server.execution.job import Job


class Work(Protocol):
    """One container's view."""

    @property
    def folder(self) -> WorkFolder:
        """What is /workspace in the container."""
        ...

    async def collect(self) -> Collected:
        """Return the tree that is there now. Only once every process of the container is dead.

        Raises:
            SandboxError: It could not be read.
        """
        ...


class Ground(Protocol):
    """A workspace's tree with the submitted files in it. It never changes."""

    @property
    def start(self) -> FolderNode:
        """The tree that every container begins with."""
        ...

    def work(self, shape: Shape, *, read_only: bool) -> AbstractAsyncContextManager[Work]:
        """Give a view; leaving removes it with all that was done in it.

        Raises:
            SandboxError: It could not be made.
        """
        ...


Grounds = Callable[[Job], AbstractAsyncContextManager[Ground]]
"""Lays the ground of a job that has a workspace."""
