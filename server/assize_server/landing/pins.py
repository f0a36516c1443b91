"""Fixes what a run begins with, when it is admitted."""

import asyncio
from typing import Final

from sqlalchemy import Connection

from assize.model.submission import SourceFile, Submission, WorkspaceUse
from assize.trees import FileNode, FolderNode
from assize_sandbox.workspaces.editing import PathTaken, node_at, placed
from assize_sandbox.workspaces.objects import ObjectStore
from assize_server.core.bounds import MOST_FILE_BYTES
from assize_server.execution.job import PinnedWorkspace
from assize_server.rpc.admission import UnfitWorkspace, UnknownWorkspace
from assize_server.store.database import Database
from assize_server.workspaces import heads
from assize_server.workspaces.contents import entries_of
from assize_server.workspaces.errors import Unknown
from assize_server.workspaces.records import Snapshot, Workspace

PYTHON_FILES_MOST: Final = 5000
"""Python files of a workspace that checks can name; a larger one has its checks name modules."""


class Pins:
    """Looks up workspaces for admission."""

    def __init__(self, database: Database, objects: ObjectStore) -> None:
        self._database = database
        self._objects = objects

    async def pin(
        self, use: WorkspaceUse, submitter: str, submission: Submission
    ) -> PinnedWorkspace:
        """Return what the run begins with: the snapshot, and it with the submitted files.

        Raises:
            UnknownWorkspace: There is no such workspace or snapshot for this submitter.
            UnfitWorkspace: A submitted file cannot be put there.
            SandboxError: A tree is missing or corrupt.
        """
        workspace, snapshot = await self._database.read(
            lambda connection: _found(connection, use, submitter)
        )
        return await asyncio.to_thread(self._pinned, use, workspace, snapshot, submission)

    def _pinned(
        self, use: WorkspaceUse, workspace: Workspace, snapshot: Snapshot, submission: Submission
    ) -> PinnedWorkspace:
        files = {file.path: file.content for file in submission.files}
        try:
            start = placed(self._objects, snapshot.root, files)
        except PathTaken as error:
            raise UnfitWorkspace("submission.files", str(error)) from error
        self._objects.sync()
        return PinnedWorkspace(
            use=use,
            workspace_id=workspace.id,
            owner=workspace.owner,
            base=snapshot,
            start=start,
            files=self._python_files(snapshot),
            entry=self._entry(start, submission),
        )

    def _entry(self, start: FolderNode, submission: Submission) -> SourceFile | None:
        """Return the entry point if it is the workspace's own: it is analysed like the others."""
        path = submission.entry_point
        if path is None or path in {file.path for file in submission.files}:
            return None
        node = node_at(self._objects, start, path)
        if not isinstance(node, FileNode):
            return None
        if node.size_bytes > MOST_FILE_BYTES:
            text = f"the file has {node.size_bytes} bytes, and {MOST_FILE_BYTES} are analysed"
            raise UnfitWorkspace("submission.entry_point", text)
        return SourceFile(path, self._objects.read(node.digest, MOST_FILE_BYTES))

    def _python_files(self, snapshot: Snapshot) -> tuple[str, ...]:
        found: list[str] = []
        for path, node in entries_of(self._objects, snapshot.root):
            if isinstance(node, FileNode) and path.endswith(".py"):
                found.append(path)
            if len(found) == PYTHON_FILES_MOST:
                break
        return tuple(sorted(found))


def _found(connection: Connection, use: WorkspaceUse, submitter: str) -> tuple[Workspace, Snapshot]:
    try:
        workspace = heads.named(connection, submitter, use.name)
    except Unknown as error:
        raise UnknownWorkspace("workspace.name", str(error)) from error
    try:
        return workspace, heads.resolve(connection, workspace, use.base)
    except Unknown as error:
        raise UnknownWorkspace("workspace.base", str(error)) from error
