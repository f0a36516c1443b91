"""Judges the tests that were made of property checks and of `where` cases.

What `judge_suite` says of them stands; the counterexample is told in place of pytest's own words. A
check that cannot tell anything about any candidate, for one whose reference does not load, is
VACUOUS.
"""

from dataclasses import replace

from assize.model.spec import Check, Function
from assize.model.verdict import CheckResult, CheckStatus, Reason
from assize_sandbox.outcome import Counterexample, TestReport
from assize_server.checks.results import told
from assize_server.checks.suites import judge_suite
from assize_server.core.excerpt import one_line, shown
from assize_server.core.made_suites import case_of
from assize_server.execution.suites import SuiteRun


def judge_property(check: Check, run: SuiteRun) -> CheckResult:
    """Return whether a property check holds; the message tells the seed."""
    result = _judged(check, run)
    message = f"{result.message}; " if result.message else ""
    return replace(result, message=f"{message}hypothesis seed {run.seed}")


def judge_where(check: Check, run: SuiteRun) -> CheckResult:
    """Return whether the `where` cases of a function check hold."""
    result = _judged(check, run)
    wrong = _wrong(run)
    if not isinstance(check.kind, Function) or wrong is None:
        return result
    number = case_of(wrong.test)
    call = check.kind.cases[number - 1].call
    message = f"case {number}: {one_line(call)}: {result.message}"
    return replace(result, message=message, input=shown(call))


def merged(results: list[CheckResult]) -> CheckResult:
    """Return one result of the parts of a check: the first that failed, with all cases."""
    broken = [each for each in results if each.status is not CheckStatus.PASSED]
    return replace(
        (broken or results)[0],
        assurance=min(each.assurance for each in results),
        cases_passed=sum(each.cases_passed for each in results),
        cases_total=sum(each.cases_total for each in results),
    )


def _judged(check: Check, run: SuiteRun) -> CheckResult:
    result = judge_suite(check, run)
    report, wrong = run.report, _wrong(run)
    if report.outcome.reason is not None:
        return result
    if report.errors:
        return _vacuous(result, "nothing can be tried", report.errors[0].splitlines()[-1])
    if run.passed_by_stub:
        text = f"it holds for a stub that knows nothing ({run.passed_by_stub})"
        return _vacuous(result, text)
    if wrong is None:
        return result
    if wrong.unusable:
        return _vacuous(result, f"nothing can be told: {one_line(wrong.unusable, 300)}")
    return result if wrong.found is None else _refuted(result, wrong.found, run)


def _wrong(run: SuiteRun) -> TestReport | None:
    return next((test for test in run.report.tests if test.outcome == "failed"), None)


def _vacuous(result: CheckResult, message: str, actual: str = "") -> CheckResult:
    return replace(result, reason=Reason.VACUOUS, message=message, input="", actual=shown(actual))


def _refuted(result: CheckResult, found: Counterexample, run: SuiteRun) -> CheckResult:
    reason = Reason.RUNTIME_ERROR if found.raised else Reason.WRONG_ANSWER
    problem = found.problem
    if found.died:
        gone = run.report.candidate
        reason = result.reason or Reason.RUNTIME_ERROR
        problem = "the process ended" if gone is None else f"the call {told(gone)}"
    if found.fickle:
        problem += "; it was right when it was tried again"
    return replace(
        result,
        reason=reason,
        message=one_line(problem, 400),
        input=shown(found.input),
        expected=shown(found.expected),
        actual=shown(found.actual),
    )
