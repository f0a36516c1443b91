"""The stored log: appended to in anybody's transaction, and never changed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection, text
from support.audit_log import (
    ALICE,
    START_MS,
    AuditLog,
    entry,
    forged_entry,
    opened_log,
    restore,
    tree_of,
)

from assize import merkle
from assize.audit.checkpoints import opened
from assize.audit.entries import Entry, EntryKind, MalformedEntry, decode, encode
from assize_server.attestation.keys import rotate
from assize_server.audit import log as audit
from assize_server.audit.log import Head, LogBroken
from assize_server.audit.signing import record_keys, sign_head

LEAVES = [encode(entry(number)) for number in range(20)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """Give an empty log."""
    made = opened_log(tmp_path)
    yield made
    made.database.close_now()


def head_of(log: AuditLog, at: int | None = None) -> Head:
    """Return the log's state."""
    return log.database.read_now(lambda connection: audit.head(connection, at))


def test_entries_are_numbered_and_read_back(log: AuditLog) -> None:
    """In order, a page at a time, and by kind."""
    log.grow(12)
    log.database.write_now(lambda each: audit.append(each, entry(12, EntryKind.HOLD)))

    def read(*asked: object) -> list[int]:
        found = log.database.read_now(lambda each: audit.read(each, *asked))  # type: ignore[arg-type]
        assert [decode(each.leaf).subject["verification_id"] for each in found] == [
            f"v{each.index}" for each in found
        ]
        return [each.index for each in found]

    assert read(0, 100) == list(range(13))
    assert read(5, 3) == [5, 6, 7]
    assert read(13, 10) == []
    assert read(0, 10, [EntryKind.HOLD]) == [12]
    assert log.database.read_now(lambda each: audit.last_of_kind(each, EntryKind.PUSH)) is None


def test_root_of_every_state_is_that_of_its_entries(log: AuditLog) -> None:
    """Read from the few hashes that were stored on the way."""
    for size in range(len(LEAVES) + 1):
        nodes = tree_of(LEAVES[:size])
        expected = merkle.root(size, lambda level, at, nodes=nodes: nodes[level, at])  # type: ignore[misc]
        assert head_of(log) == Head(size, expected)
        if size < len(LEAVES):
            log.grow(1, first=size)
            assert head_of(log, size).root == expected


def test_proofs_of_the_stored_log_verify(log: AuditLog) -> None:
    """Inclusion and consistency, over all states."""
    log.grow(len(LEAVES))

    def prove(connection: Connection) -> None:
        for new in range(1, len(LEAVES) + 1):
            root = audit.head(connection, new).root
            for index in range(new):
                path = audit.prove_inclusion(connection, index, new)
                leaf = merkle.leaf_hash(LEAVES[index])
                assert merkle.verify_inclusion(leaf, index, new, path, root)
                old = audit.head(connection, index + 1).root
                proof = audit.prove_consistency(connection, index + 1, new)
                assert merkle.verify_consistency(index + 1, new, proof, old, root)

    log.database.read_now(prove)


def test_entry_is_part_of_the_transaction_that_it_tells_of(log: AuditLog) -> None:
    """What is rolled back was never in the log; the next entry takes its place."""
    log.grow(3)
    before = head_of(log)

    def fail(connection: Connection) -> None:
        audit.append(connection, entry(99))
        raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError):
        log.database.write_now(fail)
    assert head_of(log) == before
    log.grow(1, first=3)
    assert head_of(log).size == 4


def test_malformed_entry_rolls_its_act_back(log: AuditLog) -> None:
    """Nothing happens without its entry."""
    wrong = Entry(EntryKind.COMMIT, START_MS, ALICE, digests={"effects": "short"})

    def act(connection: Connection) -> None:
        audit.append(connection, entry(0))
        audit.append(connection, wrong)

    with pytest.raises(MalformedEntry):
        log.database.write_now(act)
    assert head_of(log).size == 0


