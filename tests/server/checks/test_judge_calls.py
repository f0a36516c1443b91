"""What the answers of called functions are worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.spec import Check, Function, FunctionCase, Tolerance
from assize.model.verdict import Assurance, CheckResult, CheckStatus, Output, Reason
from assize.values.notation import parse_value
from assize_sandbox.codec import encode
from assize_sandbox.outcome import CallOutcome, Outcome
from assize_server.checks.judge import judge_calls
from assize_server.core.bounds import MOST_SHOWN_CHARS

ENDED = Outcome(None, exit_code=0)


def check(*cases: FunctionCase) -> Check:
    """Return a function check with these cases."""
    return Check("calls", Function("solution", cases))


def answered(text: str) -> CallOutcome:
    """Return the outcome of a call that answered with a value."""
    return CallOutcome(ENDED, value=encode(parse_value(text)))


def raised(*names: str, message: str = "") -> CallOutcome:
    """Return the outcome of a call that raised."""
    return CallOutcome(Outcome(None, exit_code=0, detail=message), raised=names)


def judged(case: FunctionCase, outcome: CallOutcome) -> CheckResult:
    """Return the result of a check with one case."""
    return judge_calls(check(case), (outcome,))


def returns(expected: str) -> FunctionCase:
    """Return a case that asks for a value."""
    return FunctionCase("f(1)", returns=expected)


def test_all_cases_right_is_a_pass_judged_from_outside() -> None:
    """With the number of cases."""
    cases = (returns("[1, 'a']"), FunctionCase("f()", raises="ValueError"))
    result = judge_calls(check(*cases), (answered("[1, 'a']"), raised("ValueError")))
    assert (result.status, result.assurance) == (CheckStatus.PASSED, Assurance.EXTERNAL)
    assert (result.cases_passed, result.cases_total) == (2, 2)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1", "True"), ("1", "1.0"), ("1", "'1'"), ("True", "1"), ("0", "False"), ("'a'", "b'a'"),
        ("[1, 2]", "(1, 2)"), ("[1, 2]", "[1]"), ("[1]", "[1, 2]"), ("{'a': 1}", "{'a': True}"),
        ("None", "0"), ("float('nan')", "float('nan')"), ("'scope'", "'s\u0441ope'"),
        ("'a'", "'A'"), ("'a'", "'a\\r'"), ("0.3", "0.30000000000000004"), ("{1}", "[1]"),
    ],
)  # fmt: skip
def test_value_that_python_or_a_terminal_calls_equal_fails(expected: str, actual: str) -> None:
    """Type laundering, short answers, NaN, homoglyphs, case and CR."""
    result = judged(returns(expected), answered(actual))
    assert (result.status, result.reason) == (CheckStatus.FAILED, Reason.WRONG_ANSWER)


def test_tolerance_and_nan_equal_hold_only_where_asked_for() -> None:
    """They are part of the case."""
    near = FunctionCase("f()", returns="0.3", approx=Tolerance(relative=1e-9))
    assert judged(near, answered("0.30000000000000004")).status is CheckStatus.PASSED
    assert judged(near, answered("0.4")).status is CheckStatus.FAILED
    nan = FunctionCase("f()", returns="float('nan')", nan_equal=True)
    assert judged(nan, answered("float('nan')")).status is CheckStatus.PASSED


def test_first_failing_case_is_shown() -> None:
    """Its call, what it asks for and what came."""
    cases = (returns("1"), FunctionCase("f(2)", returns="2"), FunctionCase("f(3)", returns="3"))
    result = judge_calls(check(*cases), (answered("1"), answered("20"), answered("3")))
    assert (result.input, result.expected, result.actual) == ("f(2)", "2", "20")
    assert (result.cases_passed, result.cases_total) == (2, 3)
    assert result.message.startswith("case 2: f(2): ")


def test_what_is_shown_is_bounded_and_printable() -> None:
    """A hostile answer cannot flood or steer a terminal."""
    result = judged(returns("1"), answered(repr("\x1b[2J" * 20_000)))
    for text in (result.actual, result.message, result.expected, result.input):
        assert len(text) <= MOST_SHOWN_CHARS + 1
        assert all(char == "\n" or char.isprintable() for char in text)


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_and_never_pass_for_another_value(data: bytes) -> None:
    """No exception comes out of a hostile answer."""
    result = judged(returns("'the secret'"), CallOutcome(ENDED, value=data))
    assert result.reason is Reason.WRONG_ANSWER
    assert result.message


@pytest.mark.parametrize("reason", list(Reason))
def test_call_that_a_limit_stopped_fails_with_it_whatever_it_sent(reason: Reason) -> None:
    """A right answer after the deadline is none."""
    outcome = CallOutcome(Outcome(reason, detail="why"), value=encode(1))
    result = judged(returns("1"), outcome)
    assert (result.status, result.reason) == (CheckStatus.FAILED, reason)
    assert "why" in result.message


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (CallOutcome(ENDED), Reason.RUNTIME_ERROR),
        (CallOutcome(ENDED, refused="an object of class Yes"), Reason.WRONG_ANSWER),
        (CallOutcome(ENDED, value=encode(1), refused="?"), Reason.WRONG_ANSWER),
        (CallOutcome(ENDED, value=encode(1), raised=("ValueError",)), Reason.RUNTIME_ERROR),
        (raised("SystemExit", "BaseException"), Reason.RUNTIME_ERROR),
    ],
)
def test_call_without_plain_data_fails(outcome: CallOutcome, reason: Reason) -> None:
    """Also one that claims two things at once."""
    assert judged(returns("1"), outcome).reason is reason


def test_exception_is_matched_by_its_own_name_or_a_builtin_base() -> None:
    """Exactly: no prefix, no case folding."""
    case = FunctionCase("f()", raises="LookupError")
    for names in (("LookupError",), ("KeyError", "LookupError", "Exception")):
        assert judged(case, raised(*names)).status is CheckStatus.PASSED
    for outcome in (raised("lookuperror"), raised("ValueError", "Exception"), raised("?")):
        assert judged(case, outcome).reason is Reason.WRONG_ANSWER


def test_returning_where_an_exception_is_due_fails() -> None:
    """Neither a value nor a silent end is one."""
    case = FunctionCase("f()", raises="ValueError")
    for outcome in (answered("'ValueError'"), CallOutcome(ENDED), CallOutcome(ENDED, refused="x")):
        assert judged(case, outcome).status is CheckStatus.FAILED
    both = CallOutcome(ENDED, value=encode(1), raised=("ValueError",))
    assert judged(case, both).status is CheckStatus.FAILED


def test_raising_where_a_value_is_due_tells_the_message() -> None:
    """An agent needs it to repair."""
    result = judged(returns("1"), raised("ValueError", "Exception", message="bad\x1b input"))
    assert "raised ValueError: bad\\x1b input" in result.message


def test_missing_and_surplus_outcomes_fail() -> None:
    """A case that was not called did not pass."""
    two = check(returns("1"), returns("1"))
    result = judge_calls(two, (answered("1"),))
    assert (result.status, result.cases_passed) == (CheckStatus.FAILED, 1)
    assert judge_calls(two, (answered("1"),) * 3).status is CheckStatus.FAILED
    assert judge_calls(check(), ()).status is CheckStatus.FAILED
    assert judge_calls(two, ()).reason is Reason.INFRA_ERROR


def test_end_of_the_process_is_told_with_its_last_words() -> None:
    """The last line of standard error, escaped."""
    stderr = Output(head=b"Traceback\nModuleNotFoundError: x\n", total_bytes=32)
    outcome = CallOutcome(Outcome(Reason.RUNTIME_ERROR, exit_code=1, stderr=stderr))
    assert "ModuleNotFoundError: x" in judged(returns("1"), outcome).message


@pytest.mark.parametrize(
    ("case", "answer", "message"),
    [
        (FunctionCase("f(1)", matches=r"^a\d+$"), "'a12'", ""),
        (FunctionCase("f(1)", matches=r"^a\d+$"), "'a'", "the pattern matches nowhere"),
        (FunctionCase("f(1)", matches="1"), "1", "expected a str, got int 1"),
        (FunctionCase("f(1)", matches="."), "b'a'", "expected a str, got bytes b'a'"),
        (FunctionCase("f(1)", matches="."), r"'\ud800'", "the text has lone surrogates"),
        (FunctionCase("f(1)", returns="[1, 2]", unordered=True), "[2, 1]", ""),
        (FunctionCase("f(1)", returns="[1]", unordered=True), "[2]", "the item int 1 is missing"),
        (FunctionCase("f(1)", returns="{'a': 1}", subset=True), "{'a': 1, 'b': 2}", ""),
        (FunctionCase("f(1)", returns="{'a': 1}", subset=True), "{}", "the key str 'a' is missing"),
    ],
)
def test_answer_is_compared_as_the_case_asks(case: FunctionCase, answer: str, message: str) -> None:
    """And the difference is told."""
    result = judged(case, answered(answer))
    assert message in result.message
    assert (result.status is CheckStatus.PASSED) is (message == "")


def test_exception_is_no_text_that_could_match() -> None:
    """Its message is not what was returned."""
    result = judged(FunctionCase("f(1)", matches="a"), raised("ValueError", message="a"))
    assert (result.reason, result.expected) == (Reason.RUNTIME_ERROR, "a str that matches a")


def test_cases_with_an_expression_are_judged_elsewhere() -> None:
    """The others keep their places, by which they are named."""
    cases = (FunctionCase("f(0)", where="result"), returns("1"), returns("2"))
    result = judge_calls(check(*cases), (answered("1"), answered("1")))
    assert result.message.startswith("case 3: ")
    assert (result.cases_passed, result.cases_total) == (1, 2)
