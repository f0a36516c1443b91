"""Holds and decisions in a real database: once, in order, and after a restart."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update
from support.approvals import (
    ALICE,
    ALICE_TWO,
    APPROVERS,
    BOB,
    EFFECTS,
    NONCE,
    NOW,
    POLICY_DIGEST,
    TTL_SECONDS,
    WEIGHED,
    approval,
    bundle,
    commit_hold,
    denial,
    execution_hold,
)

from assize.approvals import tokens
from assize.approvals.refusals import RefusalCode, Refused
from assize.canonical import effect_set_digest
from assize.model.approvals import (
    ApprovalDecision,
    Bundle,
    Hold,
    HoldState,
    HoldStatus,
    HoldSummary,
)
from assize_server.approvals import decisions, holds
from assize_server.approvals.errors import (
    ApprovalError,
    HoldTooLarge,
    NotRedeemable,
    SecondHold,
    TooManyHolds,
    UnknownHold,
)
from assize_server.approvals.stats import hold_stats
from assize_server.approvals.tables import holds as holds_table
from assize_server.core.approvers import Approvers
from assize_server.store.database import Database

CAPS = holds.Caps(pending_of_submitter=3, pending=5)


def create(database: Database, hold: Hold | None = None, nonce: str = NONCE) -> Hold:
    """Store a hold."""
    made = hold or commit_hold()
    database.write_now(lambda connection: holds.create_hold(connection, made, nonce, CAPS))
    return made


def decide(database: Database, hold_id: str, envelope: bytes, now: int = NOW + 60) -> HoldStatus:
    """Take a decision."""

    def act(connection: Connection) -> HoldStatus:
        status, _ = decisions.decide(
            connection,
            hold_id,
            envelope,
            APPROVERS,
            current_policy=POLICY_DIGEST,
            submitted_by="somebody",
            now=now,
        )
        return status

    return database.write_now(act)


def spend(
    database: Database,
    hold_id: str,
    policy: str = POLICY_DIGEST,
    now: int = NOW + 90,
    approvers: Approvers = APPROVERS,
) -> Hold:
    """Use an approval."""
    return database.write_now(
        lambda connection: decisions.spend(
            connection, hold_id, approvers, current_policy=policy, now=now
        )
    )


def short_approval(shown: Bundle) -> bytes:
    """Return an approval of Alice's that counts for 100 seconds."""
    statement = tokens.statement_of(
        shown, ApprovalDecision.APPROVE, "only now", not_after=NOW + 100
    )
    return tokens.signed(statement, ALICE)


def state(database: Database, hold_id: str) -> HoldState:
    """Return where a hold stands."""
    return database.read_now(lambda connection: holds.status_of(connection, hold_id)).state


def approved(database: Database, **changes: Any) -> Hold:
    """Return a hold that was approved."""
    made = create(database, commit_hold(**changes))
    assert decide(database, made.id, approval(bundle(made))).state is HoldState.APPROVED
    return made


@pytest.mark.parametrize("hold", [commit_hold(), execution_hold()])
def test_hold_comes_back_as_it_was_stored(database: Database, hold: Hold) -> None:
    """Every field, and the nonce for approvers."""
    create(database, hold)
    assert database.read_now(lambda connection: holds.bundle_of(connection, hold.id)) == bundle(
        hold
    )


def test_summary_counts_and_shows_no_nonce(database: Database) -> None:
    """What a submitter may see."""
    create(database)
    (found,) = database.read_now(holds.list_holds)
    assert (found.effects, found.irreversible, found.approvals) == (3, 2, 0)
    assert NONCE not in repr(found)


def test_hold_binds_the_effect_set(database: Database) -> None:
    """Its subject is the digest that anybody can compute."""
    assert commit_hold().subject == effect_set_digest(EFFECTS)
    assert commit_hold().weighed == WEIGHED


