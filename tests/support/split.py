"""Split suites: the type of the fixture that runs them, and what came of them by test."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from assize_sandbox.limits import Limits, Shape
from assize_sandbox.outcome import SuiteReport

RunSplit = Callable[..., Awaitable[SuiteReport]]
"""Runs a suite (a text, or texts by path) against a candidate (likewise)."""
LIMITS = Limits(shape=Shape(pids=32), wall_seconds=60.0, cpu_seconds=60.0)
"""Of the candidate, unless a test says otherwise."""
CANDIDATE = Path(__file__).parents[1] / "sandbox" / "split" / "candidate"
SUITE_NAME = "suite.py"


def candidate_files() -> Mapping[str, str]:
    """Return the modules of the candidate that has one of everything."""
    return {
        str(path.relative_to(CANDIDATE)): path.read_text()
        for path in CANDIDATE.rglob("*.py")
        if not path.name.endswith(SUITE_NAME)
    }


def outcomes(report: SuiteReport) -> dict[str, str]:
    """Return what became of each test, by its name without the file's."""
    return {name_of(test.test): test.outcome for test in report.tests}


def leaning(report: SuiteReport) -> set[str]:
    """Return the tests that leaned on an object of the candidate's."""
    return {name_of(test.test) for test in report.tests if test.leaned}


def name_of(test: str) -> str:
    """Return a test's name without its file's."""
    return test.partition("::")[2]


def problems(report: SuiteReport) -> dict[str, str]:
    """Return the messages of the tests that did not pass; empty only if all ran and passed."""
    if not report.done or report.errors or report.outcome.reason is not None:
        return {"": f"{report.errors} {report.outcome}"}
    if not report.tests or sorted(report.collected) != sorted(test.test for test in report.tests):
        return {"": f"collected {report.collected}, told {report.tests}"}
    return {
        name_of(test.test): f"{test.outcome}: {test.message}"
        for test in report.tests
        if test.outcome != "passed"
    }
