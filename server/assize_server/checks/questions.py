"""What a judge is asked, as plain records that travel to its process."""

from collections.abc import Mapping
from dataclasses import dataclass

from assize.model.spec import Check, Spec
from assize.model.verdict import CheckResult
from assize_sandbox.outcome import CallOutcome, FileRead, Outcome
from assize_server.checks.judge import judge_calls, judge_program


@dataclass(frozen=True, slots=True)
class ProgramQuestion:
    """Do the program checks of a spec hold?"""

    spec: Spec
    outcome: Outcome
    files: Mapping[str, FileRead]


@dataclass(frozen=True, slots=True)
class CallsQuestion:
    """Does a function check hold?"""

    check: Check
    outcomes: tuple[CallOutcome, ...]


Question = ProgramQuestion | CallsQuestion


def answer(question: Question) -> tuple[CheckResult, ...]:
    """Judge."""
    if isinstance(question, CallsQuestion):
        return (judge_calls(question.check, question.outcomes),)
    return judge_program(question.spec, question.outcome, question.files)
