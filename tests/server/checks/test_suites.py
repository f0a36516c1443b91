"""What the report of a split suite is worth."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.spec import Check
from assize.model.spec import Tests as Suite
from assize.model.verdict import Assurance, CheckResult, CheckStatus, Reason
from assize_sandbox import outcome
from assize_sandbox.outcome import Outcome, SuiteReport
from assize_server.checks.suites import judge_suite
from assize_server.execution.suites import ProvenSuites, SuiteRun, green

Report = outcome.TestReport  # By its own name pytest would take it for tests.
CHECK = Check("suite", Suite((("test_it.py", ""),)))
ENDED = Outcome(None, exit_code=0)
TIMED_OUT = Outcome(Reason.TIME_LIMIT, detail="ran for more than 1 s")
OUTCOMES = ("passed", "failed", "skipped", "xfailed")


def report_of(*tests: Report, **more: object) -> SuiteReport:
    """Return the report of a suite in which these tests were collected and told."""
    told = SuiteReport(ENDED, tuple(test.test for test in tests), tests, done=True)
    return replace(told, **more)  # type: ignore[arg-type]


def judged(report: SuiteReport, passed_by_stub: str = "") -> CheckResult:
    """Return the result of the check."""
    return judge_suite(CHECK, SuiteRun(report, 42, passed_by_stub))


def test_all_tests_passed_is_a_pass_of_split_assurance() -> None:
    """With the number of tests."""
    result = judged(report_of(Report("a", "passed"), Report("b", "passed")))
    assert (result.status, result.assurance) == (CheckStatus.PASSED, Assurance.SPLIT)
    assert (result.cases_passed, result.cases_total) == (2, 2)


def test_one_leaning_test_lowers_the_assurance_and_is_named() -> None:
    """Whatever the others did."""
    result = judged(report_of(Report("a", "passed"), Report("b", "passed", leaned=True)))
    assert (result.status, result.assurance) == (CheckStatus.PASSED, Assurance.SPLIT_OBJECTS)
    assert "b" in result.message


def test_failed_test_is_named_with_its_message_and_the_seed() -> None:
    """The first of them, and how many more there are."""
    result = judged(
        report_of(Report("a", "passed"), Report("b", "failed", "1 != 2"), Report("c", "failed"))
    )
    assert (result.status, result.reason) == (CheckStatus.FAILED, Reason.WRONG_ANSWER)
    assert (result.input, result.actual) == ("b", "1 != 2")
    assert result.message == "b failed (and 1 more); hypothesis seed 42"
    assert (result.cases_passed, result.cases_total) == (1, 3)


def test_candidate_that_met_a_limit_fails_with_that_reason() -> None:
    """If it was that which failed the test that is told first."""
    died = Report("b", "failed", gone=True)
    result = judged(report_of(Report("a", "passed"), died, candidate=TIMED_OUT))
    assert result.reason is Reason.TIME_LIMIT
    wrong = judged(report_of(Report("a", "failed"), died, candidate=TIMED_OUT))
    assert (wrong.reason, wrong.input) == (Reason.WRONG_ANSWER, "a")


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (report_of(), Reason.VACUOUS),
        (report_of(Report("a", "skipped")), Reason.VACUOUS),
        (report_of(Report("a", "passed"), Report("b", "xfailed")), Reason.VACUOUS),
        (report_of(Report("a", "passed"), done=False), Reason.INFRA_ERROR),
        (report_of(Report("a", "passed"), collected=("a", "b")), Reason.INFRA_ERROR),
        (report_of(Report("a", "passed"), collected=("b",)), Reason.INFRA_ERROR),
        (report_of(Report("a", "passed"), Report("a", "passed")), Reason.INFRA_ERROR),
        (report_of(Report("a", "passed"), collected=()), Reason.VACUOUS),
        (report_of(Report("a", "passed"), errors=("b: x",)), Reason.RUNTIME_ERROR),
        (
            report_of(Report("a", "passed"), errors=("b: x",), candidate=TIMED_OUT),
            Reason.TIME_LIMIT,
        ),
        (report_of(Report("a", "passed"), outcome=TIMED_OUT), Reason.TIME_LIMIT),
    ],
)
def test_suite_that_did_not_run_whole_is_no_pass(report: SuiteReport, reason: Reason) -> None:
    """Nothing collected, skipped, expected to fail, missing, told twice, or not ended."""
    result = judged(report)
    assert (result.status, result.reason) == (CheckStatus.FAILED, reason)
    assert not green(report)


def test_suite_that_passes_against_a_stub_is_vacuous() -> None:
    """It names the tests, which would accept any candidate."""
    result = judged(report_of(Report("a", "passed")), passed_by_stub="silent")
    assert (result.status, result.reason) == (CheckStatus.FAILED, Reason.VACUOUS)
    assert "silent" in result.message
    assert "a" in result.message


def test_text_of_the_tests_cannot_write_to_a_terminal() -> None:
    """Their messages hold what the candidate answered."""
    result = judged(report_of(Report("a\x1b[2J", "failed", "\x1b[2J")))
    assert "\x1b" not in result.message + result.input + result.actual


REPORTS = st.builds(
    Report,
    st.sampled_from("abc"),
    st.sampled_from(OUTCOMES) | st.text(max_size=3),
    leaned=st.booleans(),
    gone=st.booleans(),
)


@given(
    st.lists(REPORTS, max_size=4),
    st.lists(st.sampled_from("abc"), max_size=4),
    st.booleans(),
    st.sampled_from(["", "silent", "raises"]),
)
def test_only_a_whole_green_suite_that_a_stub_fails_passes(
    tests: list[Report], collected: list[str], done: bool, stub: str
) -> None:
    """Judge and vacuity proof agree on what green is, whatever is told."""
    report = report_of(*tests, collected=tuple(collected), done=done)
    result = judged(report, stub)
    right = {test.test: test.outcome for test in tests} == dict.fromkeys(collected, "passed")
    whole = done and len(tests) == len(collected) == len(set(collected)) > 0
    assert (result.status is CheckStatus.PASSED) == (right and whole and not stub)
    if result.status is CheckStatus.PASSED:
        assert green(report)
        leaned = any(test.leaned for test in tests)
        assert result.assurance is (Assurance.SPLIT_OBJECTS if leaned else Assurance.SPLIT)


def test_proofs_are_remembered_and_forgotten_in_order() -> None:
    """A bounded number of them."""
    proven = ProvenSuites()
    for number in range(2000):
        proven.add(str(number))
    assert "1999" in proven
    assert "0" not in proven
