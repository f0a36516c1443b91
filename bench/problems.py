"""HumanEval problems as submissions: the canonical solution of each, and one that must be wrong.

A broken solution is wrong by construction, not by trial. Where the problem's check compares what
the function returns by `==`, in a statement that is always reached, the broken one computes the
right value and returns another, unequal one of the same type. Where it compares in other ways
(within a tolerance, in a loop), the function raises.
"""

import ast
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from assize import Check, Script, SourceFile, Spec, Submission, Tests

SCRIPT: Final = "check_solution.py"
SUITE: Final = "test_solution.py"
CHECK_NAME: Final = "humaneval"

UNEQUAL: Final = '''\
def _unequal(right):
    """Return something else than `right`, of the same type where there is one."""
    if isinstance(right, bool):
        return not right
    if isinstance(right, int):
        return right + 1
    if isinstance(right, float):
        return -right or 1.0
    if isinstance(right, str):
        return right[1:] if right else "x"
    if isinstance(right, (list, tuple)):
        return right[1:] if right else type(right)([None])
    return None if right is not None else 0
'''
BROKEN: Final = """\
from right import *
import right


{unequal}

def {entry_point}(*arguments):
    return _unequal(right.{entry_point}(*arguments))
"""
RAISING: Final = """\
from right import *


def {entry_point}(*arguments):
    raise NotImplementedError("{entry_point}")
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of the suite."""

    name: str
    entry_point: str
    solution: str
    """The prompt completed by the canonical solution: a module."""
    test: str
    """Python text that defines `check(candidate)`."""


class NotHumanEval(Exception):
    """The file is not what the suite's file looks like."""


def load(path: Path) -> tuple[Problem, ...]:
    """Read the suite's JSON lines.

    Raises:
        NotHumanEval: A line is no problem of the suite.
        OSError: The file cannot be read.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(problem(line, f"{path}:{number}") for number, line in enumerate(lines, 1))


def problem(line: str, place: str) -> Problem:
    """Return the problem on a line.

    Raises:
        NotHumanEval: There is none.
    """
    try:
        row = json.loads(line)
        return Problem(
            name=str(row["task_id"]),
            entry_point=str(row["entry_point"]),
            solution=f"{row['prompt']}{row['canonical_solution']}",
            test=str(row["test"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise NotHumanEval(f"{place} is no HumanEval problem: {error!r}") from error


def canonical(problem: Problem) -> Submission:
    """Return the solution that must pass."""
    return submission({"solution.py": problem.solution})


def broken(problem: Problem) -> Submission:
    """Return a solution that must fail."""
    template = BROKEN if compares_by_equality(problem.test) else RAISING
    text = template.format(entry_point=problem.entry_point, unequal=UNEQUAL)
    return submission({"solution.py": text, "right.py": problem.solution})


def submission(files: dict[str, str]) -> Submission:
    """Return a submission without an entry point: what is run is the check's script."""
    return Submission(tuple(SourceFile(path, text.encode()) for path, text in files.items()))


class Judging(StrEnum):
    """How a problem's own tests are run."""

    SCRIPT = "script"
    """As a program beside the solution: assurance SHARED."""
    SPLIT = "split"
    """By pytest in a sandbox of their own: assurance SPLIT."""
    SHARED = "shared"
    """By pytest beside the solution, from copies of which some are wrong: assurance SHARED."""


def spec(problem: Problem, judging: Judging) -> Spec:
    """Return the spec: the problem's own tests."""
    if judging is Judging.SCRIPT:
        return Spec((Check(CHECK_NAME, Script(((SCRIPT, script(problem)),))),))
    files = ((SUITE, suite(problem)),)
    if judging is Judging.SHARED:
        return Spec((Check(CHECK_NAME, Tests(files, shared=True)),))
    return Spec((Check(CHECK_NAME, Tests(files, modules=("solution",))),))


def suite(problem: Problem) -> str:
    """Return the problem's tests as a pytest file, with the imports that its prompt makes."""
    imports = [
        ast.unparse(node)
        for node in ast.parse(problem.solution).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = f"from solution import *\nfrom solution import {problem.entry_point}\n"
    test = f"def test_problem():\n    check({problem.entry_point})\n"
    return "\n".join([*imports, names, problem.test, test])


def script(problem: Problem) -> str:
    """Return the program that runs the problem's tests; they may use what the prompt defines."""
    return f"from solution import *\n{problem.test}\n\ncheck({problem.entry_point})\n"


def compares_by_equality(test: str) -> bool:
    """Tell whether `check` always comes to an `assert candidate(...) == ...`."""
    return any(
        is_equality_of_candidate(statement)
        for node in ast.parse(test).body
        if isinstance(node, ast.FunctionDef) and node.name == "check"
        for statement in node.body
    )


def is_equality_of_candidate(statement: ast.stmt) -> bool:
    """Tell whether a statement is `assert candidate(...) == ...`."""
    match statement:
        case ast.Assert(
            test=ast.Compare(left=ast.Call(func=ast.Name(id="candidate")), ops=[ast.Eq()])
        ):
            return True
    return False