def test_one_approval_of_one_is_enough(database: Database) -> None:
    """And is recorded with who, why and when."""
    hold = create(database)
    status = decide(database, hold.id, approval(bundle(hold)))
    assert status.state is HoldState.APPROVED
    (decision,) = status.decisions
    assert (decision.person, decision.reason, decision.at) == ("alice", "looks right", NOW + 60)


def test_quorum_of_two_takes_two_people(database: Database) -> None:
    """One key twice and two keys of one person are one person."""
    hold = create(database, commit_hold(quorum=2))
    assert decide(database, hold.id, approval(bundle(hold))).state is HoldState.PENDING
    for again in (approval(bundle(hold)), approval(bundle(hold), ALICE_TWO)):
        with pytest.raises(Refused) as caught:
            decide(database, hold.id, again)
        assert caught.value.code is RefusalCode.ALREADY_RECORDED
    assert state(database, hold.id) is HoldState.PENDING
    assert decide(database, hold.id, approval(bundle(hold), BOB)).state is HoldState.APPROVED


def test_denial_is_final(database: Database) -> None:
    """Nothing that comes after changes it."""
    hold = create(database, commit_hold(quorum=2))
    decide(database, hold.id, approval(bundle(hold)))
    status = decide(database, hold.id, denial(bundle(hold), BOB))
    assert (status.state, status.detail) == (HoldState.DENIED, "denied by bob: not today")
    with pytest.raises(Refused) as caught:
        decide(database, hold.id, approval(bundle(hold), BOB))
    assert caught.value.code is RefusalCode.NOT_PENDING
    with pytest.raises(NotRedeemable):
        spend(database, hold.id)


def test_person_who_approved_may_still_deny(database: Database) -> None:
    """As long as others are waited for."""
    hold = create(database, commit_hold(quorum=2))
    decide(database, hold.id, approval(bundle(hold)))
    assert decide(database, hold.id, denial(bundle(hold))).state is HoldState.DENIED


def test_refused_decision_leaves_nothing(database: Database) -> None:
    """No row, no change."""
    hold = create(database)
    with pytest.raises(Refused):
        decide(database, hold.id, approval(bundle(hold, nonce="00" * 32)))
    status = database.read_now(lambda connection: holds.status_of(connection, hold.id))
    assert status == HoldStatus(HoldState.PENDING, changed_at=NOW)


def test_token_of_one_hold_is_refused_at_another(database: Database) -> None:
    """Even with the same effects."""
    first = create(database)
    other = create(database, commit_hold(2), nonce="6b" * 32)
    with pytest.raises(Refused) as caught:
        decide(database, other.id, approval(bundle(first)))
    assert caught.value.code is RefusalCode.OTHER_HOLD


def test_sixteen_racing_redemptions_give_one(database: Database) -> None:
    """Fifteen are refused, whoever comes first."""
    hold = approved(database)

    def redeem(_number: int) -> bool:
        try:
            spend(database, hold.id)
        except NotRedeemable:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        redeemed = list(pool.map(redeem, range(16)))
    assert redeemed.count(True) == 1
    assert state(database, hold.id) is HoldState.COMMITTED


def test_redemption_of_another_process_counts_too(database: Database, tmp_path: Path) -> None:
    """The key in the database decides, not a lock in this process."""
    hold = approved(database)
    other = Database(tmp_path / "assize.db")
    other.open_now()
    spend(other, hold.id)
    other.close_now()
    with pytest.raises(NotRedeemable):
        spend(database, hold.id)


def test_approval_that_was_used_stays_used_whatever_its_state_says(database: Database) -> None:
    """The spent nonce decides, not a column that could be set back."""
    hold = approved(database)
    spend(database, hold.id)
    back = update(holds_table).values(state=HoldState.APPROVED.value)
    database.write_now(lambda connection: connection.execute(back).rowcount)
    with pytest.raises(NotRedeemable):
        spend(database, hold.id)


def test_redemption_whose_transaction_fails_is_given_back(database: Database) -> None:
    """Approval and commit land together or not at all."""
    hold = approved(database)

    def act(connection: Connection) -> None:
        decisions.spend(connection, hold.id, APPROVERS, current_policy=POLICY_DIGEST, now=NOW + 90)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write_now(act)
    assert spend(database, hold.id).id == hold.id


