"""Judges what the candidate's functions answered."""

from dataclasses import dataclass
from itertools import zip_longest

from assize.model.spec import Check, Function, FunctionCase
from assize.model.verdict import CheckResult, Reason
from assize.values.notation import parse_answer, show
from assize.values.tree import DictValue, ListValue, TupleValue, Value, type_name
from assize_sandbox.codec import CodecError, decode
from assize_sandbox.outcome import CallOutcome
from assize_server.checks.results import failed, passed, told
from assize_server.core.compare import Difference, has_entries, same, same_items
from assize_server.core.excerpt import one_line, shown
from assize_server.core.patterns import found


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
    numbered = [each for each in enumerate(check.kind.cases) if each[1].where is None]
    if not numbered or len(outcomes) > len(numbered):
        text = f"{len(outcomes)} answers came to {len(numbered)} calls"
        return failed(check, Reason.INFRA_ERROR, text, cases_total=len(numbered))
    faults = [_fault(case, answer) for (_, case), answer in zip_longest(numbered, outcomes)]
    good = faults.count(None)
    for (index, case), fault in zip(numbered, faults, strict=True):
        if fault is not None:
            return _failed_case(check, index, case, fault, good, len(faults))
    return passed(check, cases_passed=good, cases_total=len(faults))


def _failed_case(
    check: Check, index: int, case: FunctionCase, fault: _Fault, good: int, total: int
) -> CheckResult:
    return failed(
        check,
        fault.reason,
        f"case {index + 1}: {one_line(case.call)}: {fault.message}",
        expected=shown(_asked(case)),
        actual=fault.actual,
        input=shown(case.call),
        cases_passed=good,
        cases_total=total,
    )


def _asked(case: FunctionCase) -> str:
    if case.raises is not None:
        return f"raises {case.raises}"
    if case.matches is not None:
        return f"a str that matches {case.matches}"
    return case.returns or ""


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
    if case.raises is not None:
        return _Fault(Reason.WRONG_ANSWER, f"returned, expected {case.raises}", _shown(actual))
    difference = _difference(case, actual)
    if difference is None:
        return None
    place = f"at {one_line(difference.path)}: " if difference.path else ""
    return _Fault(
        Reason.WRONG_ANSWER, f"{place}{one_line(difference.message, 300)}", _shown(actual)
    )


def _difference(case: FunctionCase, actual: Value) -> Difference | None:
    if case.matches is not None:
        return _unmatched(case.matches, actual)
    match parse_answer(case.returns or ""):
        case ListValue() | TupleValue() as expected if case.unordered:
            return same_items(expected, actual, case.nan_equal)
        case DictValue() as expected if case.subset:
            return has_entries(expected, actual, case.approx, case.nan_equal)
        case expected:
            return same(expected, actual, case.approx, case.nan_equal)


def _unmatched(pattern: str, actual: Value) -> Difference | None:
    if not isinstance(actual, str):
        return Difference("", f"expected a str, got {type_name(actual)} {show(actual, 100)}")
    try:
        matched = found(pattern, actual)
    except UnicodeEncodeError:
        return Difference("", "the text has lone surrogates, which no pattern matches")
    return None if matched else Difference("", "the pattern matches nowhere")


def _shown(value: Value) -> str:
    return shown(show(value))
