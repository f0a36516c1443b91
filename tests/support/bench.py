"""A service without its ways in: no listener, no containers, no views. What runs do is said.

A program is a tree edit: its source is JSON of what stands at which path afterwards (null for
nothing, a number for so many bytes). Everything from the landing on is the service's own:
weighing, holds, approvals, the log, the ledger, recovery. It is quick to open, and may be opened
in a process that was forked.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from assize import merkle
from assize.audit.entries import Entry, EntryKind, decode
from assize.convert.requests import VerificationRequest
from assize.model.approvals import HoldKind, HoldState
from assize.model.submission import SourceFile, Submission, WorkspaceUse
from assize.model.verdict import Finding, Severity, Status, Verdict, WorkspaceOutcome
from assize.trees import FileNode, FolderNode
from assize_sandbox.effects import NoDatabases
from assize_sandbox.workspaces.collected import Collected
from assize_sandbox.workspaces.editing import changed
from assize_server import state
from assize_server.approvals import holds
from assize_server.approvals.tables import holds as held
from assize_server.approvals.tables import spent_nonces
from assize_server.audit.log import head, read
from assize_server.core.static_gates import TOOL
from assize_server.core.verdict import Conclusion
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.execution.job import Emit, Job, could_not_tell
from assize_server.landing.comparing import TreeEffects
from assize_server.landing.drafting import of_held_source, of_landed
from assize_server.landing.grounds import ViewGround
from assize_server.landing.office import Office, offices
from assize_server.landing.pins import Pins
from assize_server.landing.tables import held_commits, held_runs
from assize_server.ledger import tables as ledger_tables
from assize_server.ledger import verdicts
from assize_server.ledger.recording import Recall, RecordingExecutor
from assize_server.policies.live import LivePolicies
from assize_server.rpc.admission import admitted
from assize_server.settings import Settings
from assize_server.state import State
from assize_server.workspaces import tables as workspace_tables
from assize_server.workspaces.steps import step
from support.approvals import approval, denial
from support.landing import EXITS_WELL, FILES, PEOPLE, WORKSPACE, policies_for, push_first

ASKS = "asks"
"""A key of a program: its source asks for a person."""
CONCLUSION = Conclusion(Status.PASSED, None, "all checks passed", 1.0, None)
MATCH = Finding(TOOL, "delete-tree", Severity.WARNING, "main.py", 1, 1, "removes a folder")

Edits = Mapping[str, str | int | None]
"""Texts, or how many bytes."""


class Doer:
    """Does what programs say, in place of containers."""

    def __init__(self, opened: State, office: Office) -> None:
        self._objects = opened.objects
        self._landing = office.landing
        self.runs = 0
        self.begun = asyncio.Event()
        """A run has begun."""
        self.beginning = asyncio.Event()
        """What has begun goes on when it is open."""
        self.beginning.set()
        self.landed = asyncio.Event()
        """A run has landed."""
        self.gate = asyncio.Event()
        """What landed goes on when it is open."""
        self.gate.set()
        self.loses_verdicts = False
        """Whether nobody can tell how runs went that have landed."""

    async def run(self, job: Job, _emit: Emit) -> Verdict:
        """Judge one job."""
        edits = json.loads(job.submission.files[0].content)
        if edits.pop(ASKS, False) and not job.released_by:
            notice = await self._landing.hold_before(job, (MATCH,))
            return of_held_source(job, (MATCH,), notice)
        self.runs += 1
        self.begun.set()
        await self.beginning.wait()
        pinned = job.workspace
        assert pinned is not None
        ground = ViewGround(None, pinned.base.root, pinned.start)  # type: ignore[arg-type]
        root = self._edited(pinned.start, edits)
        step("run ended")
        landed = await self._landing.land(job, CONCLUSION, ground, Collected(root))
        self.landed.set()
        await self.gate.wait()
        if self.loses_verdicts:
            return could_not_tell(job, "the service took too long")
        return of_landed(job, CONCLUSION, landed)

    def _edited(self, root: FolderNode, edits: Edits) -> FolderNode:
        nodes = {}
        for path, text in edits.items():
            content = b"#" * text if isinstance(text, int) else (text or "").encode()
            made = None if text is None else FileNode(self._objects.put(content), len(content), 420)
            nodes[path] = made
        return changed(self._objects, root, nodes)


@dataclass
class Bench:
    """Such a service, opened."""

    state: State
    office: Office
    policies: LivePolicies
    pins: Pins
    dispatcher: LocalDispatcher
    doer: Doer

    async def verify(self, edits: Mapping[str, Any], request_id: str = "", **use: Any) -> Verdict:
        """Have a program judged."""
        source = SourceFile("main.py", json.dumps(edits, sort_keys=True).encode())
        policy = "strict" if ASKS in edits else ""
        asked = VerificationRequest(
            Submission((source,), entry_point="main.py"),
            EXITS_WELL,
            policy=policy,
            request_id=request_id,
            workspace=WorkspaceUse(WORKSPACE, **use),
        )
        return await self.judged(await admitted(asked, self.policies.snapshot(), pin=self.pins.pin))

    async def judged(self, job: Job) -> Verdict:
        """Have a job judged."""
        await self.dispatcher.submit(job)
        async with aclosing(self.dispatcher.watch(job.id)) as events:
            async for _, event in events:
                if isinstance(event, Verdict):
                    return event
        raise AssertionError("a job ends with its verdict")

    async def decide(self, hold_id: str, *, by: str = "alice", denied: bool = False) -> HoldState:
        """Have a person decide, and return where the hold stands then."""
        bundle, _ = await self.office.desk.bundle(hold_id, by)
        signed = denial(bundle, PEOPLE[by]) if denied else approval(bundle, PEOPLE[by])
        _, status = await self.office.desk.decide(signed, by)
        return status.state

    async def settled(self) -> None:
        """Wait until what was approved is carried out."""
        await self.office.desk.close()
        while self.dispatcher._live:
            await next(each.task for each in self.dispatcher._live.values() if each.task)

    def entries(self, *kinds: EntryKind) -> list[Entry]:
        """Return the audit log."""
        found = self.state.database.read_now(lambda c: read(c, 0, 1000, kinds))
        return [decode(each.leaf) for each in found]

    def head_id(self) -> str:
        """Return the id of the workspace's head."""
        return self.state.workspaces.workspace("anonymous", WORKSPACE).head

    def holds(self) -> dict[str, HoldState]:
        """Return where each hold stands."""
        found = self.state.database.read_now(holds.list_holds)
        return {each.id: each.state for each in found}