def test_refused_redemption_leaves_nothing_in_a_transaction_that_goes_on(
    database: Database,
) -> None:
    """A pending hold whose spending was refused can be approved and spent later."""
    hold = create(database)

    def act(connection: Connection) -> None:
        with pytest.raises(NotRedeemable):
            decisions.spend(
                connection, hold.id, APPROVERS, current_policy=POLICY_DIGEST, now=NOW + 30
            )

    database.write_now(act)
    decide(database, hold.id, approval(bundle(hold)))
    assert spend(database, hold.id).id == hold.id


@pytest.mark.parametrize(
    ("policy", "now"), [("e" * 64, NOW + 90), (POLICY_DIGEST, NOW + TTL_SECONDS)]
)
def test_approval_of_another_policy_or_time_cannot_be_used(
    database: Database, policy: str, now: int
) -> None:
    """What changed, or ended, between approval and commit denies."""
    hold = approved(database)
    with pytest.raises(NotRedeemable):
        spend(database, hold.id, policy, now)


def test_approval_by_a_key_that_was_revoked_since_cannot_be_used(database: Database) -> None:
    """It counts until the commit, not only until the quorum."""
    hold = approved(database)
    others = tuple(each for each in APPROVERS.people if each.name != "alice")
    with pytest.raises(NotRedeemable):
        spend(database, hold.id, approvers=Approvers(others))
    assert state(database, hold.id) is HoldState.APPROVED


def test_approval_counts_as_long_as_its_signer_chose(database: Database) -> None:
    """Neither in a quorum that is reached later, nor for a commit that comes later."""
    hold = create(database, commit_hold(1, quorum=2), "01" * 32)
    decide(database, hold.id, short_approval(bundle(hold, "01" * 32)))
    late = decide(database, hold.id, approval(bundle(hold, "01" * 32), BOB), NOW + 100)
    assert late.state is HoldState.PENDING
    alone = create(database, commit_hold(2), "02" * 32)
    decide(database, alone.id, short_approval(bundle(alone, "02" * 32)))
    with pytest.raises(NotRedeemable):
        spend(database, alone.id, now=NOW + 100)


def test_what_nobody_decides_expires(database: Database) -> None:
    """Also what was approved and not used; what was used, stays."""
    waiting = create(database, commit_hold(1), "01" * 32)
    unused = create(database, commit_hold(2), "02" * 32)
    decide(database, unused.id, approval(bundle(unused, "02" * 32)))
    used = create(database, commit_hold(3), "03" * 32)
    decide(database, used.id, approval(bundle(used, "03" * 32)))
    spend(database, used.id)

    def expire(now: int) -> tuple[HoldSummary, ...]:
        return database.write_now(lambda connection: holds.expire(connection, now))

    assert expire(NOW + TTL_SECONDS - 1) == ()
    assert {each.id for each in expire(NOW + TTL_SECONDS)} == {waiting.id, unused.id}
    assert state(database, used.id) is HoldState.COMMITTED
    with pytest.raises(Refused) as caught:
        decide(database, waiting.id, approval(bundle(waiting, "01" * 32)))
    assert caught.value.code is RefusalCode.NOT_PENDING


def test_restart_forgets_nothing(tmp_path: Path) -> None:
    """A hold, half a quorum and a spent approval are there when the database is opened again."""
    path = tmp_path / "assize.db"
    first = Database(path)
    first.open_now()
    half = create(first, commit_hold(1, quorum=2), "01" * 32)
    decide(first, half.id, approval(bundle(half, "01" * 32)))
    spent = create(first, commit_hold(2), "02" * 32)
    decide(first, spent.id, approval(bundle(spent, "02" * 32)))
    spend(first, spent.id)
    open_still = create(first, commit_hold(3), "03" * 32)
    decide(first, open_still.id, approval(bundle(open_still, "03" * 32)))
    first.close_now()

    second = Database(path)
    second.open_now()
    assert second.read_now(holds.approved_holds) == (open_still,)
    assert decide(second, half.id, approval(bundle(half, "01" * 32), BOB)).state is (
        HoldState.APPROVED
    )
    with pytest.raises(NotRedeemable):
        spend(second, spent.id)
    second.close_now()


