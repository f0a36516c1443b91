"""What the sandboxes of a shared suite tell: the test sandbox what is true, the others anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from assize_sandbox.errors import ProtocolViolation
from assize_sandbox.outcome import Outcome, TestReport
from assize_sandbox.suite import read_report

COPIES: Final = 2


@dataclass(slots=True)
class Plan:
    """What the test sandbox tells of a suite before any code of the candidate's runs."""

    tests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sources: tuple[dict[str, str], ...] = field(
        default_factory=lambda: tuple({} for _ in range(COPIES))
    )
    """By copy: the test files that are changed in it."""
    wrong: list[frozenset[str]] = field(default_factory=lambda: [frozenset()] * COPIES)
    """By copy: the names of the tests that are wrong in it."""
    done: bool = False

    @property
    def usable(self) -> bool:
        """Whether there is a suite that could tell a forged pass from a true one."""
        return self.done and not self.errors and bool(self.tests) and any(self.wrong)

    def note(self, told: Mapping[str, object]) -> None:
        """Take in a report.

        Raises:
            ProtocolViolation: It has no known form.
        """
        match told:
            case {"collected": list(names)}:
                self.tests = [str(name) for name in names]
            case {"error": str(name), "message": message}:
                self.errors.append(f"{name}: {message}")
            case {"copy": int(copy), "wrong": list(names)} if copy < COPIES:
                self.wrong[copy] = frozenset(map(str, names))
            case {"copy": int(copy), "path": str(path), "source": str(source)} if copy < COPIES:
                self.sources[copy][path] = source
            case {"done": int()}:
                self.done = True
            case _:
                raise ProtocolViolation("the test sandbox sent a report of no known form")


@dataclass(slots=True)
class CopyReport:
    """What a shared sandbox told of one copy of the suite. All of it may be forged."""

    most: int
    outcome: Outcome = field(default_factory=lambda: Outcome(None))
    collected: list[str] = field(default_factory=list)
    tests: list[TestReport] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    status: int | None = None
    """What pytest ended with, as told before the process ended."""
    unreadable: bool = False
    """Whether something was sent that the test runner never sends."""

    def note(self, payload: bytes) -> None:
        """Take in a report, of a bounded number."""
        if self.unreadable:
            return
        try:
            told = read_report(payload)
        except ProtocolViolation:
            self.unreadable = True
            return
        self.most -= 1
        match told:
            case {"collected": list(names)} if not self.collected:
                self.collected = [str(name) for name in names]
            case {"test": str(test), "outcome": str(outcome), "message": str(message)}:
                self.tests.append(TestReport(test, outcome, message))
            case {"error": str(name), "message": str(message)}:
                self.errors.append(f"{name}: {message}")
            case {"done": int(status)} if self.status is None:
                self.status = status
            case _:
                self.unreadable = True
        self.unreadable = self.unreadable or self.most < 0

    @property
    def ended(self) -> bool:
        """Whether the runner came to its end, and its process ended as it said."""
        return self.status is not None and self.outcome.exit_code == self.status


@dataclass(frozen=True, slots=True)
class SharedRun:
    """How a shared suite ended. Without `copies` it did not come to run the candidate."""

    plan: Plan
    seed: int
    collecting: Outcome
    copies: tuple[CopyReport, ...] = ()
    passed_by_stub: str = ""
    left_out: tuple[str, ...] = ()