async def test_entries_of_many_writers_have_no_gap(log: AuditLog) -> None:
    """One thread writes; whoever asks at once is numbered one after the other."""
    made = await asyncio.gather(
        *(
            log.database.write(lambda each, number=number: audit.append(each, entry(number)))  # type: ignore[misc]
            for number in range(50)
        )
    )
    assert sorted(made) == list(range(50))


@pytest.mark.parametrize("table", ["audit_entries", "audit_nodes", "audit_checkpoints"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid + 1"])
def test_log_is_only_added_to(log: AuditLog, table: str, act: str) -> None:
    """A mistake in the service's own code cannot change what was written."""
    log.grow(2)
    log.database.write_now(lambda connection: sign_head(connection, log.keys))
    statement = (
        act.format(table).replace("rowid", "position") if "nodes" in table else (act.format(table))
    )
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="only added to"):
        log.database.write_now(lambda connection: connection.execute(text(statement)))


def test_signed_state_is_the_log_as_it_is_or_was(log: AuditLog) -> None:
    """With the log's name and key."""
    log.grow(5)
    for at in (None, 0, 3, 5):
        made = log.database.write_now(lambda each, at=at: sign_head(each, log.keys, at))  # type: ignore[misc]
        told = opened(made.note, [log.keys.public])
        assert (told.origin, Head(told.size, told.root)) == (log.keys.origin, head_of(log, at))
    with pytest.raises(ValueError, match="5 entries"):
        log.database.write_now(lambda each: sign_head(each, log.keys, 6))


def test_log_that_does_not_continue_what_it_signed_signs_nothing(log: AuditLog) -> None:
    """Two signed states that contradict each other would be two histories."""
    log.grow(5)
    log.database.write_now(lambda connection: sign_head(connection, log.keys))
    nodes = tree_of([*LEAVES[:4], forged_entry(4)])
    log.by_hand(
        ("UPDATE audit_nodes SET hash = ? WHERE level = 0 AND position = 4", (nodes[0, 4],))
    )
    log.grow(1, first=5)
    with pytest.raises(LogBroken, match="signed with 5 entries"):
        log.database.write_now(lambda connection: sign_head(connection, log.keys))


def test_missing_hash_is_a_broken_log(log: AuditLog) -> None:
    """It is never made up."""
    log.grow(4)
    log.by_hand(("DELETE FROM audit_nodes WHERE level = 2", ()))
    with pytest.raises(LogBroken, match="level 2, position 0"):
        head_of(log)


def test_key_of_the_service_is_in_the_log_once_for_each_change(log: AuditLog) -> None:
    """Also after the keys of approvers changed in between, and after a rotation."""

    def key_ids() -> list[tuple[str, str | None]]:
        found = log.database.read_now(lambda each: audit.read(each, 0, 100, [EntryKind.KEY_CHANGE]))
        entries = [decode(each.leaf) for each in found]
        return [
            (each.subject["key_id"], each.subject.get("replaced_key_id"))
            for each in entries
            if each.subject["purpose"] == "service"
        ]

    first = log.keys
    for _ in range(2):
        log.database.write_now(lambda each: record_keys(each, first, START_MS))
    assert key_ids() == [(first.public.id, None)]
    other = Entry(EntryKind.KEY_CHANGE, START_MS, ALICE, {"purpose": "approvers"})
    log.database.write_now(lambda each: audit.append(each, other))
    second = rotate(log.state, START_MS)
    for _ in range(2):
        log.database.write_now(lambda each: record_keys(each, second, START_MS))
    assert key_ids() == [(first.public.id, None), (second.public.id, first.public.id)]


def test_log_goes_on_after_a_restart(log: AuditLog, tmp_path: Path) -> None:
    """Where it was."""
    log.grow(7)
    before = head_of(log)
    copy = tmp_path / "copy.db"
    log.copy_to(copy)
    again = restore(log, copy)
    try:
        assert head_of(again) == before
        again.grow(1, first=7)
        assert head_of(again, 7) == before
    finally:
        again.database.close_now()
