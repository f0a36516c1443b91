"""Kills the service at every step of what it lands, and looks at what is left. Run as a program.

A process of its own, with one thread, so that it may fork: each operation runs in a child that
kills itself (SIGKILL) at its n-th step, for every n. Another child then starts the service anew
over the same state, as after a power cut, requires that everything that is written down says the
same, and does the operation again. It prints how many kills there were, as JSON.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog
from support.approvals import ALICE, approval, denial
from support.bench import ASKS, Bench, opened_bench, require_agreement
from support.landing import WORKSPACE, policies_for

from assize.approvals import grants
from assize.audit.entries import EntryKind
from assize.model.approvals import Grant, HoldState
from assize.model.verdict import Status
from assize_server.policies.live import LivePolicies
from assize_server.workspaces.steps import Steps

MOST_STEPS = 200
WRITES = {"b.txt": "new\n"}
DELETES = {"a.csv": None}
WAITS = {ASKS: True, "b.txt": "new\n"}
WAITS_TWICE = {ASKS: True, "a.csv": "9,9\n9,9\n"}

Act = Callable[[Bench], Awaitable[object]]


async def nothing(_bench: Bench) -> None:
    """Prepare nothing."""


async def granted(bench: Bench) -> None:
    """Give a grant that lets one deletion through."""
    now = int(time.time())
    grant = Grant(
        workspace=f"anonymous/{WORKSPACE}",
        policy_digest=bench.policies["default"].digest,
        rules=("ORG-010",),
        paths=("workspace/*.csv",),
        most_effects=1,
        audience=bench.state.keys.origin,
        not_before=now - 1,
        not_after=now + 600,
        nonce="ab" * 16,
        reason="cleaning up today",
    )
    await bench.office.desk.grant(grants.signed(grant, ALICE), "alice")


def asked(edits: Mapping[str, object]) -> Act:
    """Return what has a program judged, always under one request id."""

    async def act(bench: Bench) -> None:
        await bench.verify(edits, request_id="r1")

    return act


async def approve(bench: Bench) -> None:
    """Approve what waits, and see it carried out."""
    for hold_id, state in bench.holds().items():
        if state is HoldState.PENDING:
            bundle, _ = await bench.office.desk.bundle(hold_id, "alice")
            await bench.office.desk.decide(approval(bundle, ALICE), "alice")
    await bench.settled()


async def deny(bench: Bench) -> None:
    """Deny what waits."""
    for hold_id, state in bench.holds().items():
        if state is HoldState.PENDING:
            bundle, _ = await bench.office.desk.bundle(hold_id, "alice")
            await bench.office.desk.decide(denial(bundle), "alice")


OPERATIONS: dict[str, tuple[Act, Act, int]] = {
    # What comes before, what is killed, and how often the head has moved in the end.
    "commit": (nothing, asked(WRITES), 1),
    "grant": (granted, asked(DELETES), 1),
    "hold": (nothing, asked(DELETES), 0),
    "hold source": (nothing, asked(WAITS), 0),
    "approve": (asked(DELETES), approve, 1),
    "deny": (asked(DELETES), deny, 0),
    "approve source": (asked(WAITS), approve, 1),
    "approve source that is held again": (asked(WAITS_TWICE), approve, 1),
}


def forked(act: Callable[[], object]) -> int:
    """Do something in a child; return how that ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing of the child may run on in the parent's name
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def operate(folder: Path, policies: LivePolicies, acts: list[Act], kill_at: int = 0) -> None:
    """Open the service and do something, killed at a step; without a kill, look at it, too."""

    async def run() -> None:
        async with opened_bench(folder, policies) as bench:
            if kill_at:
                reach_steps(kill_at)
            else:
                await bench.settled()
                require_agreement(bench)
            for act in acts:
                await act(bench)
            if not kill_at:
                await bench.settled()
                require_agreement(bench)

    asyncio.run(run())


def reach_steps(kill_at: int) -> None:
    """Count steps from now on, and die at one."""
    left = [kill_at]

    def reached(_name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Steps.reached = reached


def carried_out(times: int) -> Act:
    """Return what requires that the head moved so often, and that nothing is left half done."""

    async def look(bench: Bench) -> None:
        await bench.settled()
        commits = bench.entries(EntryKind.COMMIT)
        failed = [state for state in bench.holds().values() if state is HoldState.FAILED]
        # An approved run that was cut off is not started again.
        assert len(commits) == times or (failed and not commits), (commits, failed)
        assert HoldState.APPROVED not in bench.holds().values()
        for each in bench.entries(EntryKind.VERDICT)[-1:]:
            assert each.outcome in {status.value for status in Status}

    return look


def try_all(name: str, begun: Path, policies: LivePolicies) -> int:
    """Kill an operation at every step; return how many there were."""
    before, act, times = OPERATIONS[name]
    ready = begun.with_name("ready")
    shutil.rmtree(ready, ignore_errors=True)
    shutil.copytree(begun, ready)
    assert forked(lambda: operate(ready, policies, [before])) == 0, name
    for kill_at in range(1, MOST_STEPS):
        folder = begun.with_name("killed")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ready, folder)
        ended = forked(lambda: operate(folder, policies, [act], kill_at))  # noqa: B023
        assert ended in {0, -signal.SIGKILL}, (name, kill_at, ended)
        after = [act, carried_out(times)]
        assert forked(lambda: operate(folder, policies, after)) == 0, (name, kill_at)  # noqa: B023
        if ended == 0:
            return kill_at - 1
    raise AssertionError(f"{name} does not end")


def main() -> None:
    """Kill what is named on the command line."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as home:
        begun = Path(home) / "begun"
        begun.mkdir()
        policies = LivePolicies(policies_for(begun))
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        assert forked(lambda: operate(begun, policies, [])) == 0
        kills = {name: try_all(name, begun, policies) for name in sys.argv[1:] or OPERATIONS}
    sys.stdout.write(json.dumps(kills))


if __name__ == "__main__":
    main()
