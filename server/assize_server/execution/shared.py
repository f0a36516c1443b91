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
from dataclasses import dataclass, field, replace
from typing import Final

from assize.model.spec import Tests
from assize.model.submission import Submission
from assize_sandbox.errors import ProtocolViolation
from assize_sandbox.frames import Frame
from assize_sandbox.outcome import Outcome, SuiteReport, TestReport
from assize_sandbox.session import Session
from assize_sandbox.suite import SplitSuite, SuiteOrder, read_report
from assize_server.core.shared import Beside, environment_beside, parted
from assize_server.core.suites import is_test_file
from assize_server.execution.suites import MOST_SEED, STUBS, ProvenSuites, green

COPIES: Final = 2
SEED_BITS: Final = 64
REPORTS_SPARE: Final = 100
"""Reports that are read beyond one for each test: files that could not be collected."""
OpenShared = Callable[[], AbstractAsyncContextManager[Session]]


@dataclass(slots=True)
class Plan:
    """What the test sandbox tells of a suite before any code of the candidate's runs."""

    tests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sources: tuple[dict[str, str], ...] = field(
        default_factory=lambda: tuple({} for _ in range(COPIES))
    )
    """By copy: the test files that are changed in it."""
    wrong: list[frozenset[str]] = field(default_factory=lambda: [frozenset()] * COPIES)
    """By copy: the names of the tests that are wrong in it."""
    done: bool = False

    def note(self, told: Mapping[str, object]) -> None:
        """Take in a report.

        Raises:
            ProtocolViolation: It has no known form.
        """
        match told:
            case {"collected": list(names)}:
                self.tests = [str(name) for name in names]
            case {"error": str(name), "message": message}:
                self.errors.append(f"{name}: {message}")
            case {"copy": int(copy), "wrong": list(names)} if copy < COPIES:
                self.wrong[copy] = frozenset(map(str, names))
            case {"copy": int(copy), "path": str(path), "source": str(source)} if copy < COPIES:
                self.sources[copy][path] = source
            case {"done": int()}:
                self.done = True
            case _:
                raise ProtocolViolation("the test sandbox sent a report of no known form")


@dataclass(slots=True)
class CopyReport:
    """What a shared sandbox told of one copy of the suite. All of it may be forged."""

    most: int
    outcome: Outcome = field(default_factory=lambda: Outcome(None))
    collected: list[str] = field(default_factory=list)
    tests: list[TestReport] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    status: int | None = None
    """What pytest ended with, as told before the process ended."""
    unreadable: bool = False
    """Whether something was sent that the test runner never sends."""

    def note(self, payload: bytes) -> None:
        """Take in a report, of a bounded number."""
        if self.unreadable:
            return
        try:
            told = read_report(payload)
        except ProtocolViolation:
            self.unreadable = True
            return
        self.most -= 1
        match told:
            case {"collected": list(names)} if not self.collected:
                self.collected = [str(name) for name in names]
            case {"test": str(test), "outcome": str(outcome), "message": str(message)}:
                self.tests.append(TestReport(test, outcome, message))
            case {"error": str(name), "message": str(message)}:
                self.errors.append(f"{name}: {message}")
            case {"done": int(status)} if self.status is None:
                self.status = status
            case _:
                self.unreadable = True
        self.unreadable = self.unreadable or self.most < 0

    @property
    def ended(self) -> bool:
        """Whether the runner came to its end, and its process ended as it said."""
        return self.status is not None and self.outcome.exit_code == self.status


@dataclass(frozen=True, slots=True)
class SharedRun:
    """How a shared suite ended. Without `copies` it did not come to run the candidate."""

    plan: Plan
    seed: int
    collecting: Outcome
    copies: tuple[CopyReport, ...] = ()
    passed_by_stub: str = ""
    left_out: tuple[str, ...] = ()


async def run_shared(
    check: Tests,
    submission: Submission,
    tests: Session,
    open_shared: OpenShared,
    proven: ProvenSuites,
) -> SharedRun:
    """Plan the suite, run the stubs, then each copy beside the candidate.

    Raises:
        SandboxError: A container failed.
    """
    beside = parted((file.path for file in submission.files), (path for path, _ in check.files))
    order = order_of(check, beside)
    await tests.put({path: text.encode() for path, text in check.files})
    plan, outcome = await make_plan(tests, order)
    run = SharedRun(plan, order.seed, outcome, left_out=beside.left_out)
    if outcome.reason is not None or plan.errors or not plan.done or not plan.tests:
        return run
    digest = digest_of(check, order)
    if digest not in proven:
        for stub in STUBS:
            if green(await run_stub(tests, replace(order, stub=stub))):
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


async def run_stub(tests: Session, order: SuiteOrder) -> SuiteReport:
    """Run the suite against a stub; a stub never asks for the candidate's session."""
    return await SplitSuite(tests, tests, {}).run(order)


async def run_copies(
    check: Tests,
    submission: Submission,
    beside: Beside,
    order: SuiteOrder,
    plan: Plan,
    open_shared: OpenShared,
) -> tuple[CopyReport, ...]:
    """Run each copy in a container of its own, until one does not come to its end."""
    trusted = {path: text.encode() for path, text in check.files}
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
