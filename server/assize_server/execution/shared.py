"""Runs a tests check whose tests share their process with the candidate.

1. A test sandbox, which holds no file of the candidate's, collects the suite against modules of
   which nothing is known: which tests there are is decided there. It makes two copies of the test
   files; each test that can be made wrong expects what is wrong in one of the two.
2. There too the suite is run against stubs, and must fail. What was proven is remembered.
3. Each copy is run in a shared sandbox of its own, beside the candidate's files.

SECURITY: all that comes out of a shared sandbox is the candidate's word. Nothing it sends is an
error of ours: what cannot be read is noted, and judged as tampering.
"""

import hashlib
import json
import random
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final

from assize.model.spec import Tests
from assize.model.submission import Submission
from assize_sandbox.frames import Frame
from assize_sandbox.limits import Limits
from assize_sandbox.outcome import Outcome, SuiteReport
from assize_sandbox.session import Session
from assize_sandbox.suite import SplitSuite, SuiteOrder, read_report
from assize_server.core.shared import Beside, environment_beside, parted
from assize_server.core.suites import is_test_file
from assize_server.execution.shared_reports import CopyReport, Plan, SharedRun
from assize_server.execution.suites import MOST_SEED, STUBS, TESTS_SHAPE, ProvenSuites, green

SEED_BITS: Final = 64
REPORTS_SPARE: Final = 100
"""Reports that are read beyond one for each test: files that could not be collected."""
PLAN_SECONDS: Final = 15.0
"""What the suite may take to be collected, and with each stub. One that a stub keeps busy for
longer has not passed against it."""
Open = Callable[[], AbstractAsyncContextManager[Session]]


async def run_shared(
    check: Tests,
    submission: Submission,
    open_tests: Open,
    open_shared: Open,
    proven: ProvenSuites,
) -> SharedRun:
    """Plan the suite, run the stubs, then each copy beside the candidate.

    `open_tests` opens a test sandbox within `plan_limits`, `open_shared` a shared one.

    Raises:
        SandboxError: A container failed.
    """
    beside = parted((file.path for file in submission.files), (path for path, _ in check.files))
    order = order_of(check, beside)
    async with open_tests() as tests:
        await tests.put(encoded(check))
        plan, outcome = await make_plan(tests, order)
    run = SharedRun(plan, order.seed, outcome, left_out=beside.left_out)
    if outcome.reason is not None or not plan.usable:
        return run
    digest = digest_of(check, order)
    if digest not in proven:
        for stub in STUBS:
            if green(await run_stub(check, replace(order, stub=stub), open_tests)):
                return replace(run, passed_by_stub=stub)
        proven.add(digest)
    copies = await run_copies(check, submission, beside, order, plan, open_shared)
    return replace(run, copies=copies)


async def make_plan(tests: Session, order: SuiteOrder) -> tuple[Plan, Outcome]:
    """Have the test sandbox collect the suite and make the copies."""
    plan = Plan()

    async def report(event: Frame) -> None:
        plan.note(read_report(event.payload))

    header = replace(order, stub="collects").header()
    header["seed_of_copies"] = secrets.randbits(SEED_BITS)
    return plan, await tests.suite(header, {"report": report})


async def run_stub(check: Tests, order: SuiteOrder, open_tests: Open) -> SuiteReport:
    """Run the suite against a stub, in a sandbox of its own: it may end the sandbox, too."""
    async with open_tests() as tests:
        await tests.put(encoded(check))
        # A stub never asks for the candidate's session, so that there is none.
        return await SplitSuite(tests, tests, {}).run(order)


async def run_copies(
    check: Tests,
    submission: Submission,
    beside: Beside,
    order: SuiteOrder,
    plan: Plan,
    open_shared: Open,
) -> tuple[CopyReport, ...]:
    """Run each copy in a container of its own, until one does not come to its end."""
    trusted = encoded(check)
    theirs = {each.path: each.content for each in submission.files if each.path in beside.kept}
    header: dict[str, object] = {
        "tests": list(order.tests),
        "seed": order.seed,
        "roots": list(beside.roots),
        "env": environment_beside(submission.environment),
    }
    reports: list[CopyReport] = []
    for changed in plan.sources:
        copy = trusted | {path: text.encode() for path, text in changed.items()}
        async with open_shared() as session:
            await session.put(theirs)
            await session.put(copy, read_only=True)
            reports.append(await run_copy(session, header, len(plan.tests)))
        if not reports[-1].ended:
            break
    return tuple(reports)


async def run_copy(session: Session, header: Mapping[str, object], tests: int) -> CopyReport:
    """Run one copy to its end."""
    told = CopyReport(most=tests + REPORTS_SPARE)

    async def report(event: Frame) -> None:
        told.note(event.payload)

    told.outcome = await session.suite(header, {"report": report})
    return told


def plan_limits(limits: Limits) -> Limits:
    """Return the limits of a test sandbox that no candidate is asked from."""
    return replace(limits, shape=TESTS_SHAPE, wall_seconds=PLAN_SECONDS, cpu_seconds=PLAN_SECONDS)


def encoded(check: Tests) -> dict[str, bytes]:
    """Return the test files as they are written."""
    return {path: text.encode() for path, text in check.files}


def order_of(check: Tests, beside: Beside) -> SuiteOrder:
    """Return how the test sandbox runs the suite."""
    return SuiteOrder(
        tests=tuple(path for path, _ in check.files if is_test_file(path)),
        modules=beside.modules,
        lifetime="suite",
        callbacks=False,
        back={},
        # No secret: told in the verdict, so that a counterexample can be found again.
        seed=check.seed or random.randint(1, MOST_SEED),  # noqa: S311
    )


def digest_of(check: Tests, order: SuiteOrder) -> str:
    """Return what decides whether a shared suite passes against a stub."""
    told = ["shared", check.files, order.modules]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
