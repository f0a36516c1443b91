"""Ways around what landing promises, each of which was open once or was looked for and found shut.

Over a service without listeners and containers (support/bench.py).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.bench import ASKS, Bench, opened_bench, require_agreement
from support.landing import EXITS_WELL, WORKSPACE

from assize.audit.entries import EntryKind
from assize.convert.requests import VerificationRequest
from assize.model.approvals import HoldState
from assize.model.callers import Caller, Role
from assize.model.submission import SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Isolation, Status, Verdict, WorkspaceOutcome
from assize.v1 import attestation_pb2
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Shape
from assize_server.access.callers import set_caller
from assize_server.approvals import holds
from assize_server.core.bounds import MOST_FILE_BYTES
from assize_server.execution.job import IdReused, Job
from assize_server.landing import grounds
from assize_server.ledger import drafts
from assize_server.rpc.admission import Refused, admitted
from assize_server.rpc.attestations import AttestationService
from assize_server.rpc.rooms import Rooms
from assize_server.state import now_ms
from assize_server.workspaces import heads

WRITES = {"b.txt": "new\n"}
DELETES = {"a.csv": None}
WAITS_TWICE = {ASKS: True, "a.csv": "9,9\n9,9\n"}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A service with a workspace."""
    async with opened_bench(tmp_path) as bench:
        yield bench


def hold_of(verdict: Verdict) -> str:
    """Return the hold that a verdict waits for."""
    assert verdict.hold is not None, verdict
    return verdict.hold.hold_id


def outcome(verdict: Verdict) -> WorkspaceOutcome:
    """Return what became of the effects."""
    assert verdict.workspace is not None, verdict
    return verdict.workspace.outcome


def request_for(edits: object, request_id: str = "", policy: str = "strict") -> VerificationRequest:
    """Return the request that a bench makes of a program."""
    source = SourceFile("main.py", json.dumps(edits, sort_keys=True).encode())
    return VerificationRequest(
        Submission((source,), entry_point="main.py"),
        EXITS_WELL,
        policy=policy,
        request_id=request_id,
        workspace=WorkspaceUse(WORKSPACE),
    )


async def job_of(bench: Bench, edits: object, request_id: str = "") -> Job:
    """Return an admitted job, which nobody has submitted."""
    asked = request_for(edits, request_id, policy="")
    return await admitted(asked, bench.policies.snapshot(), pin=bench.pins.pin)


async def test_run_that_was_given_up_on_while_it_landed_says_that_it_landed(bench: Bench) -> None:
    """A head that moved is never told as "nobody could tell"."""
    bench.doer.loses_verdicts = True
    before = bench.head_id()
    verdict = await bench.verify(WRITES)
    assert (verdict.status, outcome(verdict)) == (Status.PASSED, WorkspaceOutcome.COMMITTED)
    assert bench.head_id() != before
    require_agreement(bench)


async def test_run_that_was_given_up_on_while_it_was_held_says_that_it_is_held(
    bench: Bench,
) -> None:
    """The approval then finds a verdict to bring up to date."""
    bench.doer.loses_verdicts = True
    verdict = await bench.verify(DELETES)
    assert await bench.decide(hold_of(verdict)) is HoldState.COMMITTED
    require_agreement(bench)


@pytest.mark.parametrize("edits", [WRITES, DELETES], ids=["landed", "held"])
async def test_caller_that_leaves_after_the_landing_finds_its_verdict(
    bench: Bench, edits: dict[str, object]
) -> None:
    """And the same request id does not have the code run again."""
    bench.doer.gate.clear()
    job = await job_of(bench, edits, "r1")
    judged = asyncio.create_task(bench.judged(job))
    await bench.doer.landed.wait()
    await bench.dispatcher.cancel(job.id)
    await judged
    bench.doer.gate.set()
    require_agreement(bench)
    again = await bench.judged(job)
    assert outcome(again) in {WorkspaceOutcome.COMMITTED, WorkspaceOutcome.HELD}
    assert bench.doer.runs == 1


