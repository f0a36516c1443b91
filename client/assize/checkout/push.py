"""From a folder to the head of its workspace. Only what the service lacks is sent.

The head is replaced only if it is the snapshot that the folder was last the same as. Nothing
changes there before the last step; what was uploaded by a push that was interrupted is not sent
again.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from assize.checkout.forest import trees_of
from assize.checkout.places import LinkOnTheWay, chunks_of, opened_file, parent_of
from assize.checkout.remote import Outgoing, Remote, Report
from assize.checkout.scan import Fault, Scan, Scanner
from assize.checkout.state import Folder, Known, held
from assize.errors import Conflict, FieldViolation, InvalidFields, InvalidRequest, ReasonCode
from assize.model.effects import FileState
from assize.model.workspaces import Pushed, WorkspaceQuotas
from assize.trees import EMPTY_TREE, ROOT_MODE, Digest, FolderNode, snapshot_id

FAULTS_MOST: Final = 20
EMPTY_SNAPSHOT: Final = snapshot_id(FolderNode(EMPTY_TREE))


def push(
    remote: Remote, name: str, path: Path, *, message: str, force: bool, report: Report
) -> Pushed:
    """Make what is in a folder the head of a workspace.

    Raises:
        Conflict: The head is not what the folder was made from. With `force` it is replaced.
        InvalidRequest: The folder has what a workspace cannot hold, or too much.
        AssizeError: The service refuses or fails.
    """
    workspace = remote.workspace(name)
    with held(path) as folder:
        known = _known(folder, name)
        report.begin("reading the folder", 0)
        scan = _scanned(folder, known, workspace.quotas, report)
        root_mode = known.root_mode if known else ROOT_MODE
        tree, trees = trees_of(scan.states)
        snapshot = snapshot_id(FolderNode(tree, root_mode))
        if snapshot == workspace.head:
            folder.remember(Known(name, snapshot, root_mode, scan.states))
            return Pushed(snapshot, None)
        if known is not None and snapshot == known.snapshot and not force:
            return Pushed(workspace.head, None)
        base = known.snapshot if known else EMPTY_SNAPSHOT
        if base != workspace.head and not force:
            raise _moved(name, workspace.head, known)
        unbased = base != workspace.head
        last: Mapping[str, FileState] = {} if known is None or unbased else known.entries
        sent = _upload(remote, name, folder, (scan, trees, last), report)
        pushed = remote.move_head(
            name,
            expected_head=workspace.head,
            tree=tree,
            root_mode=root_mode,
            message=message,
        )
        folder.remember(Known(name, pushed.snapshot, root_mode, scan.states))
        lost = workspace.head if unbased else ""
        return replace(pushed, objects=sent[0], bytes=sent[1], overwritten=lost)


def _known(folder: Folder, name: str) -> Known | None:
    known = folder.known()
    # What another workspace's snapshot was says nothing of this one.
    return known if known is not None and known.workspace == name else None


def _scanned(folder: Folder, known: Known | None, quotas: WorkspaceQuotas, report: Report) -> Scan:
    total_bytes, entries = 0, 0

    def wanted(path: str, size_bytes: int) -> bool:
        nonlocal total_bytes, entries
        total_bytes, entries = total_bytes + size_bytes, entries + 1
        if total_bytes > quotas.bytes or entries > quotas.entries:
            raise _too_much(path, size_bytes, quotas)
        return True

    tracked = known.entries if known else ()
    scan = Scanner(wanted=wanted, known=tracked, seen=report.advance).scan(folder.root)
    if scan.faults:
        raise _unfit(scan.faults)
    return scan


def _upload(
    remote: Remote,
    name: str,
    folder: Folder,
    content: tuple[Scan, dict[Digest, bytes], Mapping[str, FileState]],
    report: Report,
) -> tuple[int, int]:
    """Send what is new since `last` and lacking; return how many objects and bytes."""
    scan, trees, old = content
    old_trees = trees_of(old)[1] if old else {}
    outgoing = {
        state.digest: Outgoing(
            state.digest, state.size_bytes, partial(_chunks, folder, path, state)
        )
        for path, state in scan.states.items()
        if state.digest and old.get(path) != state
    }
    for digest, data in trees.items():
        if digest not in old_trees:
            outgoing[digest] = Outgoing(digest, len(data), partial(iter, [data]))
    lacking = [outgoing[digest] for digest in remote.missing(name, list(outgoing))]
    total_bytes = sum(each.size_bytes for each in lacking)
    report.begin("sending", total_bytes)
    remote.upload(name, (_reported(each, report) for each in lacking))
    return len(lacking), total_bytes


def _chunks(folder: Folder, path: str, state: FileState) -> Iterator[bytes]:
    hashed = hashlib.sha256()
    try:
        with (
            parent_of(folder.root, path) as (parent, file_name),
            opened_file(parent, file_name) as opened,
        ):
            for chunk in chunks_of(opened):
                hashed.update(chunk)
                yield chunk
    except (OSError, LinkOnTheWay) as error:
        raise _changed(path) from error
    if hashed.hexdigest() != state.digest:
        raise _changed(path)


def _changed(path: str) -> Conflict:
    return Conflict(f"{path} was changed while it was pushed; push again")


def _reported(each: Outgoing, report: Report) -> Outgoing:
    def chunks() -> Iterator[bytes]:
        for chunk in each.chunks():
            yield chunk
            report.advance(len(chunk))

    return replace(each, chunks=chunks)


def _moved(name: str, head: str, known: Known | None) -> Conflict:
    if known is None:
        text = f"workspace {name} has a head ({head[:12]}) that was never pulled into this folder"
    else:
        text = (
            f"the head of workspace {name} is {head[:12]}, this folder was last "
            f"{known.snapshot[:12]}"
        )
    text += "; pull first, or push with --force to replace it"
    return Conflict(text, reason=ReasonCode.HEAD_MOVED)


def _too_much(path: str, size_bytes: int, quotas: WorkspaceQuotas) -> InvalidRequest:
    text = (
        f"{path} ({size_bytes} bytes) makes it too much: a snapshot may hold {quotas.bytes} bytes "
        f"and {quotas.entries} files; remove files, or name them in .assizeignore"
    )
    return InvalidRequest(text, reason=ReasonCode.OVER_QUOTA)


def _unfit(faults: list[Fault]) -> InvalidRequest:
    told = [FieldViolation(each.path, each.why) for each in faults[:FAULTS_MOST]]
    if len(faults) > FAULTS_MOST:
        told.append(FieldViolation("...", f"and {len(faults) - FAULTS_MOST} more"))
    told.append(FieldViolation("push", "remove these, or name them in .assizeignore"))
    return InvalidFields(told)
