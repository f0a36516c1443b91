"""What is concluded from what a shared sandbox tells, every word of which may be forged."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from assize.model.spec import Check
from assize.model.spec import Tests as Suite
from assize.model.verdict import Assurance, CheckStatus, Reason
from assize_sandbox.outcome import Outcome
from assize_sandbox.outcome import TestReport as Report
from assize_server.checks.shared import judge_shared
from assize_server.execution.shared_reports import CopyReport, Plan, SharedRun

CHECK = Check("suite", Suite((("test_it.py", ""),), shared=True))
TESTS = [
    "test_it.py::test_a",
    "test_it.py::test_b[1]",
    "test_it.py::test_b[2]",
    "test_it.py::C::test_c",
]
WRONG = (frozenset({"test_a"}), frozenset({"test_b"}))
"""`test_c` cannot be made wrong."""


def copy_of(number: int) -> CopyReport:
    """Return what an honest run of a copy tells of a right candidate."""
    told = CopyReport(most=100, outcome=Outcome(Reason.RUNTIME_ERROR, exit_code=1))
    told.collected = list(TESTS)
    told.status = 1
    for test in TESTS:
        wrong = any(f"::{name}" in test for name in WRONG[number])
        told.tests.append(Report(test, "failed" if wrong else "passed"))
    return told


def run_of(*copies: CopyReport) -> SharedRun:
    """Return a run of these copies; of none: the honest ones."""
    plan = Plan(tests=list(TESTS), wrong=list(WRONG), done=True)
    return SharedRun(plan, 1, Outcome(None), copies=copies or (copy_of(0), copy_of(1)))


def changed(test: str, outcome: str) -> Callable[[CopyReport], None]:
    """Return what has every copy tell another outcome of a test."""

    def change(copy: CopyReport) -> None:
        copy.tests = [
            replace(each, outcome=outcome) if test in each.test else each for each in copy.tests
        ]
        copy.status = int(any(each.outcome == "failed" for each in copy.tests))
        copy.outcome = Outcome(None, exit_code=copy.status)

    return change


def test_right_candidate_passes_with_the_label_shared() -> None:
    """Tests that expect what is wrong fail, the others pass."""
    result = judge_shared(CHECK, run_of())
    assert (result.status, result.assurance) == (CheckStatus.PASSED, Assurance.SHARED)
    assert (result.cases_passed, result.cases_total) == (4, 4)


def test_what_was_left_out_is_told() -> None:
    """Its author may wonder where it went."""
    result = judge_shared(CHECK, replace(run_of(), left_out=("conftest.py",)))
    assert result.status is CheckStatus.PASSED
    assert "conftest.py" in result.message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed("test_a", "failed"), Reason.WRONG_ANSWER),
        (changed("test_c", "failed"), Reason.WRONG_ANSWER),
        (changed("test_a", "skipped"), Reason.VACUOUS),
        (changed("test_c", "xfailed"), Reason.VACUOUS),
        (changed("test_a", "passed"), Reason.TAMPERING),
        (changed("test_b[2]", "passed"), Reason.TAMPERING),
        (changed("", "passed"), Reason.TAMPERING),
        (lambda copy: copy.tests.pop(), Reason.VACUOUS),
        (lambda copy: copy.tests.append(copy.tests[0]), Reason.TAMPERING),
        (lambda copy: copy.tests.append(Report("x::test_x", "passed")), Reason.TAMPERING),
        (lambda copy: copy.collected.pop(), Reason.VACUOUS),
        (lambda copy: copy.collected.append("x::test_x"), Reason.VACUOUS),
        (lambda copy: copy.errors.append("test_it.py: ImportError"), Reason.RUNTIME_ERROR),
        (lambda copy: setattr(copy, "status", None), Reason.RUNTIME_ERROR),
        (lambda copy: setattr(copy, "status", 0), Reason.TAMPERING),
        (lambda copy: setattr(copy, "unreadable", True), Reason.TAMPERING),
        (lambda copy: setattr(copy, "outcome", Outcome(None, exit_code=0)), Reason.TAMPERING),
        (
            lambda copy: setattr(copy, "outcome", Outcome(Reason.TIME_LIMIT, detail="30 s")),
            Reason.TIME_LIMIT,
        ),
        (
            lambda copy: setattr(copy, "outcome", Outcome(Reason.SIGNALED, signal=9)),
            Reason.SIGNALED,
        ),
    ],
)
def test_whatever_else_is_told_is_no_pass(
    change: Callable[[CopyReport], object], reason: Reason
) -> None:
    """In both copies, and never as a failure of ours."""
    copies = (copy_of(0), copy_of(1))
    for copy in copies:
        change(copy)
    result = judge_shared(CHECK, run_of(*copies))
    assert (result.status, result.reason) == (CheckStatus.FAILED, reason), result.message
    assert result.assurance is Assurance.SHARED


def test_status_that_both_forge_still_has_to_fit_the_reports() -> None:
    """The process exits with 0 and says 0, and tests were reported as failed."""
    copies = (copy_of(0), copy_of(1))
    for copy in copies:
        copy.status, copy.outcome = 0, Outcome(None, exit_code=0)
    assert judge_shared(CHECK, run_of(*copies)).reason is Reason.TAMPERING


def test_runner_that_was_stopped_is_no_pass() -> None:
    """pytest ends with 2 where it was interrupted."""
    copy = copy_of(0)
    copy.status, copy.outcome = 2, Outcome(Reason.RUNTIME_ERROR, exit_code=2)
    assert judge_shared(CHECK, run_of(copy)).reason is Reason.RUNTIME_ERROR


def test_one_copy_alone_is_no_pass() -> None:
    """Tests that were wrong in it were never seen to pass."""
    assert judge_shared(CHECK, run_of(copy_of(0))).status is CheckStatus.FAILED


def test_wrong_candidate_that_meets_a_wrong_expectation_has_not_tampered() -> None:
    """It may return by chance what a copy expects: the test itself fails, which is all there is."""
    first, second = copy_of(0), copy_of(1)
    changed("test_a", "passed")(first)
    changed("test_a", "failed")(second)
    assert judge_shared(CHECK, run_of(first, second)).reason is Reason.WRONG_ANSWER


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"passed_by_stub": "silent"}, Reason.VACUOUS),
        ({"plan": Plan(done=True)}, Reason.VACUOUS),
        ({"plan": Plan(tests=TESTS, done=True)}, Reason.VACUOUS),
        ({"plan": Plan(tests=TESTS, errors=["x: y"], done=True)}, Reason.RUNTIME_ERROR),
        ({"plan": Plan(tests=TESTS)}, Reason.INFRA_ERROR),
        ({"collecting": Outcome(Reason.TIME_LIMIT)}, Reason.TIME_LIMIT),
    ],
)
def test_suite_that_proves_nothing_is_no_pass(change: dict[str, object], reason: Reason) -> None:
    """What the test sandbox says is true; the candidate was not run."""
    run = replace(run_of(), copies=(), **change)  # type: ignore[arg-type]
    result = judge_shared(CHECK, run)
    assert (result.status, result.reason) == (CheckStatus.FAILED, reason)
    assert result.assurance is Assurance.SHARED


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b"{", b"\xff", b'{"done": "0"}', b'{"test": 1}', b"[" * 100_000],
)
def test_report_that_the_runner_never_sends_is_noted(payload: bytes) -> None:
    """The candidate reaches the runner's channel; what it breaks is no failure of ours."""
    copy = copy_of(0)
    copy.note(payload)
    assert copy.unreadable


def test_second_list_of_tests_and_second_end_are_noted() -> None:
    """The first to tell does not win."""
    for payload in (b'{"collected": []}', b'{"done": 1}'):
        copy = copy_of(0)
        copy.note(payload)
        assert copy.unreadable


def test_reports_without_end_are_not_kept() -> None:
    """The host holds no more than one for each test, and a few."""
    copy = CopyReport(most=10)
    for _ in range(1000):
        copy.note(b'{"test": "a", "outcome": "passed", "message": ""}')
    assert copy.unreadable
    assert len(copy.tests) < 20