async def test_approved_run_that_is_stopped_before_it_landed_fails_its_hold(bench: Bench) -> None:
    """It is not started again, and nothing says HELD for ever."""
    verdict = await bench.verify(WAITS_TWICE)
    bench.doer.beginning.clear()
    deciding = asyncio.create_task(bench.decide(hold_of(verdict)))
    await bench.doer.begun.wait()
    await bench.dispatcher.cancel(next(iter(bench.dispatcher._live)))
    await deciding
    require_agreement(bench)
    assert list(bench.holds().values()) == [HoldState.FAILED]


async def test_approved_run_that_is_stopped_after_it_was_held_again_waits(bench: Bench) -> None:
    """Nothing says HELD for ever."""
    verdict = await bench.verify(WAITS_TWICE)
    bench.doer.gate.clear()
    deciding = asyncio.create_task(bench.decide(hold_of(verdict)))
    await bench.doer.landed.wait()
    # Held again by then: the second hold is what it waits for.
    await bench.dispatcher.cancel(next(iter(bench.dispatcher._live)))
    await deciding
    require_agreement(bench)
    states = sorted(state.value for state in bench.holds().values())
    assert states == ["committed", "pending"]


async def test_second_hold_approved_before_the_verdict_is_written_is_settled(bench: Bench) -> None:
    """The verdict that is there is of the first hold: it must not be settled in its place."""
    verdict = await bench.verify(WAITS_TWICE)
    bench.doer.gate.clear()
    await bench.decide(hold_of(verdict))
    await bench.doer.landed.wait()
    (second,) = [key for key, state in bench.holds().items() if state is HoldState.PENDING]
    await bench.decide(second)
    bench.doer.gate.set()
    await bench.settled()
    require_agreement(bench)
    found = await asyncio.to_thread(bench.entries, EntryKind.VERDICT)
    assert [each.outcome for each in found] == ["HELD", "PASSED"]


async def test_repeated_request_id_is_told_what_became_of_its_hold(bench: Bench) -> None:
    """In the same process as after a restart."""
    verdict = await bench.verify(DELETES, "r1")
    assert (await bench.verify(DELETES, "r1")).status is Status.HELD
    await bench.decide(hold_of(verdict))
    assert (await bench.verify(DELETES, "r1")).status is Status.PASSED
    assert bench.doer.runs == 1


async def test_held_request_id_cannot_be_given_to_other_code(bench: Bench) -> None:
    """Not while it waits, and not later."""
    verdict = await bench.verify(DELETES, "r1")
    for _ in range(2):
        with pytest.raises(IdReused):
            await bench.verify(WRITES, "r1")
        bench.dispatcher._finished.clear()
    assert bench.holds() == {hold_of(verdict): HoldState.PENDING}


async def test_run_is_not_released_under_another_policy_than_was_approved(bench: Bench) -> None:
    """Between the approval and the start the files may be read anew."""
    verdict = await bench.verify(WAITS_TWICE)
    bundle, _ = await bench.office.desk.bundle(hold_of(verdict), "alice")
    path = bench.policies.folder / "strict.yaml"
    path.write_text(path.read_text().replace("wall_seconds: 10", "wall_seconds: 9"))
    bench.policies.reload()
    request = request_for(WAITS_TWICE)
    with pytest.raises(SandboxError, match="changed since"):
        await bench.office.releases.release(request, bundle.hold)
    assert bench.doer.runs == 0


async def test_other_source_than_was_approved_is_not_released(bench: Bench) -> None:
    """Whatever the database says is kept beside the hold."""
    verdict = await bench.verify(WAITS_TWICE)
    bundle, _ = await bench.office.desk.bundle(hold_of(verdict), "alice")
    request = request_for(WRITES)
    with pytest.raises(SandboxError, match="not what was approved"):
        await bench.office.releases.release(request, bundle.hold)
    assert bench.doer.runs == 0


