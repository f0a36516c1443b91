"""What a workspace and an owner may hold, and what is kept of a log."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assize_server.workspaces.errors import OverQuota
from assize_server.workspaces.records import Snapshot

_MIB: Final = 1024 * 1024
_GIB: Final = 1024 * _MIB


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits. Reaching one is allowed, passing it is not."""

    workspace_bytes: int = _GIB
    """Of one snapshot's files together."""
    workspace_entries: int = 100_000
    """Files, links and folders of one snapshot."""
    workspace_snapshots: int = 1000
    """Entries of one log."""
    workspace_history_bytes: int = 4 * _GIB
    """What the entries of one log added, together: at least what they take in the store."""
    owner_workspaces: int = 20
    owner_entries: int = 1_000_000
    """Files, links and folders of the heads of one owner's workspaces."""
    owner_history_bytes: int = 10 * _GIB
    """What the entries of one owner's logs added, together."""
    tree_bytes: int = 16 * _MIB
    """One tree object that a client may send: about 100,000 names of usual length."""
    disk_bytes_free: int = 512 * _MIB
    """Uploads are refused when the store's file system has less than this left."""
    disk_files_free: int = 50_000
    """And when it has room for fewer files: millions of small ones take few bytes."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What a garbage collection keeps. The head is always kept."""

    last_entries: int = 100
    """The newest entries of each log."""
    days: int = 30
    """And every entry that is not older."""
    grace_seconds: int = 3600
    """Objects touched later than that ago are spared: a push may be about to name them."""


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """What an operator can choose of workspaces."""

    quotas: Quotas = field(default_factory=Quotas)
    retention: Retention = field(default_factory=Retention)


def free_files(folder: Path) -> int | None:
    """Return how many files the file system of a folder has room for; None: it keeps no count."""
    found = os.statvfs(folder)
    return found.f_ffree if found.f_files else None


def require_snapshot(quotas: Quotas, entries: int, total_bytes: int) -> None:
    """Check what one snapshot holds.

    Raises:
        OverQuota: Too much.
    """
    remedy = "remove files, or name them in .assizeignore"
    _require("the snapshot's files, links and folders", entries, quotas.workspace_entries, remedy)
    _require("the snapshot's bytes", total_bytes, quotas.workspace_bytes, remedy)


def require_history(quotas: Quotas, entries: int, added_bytes: int) -> None:
    """Check what one log would hold.

    Raises:
        OverQuota: Too much.
    """
    remedy = "`assize workspace gc` gives up old entries; or fork the head and delete this one"
    _require("the workspace's snapshots", entries, quotas.workspace_snapshots, remedy)
    _require(
        "the workspace's history in bytes", added_bytes, quotas.workspace_history_bytes, remedy
    )


def require_owner(quotas: Quotas, workspaces: int, entries: int, added_bytes: int) -> None:
    """Check what all workspaces of an owner would hold.

    Raises:
        OverQuota: Too much.
    """
    remedy = "delete a workspace that is not needed"
    _require("the owner's workspaces", workspaces, quotas.owner_workspaces, remedy)
    _require("the owner's files, links and folders", entries, quotas.owner_entries, remedy)
    _require("the owner's history in bytes", added_bytes, quotas.owner_history_bytes, remedy)


def require_new_snapshot(quotas: Quotas, snapshot: Snapshot) -> None:
    """Check a snapshot that is about to become a head.

    Raises:
        OverQuota: It holds too much.
    """
    require_snapshot(quotas, snapshot.entries, snapshot.bytes)


def _require(what: str, value: int, quota: int, remedy: str) -> None:
    if value > quota:
        raise OverQuota(what, value, quota, remedy)
