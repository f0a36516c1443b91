"""Code that says what it would destroy is read by a person before anything of it runs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.approvals import ALICE, approval, denial
from support.landing import EXITS_WELL, WORKSPACE, Court, sitting

from assize import AsyncClient
from assize.audit.entries import EntryKind
from assize.convert.requests import request_from_bytes
from assize.model.approvals import HoldKind, HoldState
from assize.model.submission import RequestedLimits, SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Finding, Reason, Severity, Status, Verdict, WorkspaceOutcome
from assize_sandbox.engines.fake import Behaviour
from assize_sandbox.errors import SandboxError
from assize_server.approvals.holds import Caps
from assize_server.core.static_gates import TOOL
from assize_server.landing import records

WRITES = b"writes a new file"
PROGRAMS = {WRITES: Behaviour(files={"b.txt": b"new\n"})}
MATCH = Finding(TOOL, "delete-tree", Severity.WARNING, "main.py", 3, 1, "removes a folder")


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[Court]:
    """A service whose analysers find that the source deletes."""
    async with sitting(tmp_path, PROGRAMS) as court:
        court.analyser.findings = (MATCH,)
        yield court


async def held(court: Court) -> tuple[Verdict, str]:
    """Return the verdict of code that is held, and its hold's id."""
    verdict = await court.verify(WRITES, policy="strict")
    assert verdict.hold is not None, verdict
    return verdict, verdict.hold.hold_id


async def settled(court: Court, verification_id: str) -> Verdict:
    """Return the verdict that was given once somebody had decided."""
    await court.office.desk.close()
    await court.dispatcher.drain(30)
    return await court.verdict(verification_id)


async def test_nothing_runs_before_a_person_agrees(court: Court) -> None:
    """The hold shows the source, where it matched, and why that is looked for."""
    verdict, hold_id = await held(court)
    assert (verdict.status, verdict.reason) == (Status.HELD, Reason.HELD)
    assert verdict.hold is not None
    assert (verdict.hold.gate, verdict.hold.rules) == ("before_execution", ("delete-tree",))
    assert court.engine.recorded == []
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    assert bundle.hold.kind is HoldKind.BEFORE_EXECUTION
    assert bundle.hold.program is not None
    assert bundle.hold.program.files[0].text == WRITES.decode()
    assert bundle.hold.rules[0].why


async def test_approved_code_is_run_once_and_its_effects_are_weighed(court: Court) -> None:
    """Under the old id, by the same limits, over the same snapshot."""
    verdict, hold_id = await held(court)
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    await court.office.desk.decide(approval(bundle, ALICE), "alice")
    told = await settled(court, verdict.verification_id)
    assert told.status is Status.PASSED, told
    assert told.workspace is not None
    assert told.workspace.outcome is WorkspaceOutcome.COMMITTED
    assert len(court.engine.recorded) == 1
    _, status = await court.office.desk.bundle(hold_id, "bob")
    assert status.state is HoldState.COMMITTED
    admitted = await court.entries(EntryKind.ADMISSION)
    assert [each.subject.get("hold_id") for each in admitted] == [None, hold_id]


async def test_approved_code_of_a_request_with_limits_of_its_own_is_run(court: Court) -> None:
    """They tighten the policy and make it no other one; the run keeps them after the approval."""
    source = Submission((SourceFile("main.py", WRITES),), entry_point="main.py")
    limits, use = RequestedLimits(wall_seconds=3), WorkspaceUse(WORKSPACE)
    async with AsyncClient(court.address) as client:
        verdict = await client.verify(source, EXITS_WELL, "strict", limits, workspace=use)
    assert verdict.hold is not None
    bundle, _ = await court.office.desk.bundle(verdict.hold.hold_id, "alice")
    await court.office.desk.decide(approval(bundle, ALICE), "alice")
    told = await settled(court, verdict.verification_id)
    assert told.status is Status.PASSED, told
    assert told.policy_digest == verdict.policy_digest
    assert len(court.engine.recorded) == 1


@pytest.mark.parametrize("change", [{"base": "e" * 64}, {"workspace": "anonymous/bank"}])
async def test_approved_code_is_not_run_over_anything_else(
    court: Court, change: dict[str, Any]
) -> None:
    """What is kept beside a hold has to be what the person was shown."""
    _, hold_id = await held(court)
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    request = court.state.database.read_now(lambda each: records.kept_run(each, hold_id))
    assert request is not None
    with pytest.raises(SandboxError, match="not what was approved"):
        await court.office.releases.release(
            request_from_bytes(request), replace(bundle.hold, **change)
        )
    assert court.engine.recorded == []


async def test_denied_code_never_runs(court: Court) -> None:
    """The verdict says who decided."""
    verdict, hold_id = await held(court)
    bundle, _ = await court.office.desk.bundle(hold_id, "alice")
    await court.office.desk.decide(denial(bundle), "alice")
    told = await settled(court, verdict.verification_id)
    assert (told.status, told.reason) == (Status.FAILED, Reason.POLICY_DENIED)
    assert "alice" in told.message
    assert court.engine.recorded == []


async def test_flood_of_held_code_is_refused_and_not_run(court: Court) -> None:
    """That is the submitter's doing and no fault of the service, which another try would mend."""
    court.office.landing._caps = Caps(pending_of_submitter=1)
    await held(court)
    verdict = await court.verify(WRITES, policy="strict")
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.POLICY_DENIED)
    assert "pending" in verdict.message
    assert court.engine.recorded == []


async def test_run_that_a_restart_cut_off_is_not_started_again(tmp_path: Path) -> None:
    """It may have had effects: the hold fails, and says that a new request is needed."""
    async with sitting(tmp_path, PROGRAMS) as court:
        court.analyser.findings = (MATCH,)
        verdict, hold_id = await held(court)
        bundle, _ = await court.office.desk.bundle(hold_id, "alice")
        court.office.releases.begin(Lost(), court.policies, court.office.releases._begun.pins)  # type: ignore[arg-type, union-attr]
        await court.office.desk.decide(approval(bundle, ALICE), "alice")
    async with sitting(tmp_path, PROGRAMS) as court:
        told = await settled(court, verdict.verification_id)
        assert (told.status, told.reason) == (Status.INFRA_ERROR, Reason.INFRA_ERROR)
        _, status = await court.office.desk.bundle(hold_id, "bob")
        assert status.state is HoldState.FAILED
        assert court.engine.recorded == []


class Lost:
    """A dispatcher that takes a job along when it goes."""

    async def resubmit(self, job: object) -> None:
        """Take it, and do nothing."""