def test_conflict_and_failure_end_what_was_approved(database: Database) -> None:
    """And nothing else."""
    hold = approved(database)

    def mark(to: HoldState) -> HoldSummary:
        return database.write_now(
            lambda connection: holds.mark(connection, hold.id, to, "moved on", NOW + 90)
        )

    with pytest.raises(ApprovalError):
        mark(HoldState.APPROVED)
    assert mark(HoldState.CONFLICT).detail == "moved on"
    with pytest.raises(ApprovalError):
        mark(HoldState.FAILED)
    with pytest.raises(NotRedeemable):
        spend(database, hold.id)


def test_flood_of_one_submitter_is_capped(database: Database) -> None:
    """The others still have room, until all have too many together."""
    for number in range(3):
        create(database, commit_hold(number), f"{number:02}" * 32)
    with pytest.raises(TooManyHolds):
        create(database, commit_hold(4), "04" * 32)
    for number in (5, 6):
        create(database, commit_hold(number, submitter=f"agent-{number}"), f"{number:02}" * 32)
    with pytest.raises(TooManyHolds):
        create(database, commit_hold(7, submitter="agent-9"), "07" * 32)


def test_run_has_one_hold_at_each_gate(database: Database) -> None:
    """Asking twice about the same is refused."""
    create(database)
    with pytest.raises(SecondHold):
        create(database, replace(commit_hold(), id="hold-9"), "09" * 32)
    create(database, execution_hold(), "08" * 32)


def test_hold_that_nobody_could_look_through_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is bounded."""
    monkeypatch.setattr(holds, "MOST_BUNDLE_BYTES", 100)
    with pytest.raises(HoldTooLarge):
        create(database)


def test_hold_that_is_not_there_is_unknown(database: Database) -> None:
    """For every question."""
    with pytest.raises(UnknownHold):
        spend(database, "hold-0")
    with pytest.raises(UnknownHold):
        decide(database, "hold-0", b"")


def test_every_change_has_the_next_number(database: Database) -> None:
    """Who watches misses none: new, half a quorum, the end."""
    hold = create(database, commit_hold(quorum=2))
    seen: list[HoldSummary] = []
    for act in (
        lambda: None,
        lambda: decide(database, hold.id, approval(bundle(hold))),
        lambda: decide(database, hold.id, approval(bundle(hold), BOB)),
        lambda: spend(database, hold.id),
    ):
        act()
        after = seen[-1].sequence if seen else 0
        seen += database.read_now(partial(holds.changed_after, sequence=after))
    states = [HoldState.PENDING, HoldState.PENDING, HoldState.APPROVED, HoldState.COMMITTED]
    assert [each.state for each in seen] == states
    assert [each.approvals for each in seen] == [0, 1, 2, 2]


def test_stats_count_ends_and_time(database: Database) -> None:
    """Per rule, and the median of what was decided."""
    first, second = (
        create(database, commit_hold(1), "01" * 32),
        create(database, commit_hold(2), "02" * 32),
    )
    create(database, commit_hold(3), "03" * 32)
    assert database.read_now(hold_stats).median_seconds_to_decide is None
    decide(database, first.id, approval(bundle(first, "01" * 32)), NOW + 10)
    decide(database, second.id, denial(bundle(second, "02" * 32)), NOW + 30)
    database.write_now(lambda connection: holds.expire(connection, NOW + TTL_SECONDS))
    found = database.read_now(hold_stats)
    # The first was approved and never used, which expires it.
    assert (found.holds, found.approved, found.denied, found.expired) == (3, 0, 1, 2)
    assert found.median_seconds_to_decide == 30
    assert [(each.rule, each.denied) for each in found.rules] == [("ORG-010", 1)]
