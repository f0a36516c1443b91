"""Suites that know nothing of the split: what they do to a candidate works across it."""

from pathlib import Path

from support.split import RunSplit

SOLUTION = (Path(__file__).parent / "candidate" / "solution.py").read_text()
SUITE = (Path(__file__).parent / "candidate" / "suite.py").read_text()


async def test_everything_that_a_suite_does_works_across_the_split(run_split: RunSplit) -> None:
    """Calls, exceptions, state, iteration, contexts, async, printing, signatures, hypothesis."""
    report = await run_split(SOLUTION, SUITE, callbacks=True, back={"sort_in_place": (0,)})
    assert report.done, report
    outcomes = {test.test.rpartition("::")[2]: test for test in report.tests}
    wrong = {name: test.message for name, test in outcomes.items() if test.outcome != "passed"}
    assert wrong == {}
    assert len(outcomes) == len(report.collected)
    leaning = {name for name, test in outcomes.items() if test.leaned}
    assert leaning == {"test_equality_leans", "test_membership_leans", "test_isinstance_leans"}
