"""`assize.v1.WorkspaceService`: messages in and out; what is done is `WorkspaceStore`'s.

Everything there blocks, so that it runs on threads. Streams are cut into bounded messages.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain, islice
from typing import Any, Final, TypeVar

import grpc

from assize.convert.effects import effect_to_proto
from assize.convert.workspaces import (
    log_entry_to_proto,
    pushed_to_proto,
    rolled_back_to_proto,
    tree_entry_to_proto,
    workspace_to_proto,
)
from assize.errors import ReasonCode
from assize.v1 import workspace_pb2, workspace_pb2_grpc
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.objects import ObjectCorrupt, ObjectMissing
from assize_server.rpc.refusal import refuse
from assize_server.workspaces import errors
from assize_server.workspaces.contents import entries_of, file_at, state_of
from assize_server.workspaces.differ import Differ, FileDiffer
from assize_server.workspaces.heads import LOG_MOST
from assize_server.workspaces.records import ANONYMOUS, Snapshot
from assize_server.workspaces.store import WorkspaceStore
from assize_server.workspaces.uploads import Incoming

ENTRIES_AT_ONCE: Final = 1000
EFFECTS_AT_ONCE: Final = 100
DIFFS_AT_ONCE: Final = 2
"""Comparisons under way: each may start a container, and nothing else keeps their number low."""
FILES_MOST: Final = 1000
READ_AT_ONCE_BYTES: Final = 1024 * 1024
PART_COST_BYTES: Final = 1024
DIGESTS_MOST: Final = 10_000
LOG_USUAL: Final = 100

T = TypeVar("T")
R = TypeVar("R")
Caller = Callable[[Any], str]
"""Tells who calls, from the context of a call. What it raises ends the call."""


def anonymous(context: object) -> str:
    """Tell that nobody is asked."""
    return ANONYMOUS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class WorkspaceService(workspace_pb2_grpc.WorkspaceServiceServicer):
    """Keeps trees of files with their history, for the caller that owns them."""

    def __init__(
        self,
        store: WorkspaceStore,
        differ: Differ | None = None,
        caller: Caller = anonymous,
        now_ms: Callable[[], int] = _now_ms,
    ) -> None:
        """Serve a store. Without a `differ`, snapshots are compared file by file."""
        self._store = store
        self._differ = differ or FileDiffer(store.objects)
        self._caller = caller
        self._now_ms = now_ms
        self._collecting = asyncio.Lock()
        self._comparing = asyncio.Semaphore(DIFFS_AT_ONCE)

    async def CreateWorkspace(  # noqa: N802 - the name is the API's
        self, request: workspace_pb2.CreateWorkspaceRequest, context: Any
    ) -> workspace_pb2.CreateWorkspaceResponse:
        """Make an empty workspace."""
        caller, now_ms = self._caller(context), self._now_ms()
        made = await _done(context, self._store.create, caller, request.name, now_ms)
        return workspace_pb2.CreateWorkspaceResponse(workspace=workspace_to_proto(made))

    async def DeleteWorkspace(  # noqa: N802
        self, request: workspace_pb2.DeleteWorkspaceRequest, context: Any
    ) -> workspace_pb2.DeleteWorkspaceResponse:
        """Remove a workspace and its log."""
        caller, now_ms = self._caller(context), self._now_ms()
        await _done(context, self._store.delete, caller, request.name, now_ms)
        return workspace_pb2.DeleteWorkspaceResponse()

    async def ListWorkspaces(  # noqa: N802
        self, request: workspace_pb2.ListWorkspacesRequest, context: Any
    ) -> workspace_pb2.ListWorkspacesResponse:
        """List the caller's workspaces."""
        found = await _done(context, self._store.workspaces, self._caller(context))
        return workspace_pb2.ListWorkspacesResponse(
            workspaces=[workspace_to_proto(each) for each in found]
        )

    async def GetWorkspace(  # noqa: N802
        self, request: workspace_pb2.GetWorkspaceRequest, context: Any
    ) -> workspace_pb2.GetWorkspaceResponse:
        """Tell of one workspace."""
        found = await _done(context, self._store.workspace, self._caller(context), request.name)
        return workspace_pb2.GetWorkspaceResponse(workspace=workspace_to_proto(found))

    async def ReadSnapshot(  # noqa: N802
        self, request: workspace_pb2.ReadSnapshotRequest, context: Any
    ) -> AsyncIterator[workspace_pb2.ReadSnapshotResponse]:
        """List what is in a snapshot."""
        snapshot = await self._snapshot(context, request.workspace, request.snapshot)
        yield workspace_pb2.ReadSnapshotResponse(snapshot=snapshot.id, root_mode=snapshot.root.mode)
        entries = entries_of(self._store.objects, snapshot.root)
        async for part in _parts(context, entries, ENTRIES_AT_ONCE):
            told = [tree_entry_to_proto(path, state_of(node)) for path, node in part]
            yield workspace_pb2.ReadSnapshotResponse(entries=told)

    async def ReadFiles(  # noqa: N802
        self, request: workspace_pb2.ReadFilesRequest, context: Any
    ) -> AsyncIterator[workspace_pb2.ReadFilesResponse]:
        """Read files of a snapshot."""
        async with _told(context):
            _require_most("paths", len(request.paths), FILES_MOST)
        snapshot = await self._snapshot(context, request.workspace, request.snapshot)
        found = self._read(snapshot, request.paths, request.most_bytes)
        while part := await _done(context, _taken_bytes, found):
            for each in part:
                yield each

    async def GetLog(  # noqa: N802
        self, request: workspace_pb2.GetLogRequest, context: Any
    ) -> workspace_pb2.GetLogResponse:
        """Tell what became of a workspace."""
        most = min(request.most or LOG_USUAL, LOG_MOST)
        before = request.before or None
        caller = self._caller(context)
        found = await _done(context, self._store.log, caller, request.workspace, most, before)
        return workspace_pb2.GetLogResponse(entries=[log_entry_to_proto(each) for each in found])

    async def DiffSnapshots(  # noqa: N802
        self, request: workspace_pb2.DiffSnapshotsRequest, context: Any
    ) -> AsyncIterator[workspace_pb2.DiffSnapshotsResponse]:
        """Tell what differs between two snapshots."""
        caller, references = self._caller(context), (request.before, request.after)
        before, after = await _done(
            context, self._store.snapshots, caller, request.workspace, *references
        )
        yield workspace_pb2.DiffSnapshotsResponse(before=before.id, after=after.id)
        async with _told(context), self._comparing:
            effects = await self._differ.effects(before.root, after.root)
        for start in range(0, len(effects), EFFECTS_AT_ONCE):
            part = effects[start : start + EFFECTS_AT_ONCE]
            yield workspace_pb2.DiffSnapshotsResponse(
                effects=[effect_to_proto(each) for each in part]
            )

    async def Rollback(  # noqa: N802
        self, request: workspace_pb2.RollbackRequest, context: Any
    ) -> workspace_pb2.RollbackResponse:
        """Make an earlier snapshot the head again."""
        done = await _done(
            context,
            self._store.rollback,
            self._caller(context),
            request.workspace,
            request.snapshot,
            request.expected_head,
            request.message,
            self._now_ms(),
        )
        return rolled_back_to_proto(done)

    async def Fork(  # noqa: N802
        self, request: workspace_pb2.ForkRequest, context: Any
    ) -> workspace_pb2.ForkResponse:
        """Make a workspace that begins with a snapshot of another."""
        made = await _done(
            context,
            self._store.fork,
            self._caller(context),
            request.workspace,
            request.snapshot,
            request.name,
            self._now_ms(),
        )
        return workspace_pb2.ForkResponse(workspace=workspace_to_proto(made))

    async def FindMissing(  # noqa: N802
        self, request: workspace_pb2.FindMissingRequest, context: Any
    ) -> workspace_pb2.FindMissingResponse:
        """Tell which objects must be uploaded."""
        async with _told(context):
            _require_most("digests", len(request.digests), DIGESTS_MOST)
        caller, digests = self._caller(context), list(request.digests)
        found = await _done(context, self._store.missing, caller, request.workspace, digests)
        return workspace_pb2.FindMissingResponse(digests=found)

    async def Upload(  # noqa: N802
        self, request_iterator: AsyncIterator[workspace_pb2.UploadRequest], context: Any
    ) -> workspace_pb2.UploadResponse:
        """Receive objects; each that is whole is kept, whatever comes after it."""
        async with _told(context):
            return await self._upload(self._caller(context), request_iterator)

    async def Push(  # noqa: N802
        self, request: workspace_pb2.PushRequest, context: Any
    ) -> workspace_pb2.PushResponse:
        """Make an uploaded tree the head."""
        pushed = await _done(
            context,
            self._store.push,
            self._caller(context),
            request.workspace,
            request.expected_head,
            request.tree,
            request.root_mode,
            request.message,
            self._now_ms(),
        )
        return pushed_to_proto(pushed)

    async def CollectGarbage(  # noqa: N802
        self, request: workspace_pb2.CollectGarbageRequest, context: Any
    ) -> workspace_pb2.CollectGarbageResponse:
        """Throw away what nothing needs, by the service's own rules."""
        self._caller(context)
        async with self._collecting:
            collected = await _done(context, self._store.collect, self._now_ms())
        return workspace_pb2.CollectGarbageResponse(
            log_entries=collected.log_entries, objects=collected.objects, bytes=collected.bytes
        )

    async def _snapshot(self, context: Any, workspace: str, reference: str) -> Snapshot:
        caller = self._caller(context)
        found = await _done(context, self._store.snapshots, caller, workspace, reference)
        return found[0]

    async def _upload(
        self, caller: str, messages: AsyncIterator[workspace_pb2.UploadRequest]
    ) -> workspace_pb2.UploadResponse:
        upload: Incoming | None = None
        owner = ""
        try:
            async for message in messages:
                begin = partial(self._store.uploading, caller, message.workspace)
                owner, begun = (owner, upload) if upload else await asyncio.to_thread(begin)
                upload = begun
                await asyncio.to_thread(self._take, begun, owner, message)
            if upload is None:
                return workspace_pb2.UploadResponse()
            upload.finish()
            return workspace_pb2.UploadResponse(objects=len(upload.kept), bytes=upload.bytes)
        finally:
            if upload is not None:
                upload.close()

    def _take(self, upload: Incoming, owner: str, message: workspace_pb2.UploadRequest) -> None:
        kept = len(upload.kept)
        try:
            for part in message.parts:
                upload.take(part.digest, part.size_bytes, part.data)
        finally:
            # What arrived before a fault need not be sent again.
            upload.flush()
            self._store.note_uploads(owner, upload.kept[kept:])

    def _read(
        self, snapshot: Snapshot, paths: Iterable[str], most_bytes: int
    ) -> Iterator[workspace_pb2.ReadFilesResponse]:
        """Yield files in parts, each file in at least one."""
        objects = self._store.objects
        for index, path in enumerate(paths):
            node = file_at(objects, snapshot.root, path)
            told, room = node.size_bytes, max(0, most_bytes or node.size_bytes)
            for chunk in chain(objects.chunks(node.digest), [b""] * (not node.size_bytes)):
                part, room = chunk[:room], room - len(chunk)
                yield workspace_pb2.ReadFilesResponse(index=index, size_bytes=told, data=part)
                told = 0
                if room <= 0:
                    break


