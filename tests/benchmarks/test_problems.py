"""The benchmark's solutions: the canonical pass their tests, the broken ones fail them.

The problems are made up here: no test needs the suite's file.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.problems import (
    SCRIPT,
    NotHumanEval,
    Problem,
    broken,
    canonical,
    compares_by_equality,
    load,
    problem,
    script,
)

from assize import Submission

ANSWERS = {
    "bool": ("n > 0", "True"),
    "int": ("n + 1", "4"),
    "zero": ("0.0", "0"),
    "float": ("n / 2", "1.5"),
    "infinite": ("float('inf')", "float('inf')"),
    "text": ("'x' * n", "'xxx'"),
    "no text": ("''", "''"),
    "list": ("[n]", "[3]"),
    "no list": ("[]", "[]"),
    "tuple": ("(n, n)", "(3, 3)"),
    "mapping": ("{n: n}", "{3: 3}"),
    "none": ("None", "None"),
    "recursive": ("n > 0 and not f(n - 1)", "True"),
}


def made(body: str, test: str) -> Problem:
    """Return a problem about `f`."""
    row = {
        "task_id": "Made/0",
        "entry_point": "f",
        "prompt": "def f(n):\n",
        "canonical_solution": f"    return {body}\n",
        "test": test,
    }
    return problem(json.dumps(row), "here:1")


def passes(submission: Submission, about: Problem, folder: Path) -> bool:
    """Run a solution with its tests, outside every sandbox: it is our own code."""
    for file in submission.files:
        (folder / file.path).write_bytes(file.content)
    (folder / SCRIPT).write_text(script(about))
    done = subprocess.run((sys.executable, "-B", SCRIPT), cwd=folder, check=False, text=True)
    return done.returncode == 0


@pytest.mark.parametrize(("body", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_a_broken_solution_fails_whatever_type_it_returns(
    body: str, expected: str, tmp_path: Path
) -> None:
    """It returns something unequal, also where the function calls itself."""
    about = made(body, f"def check(candidate):\n    assert candidate(3) == {expected}\n")
    assert passes(canonical(about), about, tmp_path)
    assert not passes(broken(about), about, tmp_path)


def test_a_broken_solution_raises_where_nothing_is_compared_by_equality(tmp_path: Path) -> None:
    """Another value might still be within the tolerance."""
    about = made("n", "def check(candidate):\n    assert abs(candidate(3) - 3) < 100\n")
    assert passes(canonical(about), about, tmp_path)
    assert not passes(broken(about), about, tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "assert abs(candidate(1) - 2) < 1e-6",
        "assert candidate(1)",
        "for n in (): assert candidate(n) == n",
        "assert candidate(1) == 1 or True",
        "assert 1 == 1",
    ],
)
def test_a_check_that_may_pass_unequal_values_is_not_taken_for_equality(statement: str) -> None:
    """Only a bare comparison that is always reached counts."""
    assert not compares_by_equality(f"def check(candidate):\n    {statement}\n")


def test_a_line_that_is_no_problem_is_named(tmp_path: Path) -> None:
    """The message has the file and the line."""
    file = tmp_path / "suite.jsonl"
    file.write_text('{"task_id": "x"}\n')
    with pytest.raises(NotHumanEval, match=r"suite\.jsonl:1"):
        load(file)
