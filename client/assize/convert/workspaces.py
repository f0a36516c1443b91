"""Workspaces: between records and messages."""

from assize.convert.effects import state_from_proto, state_to_proto
from assize.errors import MalformedAnswer
from assize.model import workspaces as model
from assize.model.effects import FileState
from assize.v1 import workspace_pb2


def entry_kind_to_proto(kind: model.EntryKind) -> workspace_pb2.EntryKind.ValueType:
    """Return the message's value of a kind."""
    return workspace_pb2.EntryKind.Value(f"ENTRY_KIND_{kind.name}")


def entry_kind_from_proto(number: workspace_pb2.EntryKind.ValueType) -> model.EntryKind:
    """Return the kind of a message's value.

    Raises:
        MalformedAnswer: It is none that we know.
    """
    try:
        return model.EntryKind[workspace_pb2.EntryKind.Name(number).removeprefix("ENTRY_KIND_")]
    except (KeyError, ValueError) as error:
        raise MalformedAnswer(f"a log entry of an unknown kind, {number}") from error


def workspace_to_proto(workspace: model.WorkspaceSummary) -> workspace_pb2.Workspace:
    """Return the message of a workspace."""
    quotas = workspace.quotas
    return workspace_pb2.Workspace(
        name=workspace.name,
        owner=workspace.owner,
        head=workspace.head,
        entries=workspace.entries,
        bytes=workspace.bytes,
        snapshots=workspace.snapshots,
        created_ms=workspace.created_ms,
        quotas=workspace_pb2.WorkspaceQuotas(
            bytes=quotas.bytes, entries=quotas.entries, snapshots=quotas.snapshots
        ),
    )


def workspace_from_proto(message: workspace_pb2.Workspace) -> model.WorkspaceSummary:
    """Return the workspace of a message."""
    quotas = message.quotas
    return model.WorkspaceSummary(
        name=message.name,
        owner=message.owner,
        head=message.head,
        entries=message.entries,
        bytes=message.bytes,
        snapshots=message.snapshots,
        created_ms=message.created_ms,
        quotas=model.WorkspaceQuotas(quotas.bytes, quotas.entries, quotas.snapshots),
    )


def log_entry_to_proto(entry: model.LogEntry) -> workspace_pb2.LogEntry:
    """Return the message of an entry."""
    return workspace_pb2.LogEntry(
        sequence=entry.sequence,
        kind=entry_kind_to_proto(entry.kind),
        snapshot=entry.snapshot,
        before=entry.before,
        author=entry.author,
        verification_id=entry.verification_id,
        message=entry.message,
        time_ms=entry.time_ms,
        entries=entry.entries,
        bytes=entry.bytes,
    )


def log_entry_from_proto(message: workspace_pb2.LogEntry) -> model.LogEntry:
    """Return the entry of a message.

    Raises:
        MalformedAnswer: Its kind is none that we know.
    """
    return model.LogEntry(
        sequence=message.sequence,
        kind=entry_kind_from_proto(message.kind),
        snapshot=message.snapshot,
        before=message.before,
        author=message.author,
        verification_id=message.verification_id,
        message=message.message,
        time_ms=message.time_ms,
        entries=message.entries,
        bytes=message.bytes,
    )


def tree_entry_to_proto(path: str, state: FileState) -> workspace_pb2.TreeEntry:
    """Return the message of something in a snapshot."""
    return workspace_pb2.TreeEntry(path=path, state=state_to_proto(state))


def tree_entry_from_proto(message: workspace_pb2.TreeEntry) -> tuple[str, FileState]:
    """Return path and state of a message.

    Raises:
        MalformedAnswer: The type is none that we know.
    """
    return message.path, state_from_proto(message.state)


def proof_to_proto(proof: model.RollbackProof) -> workspace_pb2.RollbackProof:
    """Return the message of a proof."""
    return workspace_pb2.RollbackProof(
        recomputed=proof.recomputed,
        trees_verified=proof.trees_verified,
        files_verified=proof.files_verified,
        files_present=proof.files_present,
        bytes_verified=proof.bytes_verified,
    )


def rolled_back_to_proto(rolled_back: model.RolledBack) -> workspace_pb2.RollbackResponse:
    """Return the message of a rollback."""
    message = workspace_pb2.RollbackResponse(
        snapshot=rolled_back.snapshot, proof=proof_to_proto(rolled_back.proof)
    )
    if rolled_back.entry is not None:
        message.entry.CopyFrom(log_entry_to_proto(rolled_back.entry))
    return message


def rolled_back_from_proto(message: workspace_pb2.RollbackResponse) -> model.RolledBack:
    """Return the rollback of a message.

    Raises:
        MalformedAnswer: The proof does not prove it, or the entry's kind is none that we know.
    """
    proof = message.proof
    if proof.recomputed != message.snapshot:
        raise MalformedAnswer(
            f"the service recomputed {proof.recomputed!r}, which does not prove "
            f"{message.snapshot!r}"
        )
    return model.RolledBack(
        snapshot=message.snapshot,
        entry=log_entry_from_proto(message.entry) if message.HasField("entry") else None,
        proof=model.RollbackProof(
            recomputed=proof.recomputed,
            trees_verified=proof.trees_verified,
            files_verified=proof.files_verified,
            files_present=proof.files_present,
            bytes_verified=proof.bytes_verified,
        ),
    )


def pushed_to_proto(pushed: model.Pushed) -> workspace_pb2.PushResponse:
    """Return the message of a push."""
    message = workspace_pb2.PushResponse(snapshot=pushed.snapshot)
    if pushed.entry is not None:
        message.entry.CopyFrom(log_entry_to_proto(pushed.entry))
    return message


def pushed_from_proto(message: workspace_pb2.PushResponse) -> model.Pushed:
    """Return the push of a message.

    Raises:
        MalformedAnswer: The entry's kind is none that we know.
    """
    entry = log_entry_from_proto(message.entry) if message.HasField("entry") else None
    return model.Pushed(message.snapshot, entry)
