"""Grants in a real database: counted, revoked, used once by a run."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Connection
from support.approvals import (
    ALICE,
    APPROVERS,
    AUDIENCE,
    BOB,
    NOW,
    OWNERS,
    POLICY_DIGEST,
    SUBMITTER,
    WEIGHED,
    commit_hold,
    signed_grant,
)

from assize.approvals.refusals import RefusalCode, Refused
from assize.model.approvals import GrantRecord, RequiredApproval
from assize_server.approvals import grants
from assize_server.approvals.errors import GrantExhausted, UnknownGrant
from assize_server.store.database import Database


def add(database: Database, envelope: bytes | None = None) -> GrantRecord:
    """Store a grant."""
    return database.write_now(
        lambda connection: grants.add_grant(
            connection,
            envelope or signed_grant(),
            APPROVERS,
            audience=AUDIENCE,
            submitted_by="alice",
            now=NOW,
        )
    )


def use(
    connection: Connection, run: str = "run-1", *, quorum: int = 1, now: int = NOW
) -> tuple[grants.GrantUse, ...]:
    """Let a run through, if the grants reach."""
    return grants.use_grants(
        connection,
        APPROVERS,
        WEIGHED,
        RequiredApproval((OWNERS,), quorum),
        verification_id=run,
        submitter=SUBMITTER,
        workspace="shop",
        policy_digest=POLICY_DIGEST,
        subject=commit_hold().subject,
        now=now,
    )


def test_grant_comes_back_as_it_was_signed(database: Database) -> None:
    """And is listed while it is active."""
    record = add(database)

    def listed(at: int) -> tuple[GrantRecord, ...]:
        return database.read_now(partial(grants.list_grants, active_at=at))

    assert listed(NOW) == (record,)
    assert listed(record.grant.not_after) == ()
    assert database.read_now(grants.list_grants) == (record,)


def test_grant_is_given_once(database: Database) -> None:
    """The same again, or another with its nonce, is refused, also after it was revoked."""
    record = add(database)
    database.write_now(
        lambda connection: grants.revoke_grant(connection, record.id, revoked_by="bob", now=NOW)
    )
    for again in (signed_grant(), signed_grant(most_effects=9), signed_grant(BOB)):
        with pytest.raises(Refused) as caught:
            add(database, again)
        assert caught.value.code is RefusalCode.ALREADY_RECORDED


def test_use_is_recorded_and_counted(database: Database) -> None:
    """Three effects at a time: a row counts like a file."""
    record = add(database)
    runs = [database.write_now(partial(use, run=f"run-{n}")) for n in range(4)]
    assert [len(each) for each in runs] == [1, 1, 1, 0]
    found = database.read_now(lambda connection: grants.get_grant(connection, record.id))
    assert found.used == 9
    uses = database.read_now(lambda connection: grants.uses_of(connection, record.id))
    assert [each.verification_id for each in uses] == ["run-0", "run-1", "run-2"]
    assert {each.subject for each in uses} == {commit_hold().subject}


def test_racing_uses_never_exceed_the_number(database: Database) -> None:
    """Of sixteen runs with three effects each, ten effects let three through."""
    add(database)
    with ThreadPoolExecutor(16) as pool:
        used = pool.map(lambda n: database.write_now(lambda c: use(c, f"run-{n}")), range(16))
        assert sum(map(len, used)) == 3


def test_run_uses_a_grant_once(database: Database) -> None:
    """The whole transaction is undone."""
    add(database)
    database.write_now(use)
    with pytest.raises(GrantExhausted):
        database.write_now(use)
    (found,) = database.read_now(grants.list_grants)
    assert found.used == 3


def test_use_whose_transaction_fails_is_given_back(database: Database) -> None:
    """Use and commit land together or not at all."""
    add(database)

    def act(connection: Connection) -> None:
        assert use(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write_now(act)
    (found,) = database.read_now(grants.list_grants)
    assert found.used == 0


def test_revoked_grant_lets_nothing_through(database: Database) -> None:
    """The first who revoked it stays recorded."""
    record = add(database)
    for name in ("bob", "carol"):
        database.write_now(
            partial(grants.revoke_grant, grant_id=record.id, revoked_by=name, now=NOW)
        )
    assert database.write_now(use) == ()
    found = database.read_now(lambda connection: grants.get_grant(connection, record.id))
    assert found.revoked_by == "bob"


def test_quorum_of_two_counts_the_use_of_both(database: Database) -> None:
    """Each of the two is spent."""
    add(database, signed_grant(ALICE))
    assert database.write_now(lambda c: use(c, quorum=2)) == ()
    add(database, signed_grant(BOB, nonce="1f" * 16))
    assert len(database.write_now(lambda c: use(c, quorum=2))) == 2
    assert {each.used for each in database.read_now(grants.list_grants)} == {3}


def test_grant_that_is_not_there_is_unknown(database: Database) -> None:
    """Revoking it is refused."""
    with pytest.raises(UnknownGrant):
        database.write_now(lambda c: grants.revoke_grant(c, "g", revoked_by="bob", now=NOW))
