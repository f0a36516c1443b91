"""Runs the candidate's code: as a program, as called functions, beside a trusted script.

Each of the three gets a container of its own, taken from the pool, used once and removed. No
expected value is passed to anything in this file.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from assize.model.spec import (
    Check,
    CheckKind,
    FileIs,
    Function,
    FunctionCase,
    JsonSchema,
    Script,
    Spec,
    Tests,
)
from assize_sandbox.engines.base import Container, Role, WorkFolder
from assize_sandbox.limits import Limits, Shape
from assize_sandbox.outcome import CallOutcome, FileRead, Outcome
from assize_sandbox.session import Command, Session
from assize_sandbox.workspaces.collected import Collected
from assize_server.checks.calls import encoded_arguments
from assize_server.execution.budget import Budget
from assize_server.execution.ground import Ground, Work
from assize_server.execution.job import Job
from assize_server.execution.shared import plan_limits, run_shared
from assize_server.execution.shared_reports import SharedRun
from assize_server.execution.suites import ProvenSuites, SuiteRun, run_suite, tests_limits

PYTHON: Final = ("python3", "-B")
FILE_READ_MOST_BYTES: Final = 1024 * 1024
"""A checked file may be this large; a larger one fails its check."""

OnOutput = Callable[[str, bytes], None]


class Containers(Protocol):
    """Where prepared containers come from."""

    async def take(
        self, shape: Shape, role: Role = Role.CANDIDATE, folder: WorkFolder | None = None
    ) -> Container:
        """Return a container that nobody has used."""
        ...


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """How the program ended and what it left in the files that the spec asks about."""

    outcome: Outcome
    files: Mapping[str, FileRead]
    left: Collected | None = None
    """Over a workspace: its whole tree as the program left it."""


class CandidateRunner:
    """Runs the code of one verification within one budget.

    Over a workspace, each container sees the same beginning and none sees what another left: the
    program and scripts may change what they see, calls and suites may not. What the program leaves
    is collected when every process of it is dead; what scripts leave is thrown away.
    """

    def __init__(
        self, containers: Containers, job: Job, budget: Budget, ground: Ground | None = None
    ) -> None:
        self._containers = containers
        self._submission = job.submission
        self._paths = job.paths
        self._budget = budget
        self._ground = ground

    async def program(self, spec: Spec, on_output: OnOutput) -> ProgramRun | None:
        """Run the entry point and read back the files; None if there is no entry point."""
        entry = self._submission.entry_point
        if entry is None:
            return None
        async with self._work() as work:
            async with self._session(on_output, work=work) as session:
                outcome = await session.run(
                    self._command((*PYTHON, entry, *self._submission.arguments))
                )
                files = {
                    path: await session.read(path, FILE_READ_MOST_BYTES)
                    for path in files_asked_for(spec)
                }
            # INVARIANT: the session is closed, so every process that could change it is dead.
            left = None if work is None else await work.collect()
        return ProgramRun(outcome, files, left)

    async def calls(self, checks: tuple[Check, ...]) -> dict[str, tuple[CallOutcome, ...]]:
        """Make the calls of the function checks, each in a fresh process; by check name.

        Cases with an expression are tests (`core/made_suites.py`) and are not called here.
        """
        checks = tuple(check for check in checks if _called(check.kind))
        if not checks:
            return {}
        answers: dict[str, tuple[CallOutcome, ...]] = {}
        async with self._work(read_only=True) as work, self._session(None, work=work) as session:
            for check in checks:
                if isinstance(check.kind, Function):
                    answers[check.name] = await self._cases(session, check.kind)
        return answers

    async def _cases(self, session: Session, check: Function) -> tuple[CallOutcome, ...]:
        environment = self._submission.environment
        outcomes: list[CallOutcome] = []
        for case in _called(check):
            name, arguments = encoded_arguments(case)
            outcomes.append(await session.call(check.module, name, arguments, environment))
        return tuple(outcomes)

    async def script(self, script: Script) -> Outcome:
        """Run a trusted script beside the candidate's files. Forgeable: assurance SHARED."""
        async with self._work() as work, self._session(None, work=work) as session:
            await session.put({path: text.encode() for path, text in script.files})
            return await session.run(self._command((*PYTHON, script.files[0][0]), stdin=b""))

    async def suite(self, check: Tests, proven: ProvenSuites) -> SuiteRun:
        """Run a suite in a test sandbox against the candidate in its own."""
        limits = tests_limits(self._budget.left())
        async with (
            self._work(read_only=True) as work,
            self._session(None, work=work) as candidate,
            self._test_session(limits) as tests,
        ):
            return await run_suite(check, self._submission, tests, candidate, proven, self._paths)

    async def shared(self, check: Tests, proven: ProvenSuites) -> SharedRun:
        """Run a suite beside the candidate's files. Forgeable: assurance SHARED."""
        return await run_shared(
            check,
            self._submission,
            lambda: self._test_session(plan_limits(self._budget.left())),
            lambda: self._empty_session(None, Role.SHARED),
            proven,
        )

    @asynccontextmanager
    async def _test_session(self, limits: Limits) -> AsyncIterator[Session]:
        session = Session(await self._containers.take(limits.shape, Role.TESTS), limits)
        try:
            yield session
        finally:
            # Not the candidate's: its usage is not told.
            await session.close()

    @asynccontextmanager
    async def _work(self, *, read_only: bool = False) -> AsyncIterator[Work | None]:
        """Give what a container works on; None where there is no workspace."""
        if self._ground is None:
            yield None
            return
        shape = self._budget.left().shape
        async with self._ground.work(shape, read_only=read_only) as work:
            yield work

    @asynccontextmanager
    async def _session(
        self, on_output: OnOutput | None, *, work: Work | None
    ) -> AsyncIterator[Session]:
        """Give a session in which the candidate's files are there."""
        folder = None if work is None else work.folder
        async with self._empty_session(on_output, folder=folder) as session:
            if work is None:
                await session.put(self._sources())
            yield session

    @asynccontextmanager
    async def _empty_session(
        self,
        on_output: OnOutput | None,
        role: Role = Role.CANDIDATE,
        folder: WorkFolder | None = None,
    ) -> AsyncIterator[Session]:
        limits = self._budget.left()
        container = await self._containers.take(limits.shape, role, folder)
        session = Session(container, limits, on_output=on_output)
        try:
            yield session
        finally:
            report = await session.close()
            self._budget.spend(report.usage)

    def _sources(self) -> dict[str, bytes]:
        return {file.path: file.content for file in self._submission.files}

    def _command(self, argv: tuple[str, ...], stdin: bytes | None = None) -> Command:
        submission = self._submission
        return Command(
            argv=argv,
            environment=submission.environment,
            stdin=submission.stdin if stdin is None else stdin,
        )


def _called(kind: CheckKind) -> tuple[FunctionCase, ...]:
    """Return the cases of a check that are judged outside every sandbox."""
    cases = kind.cases if isinstance(kind, Function) else ()
    return tuple(case for case in cases if case.where is None)


def files_asked_for(spec: Spec) -> tuple[str, ...]:
    """Return the paths that the spec's checks look at, each once."""
    paths: dict[str, None] = {}
    for check in spec.checks:
        match check.kind:
            case FileIs(path=path):
                paths[path] = None
            case JsonSchema(path=str(path)):
                paths[path] = None
            case _:
                pass
    return tuple(paths)