@asynccontextmanager
async def opened_bench(folder: Path, policies: LivePolicies | None = None) -> AsyncIterator[Bench]:
    """Open such a service, with a workspace unless there is one already."""
    policies = policies or LivePolicies(policies_for(folder))
    settings = Settings(home=folder / "home", state=folder / "state", policies=policies.folder)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(state.opened(settings, policies))
        effects = TreeEffects(opened.objects, NoDatabases())
        office = await stack.enter_async_context(offices(settings, opened, policies, effects, None))
        doer = Doer(opened, office)
        recording = RecordingExecutor(doer, opened.database, office.ledger, state.seconds)
        recall = Recall(opened.database)
        dispatcher = LocalDispatcher(recording, concurrency=8, waiting=32, recall=recall)
        stack.push_async_callback(dispatcher.drain, 0)
        pins = Pins(opened.database, opened.objects)
        await office.begin(dispatcher, policies, pins)
        bench = Bench(opened, office, policies, pins, dispatcher, doer)
        if not opened.workspaces.workspaces("anonymous"):
            push_first(opened.workspaces, FILES)
        yield bench


def require_agreement(bench: Bench) -> None:
    """Require that everything that is written down says the same.

    Head and log, log and audit log, holds and nonces, verdicts and what became of effects.
    """
    _require_audit_log(bench)
    with bench.state.database._opened().begin() as connection:
        log = connection.execute(select(workspace_tables.entries)).mappings().all()
        found = connection.execute(select(held)).mappings().all()
        spent = set(connection.execute(select(spent_nonces.c.nonce)).scalars())
        given = {
            row.verification_id: verdicts.find(connection, row.verification_id)
            for row in connection.execute(select(ledger_tables.verdicts.c.verification_id))
        }
        kept = set(connection.execute(select(held_runs.c.hold_id)).scalars())
        kept |= set(connection.execute(select(held_commits.c.hold_id)).scalars())
        for table in (ledger_tables.drafts, ledger_tables.settlements):
            assert connection.execute(select(table)).all() == []
    moved = Counter(row["verification_id"] for row in log if row["verification_id"])
    told = Counter(e.subject["verification_id"] for e in bench.entries(EntryKind.COMMIT))
    assert moved == told
    assert set(moved.values()) <= {1}
    committed = set()
    for _, verdict in filter(None, given.values()):
        outcome = None if verdict.workspace is None else verdict.workspace.outcome
        if outcome is WorkspaceOutcome.COMMITTED:
            assert verdict.status is Status.PASSED, verdict
            committed.add(verdict.verification_id)
        waits = [row["id"] for row in found if row["state"] in ("pending", "approved")]
        held_now = verdict.hold is not None and verdict.hold.hold_id in waits
        assert (verdict.status is Status.HELD) == held_now, (verdict, waits)
    assert committed == set(moved)
    for row in found:
        assert (row["nonce"] in spent) == (row["state"] == HoldState.COMMITTED.value) or (
            row["kind"] == HoldKind.BEFORE_EXECUTION.value and row["state"] == "failed"
        ), row
        if row["kind"] == HoldKind.BEFORE_COMMIT.value:
            assert (row["state"] == "committed") == (row["verification_id"] in moved)
        assert row["verification_id"] in given, row
        assert (row["id"] in kept) == (row["state"] in ("pending", "approved")), row


def _require_audit_log(bench: Bench) -> None:
    leaves = bench.state.database.read_now(lambda c: [each.leaf for each in read(c, 0, 1000)])
    assert bench.state.database.read_now(head).root == tree_hash(leaves)


def tree_hash(leaves: list[bytes]) -> bytes:
    """Return the root of RFC 6962, section 2.1, by its definition."""
    if len(leaves) <= 1:
        return merkle.leaf_hash(leaves[0]) if leaves else sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(tree_hash(leaves[:split]), tree_hash(leaves[split:]))
