"""The client of workspaces, for threads and scripts.

A folder is pushed and pulled as a whole by `push` and `pull`; the other methods are the calls of
`assize.v1.WorkspaceService`, one each.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import grpc

from assize.channels import ChannelOwner, open_channel
from assize.checkout import pull as pulling
from assize.checkout import push as pushing
from assize.checkout.forest import snapshot_of
from assize.checkout.remote import Outgoing, Report, Silence
from assize.convert.effects import effect_from_proto
from assize.convert.workspaces import (
    log_entry_from_proto,
    pushed_from_proto,
    rolled_back_from_proto,
    tree_entry_from_proto,
    workspace_from_proto,
)
from assize.errors import MalformedAnswer
from assize.model.effects import Effect, FileState
from assize.model.workspaces import (
    Collected,
    FileContent,
    LogEntry,
    Pulled,
    Pushed,
    RolledBack,
    SnapshotDiff,
    SnapshotListing,
    WorkspaceSummary,
)
from assize.status import told_as_assize_errors
from assize.trees import MalformedTree
from assize.v1 import workspace_pb2, workspace_pb2_grpc
from assize.wire import DEFAULT_TIMEOUT_SECONDS, ChannelOptions

MESSAGE_BYTES: Final = 1024 * 1024
"""Parts of objects are put together up to this size."""
CALL_BYTES: Final = 64 * 1024 * 1024
"""One upload sends no more, if it is more than one object: each call has its own deadline."""
DIGESTS_AT_ONCE: Final = 10_000
LOG_USUAL: Final = 100
FILE_MOST_BYTES: Final = 1024 * 1024


class WorkspaceClient(ChannelOwner):
    """Asks one service. May be shared by threads; a context manager that closes the channel."""

    def __init__(
        self,
        address: str,
        *,
        token: str = "",
        timeout_seconds: float | None = DEFAULT_TIMEOUT_SECONDS,
        credentials: grpc.ChannelCredentials | None = None,
        options: ChannelOptions = (),
    ) -> None:
        """Prepare to ask the service at `host:port` or `unix:///path`; nothing is sent yet.

        `timeout_seconds` is the deadline of each call, None for none. Without `credentials` the
        channel is not encrypted, and takes no `token` to another machine.

        Raises:
            AccessDenied: The token would go out in the clear.
        """
        self._timeout_seconds = timeout_seconds
        super().__init__(
            open_channel(address, token=token, credentials=credentials, options=options)
        )
        self._stub = workspace_pb2_grpc.WorkspaceServiceStub(self._channel)

    def push(
        self,
        name: str,
        folder: Path,
        *,
        message: str = "",
        force: bool = False,
        report: Report | None = None,
    ) -> Pushed:
        """Make what is in a folder the head; only what the service lacks is sent.

        Raises:
            Conflict: The head is not what the folder was made from. With `force` it is replaced.
            AssizeError: The folder has what a workspace cannot hold, or there is no answer.
        """
        told = report or Silence()
        return pushing.push(self, name, folder, message=message, force=force, report=told)

    def pull(
        self,
        name: str,
        folder: Path,
        *,
        snapshot: str = "",
        force: bool = False,
        report: Report | None = None,
    ) -> Pulled:
        """Make a folder what a snapshot is; only what the folder lacks is fetched.

        Raises:
            Conflict: A local change would be lost. With `force` it is, and that is told.
            AssizeError: The folder cannot be written, or there is no answer.
        """
        told = report or Silence()
        return pulling.pull(self, name, folder, snapshot=snapshot, force=force, report=told)

    def create(self, name: str) -> WorkspaceSummary:
        """Make an empty workspace.

        Raises:
            AssizeError: The name is taken or none, or there is no answer.
        """
        request = workspace_pb2.CreateWorkspaceRequest(name=name)
        with told_as_assize_errors():
            answer = self._stub.CreateWorkspace(request, timeout=self._timeout_seconds)
        return workspace_from_proto(answer.workspace)

    def delete(self, name: str) -> None:
        """Remove a workspace and its log.

        Raises:
            NotFound: There is none of that name.
            AssizeError: There is no answer.
        """
        request = workspace_pb2.DeleteWorkspaceRequest(name=name)
        with told_as_assize_errors():
            self._stub.DeleteWorkspace(request, timeout=self._timeout_seconds)

    def workspaces(self) -> tuple[WorkspaceSummary, ...]:
        """Return the caller's workspaces by name.

        Raises:
            AssizeError: There is no answer.
        """
        request = workspace_pb2.ListWorkspacesRequest()
        with told_as_assize_errors():
            answer = self._stub.ListWorkspaces(request, timeout=self._timeout_seconds)
        return tuple(map(workspace_from_proto, answer.workspaces))

    def workspace(self, name: str) -> WorkspaceSummary:
        """Return a workspace in short.

        Raises:
            NotFound: There is none of that name.
            AssizeError: There is no answer.
        """
        request = workspace_pb2.GetWorkspaceRequest(name=name)
        with told_as_assize_errors():
            answer = self._stub.GetWorkspace(request, timeout=self._timeout_seconds)
        return workspace_from_proto(answer.workspace)

    def listing(self, name: str, snapshot: str = "") -> SnapshotListing:
        """Return what is in a snapshot (empty: the head), checked against its id.

        Raises:
            NotFound: There is no such workspace or snapshot.
            MalformedAnswer: What is listed has another id.
            AssizeError: There is no answer.
        """
        request = workspace_pb2.ReadSnapshotRequest(workspace=name, snapshot=snapshot)
        found, root_mode, entries = "", 0, dict[str, FileState]()
        with told_as_assize_errors():
            for part in self._stub.ReadSnapshot(request, timeout=self._timeout_seconds):
                found, root_mode = part.snapshot or found, part.root_mode or root_mode
                entries.update(map(tree_entry_from_proto, part.entries))
        # SECURITY: names that lead out of a folder have no place in a tree, and refuse here.
        try:
            recomputed = snapshot_of(entries, root_mode)
        except (ValueError, MalformedTree) as error:
            raise MalformedAnswer(f"the service lists what is no snapshot: {error}") from error
        if recomputed != found:
            raise MalformedAnswer(f"the service lists {recomputed} as snapshot {found}")
        return SnapshotListing(found, root_mode, entries)

    def read_files(
        self, name: str, snapshot: str, paths: Sequence[str], most_bytes: int = 0
    ) -> Iterator[tuple[int, bytes]]:
        """Yield the files' bytes in order: which path, and the next bytes of it.

        Of each file at most `most_bytes` are read; 0 for all.

        Raises:
            NotFound: There is no such workspace, snapshot or file.
            AssizeError: There is no answer.
        """
        for part in self._file_parts(name, snapshot, paths, most_bytes):
            yield part.index, part.data

    def file(
        self, name: str, path: str, snapshot: str = "", most_bytes: int = FILE_MOST_BYTES
    ) -> FileContent:
        """Return the beginning of a file of a snapshot, or all of it.

        Raises:
            NotFound: There is no such workspace, snapshot or file.
            AssizeError: There is no answer.
        """
        size_bytes, data = 0, b""
        for part in self._file_parts(name, snapshot, [path], most_bytes):
            size_bytes, data = part.size_bytes or size_bytes, data + part.data
        return FileContent(path, size_bytes, data)

    def log(
        self, name: str, most: int = LOG_USUAL, before: int | None = None
    ) -> tuple[LogEntry, ...]:
        """Return what became of a workspace, the newest first; at most 1000 entries.

        Raises:
            NotFound: There is none of that name.
            AssizeError: There is no answer.
        """
        request = workspace_pb2.GetLogRequest(workspace=name, most=most, before=before or 0)
        with told_as_assize_errors():
            answer = self._stub.GetLog(request, timeout=self._timeout_seconds)
        return tuple(map(log_entry_from_proto, answer.entries))

    def diff(self, name: str, before: str, after: str = "") -> SnapshotDiff:
        """Return what differs between two snapshots of a workspace.

        Raises:
            NotFound: There is no such workspace or snapshot.
            AssizeError: There is no answer.
        """
        request = workspace_pb2.DiffSnapshotsRequest(workspace=name, before=before, after=after)
        ids, effects = ("", ""), list[Effect]()
        with told_as_assize_errors():
            for part in self._stub.DiffSnapshots(request, timeout=self._timeout_seconds):
                ids = (part.before or ids[0], part.after or ids[1])
                effects += map(effect_from_proto, part.effects)
        return SnapshotDiff(*ids, tuple(effects))

    def rollback(
        self, name: str, snapshot: str, *, expected_head: str = "", message: str = ""
    ) -> RolledBack:
        """Make an earlier snapshot the head again.

        Raises:
            NotFound: There is no such workspace or snapshot.
            Conflict: The head is not the expected one.
            AssizeError: The snapshot is damaged, or there is no answer.
        """
        request = workspace_pb2.RollbackRequest(
            workspace=name, snapshot=snapshot, expected_head=expected_head, message=message
        )
        with told_as_assize_errors():
            answer = self._stub.Rollback(request, timeout=self._timeout_seconds)
        return rolled_back_from_proto(answer)

    def fork(self, name: str, new_name: str, snapshot: str = "") -> WorkspaceSummary:
        """Make a workspace that begins with a snapshot of another (empty: its head).

        Raises:
            NotFound: There is no such workspace or snapshot.
            AssizeError: The name is taken or none, or there is no answer.
        """
        request = workspace_pb2.ForkRequest(workspace=name, snapshot=snapshot, name=new_name)
        with told_as_assize_errors():
            answer = self._stub.Fork(request, timeout=self._timeout_seconds)
        return workspace_from_proto(answer.workspace)

    def missing(self, name: str, digests: Sequence[str]) -> list[str]:
        """Return the objects that must be uploaded before a push that needs them.

        Raises:
            AssizeError: There is no such workspace, or no answer.
        """
        found: list[str] = []
        for start in range(0, len(digests), DIGESTS_AT_ONCE):
            request = workspace_pb2.FindMissingRequest(
                workspace=name, digests=digests[start : start + DIGESTS_AT_ONCE]
            )
            with told_as_assize_errors():
                answer = self._stub.FindMissing(request, timeout=self._timeout_seconds)
            found += answer.digests
        return found

    def upload(self, name: str, objects: Iterable[Outgoing]) -> None:
        """Upload objects, in as many calls as it takes.

        Raises:
            AssizeError: The service refuses one, or there is no answer.
        """
        batch, batch_bytes = list[Outgoing](), 0
        for each in objects:
            if batch and batch_bytes + each.size_bytes > CALL_BYTES:
                self._upload(name, batch)
                batch, batch_bytes = [], 0
            batch.append(each)
            batch_bytes += each.size_bytes
        if batch:
            self._upload(name, batch)

    def move_head(
        self, name: str, *, expected_head: str, tree: str, root_mode: int, message: str = ""
    ) -> Pushed:
        """Make an uploaded tree the head.

        Raises:
            Conflict: The head is not the expected one.
            AssizeError: The tree is not what it should be, or there is no answer.
        """
        request = workspace_pb2.PushRequest(
            workspace=name,
            expected_head=expected_head,
            tree=tree,
            root_mode=root_mode,
            message=message,
        )
        with told_as_assize_errors():
            answer = self._stub.Push(request, timeout=self._timeout_seconds)
        return pushed_from_proto(answer)

    def collect_garbage(self) -> Collected:
        """Have the service throw away what nothing needs, by its own rules.

        Raises:
            AssizeError: A tree that something needs is damaged, or there is no answer.
        """
        request = workspace_pb2.CollectGarbageRequest()
        with told_as_assize_errors():
            answer = self._stub.CollectGarbage(request, timeout=self._timeout_seconds)
        return Collected(answer.log_entries, answer.objects, answer.bytes)

    def _file_parts(
        self, name: str, snapshot: str, paths: Sequence[str], most_bytes: int
    ) -> Iterator[workspace_pb2.ReadFilesResponse]:
        request = workspace_pb2.ReadFilesRequest(
            workspace=name, snapshot=snapshot, paths=paths, most_bytes=most_bytes
        )
        call = self._stub.ReadFiles(request, timeout=self._timeout_seconds)
        try:
            with told_as_assize_errors():
                yield from call
        finally:
            call.cancel()

    def _upload(self, name: str, objects: Sequence[Outgoing]) -> None:
        faults: list[Exception] = []

        def messages() -> Iterator[workspace_pb2.UploadRequest]:
            # gRPC's own thread runs this, and would only say that it failed.
            try:
                yield from _messages(name, objects)
            except Exception as error:
                faults.append(error)
                raise

        try:
            with told_as_assize_errors():
                self._stub.Upload(messages(), timeout=self._timeout_seconds)
        except Exception:
            if faults:
                raise faults[0] from None
            raise


def _messages(name: str, objects: Iterable[Outgoing]) -> Iterator[workspace_pb2.UploadRequest]:
    message, size_bytes = workspace_pb2.UploadRequest(workspace=name), 0
    for part in _parts(objects):
        if message.parts and size_bytes + len(part.data) > MESSAGE_BYTES:
            yield message
            message, size_bytes = workspace_pb2.UploadRequest(), 0
        message.parts.append(part)
        size_bytes += len(part.data)
    yield message


def _parts(objects: Iterable[Outgoing]) -> Iterator[workspace_pb2.ObjectPart]:
    for each in objects:
        empty = True
        for chunk in each.chunks():
            for start in range(0, len(chunk), MESSAGE_BYTES):
                empty = False
                yield workspace_pb2.ObjectPart(
                    digest=each.digest,
                    size_bytes=each.size_bytes,
                    data=chunk[start : start + MESSAGE_BYTES],
                )
        if empty:
            yield workspace_pb2.ObjectPart(digest=each.digest, size_bytes=each.size_bytes)
