"""A pytest plugin under which a skipped test has failed: `pytest -p support.no_skips`.

A test that did not run has shown nothing. Expected failures (`xfail`) ran and stay what they are.
"""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the report of a skipped test into that of a failed one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped: {why(report)}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the report of a skipped file into that of a failed one."""
    report = yield
    if report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped: {why(report)}"
    return report


def why(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason that was given for a skip."""
    told = report.longrepr
    return str(told[2]) if isinstance(told, tuple) else str(told)
