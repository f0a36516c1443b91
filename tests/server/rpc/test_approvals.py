"""Holds over real gRPC: who is let in, who decides, and what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection
from support.approvals import (
    ALICE,
    APPROVERS,
    BOB,
    DAVE,
    NOW,
    STRANGER,
    TTL_SECONDS,
    approval,
    bundle,
    commit_hold,
    denial,
    execution_hold,
    signed_grant,
)
from support.desk import Office, office
from support.service import refusal_of

from assize.approvals.refusals import RefusalCode
from assize.convert.approvals import bundle_from_proto
from assize.model.approvals import (
    ApprovalDecision,
    Bundle,
    GrantRecord,
    Hold,
    HoldState,
    HoldStatus,
    HoldSummary,
)
from assize.v1 import approval_pb2, approval_pb2_grpc, hold_pb2, hold_pb2_grpc
from assize_server.approvals import holds
from assize_server.approvals.expiry import expire_forever
from assize_server.approvals.seams import NoticeKind
from assize_server.core.approvals import Accepted
from assize_server.core.approvers import Approvers

AS_ALICE = (("authorization", "Bearer token-of-alice"),)
AS_BOB = (("authorization", "Bearer token-of-bob"),)
AS_AGENT = (("authorization", "Bearer token-of-agent-7"),)
AS_OTHER_AGENT = (("authorization", "Bearer token-of-agent-8"),)


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Office]:
    """Give both services, running."""
    async with office(tmp_path) as made:
        yield made


@pytest.fixture
async def approvers(opened: Office) -> AsyncIterator[Any]:
    """Give a stub of the approvers' service."""
    async with grpc.aio.insecure_channel(opened.address) as channel:
        yield approval_pb2_grpc.ApprovalServiceStub(channel)


@pytest.fixture
async def submitters(opened: Office) -> AsyncIterator[Any]:
    """Give a stub of the submitters' service."""
    async with grpc.aio.insecure_channel(opened.submitters_address) as channel:
        yield hold_pb2_grpc.HoldServiceStub(channel)


async def fetched(approvers: Any, hold_id: str, metadata: Any = AS_ALICE) -> Bundle:
    """Return what an approver gets."""
    request = approval_pb2.GetHoldRequest(hold_id=hold_id)
    found, _ = bundle_from_proto(await approvers.GetHold(request, metadata=metadata))
    return found


