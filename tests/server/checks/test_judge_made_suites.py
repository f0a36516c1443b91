"""What the tests that are made of property checks and of `where` cases are worth."""

from dataclasses import replace

import pytest

from assize.model.spec import Check, Function, FunctionCase, Property
from assize.model.strategies import Argument, Integers
from assize.model.verdict import Assurance, CheckStatus, Reason
from assize_sandbox import outcome
from assize_sandbox.outcome import Counterexample, Outcome, SuiteReport
from assize_server.checks.made_suites import judge_property, judge_where, merged
from assize_server.checks.results import failed, passed
from assize_server.execution.suites import SuiteRun

Report = outcome.TestReport  # By its own name pytest would take it for tests.
TEST = "test_property.py::test_property"
ENDED = Outcome(None, exit_code=0)
PROPERTY = Check(
    "holds", Property("solution", "f", (Argument(Integers(), "x"),), postcondition="result == x")
)
FOUND = Counterexample("f(1)", "1", "2", "expected 1, got 2")
WHERE = Check(
    "cases",
    Function("solution", tuple(FunctionCase(f"f({n})", where="result") for n in range(3))),
)


def run(report: Report, **more: object) -> SuiteRun:
    """Return the run of a suite with one test."""
    told = SuiteReport(ENDED, (report.test,), (report,), done=True)
    return SuiteRun(replace(told, **more), seed=42)  # type: ignore[arg-type]


def test_property_that_held_is_passed_with_its_seed() -> None:
    """The same inputs can be tried again."""
    result = judge_property(PROPERTY, run(Report(TEST, "passed")))
    assert (result.status, result.assurance) == (CheckStatus.PASSED, Assurance.SPLIT)
    assert result.message == "hypothesis seed 42"


def test_counterexample_is_told_in_fields_of_its_own() -> None:
    """Input, expected, actual, and the seed that finds it again."""
    result = judge_property(PROPERTY, run(Report(TEST, "failed", found=FOUND)))
    assert (result.input, result.expected, result.actual) == ("f(1)", "1", "2")
    assert result.reason is Reason.WRONG_ANSWER
    assert result.message == "expected 1, got 2; hypothesis seed 42"


def test_text_of_the_candidate_cannot_write_to_a_terminal() -> None:
    """It is shown as every other answer is."""
    hostile = replace(FOUND, actual="\x1b[2J", problem="a\nb\x1b")
    result = judge_property(PROPERTY, run(Report(TEST, "failed", found=hostile)))
    assert result.actual == r"\x1b[2J"
    assert result.message.startswith(r"a\nb\x1b")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (replace(FOUND, raised=True), Reason.RUNTIME_ERROR),
        (replace(FOUND, died=True), Reason.TIME_LIMIT),
        (FOUND, Reason.WRONG_ANSWER),
    ],
)
def test_limit_that_the_candidate_met_is_the_reason_where_its_input_has_no_answer(
    found: Counterexample, reason: Reason
) -> None:
    """One that was met later, while the input was made smaller, is not."""
    stopped = Outcome(Reason.TIME_LIMIT, detail="too slow")
    report = Report(TEST, "failed", found=found, gone=True)
    result = judge_property(PROPERTY, run(report, candidate=stopped))
    assert result.reason is reason


def test_answer_that_changed_is_told() -> None:
    """The input was right when it was tried again."""
    fickle = replace(FOUND, fickle=True)
    result = judge_property(PROPERTY, run(Report(TEST, "failed", found=fickle)))
    assert "when it was tried again" in result.message


@pytest.mark.parametrize(
    ("told", "part"),
    [
        (run(Report(TEST, "failed", unusable="no input")), "no input"),
        (run(Report(TEST, "passed"), errors=("r.py: line 1\nE  NameError",)), "be tried"),
        (replace(run(Report(TEST, "passed")), passed_by_stub="silent"), "silent"),
    ],
)
def test_check_that_tells_nothing_of_any_candidate_is_vacuous(told: SuiteRun, part: str) -> None:
    """A reference that does not load, inputs that cannot be, what a stub passes."""
    result = judge_property(PROPERTY, told)
    assert (result.status, result.reason) == (CheckStatus.FAILED, Reason.VACUOUS)
    assert part in result.message


def test_where_case_is_named_by_its_number_and_its_call() -> None:
    """As the cases are that are judged outside."""
    test = Report("test_where.py::test_case_2", "failed", found=FOUND)
    result = judge_where(WHERE, run(test))
    assert result.message == "case 2: f(1): expected 1, got 2"
    assert (result.input, result.actual) == ("f(1)", "2")


def test_parts_of_a_check_are_one_result_with_the_weakest_assurance() -> None:
    """The first that failed is told, and all cases are counted."""
    good = passed(WHERE, cases_passed=2, cases_total=2)
    bad = failed(WHERE, Reason.WRONG_ANSWER, "no", cases_passed=1, cases_total=3)
    result = merged([good, replace(bad, assurance=Assurance.SPLIT)])
    assert (result.message, result.assurance) == ("no", Assurance.SPLIT)
    assert (result.cases_passed, result.cases_total) == (3, 5)