async def test_run_is_not_released_behind_weaker_isolation(bench: Bench) -> None:
    """A restart may have brought another engine."""
    verdict = await bench.verify(WAITS_TWICE)
    bundle, _ = await bench.office.desk.bundle(hold_of(verdict), "alice")
    weak = Isolation("fake", "none", "0" * 64)
    bench.office.releases.begin(bench.dispatcher, bench.policies, bench.pins, weak)
    request = request_for(WAITS_TWICE)
    with pytest.raises(SandboxError, match="not admitted any more"):
        await bench.office.releases.release(request, bundle.hold)


async def test_statement_of_a_verdict_is_its_submitters_and_the_auditors(bench: Bench) -> None:
    """An id is no secret: with a request id it can be computed."""
    verdict = await bench.verify(WRITES)
    rooms = Rooms(bench.state, bench.office.desk, bench.pins, None, None)  # type: ignore[arg-type]
    answers = {}
    for name, role in [
        ("mallory", Role.SUBMITTER),
        ("anonymous", Role.SUBMITTER),
        ("audrey", Role.AUDITOR),
    ]:
        set_caller(Caller(name, role))
        answers[name] = await rooms.may_read(verdict.verification_id)
    assert answers == {"mallory": False, "anonymous": True, "audrey": True}
    set_caller(Caller("mallory", Role.SUBMITTER))
    assert not await rooms.may_read("0" * 32)
    service = AttestationService(bench.state.database, bench.state.keys, rooms.may_read)
    asked = attestation_pb2.GetAttestationRequest(verification_id=verdict.verification_id)
    with pytest.raises(Ended):
        await service.GetAttestation(asked, Ends())
    set_caller(Caller("audrey", Role.AUDITOR))
    assert (await service.GetAttestation(asked, Ends())).envelope


class Ended(Exception):
    """A call was refused."""


class Ends:
    """A call's context that only ends it."""

    async def abort_with_status(self, status: object) -> None:
        """End the call."""
        raise Ended(status)


async def test_entry_point_of_the_workspace_is_analysed_like_a_submitted_one(bench: Bench) -> None:
    """What was pushed is as untrusted as what is submitted."""
    asked = VerificationRequest(
        Submission((), entry_point="lib/code.py"), EXITS_WELL, workspace=WorkspaceUse(WORKSPACE)
    )
    job = await admitted(asked, bench.policies.snapshot(), pin=bench.pins.pin)
    assert [file.path for file in job.analysed] == ["lib/code.py"]
    assert job.analysed[0].content.startswith(b"def add")
    assert [file.path for file in (await job_of(bench, WRITES)).analysed] == ["main.py"]


async def test_entry_point_too_large_to_be_analysed_is_refused(bench: Bench) -> None:
    """It would run unread."""
    await bench.verify({"big.py": MOST_FILE_BYTES + 1})
    asked = VerificationRequest(
        Submission((), entry_point="big.py"), EXITS_WELL, workspace=WorkspaceUse(WORKSPACE)
    )
    with pytest.raises(Refused) as caught:
        await admitted(asked, bench.policies.snapshot(), pin=bench.pins.pin)
    assert [each.field for each in caught.value.violations] == ["submission.entry_point"]


async def test_many_expired_holds_end_one_transaction_each(bench: Bench) -> None:
    """A flood of them keeps nobody else from writing."""
    for number in range(3):
        await bench.verify({"a.csv": None, f"{number}.txt": "x"})
    desk, writes = bench.office.desk, []
    now = desk._clock() + 10**6
    desk._clock = lambda: now
    inner = bench.state.database.write_now

    def counted(act: object) -> object:
        writes.append(act)
        return inner(act)  # type: ignore[arg-type]

    bench.state.database.write_now = counted  # type: ignore[method-assign, assignment]
    await desk.expire()
    assert set(bench.holds().values()) == {HoldState.EXPIRED}
    assert len(writes) == 3
    require_agreement(bench)