async def sent(approvers: Any, envelope: bytes, metadata: Any = AS_ALICE) -> Any:
    """Send a decision and return the answer."""
    request = approval_pb2.SubmitDecisionRequest(envelope=envelope)
    return await approvers.SubmitDecision(request, metadata=metadata)


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    """Return the status and the reason of a refused call."""
    with pytest.raises(grpc.RpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    return refusal.code, refusal.reason


def state(number: Any) -> str:
    """Return the name of a state."""
    return hold_pb2.HoldState.Name(number)


@pytest.mark.parametrize(("hold", "act"), [(commit_hold(), "commit"), (execution_hold(), "start")])
async def test_approved_hold_is_carried_out(
    opened: Office, approvers: Any, hold: Hold, act: str
) -> None:
    """Fetched, signed, sent, and it has landed when the answer comes."""
    opened.hold(hold)
    shown = await fetched(approvers, hold.id)
    assert shown.hold == hold
    answer = await sent(approvers, approval(shown))
    assert (answer.hold_id, state(answer.status.state)) == (hold.id, "HOLD_STATE_COMMITTED")
    assert opened.committer.asked == [(act, hold.id)]


async def test_denied_hold_is_not_carried_out(opened: Office, approvers: Any) -> None:
    """And says who and why."""
    opened.hold(commit_hold())
    answer = await sent(approvers, denial(await fetched(approvers, "hold-1")))
    assert state(answer.status.state) == "HOLD_STATE_DENIED"
    assert answer.status.detail == "denied by alice: not today"
    assert opened.committer.asked == []


async def test_quorum_is_of_people(opened: Office, approvers: Any) -> None:
    """The first waits for the second, whoever brings the envelopes."""
    opened.hold(commit_hold(quorum=2))
    shown = await fetched(approvers, "hold-1")
    first = await sent(approvers, approval(shown), AS_BOB)
    assert state(first.status.state) == "HOLD_STATE_PENDING"
    again = await refused(sent(approvers, approval(shown), AS_BOB))
    assert again == (grpc.StatusCode.FAILED_PRECONDITION, RefusalCode.ALREADY_RECORDED)
    second = await sent(approvers, approval(shown, BOB), AS_BOB)
    assert state(second.status.state) == "HOLD_STATE_COMMITTED"
    assert [each.person for each in second.status.decisions] == ["alice", "bob"]


async def test_sixteen_approvals_at_once_commit_once(opened: Office, approvers: Any) -> None:
    """Fifteen are refused, and the committer is asked once."""
    opened.hold(commit_hold())
    envelope = approval(await fetched(approvers, "hold-1"))
    answers = await asyncio.gather(
        *(sent(approvers, envelope) for _ in range(16)), return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in answers) == 1
    assert opened.committer.asked == [("commit", "hold-1")]


async def test_restarted_commit_spends_once(opened: Office, approvers: Any) -> None:
    """What failed half-way stays approved, and is carried out after a restart."""
    opened.committer.fails = True
    opened.hold(commit_hold())
    answer = await sent(approvers, approval(await fetched(approvers, "hold-1")))
    assert state(answer.status.state) == "HOLD_STATE_APPROVED"
    opened.committer.fails = False
    await opened.desk.resume()
    await opened.desk.close()
    (found,) = await opened.desk.holds()
    assert found.state is HoldState.COMMITTED
    await opened.desk.resume()
    await opened.desk.close()
    assert len(opened.committer.asked) == 2


async def test_approval_that_was_not_used_in_time_is_not_resumed(
    opened: Office, approvers: Any
) -> None:
    """A restart does not lengthen it."""
    opened.committer.fails = True
    opened.hold(commit_hold())
    await sent(approvers, approval(await fetched(approvers, "hold-1")))
    opened.clock.now += TTL_SECONDS
    await opened.desk.resume()
    await opened.desk.close()
    assert [each.state for each in await opened.desk.holds()] == [HoldState.EXPIRED]
    assert len(opened.committer.asked) == 1


async def test_workspace_that_moved_on_is_told(opened: Office, approvers: Any) -> None:
    """Approved, but nothing landed."""
    opened.committer.outcome = HoldState.CONFLICT
    opened.hold(commit_hold())
    answer = await sent(approvers, approval(await fetched(approvers, "hold-1")))
    assert state(answer.status.state) == "HOLD_STATE_CONFLICT"
    assert answer.status.detail == "the workspace moved on"


@pytest.mark.parametrize(
    ("key", "code", "reason"),
    [
        (STRANGER, grpc.StatusCode.PERMISSION_DENIED, RefusalCode.UNKNOWN_KEY),
        (DAVE, grpc.StatusCode.PERMISSION_DENIED, RefusalCode.NOT_IN_GROUP),
    ],
)
async def test_who_decides_is_the_signer_not_the_caller(
    opened: Office,
    approvers: Any,
    key: Ed25519PrivateKey,
    code: grpc.StatusCode,
    reason: RefusalCode,
) -> None:
    """Alice's credential brings no signature of somebody else to count."""
    opened.hold(commit_hold())
    shown = await fetched(approvers, "hold-1")
    assert await refused(sent(approvers, approval(shown, key))) == (code, reason)


async def test_submitter_cannot_approve_itself(opened: Office, approvers: Any) -> None:
    """Not by its key, not by its credential; it does not even see what it would have to sign."""
    opened.hold(commit_hold(submitter="alice"))
    expected = (grpc.StatusCode.PERMISSION_DENIED, RefusalCode.SUBMITTER)
    request = approval_pb2.GetHoldRequest(hold_id="hold-1")
    assert await refused(approvers.GetHold(request, metadata=AS_ALICE)) == expected
    shown = await fetched(approvers, "hold-1", AS_BOB)
    assert await refused(sent(approvers, approval(shown, ALICE), AS_BOB)) == expected
    assert await refused(sent(approvers, approval(shown, BOB), AS_ALICE)) == expected
    answer = await sent(approvers, approval(shown, BOB), AS_BOB)
    assert state(answer.status.state) == "HOLD_STATE_COMMITTED"


@pytest.mark.parametrize("metadata", [(), AS_AGENT])
async def test_submitters_credential_does_not_reach_approvals(
    opened: Office, approvers: Any, metadata: Any
) -> None:
    """No method answers anybody but approvers."""
    opened.hold(commit_hold())
    for call in (
        approvers.ListHolds(approval_pb2.ListHoldsRequest(), metadata=metadata),
        approvers.GetHold(approval_pb2.GetHoldRequest(hold_id="hold-1"), metadata=metadata),
        approvers.SubmitDecision(approval_pb2.SubmitDecisionRequest(), metadata=metadata),
        approvers.SubmitGrant(approval_pb2.SubmitGrantRequest(), metadata=metadata),
        approvers.ListGrants(approval_pb2.ListGrantsRequest(), metadata=metadata),
        approvers.RevokeGrant(approval_pb2.RevokeGrantRequest(), metadata=metadata),
        approvers.HoldStats(approval_pb2.HoldStatsRequest(), metadata=metadata),
        approvers.WatchHolds(approval_pb2.WatchHoldsRequest(), metadata=metadata).read(),
    ):
        code, _ = await refused(call)
        assert code is grpc.StatusCode.UNAUTHENTICATED


async def test_approvals_are_not_served_beside_verifications(opened: Office) -> None:
    """The ordinary listener does not know the service."""
    async with grpc.aio.insecure_channel(opened.submitters_address) as channel:
        stub: Any = approval_pb2_grpc.ApprovalServiceStub(channel)
        code, _ = await refused(stub.ListHolds(approval_pb2.ListHoldsRequest(), metadata=AS_AGENT))
    assert code is grpc.StatusCode.UNIMPLEMENTED


async def test_submitter_sees_where_its_hold_stands_and_no_nonce(
    opened: Office, approvers: Any, submitters: Any
) -> None:
    """Nothing that an approval could be made of."""
    opened.hold(commit_hold())
    shown = await fetched(approvers, "hold-1")
    request = hold_pb2.GetHoldStatusRequest(hold_id="hold-1")
    answer = await submitters.GetHoldStatus(request, metadata=AS_AGENT)
    assert state(answer.hold.state) == "HOLD_STATE_PENDING"
    assert list(answer.hold.rules) == ["ORG-010"]
    assert shown.nonce.encode() not in answer.SerializeToString()


async def test_submitter_waits_for_the_outcome(
    opened: Office, approvers: Any, submitters: Any
) -> None:
    """The stream tells each change and ends with the end."""
    opened.hold(commit_hold())
    call = submitters.WatchHoldStatus(
        hold_pb2.WatchHoldStatusRequest(hold_id="hold-1"), metadata=AS_AGENT
    )
    assert state((await call.read()).hold.state) == "HOLD_STATE_PENDING"
    await sent(approvers, denial(await fetched(approvers, "hold-1")))
    assert state((await call.read()).hold.state) == "HOLD_STATE_DENIED"
    assert await call.read() is grpc.aio.EOF


async def test_other_submitters_holds_are_unknown(opened: Office, submitters: Any) -> None:
    """They do not even learn that there is one."""
    opened.hold(commit_hold())
    for name in ("hold-1", "hold-2"):
        request = hold_pb2.GetHoldStatusRequest(hold_id=name)
        found = await refused(submitters.GetHoldStatus(request, metadata=AS_OTHER_AGENT))
        assert found == (grpc.StatusCode.NOT_FOUND, RefusalCode.UNKNOWN_HOLD)
        stream = submitters.WatchHoldStatus(
            hold_pb2.WatchHoldStatusRequest(hold_id=name), metadata=AS_OTHER_AGENT
        )
        assert (await refused(stream.read()))[0] is grpc.StatusCode.NOT_FOUND


async def test_policy_that_changed_takes_no_approval(opened: Office, approvers: Any) -> None:
    """What was asked under the old one can only be denied or expire."""
    opened.hold(commit_hold())
    opened.policies["default"] = "e" * 64
    shown = await fetched(approvers, "hold-1")
    found = await refused(sent(approvers, approval(shown)))
    assert found == (grpc.StatusCode.FAILED_PRECONDITION, RefusalCode.OTHER_POLICY)


async def test_key_that_was_revoked_meanwhile_no_longer_counts(
    opened: Office, approvers: Any
) -> None:
    """Half a quorum by it is none."""
    opened.hold(commit_hold(quorum=2))
    shown = await fetched(approvers, "hold-1")
    await sent(approvers, approval(shown, ALICE))
    without = tuple(each for each in APPROVERS.people if each.name != "alice")
    opened.approvers.append(Approvers(without, APPROVERS.submitters))
    answer = await sent(approvers, approval(shown, BOB))
    assert state(answer.status.state) == "HOLD_STATE_PENDING"


@pytest.mark.parametrize(
    ("envelope", "code", "reason"),
    [
        (b"{}", grpc.StatusCode.INVALID_ARGUMENT, RefusalCode.MALFORMED_TOKEN),
        (b" " * 100_000, grpc.StatusCode.INVALID_ARGUMENT, RefusalCode.TOO_LARGE_TOKEN),
        (signed_grant(), grpc.StatusCode.INVALID_ARGUMENT, RefusalCode.WRONG_PREDICATE),
        (approval(bundle()), grpc.StatusCode.FAILED_PRECONDITION, RefusalCode.WRONG_NONCE),
        (
            approval(bundle(commit_hold(9))),
            grpc.StatusCode.NOT_FOUND,
            RefusalCode.UNKNOWN_HOLD,
        ),
    ],
    ids=range(5),
)
async def test_decision_that_does_not_count_is_refused_by_code(
    opened: Office, approvers: Any, envelope: bytes, code: grpc.StatusCode, reason: RefusalCode
) -> None:
    """And the hold stays as it was."""
    opened.hold(commit_hold())
    assert await refused(sent(approvers, envelope)) == (code, reason)
    (found,) = await opened.desk.holds()
    assert (found.state, found.approvals) == (HoldState.PENDING, 0)


async def test_holds_are_listed_by_state(opened: Office, approvers: Any) -> None:
    """All of them, or those asked for; an unknown state is refused."""
    opened.hold(commit_hold(1))
    opened.hold(commit_hold(2))
    await sent(approvers, denial(await fetched(approvers, "hold-2")))

    async def listed(*states: Any) -> list[str]:
        request = approval_pb2.ListHoldsRequest(states=states)
        answer = await approvers.ListHolds(request, metadata=AS_ALICE)
        return [each.id for each in answer.holds]

    assert await listed() == ["hold-1", "hold-2"]
    assert await listed(hold_pb2.HOLD_STATE_DENIED) == ["hold-2"]
    assert (await refused(listed(0)))[0] is grpc.StatusCode.INVALID_ARGUMENT


async def test_watching_misses_nothing(opened: Office, approvers: Any) -> None:
    """What was before is told first, and what comes is told in order."""
    opened.hold(commit_hold(1))
    call = approvers.WatchHolds(approval_pb2.WatchHoldsRequest(after=0), metadata=AS_ALICE)
    first = await call.read()
    assert (first.hold.id, first.hold.sequence) == ("hold-1", 1)
    opened.desk.announce(opened.hold(commit_hold(2)))
    assert (await call.read()).hold.id == "hold-2"
    await sent(approvers, denial(await fetched(approvers, "hold-2")))
    assert state((await call.read()).hold.state) == "HOLD_STATE_DENIED"
    call.cancel()


async def test_people_are_told_of_new_approved_denied_and_expired(
    opened: Office, approvers: Any
) -> None:
    """Once each; half a quorum is no news."""
    for number in (1, 2, 3):
        opened.desk.announce(opened.hold(commit_hold(number, quorum=2 if number == 1 else 1)))
    shown = await fetched(approvers, "hold-1")
    await sent(approvers, approval(shown))
    await sent(approvers, approval(shown, BOB))
    await sent(approvers, denial(await fetched(approvers, "hold-2")))
    opened.clock.now += TTL_SECONDS
    await opened.desk.expire()
    told = [(each.kind, each.hold.id) for each in opened.notifier.notices]
    assert told == [
        (NoticeKind.NEW, "hold-1"),
        (NoticeKind.NEW, "hold-2"),
        (NoticeKind.NEW, "hold-3"),
        (NoticeKind.APPROVED, "hold-1"),
        (NoticeKind.DENIED, "hold-2"),
        (NoticeKind.EXPIRED, "hold-3"),
    ]


async def test_expiry_runs_by_itself(opened: Office) -> None:
    """Each time it wakes, what is due ends; a fault of the database does not end it."""
    opened.hold(commit_hold())
    waits = asyncio.Queue[asyncio.Event]()

    async def wait(_seconds: float) -> None:
        woken = asyncio.Event()
        await waits.put(woken)
        await woken.wait()

    task = asyncio.create_task(expire_forever(opened.desk, wait))
    woken = await waits.get()
    assert [each.state for each in await opened.desk.holds()] == [HoldState.PENDING]
    opened.clock.now += TTL_SECONDS
    woken.set()
    await waits.get()
    assert [each.state for each in await opened.desk.holds()] == [HoldState.EXPIRED]
    task.cancel()


async def test_grants_are_given_listed_and_revoked(opened: Office, approvers: Any) -> None:
    """Any approver may end one."""
    given = await approvers.SubmitGrant(
        approval_pb2.SubmitGrantRequest(envelope=signed_grant()), metadata=AS_BOB
    )
    assert (given.grant.person, given.grant.grant.workspace) == ("alice", "shop")
    listed = await approvers.ListGrants(approval_pb2.ListGrantsRequest(), metadata=AS_ALICE)
    assert list(listed.grants) == [given.grant]
    request = approval_pb2.RevokeGrantRequest(grant_id=given.grant.id)
    ended = await approvers.RevokeGrant(request, metadata=AS_BOB)
    assert (ended.grant.revoked_by, ended.grant.revoked_at) == ("bob", NOW)
    listed = await approvers.ListGrants(approval_pb2.ListGrantsRequest(), metadata=AS_ALICE)
    assert list(listed.grants) == []
    unknown = approvers.RevokeGrant(approval_pb2.RevokeGrantRequest(grant_id="g"), metadata=AS_BOB)
    assert await refused(unknown) == (grpc.StatusCode.NOT_FOUND, RefusalCode.UNKNOWN_GRANT)


async def test_stats_are_told(opened: Office, approvers: Any) -> None:
    """Without a decision there is no time to tell."""
    opened.hold(commit_hold())
    ask = approval_pb2.HoldStatsRequest()
    before = await approvers.HoldStats(ask, metadata=AS_ALICE)
    assert (before.pending, before.HasField("median_seconds_to_decide")) == (1, False)
    opened.clock.now += 42
    await sent(approvers, denial(await fetched(approvers, "hold-1")))
    after = await approvers.HoldStats(ask, metadata=AS_ALICE)
    assert (after.denied, after.median_seconds_to_decide) == (1, 42)
    assert [(each.rule, each.denied) for each in after.rules] == [("ORG-010", 1)]


class RefusingJournal:
    """Records what it is told, and fails if it is told to."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails = False
        self.chokes_on = ""

    def decided(
        self, connection: Connection, hold: HoldSummary, counted: Accepted, status: HoldStatus
    ) -> None:
        """Record a decision."""
        verb = "approves" if counted.decision is ApprovalDecision.APPROVE else "denies"
        self._tell(connection, f"{counted.person} {verb} {hold.id}: {status.state.value}")

    def expired(self, connection: Connection, hold: HoldSummary) -> None:
        """Record an expiry."""
        if hold.id == self.chokes_on:
            raise OSError("what is kept beside it cannot be read")
        self._tell(connection, f"{hold.id} expired")

    def granted(self, connection: Connection, grant: GrantRecord) -> None:
        """Record a grant."""
        self._tell(connection, f"{grant.person} grants")

    def revoked(self, connection: Connection, grant: GrantRecord) -> None:
        """Record that it was revoked."""
        self._tell(connection, f"{grant.revoked_by} revokes")

    def _tell(self, connection: Connection, text: str) -> None:
        assert connection.in_transaction()
        if self.fails:
            raise OSError("the log is full")
        self.told.append(text)


async def test_nothing_is_decided_that_is_not_recorded(tmp_path: Path) -> None:
    """Decision and journal entry land together; without the entry there is no decision."""
    journal = RefusingJournal()
    async with (
        office(tmp_path, journal) as opened,
        grpc.aio.insecure_channel(opened.address) as channel,
    ):
        stub: Any = approval_pb2_grpc.ApprovalServiceStub(channel)
        opened.hold(commit_hold(1))
        opened.hold(commit_hold(2))
        shown = await fetched(stub, "hold-1")
        journal.fails = True
        with pytest.raises(grpc.RpcError):
            await sent(stub, approval(shown))
        first = await opened.database.read(lambda c: holds.status_of(c, "hold-1"))
        assert (first.state, first.decisions) == (HoldState.PENDING, ())
        assert opened.committer.asked == []
        journal.fails = False
        await sent(stub, approval(shown))
        given = await opened.desk.grant(signed_grant(), "alice")
        await opened.desk.revoke(given.id, "bob")
        opened.clock.now += TTL_SECONDS
        await opened.desk.expire()
    assert journal.told == [
        "alice approves hold-1: approved",
        "alice grants",
        "bob revokes",
        "hold-2 expired",
    ]


async def test_hold_that_cannot_be_ended_keeps_no_other_from_its_end(tmp_path: Path) -> None:
    """Else whoever manages to break one would have theirs, and everybody's, wait for ever."""
    journal = RefusingJournal()
    async with office(tmp_path, journal) as opened:
        for number in (1, 2, 3):
            opened.hold(commit_hold(number))
        opened.clock.now += TTL_SECONDS
        journal.chokes_on = "hold-1"
        await opened.desk.expire()
        states = {each.id: each.state for each in await opened.desk.holds()}
        assert states == {
            "hold-1": HoldState.PENDING,
            "hold-2": HoldState.EXPIRED,
            "hold-3": HoldState.EXPIRED,
        }
        journal.chokes_on = ""
        await opened.desk.expire()
        assert {each.state for each in await opened.desk.holds()} == {HoldState.EXPIRED}