async def _done(context: Any, act: Callable[..., R], *arguments: object) -> R:
    """Run something on a thread, and tell what goes wrong to the caller."""
    async with _told(context):
        return await asyncio.to_thread(act, *arguments)


async def _parts(context: Any, things: Iterable[T], size: int) -> AsyncIterator[list[T]]:
    """Take things in parts, each on a thread."""
    iterator = iter(things)
    while part := await _done(context, _taken, iterator, size):
        yield part


def _taken(iterator: Iterator[T], size: int) -> list[T]:
    return list(islice(iterator, size))


def _taken_bytes(
    parts: Iterator[workspace_pb2.ReadFilesResponse],
) -> list[workspace_pb2.ReadFilesResponse]:
    """Take parts until they are worth a message's time."""
    taken, size_bytes = list[workspace_pb2.ReadFilesResponse](), 0
    while size_bytes < READ_AT_ONCE_BYTES and (part := next(parts, None)) is not None:
        taken.append(part)
        size_bytes += len(part.data) + PART_COST_BYTES
    return taken


def _require_most(what: str, count: int, most: int) -> None:
    if count > most:
        raise errors.Malformed(f"{count} {what} in one request, at most {most} are taken")


@asynccontextmanager
async def _told(context: Any) -> AsyncIterator[None]:
    """End the call with the status of what goes wrong."""
    try:
        yield
    except errors.WorkspaceError as error:
        code, reason = _status(error)
        await refuse(context, code, reason, str(error))
    except (ObjectMissing, ObjectCorrupt) as error:
        text = f"{error}; {error.remedy}"
        await refuse(context, grpc.StatusCode.DATA_LOSS, ReasonCode.STORE_DAMAGED, text)
    except SandboxError as error:
        await refuse(context, grpc.StatusCode.INTERNAL, ReasonCode.INTERNAL, str(error))


def _status(error: errors.WorkspaceError) -> tuple[grpc.StatusCode, ReasonCode]:
    match error:
        case errors.Unknown():
            return grpc.StatusCode.NOT_FOUND, ReasonCode.UNKNOWN_WORKSPACE
        case errors.Exists():
            return grpc.StatusCode.ALREADY_EXISTS, ReasonCode.WORKSPACE_EXISTS
        case errors.Conflict():
            return grpc.StatusCode.ABORTED, ReasonCode.HEAD_MOVED
        case errors.OverQuota():
            return grpc.StatusCode.FAILED_PRECONDITION, ReasonCode.OVER_QUOTA
        case errors.Damaged():
            return grpc.StatusCode.DATA_LOSS, ReasonCode.STORE_DAMAGED
        case _:
            return grpc.StatusCode.INVALID_ARGUMENT, ReasonCode.INVALID_REQUEST
