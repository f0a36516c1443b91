"""Suites that know nothing of the split: what they do to a candidate works across it."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.split import CANDIDATE, RunSplit, candidate_files, leaning, problems

MODULES = (
    "errors", "functions", "package", "package.inner", "package.inner.mod", "solution", "things",
)  # fmt: skip
COPIED_BACK = {"sort_in_place": (0,), "extend": ("items",), "Account.drain": (0,)}
LEANING = {
    "suite": {"test_equality_leans", "test_membership_leans", "test_isinstance_leans"},
    "functions_suite": {"test_what_is_iterable_and_callable_is_so"},
    "things_suite": {
        "test_instances_lean",
        "test_operators_with_an_operand_of_the_tests_lean",
        "test_equality_leans",
        "test_ordering_leans",
        "test_hash_leans",
        "test_truth_leans",
        "test_membership_leans",
        "test_number_of_an_enumeration_leans",
        "test_context_that_suppresses_leans",
    },
    "errors_suite": set(),
}
"""The suites, and those of their tests that ask an object what it says of itself."""


@pytest.mark.engine
@pytest.mark.parametrize("suite", LEANING)
async def test_everything_that_a_suite_does_works_across_the_split(
    run_split: RunSplit, suite: str
) -> None:
    """Functions, classes, exceptions, async, printing, signatures, hypothesis, unittest."""
    text = (CANDIDATE / f"{suite}.py").read_text()
    report = await run_split(
        candidate_files(), text, modules=MODULES, callbacks=True, back=COPIED_BACK
    )
    assert problems(report) == {}
    assert leaning(report) == LEANING[suite]


@pytest.mark.parametrize("suite", LEANING)
def test_the_same_suites_pass_in_one_process(tmp_path: Path, suite: str) -> None:
    """They are ordinary suites: what they ask for is what Python does."""
    for path, text in candidate_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "test_it.py").write_text((CANDIDATE / f"{suite}.py").read_text())
    options = ("-q", "-c", "/dev/null", "-p", "no:cacheprovider", "--asyncio-mode=auto")
    fixtures = ("-o", "asyncio_default_fixture_loop_scope=function")
    # In one process everything that is done to an argument is seen, whatever the spec says.
    differs = ("--deselect", "test_it.py::test_nothing_else_is_copied_back")
    command = [sys.executable, "-m", "pytest", *options, *fixtures, *differs, "test_it.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stdout.decode()
