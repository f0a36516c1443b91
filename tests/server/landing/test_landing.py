"""What becomes of a run over a workspace: committed, held, denied, discarded, or a conflict."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.landing import EXITS_WELL, WORKSPACE, Court, sitting

from assize import AsyncClient, errors
from assize.audit.entries import EntryKind
from assize.model.effects import Decision, EffectKind
from assize.model.spec import Check, ExitCode, Spec, Stdout
from assize.model.spec import Exact as ExactText
from assize.model.submission import SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Reason, Status, Verdict, WorkspaceOutcome
from assize.trees import FileNode
from assize_sandbox.engines.fake import Behaviour
from assize_sandbox.workspaces.editing import node_at

WRITES = b"writes a new file"
DELETES = b"deletes a file"
READS = b"changes nothing"
MEDDLES = b"writes into .git"
FAILS = b"writes and fails"
EDITS_ITSELF = b"edits itself"
PROGRAMS = {
    WRITES: Behaviour(files={"b.txt": b"new\n"}),
    DELETES: Behaviour(deletes=frozenset({"a.csv"})),
    READS: Behaviour(),
    MEDDLES: Behaviour(files={".git/config": b"[core]", "b.txt": b"new\n"}),
    FAILS: Behaviour(files={"b.txt": b"new\n"}, exit_code=1),
    EDITS_ITSELF: Behaviour(files={"main.py": b"something else"}),
}


@pytest.fixture
async def court(tmp_path: Path) -> AsyncIterator[Court]:
    """A service with a workspace."""
    async with sitting(tmp_path, PROGRAMS) as court:
        yield court


def outcome(verdict: Verdict) -> WorkspaceOutcome:
    """Return what became of the effects."""
    assert verdict.workspace is not None, verdict
    return verdict.workspace.outcome


async def test_allowed_effects_of_a_passed_run_are_the_new_head(court: Court) -> None:
    """The verdict names the effects and both snapshots; the log says who, by which run."""
    before = await court.head_id()
    verdict = await court.verify(WRITES)
    assert (verdict.status, outcome(verdict)) == (Status.PASSED, WorkspaceOutcome.COMMITTED)
    assert verdict.workspace is not None
    assert (verdict.workspace.base, verdict.workspace.result) == (before, await court.head_id())
    (weighed,) = verdict.effects
    assert (weighed.effect.kind, weighed.effect.path) == (EffectKind.FS_CREATE, "b.txt")
    assert (weighed.decision, weighed.rule) == (Decision.ALLOW, "ORG-001")
    newest = court.state.workspaces.log("anonymous", WORKSPACE, 1, None)[0]
    assert (newest.verification_id, newest.before) == (verdict.verification_id, before)
    entries = await court.entries(EntryKind.ADMISSION, EntryKind.COMMIT, EntryKind.VERDICT)
    kinds = [each.kind for each in entries]
    assert kinds == [EntryKind.ADMISSION, EntryKind.COMMIT, EntryKind.VERDICT]


async def test_submission_leaves_no_trace_unless_it_is_kept(court: Court) -> None:
    """The program is there while it runs; a patch stays."""
    await court.verify(WRITES)
    assert node_at(court.state.objects, await court.head(), "main.py") is None
    verdict = await court.verify(READS, keep_submission=True)
    assert [each.effect.path for each in verdict.effects] == ["main.py"]
    found = node_at(court.state.objects, await court.head(), "main.py")
    assert isinstance(found, FileNode)
    assert court.state.objects.read(found.digest) == READS


async def test_run_that_changes_nothing_leaves_the_head(court: Court) -> None:
    """No entry in the log for nothing."""
    before = await court.head_id()
    verdict = await court.verify(READS)
    assert (verdict.status, outcome(verdict)) == (Status.PASSED, WorkspaceOutcome.UNCHANGED)
    assert await court.head_id() == before


async def test_what_a_program_makes_of_its_own_file_is_its_doing(court: Court) -> None:
    """A file that was submitted and then written to is an effect like any other."""
    verdict = await court.verify(EDITS_ITSELF)
    assert [each.effect.path for each in verdict.effects] == ["main.py"]


async def test_effects_of_a_failed_run_are_told_and_discarded(court: Court) -> None:
    """Whatever the policy says of them."""
    before = await court.head_id()
    verdict = await court.verify(FAILS)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.RUNTIME_ERROR)
    assert outcome(verdict) is WorkspaceOutcome.DISCARDED
    assert [each.effect.path for each in verdict.effects] == ["b.txt"]
    assert await court.head_id() == before


async def test_dry_run_tells_and_weighs_and_changes_nothing(court: Court) -> None:
    """Neither a commit nor a hold."""
    before = await court.head_id()
    verdict = await court.verify(DELETES, dry_run=True)
    assert (verdict.status, outcome(verdict)) == (Status.PASSED, WorkspaceOutcome.DISCARDED)
    assert [each.decision for each in verdict.effects] == [Decision.HOLD]
    assert (await court.head_id(), await court.office.desk.holds()) == (before, ())


async def test_denied_effects_fail_the_run_and_nobody_is_asked(court: Court) -> None:
    """One denied effect takes the others along."""
    before = await court.head_id()
    verdict = await court.verify(MEDDLES)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.POLICY_DENIED)
    assert "ORG-03" in verdict.message
    assert outcome(verdict) is WorkspaceOutcome.DISCARDED
    assert (await court.head_id(), await court.office.desk.holds()) == (before, ())


async def test_held_effects_wait_and_the_workspace_stays_as_it_was(court: Court) -> None:
    """The verdict says which rule asks whom, until when, and no nonce."""
    before = await court.head_id()
    verdict = await court.verify(DELETES)
    assert (verdict.status, verdict.reason) == (Status.HELD, Reason.HELD)
    assert outcome(verdict) is WorkspaceOutcome.HELD
    assert verdict.hold is not None
    assert (verdict.hold.rules, verdict.hold.groups) == (("ORG-010",), ("data-owners",))
    assert await court.head_id() == before
    bundle, _ = await court.office.desk.bundle(verdict.hold.hold_id, "alice")
    assert bundle.nonce not in repr(verdict)
    assert bundle.hold.subject == getattr(verdict.workspace, "effects_digest", "")


async def test_loser_of_a_race_gets_a_conflict_that_says_what_to_do(court: Court) -> None:
    """Both saw the same head; it moves once, and nobody's run is told as failed."""
    base = await court.head_id()
    winner = await court.verify(WRITES)
    loser = await court.verify(READS, base=base, keep_submission=True)
    assert outcome(winner) is WorkspaceOutcome.COMMITTED
    assert (loser.status, loser.reason) == (Status.INFRA_ERROR, Reason.CONFLICT)
    assert outcome(loser) is WorkspaceOutcome.CONFLICT
    assert "try again" in loser.message
    assert node_at(court.state.objects, await court.head(), "main.py") is None


