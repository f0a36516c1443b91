"""Runs a tests check: the suite in a test sandbox, the candidate in its own.

A suite that passes is then run twice more against stubs that know nothing. One that passes there
too proves nothing. What was proven of a suite does not depend on the candidate and is remembered.
"""

import hashlib
import json
import random
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from assize.model.spec import Tests
from assize.model.submission import Submission
from assize_sandbox.limits import Limits, Shape
from assize_sandbox.outcome import SuiteReport
from assize_sandbox.session import Session
from assize_sandbox.suite import SplitSuite, SuiteOrder
from assize_server.core.suites import importable, is_test_file

STUBS: Final = ("silent", "raises")
"""Stand-ins for the candidate: every function returns None, or raises NotImplementedError."""
TESTS_SHAPE: Final = Shape()
OWN_SECONDS: Final = 30.0
"""What the tests may take of their own, beyond what the candidate may."""
REMEMBERED: Final = 1024
MOST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """How a suite ended, and by which stub it was passed too, if by one."""

    report: SuiteReport
    seed: int
    passed_by_stub: str = ""


class ProvenSuites:
    """Remembers which suites fail against every stub."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, digest: str) -> bool:
        """Whether the suite is known to prove something."""
        return digest in self._digests

    def add(self, digest: str) -> None:
        """Remember a suite."""
        self._digests[digest] = None
        while len(self._digests) > REMEMBERED:
            self._digests.popitem(last=False)


def green(report: SuiteReport) -> bool:
    """Tell whether every test that was collected was reported once, as passed."""
    names = [test.test for test in report.tests]
    return (
        report.done
        and report.outcome.reason is None
        and not report.errors
        and bool(names)
        and len(names) == len(set(names))
        and sorted(names) == sorted(report.collected)
        and all(test.outcome == "passed" for test in report.tests)
    )


async def run_suite(
    check: Tests,
    submission: Submission,
    tests: Session,
    candidate: Session,
    proven: ProvenSuites,
    paths: tuple[str, ...],
) -> SuiteRun:
    """Run the suite, then the stubs if it passed. The candidate's files are there, at `paths`.

    Raises:
        SandboxError: A container failed.
    """
    await tests.put({path: text.encode() for path, text in check.files})
    order = order_of(check, paths)
    split = SplitSuite(tests, candidate, submission.environment)
    report = await split.run(order)
    digest = digest_of(check, order)
    if not green(report) or digest in proven:
        return SuiteRun(report, order.seed)
    for stub in STUBS:
        if green(await split.run(replace(order, stub=stub))):
            return SuiteRun(report, order.seed, passed_by_stub=stub)
    proven.add(digest)
    return SuiteRun(report, order.seed)


def order_of(check: Tests, paths: tuple[str, ...]) -> SuiteOrder:
    """Return how a check's suite is run against a candidate with files at `paths`."""
    return SuiteOrder(
        tests=tuple(path for path, _ in check.files if is_test_file(path)),
        modules=check.modules or importable(paths, (path for path, _ in check.files)),
        lifetime=check.lifetime.value,
        callbacks=check.callbacks,
        back={each.function: each.arguments for each in check.copy_back},
        # No secret: told in the verdict, so that a counterexample can be found again.
        seed=check.seed or random.randint(1, MOST_SEED),  # noqa: S311
    )


def digest_of(check: Tests, order: SuiteOrder) -> str:
    """Return what decides whether a suite passes against a stub."""
    told = [check.files, order.modules, order.lifetime, order.callbacks, sorted(order.back.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def tests_limits(limits: Limits) -> Limits:
    """Return the limits of the test sandbox: its clock also runs while the candidate's does."""
    return replace(
        limits,
        shape=TESTS_SHAPE,
        wall_seconds=limits.wall_seconds + OWN_SECONDS,
        cpu_seconds=limits.cpu_seconds + OWN_SECONDS,
    )
