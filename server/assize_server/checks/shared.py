"""Judges a suite whose tests shared their process with the candidate.

All that is judged here is the candidate's word, so a pass is labelled SHARED, whatever is found.
What is found all the same, in this order:

- a run that did not come to its end, or ended otherwise than its runner said;
- reports that the test runner never sends: TAMPERING;
- another list of tests than was collected without the candidate, a test that was not reported or
  reported twice;
- a test that passes both as it is and where it expects what is wrong: TAMPERING;
- a test that fails as it is; one that was skipped.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from assize.model.spec import Check
from assize.model.verdict import CheckResult, Reason
from assize_sandbox.outcome import TestReport
from assize_server.checks.results import failed, passed, told
from assize_server.core.excerpt import one_line, shown
from assize_server.core.shared import function_of
from assize_server.execution.shared_reports import CopyReport, SharedRun

ByTest = dict[str, list[tuple[bool, TestReport]]]

NAMED_MOST = 5
ALL_PASSED, SOME_FAILED = 0, 1
"""What pytest ends with where it ran every test."""


def judge_shared(check: Check, run: SharedRun) -> CheckResult:
    """Return whether a shared tests check holds."""
    by_test = reports_by_test(run)
    result = (
        _unplanned(check, run)
        or next((fault for copy in run.copies if (fault := _odd_copy(check, run, copy))), None)
        or _fooled(check, by_test)
        or _broken(check, run, by_test)
        or passed(check, message=_noted(run))
    )
    good = sum(_passes(reports) for reports in by_test.values())
    return replace(result, cases_passed=good, cases_total=len(run.plan.tests))


def reports_by_test(run: SharedRun) -> ByTest:
    """Return what was told of each test, and whether it expected what is wrong."""
    found: ByTest = {test: [] for test in run.plan.tests}
    for wrong, copy in zip(run.plan.wrong, run.copies, strict=False):
        for each in copy.tests:
            if each.test in found:
                found[each.test].append((function_of(each.test) in wrong, each))
    return found


def _passes(reports: list[tuple[bool, TestReport]]) -> bool:
    right = [each.outcome for wrong, each in reports if not wrong]
    return bool(right) and set(right) == {"passed"}


def _unplanned(check: Check, run: SharedRun) -> CheckResult | None:
    """Return why the candidate was not run at all."""
    if run.collecting.reason is not None:
        text = f"collecting the tests did not come to an end: {told(run.collecting)}"
        return failed(check, run.collecting.reason, text)
    if run.plan.errors:
        text = (
            "the tests could not be collected without the candidate; do they import what it lacks,"
            " or compute with its values while they are imported?"
        )
        return failed(check, Reason.RUNTIME_ERROR, text, actual=shown(run.plan.errors[0]))
    if not run.plan.done:
        return failed(check, Reason.INFRA_ERROR, "the test runner ended while it collected")
    if not run.plan.tests:
        return failed(check, Reason.VACUOUS, "no test was collected")
    if not any(run.plan.wrong):
        text = "no test can be made to expect what is wrong, so a forged pass would go unnoticed"
        return failed(check, Reason.VACUOUS, text)
    if run.passed_by_stub:
        text = f"every test passes against a stub that knows nothing ({run.passed_by_stub}): "
        return failed(check, Reason.VACUOUS, text + _names(run.plan.tests))
    return None


def _odd_copy(check: Check, run: SharedRun, copy: CopyReport) -> CheckResult | None:
    """Return what is wrong with a run as a whole."""
    if copy.unreadable:
        text = "something other than the test runner wrote to its channel"
        return failed(check, Reason.TAMPERING, text)
    return _unfinished(check, copy) or _miscounted(check, run, copy)


def _unfinished(check: Check, copy: CopyReport) -> CheckResult | None:
    outcome = copy.outcome
    if outcome.exit_code is None and outcome.reason is not None:
        text = f"the tests did not come to an end: {told(outcome)}"
        return failed(check, outcome.reason, text)
    if copy.status is None:
        text = f"the process of the tests ended before them: {told(outcome)}"
        return failed(check, outcome.reason or Reason.RUNTIME_ERROR, text)
    if outcome.exit_code != copy.status:
        text = f"the test runner ended with {copy.status}, and its process {told(outcome)}"
        return failed(check, Reason.TAMPERING, text)
    if copy.errors:
        text = "the tests could not be collected"
        return failed(check, Reason.RUNTIME_ERROR, text, actual=shown(copy.errors[0]))
    if copy.status not in {ALL_PASSED, SOME_FAILED}:
        text = f"the test runner was stopped: it ended with {copy.status}"
        return failed(check, Reason.RUNTIME_ERROR, text)
    return None


def _miscounted(check: Check, run: SharedRun, copy: CopyReport) -> CheckResult | None:
    expected, collected = Counter(run.plan.tests), Counter(copy.collected)
    if collected != expected:
        odd = sorted((collected - expected) + (expected - collected))
        text = f"which tests there are depends on the candidate: {_names(odd)}"
        return failed(check, Reason.VACUOUS, text)
    counts = Counter(each.test for each in copy.tests)
    missing = [test for test in run.plan.tests if not counts[test]]
    if missing:
        text = f"not every test was reported: {_names(missing)}"
        return failed(check, Reason.VACUOUS, text)
    if len(copy.tests) != len(run.plan.tests):
        text = "tests were reported that were not run, or twice: "
        text += _names(sorted(counts - expected))
        return failed(check, Reason.TAMPERING, text)
    some_failed = any(each.outcome == "failed" for each in copy.tests)
    if some_failed != (copy.status == SOME_FAILED):
        text = f"the test runner ended with {copy.status}, which is not what it reported"
        return failed(check, Reason.TAMPERING, text)
    return None


def _fooled(check: Check, by_test: ByTest) -> CheckResult | None:
    """Return that tests passed both with a right and with a wrong expectation, if any did."""
    both = [
        test
        for test, reports in by_test.items()
        if {wrong for wrong, each in reports if each.outcome == "passed"} == {True, False}
    ]
    if not both:
        return None
    text = f"{len(both)} tests pass whatever they expect: {_names(both)}"
    return failed(check, Reason.TAMPERING, text)


def _broken(check: Check, run: SharedRun, by_test: ByTest) -> CheckResult | None:
    reports = [each for told_ in by_test.values() for wrong, each in told_ if not wrong]
    wrong = [each for each in reports if each.outcome == "failed"]
    if wrong:
        tests = {each.test for each in wrong}
        more = f" (and {len(tests) - 1} more)" if len(tests) > 1 else ""
        return failed(
            check,
            Reason.WRONG_ANSWER,
            f"{one_line(wrong[0].test)} failed{more}; hypothesis seed {run.seed}",
            input=one_line(wrong[0].test),
            actual=shown(wrong[0].message),
        )
    idle = sorted(test for test, told_ in by_test.items() if not _passes(told_))
    if idle:
        text = f"{len(idle)} tests were skipped or expected to fail, and prove nothing: "
        return failed(check, Reason.VACUOUS, text + _names(idle))
    return None


def _noted(run: SharedRun) -> str:
    if not run.left_out:
        return ""
    return f"left out of the submission, since it would steer the tests: {_names(run.left_out)}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    return ", ".join(one_line(name) for name in names[:NAMED_MOST]) + more
