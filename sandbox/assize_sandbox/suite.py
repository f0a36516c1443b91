"""A split test: a suite in one sandbox, the candidate in another, and every call carried between.

SECURITY: this process passes bytes on and does not decode them; the test sandbox does, under its
own limits. Reports come from the test sandbox, where no code of the candidate's ever ran.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from assize_sandbox.errors import ProtocolViolation
from assize_sandbox.frames import Frame
from assize_sandbox.outcome import CallOutcome, Counterexample, Outcome, SuiteReport, TestReport
from assize_sandbox.session import Session


@dataclass(frozen=True, slots=True)
class SuiteOrder:
    """How a suite is run. `stub` names a stand-in for the candidate that knows nothing."""

    tests: tuple[str, ...]
    modules: tuple[str, ...]
    lifetime: str
    callbacks: bool
    back: Mapping[str, tuple[int | str, ...]]
    seed: int
    stub: str = ""

    def header(self) -> dict[str, object]:
        """Return it as the test sandbox reads it."""
        return {
            "tests": list(self.tests),
            "modules": list(self.modules),
            "lifetime": self.lifetime,
            "callbacks": self.callbacks,
            "back": {name: list(arguments) for name, arguments in self.back.items()},
            "seed": self.seed,
            "stub": self.stub,
        }


@dataclass(slots=True)
class _Ledger:
    collected: list[str] = field(default_factory=list)
    tests: list[TestReport] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    done: bool = False
    candidate: Outcome | None = None

    def note(self, told: Mapping[str, object]) -> None:
        match told:
            case {"collected": list(names)}:
                self.collected = [str(name) for name in names]
            case {"test": str(test), "outcome": str(outcome), "message": message, "leaned": leaned}:
                self.tests.append(
                    TestReport(
                        test,
                        outcome,
                        str(message),
                        leaned=leaned is True,
                        found=read_found(told),
                        unusable=str(told.get("unusable", "")),
                        gone=bool(told.get("gone")),
                    )
                )
            case {"error": str(name), "message": message}:
                self.errors.append(f"{name}: {message}")
            case {"done": int()}:
                self.done = True
            case _:
                raise ProtocolViolation("the test sandbox sent a report of no known form")


class SplitSuite:
    """Runs suites in a test sandbox against a candidate in another."""

    def __init__(self, tests: Session, candidate: Session, environment: Mapping[str, str]) -> None:
        self._tests = tests
        self._candidate = candidate
        self._environment = environment

    async def run(self, order: SuiteOrder) -> SuiteReport:
        """Run a suite to its end.

        Raises:
            SandboxError: A container failed.
        """
        ledger = _Ledger()

        async def ask(event: Frame) -> Frame:
            answered = await self._candidate.ask(event.payload)
            if answered.value is not None:
                return Frame({"op": "answer"}, answered.value)
            ledger.candidate = ledger.candidate or answered.outcome
            return Frame({"op": "answer", "gone": why_gone(answered)})

        async def fresh(_event: Frame) -> Frame:
            await self._candidate.live(self._environment)
            return Frame({"op": "answer"})

        async def report(event: Frame) -> None:
            ledger.note(read_report(event.payload))

        if not order.stub:
            await self._candidate.live(self._environment)
        outcome = await self._tests.suite(
            order.header(), {"ask": ask, "fresh": fresh, "report": report}
        )
        return SuiteReport(
            outcome=outcome,
            collected=tuple(ledger.collected),
            tests=tuple(ledger.tests),
            errors=tuple(ledger.errors),
            candidate=ledger.candidate,
            done=ledger.done,
        )


def why_gone(answered: CallOutcome) -> str:
    """Return why the candidate's process gave no answer."""
    outcome = answered.outcome
    return outcome.detail or (outcome.reason.value if outcome.reason else "its process ended")


def read_found(report: Mapping[str, object]) -> Counterexample | None:
    """Return the counterexample that a report of a test has, None if it has none."""
    match report.get("found"):
        case {"input": call, "expected": expected, "actual": actual, **more}:
            return Counterexample(
                input=str(call),
                expected=str(expected),
                actual=str(actual),
                problem=str(more.get("problem", "")),
                raised=more.get("raised") is True,
                died=more.get("died") is True,
                fickle=more.get("fickle") is True,
            )
        case _:
            return None


def read_report(payload: bytes) -> Mapping[str, object]:
    """Return a report.

    Raises:
        ProtocolViolation: It is not a JSON object.
    """
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation("the test sandbox sent a report that is not JSON") from error
    if not isinstance(told, dict):
        raise ProtocolViolation("the test sandbox sent a report that is not an object")
    return told
