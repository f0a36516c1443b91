"""Holds of real runs: approved, denied, raced for, overtaken, carried on after a restart."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.approvals import ALICE, BOB, approval, denial
from support.landing import WORKSPACE, Court, sitting

from assize import AsyncClient
from assize.approvals import grants
from assize.approvals.refusals import Refused
from assize.audit.entries import EntryKind
from assize.canonical import effect_set_digest
from assize.model.approvals import Grant, HoldState
from assize.model.verdict import Reason, Status, Verdict, WorkspaceOutcome
from assize_sandbox.engines.fake import Behaviour
from assize_sandbox.workspaces.editing import node_at
from assize_server.approvals.errors import ApprovalError, TooManyHolds

DELETES = b"deletes a file"
WRITES = b"writes a new file"
PROGRAMS = {
    DELETES: Behaviour(deletes=frozenset({"a.csv"})),
    WRITES: Behaviour(files={"b.txt": b"new\n"}),
}
RACERS = 16


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[Court]:
    """A service with a workspace."""
    async with sitting(tmp_path, PROGRAMS) as court:
        yield court


async def held(court: Court) -> tuple[Verdict, str]:
    """Return the verdict of a run that is held, and its hold's id."""
    verdict = await court.verify(DELETES)
    assert verdict.hold is not None, verdict
    return verdict, verdict.hold.hold_id


async def approve(court: Court, hold_id: str, key: object = ALICE, by: str = "alice") -> HoldState:
    """Have a person sign, and return where the hold stands then."""
    bundle, _ = await court.office.desk.bundle(hold_id, by)
    _, status = await court.office.desk.decide(approval(bundle, key), by)  # type: ignore[arg-type]
    return status.state


def exists(court: Court, path: str, root: object) -> bool:
    """Tell whether a path is in a tree."""
    return node_at(court.state.objects, root, path) is not None  # type: ignore[arg-type]


async def test_approved_effects_land_without_another_run(court: Court) -> None:
    """What was shown is what lands; the verdict, the log and the audit log say so."""
    verdict, hold_id = await held(court)
    runs = len(court.engine.recorded)
    assert await approve(court, hold_id) is HoldState.COMMITTED
    assert len(court.engine.recorded) == runs
    assert not exists(court, "a.csv", await court.head())
    assert verdict.workspace is not None
    assert await court.head_id() == verdict.workspace.result
    told = await court.verdict(verdict.verification_id)
    assert told.status is Status.PASSED
    assert told.workspace is not None
    assert told.workspace.outcome is WorkspaceOutcome.COMMITTED
    kinds = [each.kind for each in await court.entries()]
    wanted = (
        EntryKind.HOLD,
        EntryKind.VERDICT,
        EntryKind.APPROVAL,
        EntryKind.COMMIT_INTENT,
        EntryKind.COMMIT,
        EntryKind.VERDICT,
    )
    assert [each for each in kinds if each in wanted] == list(wanted)


async def test_denied_effects_are_gone_and_the_verdict_says_so(court: Court) -> None:
    """One denial is final."""
    verdict, hold_id = await held(court)
    before = await court.head_id()
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    await court.office.desk.decide(denial(bundle), "alice")
    told = await court.verdict(verdict.verification_id)
    assert (told.status, told.reason) == (Status.FAILED, Reason.POLICY_DENIED)
    assert await court.head_id() == before
    assert [each.kind for each in await court.entries(EntryKind.DENIAL)] == [EntryKind.DENIAL]


async def test_racing_redemptions_commit_once(court: Court) -> None:
    """However often the commit is asked for at once, and again later."""
    verdict, hold_id = await held(court)
    carrier = court.office.carrier
    court.office.desk._committer = Nobody()
    assert await approve(court, hold_id) is HoldState.APPROVED
    await asyncio.gather(*(carrier.commit(hold_id) for _ in range(RACERS)))
    await carrier.commit(hold_id)
    assert len(await court.entries(EntryKind.COMMIT)) == 1
    log = court.state.workspaces.log("anonymous", WORKSPACE, 100, None)
    assert len([each for each in log if each.verification_id]) == 1
    _, status = await court.office.desk.bundle(hold_id, "bob")
    assert status.state is HoldState.COMMITTED
    assert (await court.verdict(verdict.verification_id)).status is Status.PASSED


async def test_commit_without_an_approval_does_nothing(court: Court) -> None:
    """Whoever asks for it."""
    _, hold_id = await held(court)
    before = await court.head_id()
    with pytest.raises(ApprovalError):
        await court.office.carrier.commit(hold_id)
    assert await court.head_id() == before
    _, status = await court.office.desk.bundle(hold_id, "bob")
    assert status.state is HoldState.PENDING


async def test_moved_workspace_is_a_conflict_and_the_approval_is_not_used(court: Court) -> None:
    """What was approved was approved of another state."""
    verdict, hold_id = await held(court)
    assert (await court.verify(WRITES)).status is Status.PASSED
    after = await court.head_id()
    assert await approve(court, hold_id) is HoldState.CONFLICT
    assert await court.head_id() == after
    told = await court.verdict(verdict.verification_id)
    assert (told.status, told.reason) == (Status.INFRA_ERROR, Reason.CONFLICT)
    assert exists(court, "a.csv", await court.head())


def change_policy(court: Court) -> None:
    """Have the service read a default policy that is another one in a small way."""
    path = court.policy_folder / "default.yaml"
    path.write_text(path.read_text().replace("wall_seconds: 30", "wall_seconds: 29"))
    court.policies.reload()


async def test_changed_policy_ends_what_waits(court: Court) -> None:
    """An approval is of the policy that asked."""
    _, hold_id = await held(court)
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    change_policy(court)
    with pytest.raises(Exception, match="policy") as caught:
        await court.office.desk.decide(approval(bundle, ALICE), "alice")
    assert "a.csv" not in str(caught.value)
    assert exists(court, "a.csv", await court.head())


