"""Whatever runs, people and rollbacks do to a workspace, its history is made of told effects."""

import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bench import ASKS, Bench, opened_bench, require_agreement
from support.landing import WORKSPACE

from assize.audit.entries import EntryKind
from assize.canonical import effect_set_digest
from assize.model.approvals import HoldState
from assize.model.effects import EffectSet
from assize.model.workspaces import EntryKind as LogKind
from assize.model.workspaces import LogEntry
from assize.trees import snapshot_id
from assize_sandbox.effects.replay import replayed
from assize_server.ledger import verdicts
from assize_server.workspaces.errors import WorkspaceError

PATHS = ("a.csv", "b.txt", "lib", "lib/code.py", "lib/more.py", "d/e.txt", ".git/config", "main.py")
TEXTS = st.sampled_from([None, "", "1\n", "1,2\n3,4\n", "2\n2\n"])
EDITS = st.dictionaries(st.sampled_from(PATHS), TEXTS, min_size=1, max_size=3)
RUNS = st.tuples(st.just("run"), EDITS, st.booleans(), st.booleans())
DECISIONS = st.tuples(st.sampled_from(["approve", "deny"]), st.integers(0, 3))
ROLLBACKS = st.tuples(st.just("roll back"), st.integers(1, 3))
HISTORIES = st.lists(st.one_of(RUNS, RUNS, DECISIONS, ROLLBACKS), min_size=3, max_size=12)
MOST_LOG = 100


async def act(bench: Bench, what: str, *how: object) -> None:
    """Do one thing to the workspace."""
    match what, how:
        case "run", (dict() as edits, bool(keep), bool(asks)):
            asked = edits | ({ASKS: True} if asks else {})
            await bench.verify(asked, keep_submission=keep)
        case "approve" | "deny", (int(which),):
            waiting = [key for key, found in bench.holds().items() if found is HoldState.PENDING]
            if waiting:
                await bench.decide(waiting[which % len(waiting)], denied=what == "deny")
                await bench.settled()
        case _, (int(back),):
            store = bench.state.workspaces
            try:
                await asyncio.to_thread(
                    store.rollback, "anonymous", WORKSPACE, f"head~{back}", "", "", 1
                )
            except WorkspaceError:
                # There is not so much to go back to.
                return


def require_told(bench: Bench, entry: LogEntry, digest: str) -> None:
    """Require that a commit is what its effects, as they were told and logged, make of its base."""
    store = bench.state.workspaces
    found = bench.state.database.read_now(lambda c: verdicts.find(c, entry.verification_id))
    assert found is not None
    verdict = found[1]
    effects = tuple(each.effect for each in verdict.effects)
    assert len(effects) == verdict.effects_total > 0
    told = EffectSet(f"anonymous/{WORKSPACE}", entry.before, entry.snapshot, effects)
    assert effect_set_digest(told) == digest
    (base,) = store.snapshots("anonymous", WORKSPACE, entry.before)
    made = replayed(store.objects, base.root, effects)
    assert snapshot_id(made) == entry.snapshot


@given(HISTORIES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_commit_is_its_told_effects_carried_out_on_its_base(
    history: list[tuple[object, ...]],
) -> None:
    """The log, the audit log and the verdicts tell one history, and the head is its end."""

    async def live(folder: Path) -> None:
        async with opened_bench(folder) as bench:
            for what, *how in history:
                await act(bench, str(what), *how)
            require_agreement(bench)
            log = bench.state.workspaces.log("anonymous", WORKSPACE, MOST_LOG, None)[::-1]
            digests = [each.digests["effects"] for each in bench.entries(EntryKind.COMMIT)]
            commits = [entry for entry in log if entry.kind is LogKind.COMMIT]
            for entry, digest in zip(commits, digests, strict=True):
                require_told(bench, entry, digest)
            for older, newer in pairwise(log):
                assert newer.before == older.snapshot
            assert log[-1].snapshot == bench.head_id()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))
