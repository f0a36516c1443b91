"""Judges what the candidate's functions answered."""

from dataclasses import dataclass
from itertools import zip_longest

from assize.model.spec import Check, Function, FunctionCase
from assize.model.verdict import CheckResult, Reason
from assize.values.notation import parse_value, show
from assize.values.tree import Value
from assize_sandbox.codec import CodecError, decode
from assize_sandbox.outcome import CallOutcome
from assize_server.checks.results import failed, passed, told
from assize_server.core.compare import same
from assize_server.core.excerpt import one_line, shown


@dataclass(frozen=True, slots=True)
class _Fault:
    reason: Reason
    message: str
    actual: str


def judge_calls(check: Check, outcomes: tuple[CallOutcome, ...]) -> CheckResult:
    """Return whether every case got its answer; the first that did not is shown.

    Raises:
        TypeError: It is not a function check.
    """
    if not isinstance(check.kind, Function):
        raise TypeError(f"{check.name} is not a function check")
    cases = check.kind.cases
    if not cases or len(outcomes) > len(cases):
        text = f"{len(outcomes)} answers came to {len(cases)} calls"
        return failed(check, Reason.INFRA_ERROR, text, cases_total=len(cases))
    faults = [_fault(case, outcome) for case, outcome in zip_longest(cases, outcomes)]
    good = faults.count(None)
    for index, fault in enumerate(faults):
        if fault is not None:
            return _failed_case(check, index, cases[index], fault, good, len(cases))
    return passed(check, cases_passed=good, cases_total=len(cases))


def _failed_case(
    check: Check, index: int, case: FunctionCase, fault: _Fault, good: int, total: int
) -> CheckResult:
    return failed(
        check,
        fault.reason,
        f"case {index + 1}: {one_line(case.call)}: {fault.message}",
        expected=shown(case.returns if case.returns is not None else f"raises {case.raises}"),
        actual=fault.actual,
        input=shown(case.call),
        cases_passed=good,
        cases_total=total,
    )


def _fault(case: FunctionCase, answer: CallOutcome | None) -> _Fault | None:
    if answer is None:
        return _Fault(Reason.INFRA_ERROR, "the call was not made", "")
    if answer.outcome.reason is not None:
        return _Fault(answer.outcome.reason, f"the call {told(answer.outcome)}", "no answer")
    if answer.raised:
        return _raised(case.raises, answer)
    if answer.refused:
        text = f"the answer is not plain data: {one_line(answer.refused)}"
        return _Fault(Reason.WRONG_ANSWER, text, "no plain data")
    if answer.value is None:
        return _Fault(Reason.RUNTIME_ERROR, "the call gave no answer", "no answer")
    return _returned(case, answer.value)


def _raised(expected: str | None, answer: CallOutcome) -> _Fault | None:
    name = one_line(answer.raised[0])
    if expected is None:
        text = f"raised {name}: {one_line(answer.outcome.detail)}"
        return _Fault(Reason.RUNTIME_ERROR, text, f"raises {name}")
    if answer.value is None and not answer.refused and expected in answer.raised:
        return None
    text = f"raised {name}, expected {expected}"
    return _Fault(Reason.WRONG_ANSWER, text, f"raises {name}")


def _returned(case: FunctionCase, data: bytes) -> _Fault | None:
    try:
        actual = decode(data)
    except CodecError as error:
        text = f"the answer cannot be read: {one_line(str(error))}"
        return _Fault(Reason.WRONG_ANSWER, text, "no plain data")
    if case.returns is None:
        return _Fault(Reason.WRONG_ANSWER, f"returned, expected {case.raises}", _shown(actual))
    difference = same(parse_value(case.returns), actual, case.approx, case.nan_equal)
    if difference is None:
        return None
    place = f"at {one_line(difference.path)}: " if difference.path else ""
    return _Fault(
        Reason.WRONG_ANSWER, f"{place}{one_line(difference.message, 300)}", _shown(actual)
    )


def _shown(value: Value) -> str:
    return shown(show(value))
