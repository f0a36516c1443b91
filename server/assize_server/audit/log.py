"""The log's functions: plain and synchronous, each inside the transaction of whoever calls it.

    def approve(connection: Connection) -> None:
        spend(connection, nonce)
        append(connection, Entry(EntryKind.APPROVAL, now_ms, caller, {"hold_id": hold}))

What is rolled back was never in the log, and what was written cannot be without its entry. An entry
costs one insert and at most log2(n) + 1 hashes, two on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select

from assize import merkle
from assize.audit.entries import Entry, EntryKind, encode
from assize_sandbox.errors import SandboxError
from assize_server.audit.tables import checkpoints, entries, nodes

PAGE_MOST: Final = 1000
"""Entries that one read returns."""
# Made once: each run appends twice, and to make a statement takes longer than to run it.
_ADD_ENTRY: Final = insert(entries)
_ADD_NODES: Final = insert(nodes)
_LAST: Final = select(func.max(nodes.c.position)).where(nodes.c.level == 0)
_HASH: Final = select(nodes.c.hash).where(
    nodes.c.level == bindparam("level"), nodes.c.position == bindparam("position")
)


class LogBroken(SandboxError):
    """The stored log is not what was signed; `remedy` says what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """The state of the log."""

    size: int
    """How many entries there are."""
    root: bytes
    """The root of their Merkle tree."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it is kept."""

    index: int
    """Its place, from 0 on."""
    leaf: bytes
    """Its bytes."""


def append(connection: Connection, entry: Entry) -> int:
    """Add an entry and return its index.

    Raises:
        MalformedEntry: It says something that an entry may not say; nothing was written.
    """
    leaf = encode(entry)
    index = size(connection)
    row = {"position": index, "kind": entry.kind.value, "leaf": leaf}
    connection.execute(_ADD_ENTRY, row)
    grown = merkle.grown(index, merkle.leaf_hash(leaf), _Nodes(connection).read)
    rows = [{"level": level, "position": at, "hash": made} for level, at, made in grown]
    connection.execute(_ADD_NODES, rows)
    return index


def size(connection: Connection) -> int:
    """Return how many entries there are."""
    last = connection.execute(_LAST).scalar_one()
    return 0 if last is None else int(last) + 1


def head(connection: Connection, at: int | None = None) -> Head:
    """Return the state of the log, or the one that it had with `at` entries.

    Raises:
        ValueError: It has never had so many.
        LogBroken: A part of the tree is missing.
    """
    count = size(connection)
    wanted = count if at is None else at
    if not 0 <= wanted <= count:
        raise ValueError(f"the log has {count} entries, {wanted} were asked for")
    return Head(wanted, merkle.root(wanted, _Nodes(connection).read))


def read(
    connection: Connection, start: int, limit: int, kinds: Sequence[EntryKind] = ()
) -> tuple[Stored, ...]:
    """Return up to `limit` (at most 1000) entries from `start` on, of these kinds if any are named.

    In order; with kinds, what lies between is left out.
    """
    asked = (
        select(entries.c.position, entries.c.leaf)
        .where(entries.c.position >= start)
        .order_by(entries.c.position)
        .limit(min(limit, PAGE_MOST))
    )
    if kinds:
        asked = asked.where(entries.c.kind.in_([kind.value for kind in kinds]))
    return tuple(Stored(row.position, row.leaf) for row in connection.execute(asked))


def last_of_kind(
    connection: Connection, kind: EntryKind, before: int | None = None
) -> Stored | None:
    """Return the last entry of a kind, or the last one before an index; None if there is none."""
    asked = select(entries.c.position, entries.c.leaf).where(entries.c.kind == kind.value)
    if before is not None:
        asked = asked.where(entries.c.position < before)
    row = connection.execute(asked.order_by(entries.c.position.desc()).limit(1)).first()
    return None if row is None else Stored(row.position, row.leaf)


def prove_inclusion(connection: Connection, index: int, at: int) -> tuple[bytes, ...]:
    """Return the path from entry `index` to the root of the first `at` entries.

    Raises:
        ValueError: There is no such entry among them, or the log has never had so many.
        LogBroken: A part of the tree is missing.
    """
    head(connection, at)
    return merkle.inclusion_proof(index, at, _Nodes(connection).read)


def prove_consistency(connection: Connection, old: int, new: int) -> tuple[bytes, ...]:
    """Return what shows that the first `new` entries begin with the first `old` ones.

    Raises:
        ValueError: The old log is empty or larger, or the log has never had so many entries.
        LogBroken: A part of the tree is missing.
    """
    head(connection, new)
    return merkle.consistency_proof(old, new, _Nodes(connection).read)


def keep_checkpoint(connection: Connection, state: Head, note: str) -> None:
    """Keep a signed checkpoint, unless one of that size is kept.

    Raises:
        LogBroken: One of that size is kept, and has another root.
    """
    kept = connection.execute(
        select(checkpoints.c.root).where(checkpoints.c.size == state.size)
    ).scalar_one_or_none()
    if kept is None:
        connection.execute(insert(checkpoints).values(size=state.size, root=state.root, note=note))
    elif kept != state.root:
        raise _broken(state.size)


def last_checkpoint(connection: Connection) -> Head | None:
    """Return the largest state that was ever signed, or None."""
    row = connection.execute(
        select(checkpoints.c.size, checkpoints.c.root).order_by(checkpoints.c.size.desc()).limit(1)
    ).first()
    return None if row is None else Head(row.size, row.root)


def check_extends(connection: Connection, signed: Head) -> None:
    """Refuse to go on with a log that does not continue the one that was signed.

    Raises:
        LogBroken: It is shorter, or its first entries are others.
    """
    if signed.size > size(connection):
        raise _broken(signed.size)
    if head(connection, signed.size).root != signed.root:
        raise _broken(signed.size)


def _broken(at: int) -> LogBroken:
    return LogBroken(
        f"the audit log does not continue the one that was signed with {at} entries",
        remedy="restore the newest copy of the database, or begin a new log in an empty "
        "ASSIZE_STATE; docs/audit.md, 'When the log is broken'",
    )


class _Nodes:
    """Reads the hashes of subtrees."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self, level: int, position: int) -> bytes:
        """Return the hash of a complete subtree."""
        where = {"level": level, "position": position}
        found = self._connection.execute(_HASH, where).scalar_one_or_none()
        if found is None:
            raise LogBroken(
                f"the audit log lacks the hash at level {level}, position {position}",
                remedy="restore the newest copy of the database; docs/audit.md",
            )
        return bytes(found)