async def test_approved_before_a_restart_lands_after_it(tmp_path: Path) -> None:
    """A service that ends between the approval and the commit goes on with it."""
    async with sitting(tmp_path, PROGRAMS) as court:
        _, hold_id = await held(court)
        court.office.desk._committer = Nobody()
        assert await approve(court, hold_id) is HoldState.APPROVED
        assert exists(court, "a.csv", await court.head())
    async with sitting(tmp_path, PROGRAMS) as court:
        await court.office.desk.close()
        assert not exists(court, "a.csv", await court.head())
        _, status = await court.office.desk.bundle(hold_id, "alice")
        assert status.state is HoldState.COMMITTED


async def test_process_of_a_single_run_carries_out_nothing_that_was_approved(
    tmp_path: Path,
) -> None:
    """It would be gone in the middle of it; the next service does it."""
    async with sitting(tmp_path, PROGRAMS) as court:
        _, hold_id = await held(court)
        court.office.desk._committer = Nobody()
        assert await approve(court, hold_id) is HoldState.APPROVED
    async with sitting(tmp_path, PROGRAMS, keeps=False) as court:
        await court.office.desk.close()
        _, status = await court.office.desk.bundle(hold_id, "alice")
        assert status.state is HoldState.APPROVED
        assert exists(court, "a.csv", await court.head())
    async with sitting(tmp_path, PROGRAMS) as court:
        await court.office.desk.close()
        assert not exists(court, "a.csv", await court.head())


class Nobody:
    """A committer that carries nothing out."""

    async def commit(self, hold_id: str) -> None:
        """Do nothing."""

    async def start(self, hold_id: str) -> None:
        """Do nothing."""


async def test_garbage_collection_spares_what_is_held(court: Court) -> None:
    """Days may pass between a run and its approval."""
    _, hold_id = await held(court)
    far = 10**15
    await asyncio.to_thread(court.state.workspaces.collect, far)
    assert await approve(court, hold_id) is HoldState.COMMITTED


async def grant_of_alice(court: Court) -> None:
    """Have Alice sign for one delete by the policy as it is now."""
    now = int(court.office.desk._clock())
    policy = court.policies["default"]
    grant = Grant(
        workspace=f"anonymous/{WORKSPACE}",
        policy_digest=policy.digest,
        rules=("ORG-010",),
        paths=("workspace/*.csv",),
        most_effects=1,
        audience=court.state.keys.origin,
        not_before=now - 1,
        not_after=now + 600,
        nonce="ab" * 16,
        reason="cleaning up today",
    )
    await court.office.desk.grant(grants.signed(grant, ALICE), "alice")


async def test_grant_lets_a_run_through_without_asking_again(court: Court) -> None:
    """Within its rules, paths, number and time; its use is written down."""
    await grant_of_alice(court)
    verdict = await court.verify(DELETES)
    assert verdict.status is Status.PASSED, verdict
    assert not exists(court, "a.csv", await court.head())
    assert len(await court.entries(EntryKind.GRANT_USE)) == 1


async def test_grant_ends_with_its_policy_for_a_run_in_flight_too(
    court: Court, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run keeps its policy, and is held: what people signed ahead was for the old one."""
    await grant_of_alice(court)

    async def analyse(*_asked: object) -> tuple[()]:
        change_policy(court)
        return ()

    monkeypatch.setattr(court.analyser, "analyse", analyse)
    verdict = await court.verify(DELETES)
    assert verdict.status is Status.HELD
    assert exists(court, "a.csv", await court.head())
    assert await court.entries(EntryKind.GRANT_USE) == []
    assert verdict.hold is not None
    with pytest.raises(Refused, match="policy"):
        await approve(court, verdict.hold.hold_id)


async def test_rollback_undoes_an_approved_commit(court: Court) -> None:
    """Digest for digest."""
    before = await court.head_id()
    _, hold_id = await held(court)
    await approve(court, hold_id)
    back = await asyncio.to_thread(
        court.state.workspaces.rollback, "anonymous", WORKSPACE, "head~1", "", "", 1
    )
    assert back.snapshot == before == back.proof.recomputed
    assert exists(court, "a.csv", await court.head())


async def test_flood_of_holds_is_capped(court: Court) -> None:
    """Beyond the cap a run is refused its hold, and says why."""
    most = 16
    for _ in range(most):
        await held(court)
    verdict = await court.verify(DELETES)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.POLICY_DENIED)
    assert f"{most}" in verdict.message
    assert TooManyHolds.__name__ not in verdict.message


async def test_what_an_approver_is_shown_is_what_the_digest_says(court: Court) -> None:
    """The bundle can be checked without the service."""
    verdict, hold_id = await held(court)
    bundle, _ = await court.office.desk.bundle(hold_id, "bob")
    assert effect_set_digest(bundle.hold.effect_set) == bundle.hold.subject
    assert verdict.workspace is not None
    assert verdict.workspace.effects_digest == bundle.hold.subject
    assert await approve(court, hold_id, BOB, "bob") is HoldState.COMMITTED


async def test_submitter_can_wait_for_the_decision(court: Court) -> None:
    """Each change is told as it happens, the end last, and nothing that an approval is made of."""
    _, hold_id = await held(court)
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    async with AsyncClient(court.address) as client:
        states = client.watch_hold(hold_id)
        told = [await anext(states)]
        await court.office.desk.decide(approval(bundle, ALICE), "alice")
        told += [each async for each in states]
    assert told[0].state is HoldState.PENDING
    assert told[-1].state is HoldState.COMMITTED
    assert bundle.nonce not in repr(told)