async def test_runs_at_once_each_see_their_own_view(court: Court) -> None:
    """Of eight that begin with one head, one lands; each saw its own file alone."""
    base = await court.head_id()
    verdicts = await asyncio.gather(*(court.verify(WRITES, base=base) for _ in range(8)))
    outcomes = sorted(outcome(each).value for each in verdicts)
    assert outcomes == ["COMMITTED"] + ["CONFLICT"] * 7
    assert all([each.effect.path for each in verdict.effects] == ["b.txt"] for verdict in verdicts)


@pytest.mark.parametrize("field", ["name", "base"])
async def test_workspace_or_snapshot_that_is_not_there_is_refused(court: Court, field: str) -> None:
    """By field, before anything runs."""
    wanted = {"name": WORKSPACE, "base": ""} | {field: "ffffffff"}
    use = WorkspaceUse(wanted["name"], wanted["base"])
    async with AsyncClient(court.address) as client:
        with pytest.raises(errors.NotFound) as caught:
            await client.verify(
                Submission((SourceFile("main.py", READS),), entry_point="main.py"),
                EXITS_WELL,
                workspace=use,
            )
    assert [each.field for each in caught.value.violations] == [f"workspace.{field}"]


@pytest.mark.parametrize("path", ["lib", "a.csv/x.py", "../out.py"])
async def test_submitted_file_that_cannot_be_put_there_is_refused(court: Court, path: str) -> None:
    """Where a folder is, through a file, or out of the workspace."""
    async with AsyncClient(court.address) as client:
        with pytest.raises(errors.InvalidRequest) as caught:
            await client.verify(
                Submission((SourceFile(path, READS), SourceFile("main.py", READS)), "main.py"),
                EXITS_WELL,
                workspace=WorkspaceUse(WORKSPACE),
            )
    assert caught.value.violations[0].field.startswith("submission.files")