async def test_deleted_workspace_and_its_namesake_take_nothing_that_was_held(
    bench: Bench,
) -> None:
    """What was approved of one workspace lands in no other, though it begins alike."""
    store = bench.state.workspaces
    verdict = await bench.verify(DELETES)
    files = store.snapshots("anonymous", WORKSPACE, "head")[0]
    store.fork("anonymous", WORKSPACE, "head", "copy", 1)
    store.delete("anonymous", WORKSPACE, 1)
    store.fork("anonymous", "copy", "head", WORKSPACE, 1)
    assert await bench.decide(hold_of(verdict)) is HoldState.CONFLICT
    assert bench.head_id() == files.id
    require_agreement(bench)


async def test_old_snapshot_brings_nothing_back_by_a_run(bench: Bench) -> None:
    """A run may begin with one; it lands only where it is the head."""
    old = bench.head_id()
    await bench.decide(hold_of(await bench.verify(DELETES)))
    after = bench.head_id()
    assert outcome(await bench.verify(WRITES, base=old)) is WorkspaceOutcome.CONFLICT
    held_old = await bench.verify(DELETES, base=old)
    if held_old.hold is not None:
        assert await bench.decide(hold_of(held_old)) is HoldState.CONFLICT
    assert bench.head_id() == after
    require_agreement(bench)


async def test_dry_run_is_none_of_the_ways_to_land(bench: Bench) -> None:
    """Not by itself, not by an approval of its source."""
    before = bench.head_id()
    await bench.verify(WRITES, dry_run=True)
    verdict = await bench.verify({ASKS: True, "b.txt": "new\n"}, dry_run=True)
    await bench.decide(hold_of(verdict))
    await bench.settled()
    assert bench.head_id() == before
    assert bench.doer.runs == 2
    require_agreement(bench)


async def test_collection_under_a_held_set_and_a_run_in_flight_takes_nothing_of_them(
    bench: Bench,
) -> None:
    """However old their objects are."""
    verdict = await bench.verify({"a.csv": None, "b.txt": "held\n"})
    store = bench.state.workspaces
    grace_ms = store.settings.retention.grace_seconds * 1000
    store.collect(10**12 * 4)
    bench.doer.gate.clear()
    running = asyncio.create_task(bench.verify({"c.txt": "in flight\n"}))
    await bench.doer.landed.wait()
    assert store.collect(now_ms() + grace_ms - 60_000).objects == 0
    bench.doer.gate.set()
    assert outcome(await running) is WorkspaceOutcome.COMMITTED
    assert await bench.decide(hold_of(verdict)) is HoldState.CONFLICT
    require_agreement(bench)


async def test_what_discarded_runs_left_is_thrown_away(bench: Bench) -> None:
    """A submitter whose code always fails fills no disk for ever."""
    objects = bench.state.objects
    before = set(objects.digests())
    await bench.verify({"b.txt": "x" * 10_000}, dry_run=True)
    assert set(objects.digests()) > before
    bench.state.workspaces.collect(10**12 * 4)
    assert set(objects.digests()) <= before


def test_run_over_a_workspace_needs_room_on_the_disk(tmp_path: Path) -> None:
    """The database and the log are on it, too."""
    shape = replace(Shape(), disk_bytes=1)
    grounds.require_disk(tmp_path, shape, free_bytes=0)
    with pytest.raises(SandboxError, match="at least"):
        grounds.require_disk(tmp_path, shape, free_bytes=2**62)
    with pytest.raises(SandboxError, match="room for"):
        grounds.require_disk(tmp_path, shape, free_bytes=0, free_entries=2**62)


async def test_draft_of_a_verdict_that_was_written_is_gone(bench: Bench) -> None:
    """Else a restart would tell it again."""
    await bench.verify(WRITES)
    await bench.verify(DELETES)
    assert await bench.state.database.read(drafts.left) == ()


async def test_hold_keeps_what_its_bundle_says_and_nothing_after_its_end(bench: Bench) -> None:
    """No tree stays pinned for a hold that has ended."""
    verdict = await bench.verify(DELETES)
    await bench.decide(hold_of(verdict), denied=True)
    found = await bench.state.database.read(lambda c: holds.bundle_of(c, hold_of(verdict)))
    assert found.hold.verification_id == verdict.verification_id
    assert bench.state.database.read_now(heads.roots)
    require_agreement(bench)
