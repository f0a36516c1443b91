"""Judges what a test sandbox reported of a suite.

Only a suite in which every collected test was reported once and passed, and which fails against a
stub that knows nothing, is a pass. Its assurance is computed from what really happened: a test that
put a question to an object of the candidate's leaned on what the candidate says of itself.
"""

from collections import Counter
from dataclasses import replace

from assize.model.spec import Check
from assize.model.verdict import Assurance, CheckResult, Reason
from assize_sandbox.outcome import SuiteReport, TestReport
from assize_server.checks.results import failed, passed, told
from assize_server.core.excerpt import one_line, shown
from assize_server.execution.suites import SuiteRun

NAMED_MOST = 5


def judge_suite(check: Check, run: SuiteRun) -> CheckResult:
    """Return whether a tests check holds."""
    report = run.report
    result = _unfinished(check, report) or _incomplete(check, report) or _broken(check, run)
    if result is None:
        result = _vacuous(check, run) or passed(check, message=_leaning(report))
    good = sum(test.outcome == "passed" for test in report.tests)
    return replace(
        result,
        assurance=assurance_of(report),
        cases_passed=good,
        cases_total=len(report.collected),
    )


def assurance_of(report: SuiteReport) -> Assurance:
    """Return the least assurance among the tests."""
    leaned = any(test.leaned for test in report.tests)
    return Assurance.SPLIT_OBJECTS if leaned else Assurance.SPLIT


def _unfinished(check: Check, report: SuiteReport) -> CheckResult | None:
    if report.outcome.reason is not None:
        text = f"the tests did not come to an end: {told(report.outcome)}"
        return failed(check, report.outcome.reason, text)
    if report.errors:
        first = report.errors[0]
        text = "the tests could not be collected; do they import what the candidate lacks?"
        return failed(check, _death(report) or Reason.RUNTIME_ERROR, text, actual=shown(first))
    if not report.done:
        return failed(check, Reason.INFRA_ERROR, "the test runner ended before its suite")
    return None


def _incomplete(check: Check, report: SuiteReport) -> CheckResult | None:
    if not report.collected:
        return failed(check, Reason.VACUOUS, "no test was collected")
    counts = Counter(test.test for test in report.tests)
    odd = [name for name in report.collected if counts[name] != 1]
    if odd or len(counts) != len(report.collected):
        text = f"not every test was reported exactly once: {_names(odd or list(counts))}"
        return failed(check, Reason.INFRA_ERROR, text)
    return None


def _broken(check: Check, run: SuiteRun) -> CheckResult | None:
    wrong = [test for test in run.report.tests if test.outcome == "failed"]
    if wrong:
        return _failed_test(check, run, wrong[0], len(wrong))
    idle = [test.test for test in run.report.tests if test.outcome != "passed"]
    if idle:
        text = f"{len(idle)} tests were skipped or expected to fail, and prove nothing: "
        return failed(check, Reason.VACUOUS, text + _names(idle))
    return None


def _failed_test(check: Check, run: SuiteRun, test: TestReport, count: int) -> CheckResult:
    death = _death(run.report) if test.gone else None
    more = f" (and {count - 1} more)" if count > 1 else ""
    return failed(
        check,
        death or Reason.WRONG_ANSWER,
        f"{one_line(test.test)} failed{more}; hypothesis seed {run.seed}",
        input=one_line(test.test),
        actual=shown(test.message),
    )


def _death(report: SuiteReport) -> Reason | None:
    return None if report.candidate is None else report.candidate.reason


def _vacuous(check: Check, run: SuiteRun) -> CheckResult | None:
    if not run.passed_by_stub:
        return None
    text = f"every test passes against a stub that knows nothing ({run.passed_by_stub}): "
    return failed(check, Reason.VACUOUS, text + _names(list(run.report.collected)))


def _leaning(report: SuiteReport) -> str:
    leaned = [test.test for test in report.tests if test.leaned]
    return f"lean on the candidate's own objects: {_names(leaned)}" if leaned else ""


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    return ", ".join(one_line(name) for name in names[:NAMED_MOST]) + more