async def test_entry_point_may_be_a_file_of_the_workspace(tmp_path: Path) -> None:
    """Nothing need be submitted to run what is there."""
    async with (
        sitting(tmp_path, PROGRAMS, {"tool.py": WRITES}) as court,
        AsyncClient(court.address) as client,
    ):
        verdict = await client.verify(
            Submission((), entry_point="tool.py"), EXITS_WELL, workspace=WorkspaceUse(WORKSPACE)
        )
    assert (verdict.status, outcome(verdict)) == (Status.PASSED, WorkspaceOutcome.COMMITTED)


async def test_verdict_and_signed_statement_are_there_after_a_restart(tmp_path: Path) -> None:
    """Who heard of a verdict can find it again."""
    async with sitting(tmp_path, PROGRAMS) as court:
        given = await court.verify(WRITES)
    async with sitting(tmp_path, PROGRAMS) as court:
        assert await court.verdict(given.verification_id) == given


async def test_everything_done_to_a_workspace_is_written_down(court: Court) -> None:
    """Who did it, and the heads before and after."""
    store = court.state.workspaces
    head = await court.head_id()
    await court.verify(WRITES)
    for act in (
        lambda: store.rollback("anonymous", WORKSPACE, head, "", "", 1),
        lambda: store.fork("anonymous", WORKSPACE, "", "branch", 1),
        lambda: store.delete("anonymous", "branch", 1),
    ):
        await asyncio.to_thread(act)
    kinds = (
        EntryKind.CREATE,
        EntryKind.PUSH,
        EntryKind.COMMIT,
        EntryKind.ROLLBACK,
        EntryKind.FORK,
        EntryKind.DELETE,
    )
    found = await court.entries(*kinds)
    assert tuple(each.kind for each in found) == kinds
    assert found[3].digests["after"] == head
    assert found[5].subject == {"workspace": "anonymous/branch"}


async def test_repeated_request_id_is_answered_and_not_run_after_a_restart(tmp_path: Path) -> None:
    """Its effects would land twice; another request under the id is refused."""
    submission = Submission((SourceFile("main.py", WRITES),), entry_point="main.py")
    given = []
    for _ in range(2):
        async with sitting(tmp_path, PROGRAMS) as court, AsyncClient(court.address) as client:
            given.append(
                await client.verify(
                    submission,
                    EXITS_WELL,
                    request_id="r1",
                    workspace=WorkspaceUse(WORKSPACE),
                )
            )
            runs = len(court.engine.recorded)
            with pytest.raises(errors.InvalidRequest):
                await client.verify(submission, EXITS_WELL, request_id="r1")
    assert given[0] == given[1]
    assert (given[0].status, runs) == (Status.PASSED, 0)


async def test_failed_check_beside_a_passed_one_commits_nothing(court: Court) -> None:
    """The spec decides first; the policy is asked of passes alone."""
    spec = Spec((Check("exits", ExitCode(0)), Check("says", Stdout(ExactText("hello\n")))))
    verdict = await court.verify(WRITES, spec)
    assert (verdict.status, outcome(verdict)) == (Status.FAILED, WorkspaceOutcome.DISCARDED)
