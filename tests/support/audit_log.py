"""A log in a real database, keys, and a real server that shows them, all in a folder of a test."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from sqlalchemy import Connection

from assize.audit.client import AuditClient
from assize.audit.entries import Entry, EntryKind, encode
from assize.merkle import grown, leaf_hash, root
from assize.model.callers import Caller, Role
from assize.v1 import attestation_pb2_grpc, audit_pb2_grpc
from assize_server.access.interceptor import Authentication, Rules
from assize_server.attestation.keys import ServiceKeys, open_keys
from assize_server.audit.log import Head, append
from assize_server.audit.signing import note_of
from assize_server.rpc.attestations import AttestationService
from assize_server.rpc.audit import AuditService
from assize_server.store.database import Database

ALICE = Caller("alice", Role.APPROVER)
START_MS = 1_800_000_000_000


@dataclass
class Clock:
    """Stands still unless the test moves it."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        """Return the time."""
        return self.now_ms


def entry(number: int, kind: EntryKind = EntryKind.VERDICT, time_ms: int | None = None) -> Entry:
    """Return an entry that says its number."""
    told_ms = START_MS + number * 1000 if time_ms is None else time_ms
    return Entry(
        kind,
        told_ms,
        ALICE,
        subject={"verification_id": f"v{number}"},
        digests={"policy": f"{number:064x}"},
        counts={"effects": number},
        outcome="PASSED",
    )


def append_many(connection: Connection, count: int, first: int = 0) -> None:
    """Append so many entries."""
    for number in range(first, first + count):
        append(connection, entry(number))


@dataclass
class AuditLog:
    """A log, and what belongs to it."""

    state: Path
    keys: ServiceKeys
    database: Database
    clock: Clock = field(default_factory=Clock)

    @property
    def file(self) -> Path:
        """The database's file."""
        return self.state / "assize.db"

    @property
    def public_key(self) -> Path:
        """The public key's file."""
        return self.state / "keys" / "service.pub"

    def grow(self, count: int, first: int = 0) -> None:
        """Append so many entries."""
        self.database.write_now(lambda connection: append_many(connection, count, first))

    def copy_to(self, path: Path) -> None:
        """Copy the database as it is."""
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)

    def by_hand(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """Change the database as somebody would who has its file: triggers are no barrier."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            for text, values in statements:
                connection.execute(text, values)

    def rebuild(self, forged: dict[int, bytes]) -> None:
        """Write another history and sign it, as somebody would who has the key, too."""
        with closing(sqlite3.connect(self.file)) as connection:
            rows = connection.execute("SELECT leaf FROM audit_entries ORDER BY position")
            leaves = [bytes(leaf) for (leaf,) in rows.fetchall()]
        for index, leaf in forged.items():
            leaves[index] = leaf
        nodes = tree_of(leaves)
        made = root(len(leaves), lambda level, position: nodes[level, position])
        state = Head(len(leaves), made)
        self.by_hand(
            ("DELETE FROM audit_nodes", ()),
            ("DELETE FROM audit_checkpoints", ()),
            *(
                ("UPDATE audit_entries SET leaf = ? WHERE position = ?", (leaf, index))
                for index, leaf in forged.items()
            ),
            *(
                ("INSERT INTO audit_nodes VALUES (?, ?, ?)", (*place, made))
                for place, made in nodes.items()
            ),
            (
                "INSERT INTO audit_checkpoints VALUES (?, ?, ?)",
                (state.size, made, note_of(state, self.keys)),
            ),
        )


def tree_of(leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Return every complete subtree."""
    nodes: dict[tuple[int, int], bytes] = {}
    for size, leaf in enumerate(leaves):
        for level, position, made in grown(size, leaf_hash(leaf), lambda *place: nodes[place]):
            nodes[level, position] = made
    return nodes


def forged_entry(number: int) -> bytes:
    """Return what somebody would rather have in the log."""
    return encode(entry(number + 1000, time_ms=START_MS + number * 1000))


def opened_log(state: Path) -> AuditLog:
    """Return the log of a state folder, opened. Close its database."""
    database = Database(state / "assize.db")
    database.open_now()
    return AuditLog(state, open_keys(state, Clock()), database)


def restore(log: AuditLog, copy: Path) -> AuditLog:
    """Put an older copy of the database in its place, and open it."""
    log.database.close_now()
    for leftover in log.state.glob("assize.db*"):
        leftover.unlink()
    shutil.copy(copy, log.file)
    return opened_log(log.state)


@asynccontextmanager
async def showing(log: AuditLog, rules: Rules | None = None) -> AsyncIterator[str]:
    """Give the address of a server that shows the log."""
    server = grpc.aio.server(interceptors=[Authentication(rules or Rules(None))])
    audit_pb2_grpc.add_AuditServiceServicer_to_server(AuditService(log.database, log.keys), server)
    attestation_pb2_grpc.add_AttestationServiceServicer_to_server(
        AttestationService(log.database, log.keys), server
    )
    address = f"unix://{log.state}/rpc.sock"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(0)


def client_of(address: str, token: str = "") -> AuditClient:
    """Return a client; use it in a thread."""
    return AuditClient(address, token=token, timeout_seconds=30)
