"""Judges one job on this host: analyse, execute, judge, conclude."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from assize.model.events import OutputChunk
from assize.model.spec import Check, Function, Property, Script, Tests
from assize.model.submission import SourceFile
from assize.model.verdict import (
    CheckResult,
    Finding,
    HoldNotice,
    Isolation,
    ProgramEnd,
    Reason,
    Severity,
    Status,
    Verdict,
)
from assize_sandbox.errors import SandboxError
from assize_sandbox.outcome import CallOutcome, Outcome
from assize_server.checks.judge import judge_script, skipped
from assize_server.checks.judges import InlineJudge, Judge
from assize_server.checks.made_suites import judge_property, judge_where, merged
from assize_server.checks.shared import judge_shared
from assize_server.checks.suites import judge_suite
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.core.feedback import told
from assize_server.core.made_suites import suite_of
from assize_server.core.static_gates import held_by
from assize_server.core.verdict import conclude, without_leaning
from assize_server.execution.budget import Budget
from assize_server.execution.candidate import CandidateRunner, Containers, ProgramRun
from assize_server.execution.ground import Ground, Grounds
from assize_server.execution.job import Emit, Job, could_not_tell
from assize_server.execution.landing import Landed, Landing, NotHeld
from assize_server.execution.stages import Stages
from assize_server.execution.suites import ProvenSuites, SuiteRun

if TYPE_CHECKING:
    from assize_server.execution.shared_reports import SharedRun

INFRA_SECONDS: Final = 60.0
"""What everything but candidate code may take before we give up and say that we could not tell."""
EFFECTS_TOLD_MOST: Final = 1000
"""Effects in a verdict; the count is told of all, and a hold has all."""
STREAMED_MOST_BYTES: Final = 64 * 1024
"""Program output told as events; the verdict has the rest."""
STREAMED_MOST_CHUNKS: Final = 500
"""A program that writes byte by byte must not crowd out the other events."""

_log = structlog.get_logger(__name__)


class Analyser(Protocol):
    """Reads source without running it."""

    async def analyse(
        self, files: tuple[SourceFile, ...], settings: AnalysisSettings
    ) -> tuple[Finding, ...]:
        """Return what the analysers found, most severe first."""
        ...


class LocalExecutor:
    """Runs jobs in this host's containers."""

    def __init__(
        self,
        containers: Containers,
        analyser: Analyser,
        isolation: Isolation,
        judge: Judge | None = None,
        *,
        grounds: Grounds | None = None,
        landing: Landing | None = None,
    ) -> None:
        self._judge = judge or InlineJudge()
        self.grounds = grounds
        self.landing = landing
        self.proven = ProvenSuites()
        self._containers = containers
        self._analyser = analyser
        self._isolation = isolation

    async def run(self, job: Job, emit: Emit) -> Verdict:
        """Judge one job; whatever fails on our side becomes INFRA_ERROR."""
        try:
            async with asyncio.timeout(job.limits.wall_seconds + INFRA_SECONDS):
                return await _Trial(self, job, emit).verdict()
        except SandboxError as error:
            _log.warning("could_not_tell", job=job.id, error=str(error), exc_info=True)
            return could_not_tell(job, f"the sandbox failed: {error}")
        except TimeoutError:
            _log.warning("could_not_tell", job=job.id, error="timed out")
            return could_not_tell(job, f"the service took over {INFRA_SECONDS:g} s of its own")

    @property
    def containers(self) -> Containers:
        """Where the containers come from."""
        return self._containers

    @property
    def analyser(self) -> Analyser:
        """What reads the source."""
        return self._analyser

    @property
    def judge(self) -> Judge:
        """What compares."""
        return self._judge

    @property
    def isolation(self) -> Isolation:
        """What holds the code."""
        return self._isolation


class _Trial:
    """The state of one job while it is judged."""

    def __init__(self, executor: LocalExecutor, job: Job, emit: Emit) -> None:
        self._executor = executor
        self._job = job
        self._emit = emit
        self._stages = Stages(emit)
        self._budget = Budget(job.limits)
        self._streamed_bytes = self._streamed_chunks = 0
        self._program: ProgramRun | None = None
        self._suites: dict[str, SuiteRun] = {}
        self._shared: dict[str, SharedRun] = {}

    async def verdict(self) -> Verdict:
        findings = await self._analyse()
        if any(finding.severity is Severity.ERROR for finding in findings):
            return self._conclude(findings, self._skipped())
        try:
            if notice := await self._hold_before(findings):
                return self._held(findings, notice)
        except NotHeld as error:
            return self._not_held(findings, error)
        async with self._ground() as ground:
            results = await self._execute_and_judge(ground)
            if self._job.policy.refuses_objects:
                results = tuple(map(without_leaning, results))
            landed = await self._land(findings, results, ground)
        return self._conclude(findings, results, landed)

    def _skipped(self) -> tuple[CheckResult, ...]:
        return tuple(skipped(check) for check in self._job.spec.checks)

    @asynccontextmanager
    async def _ground(self) -> AsyncIterator[Ground | None]:
        if self._job.workspace is None:
            yield None
            return
        if self._executor.grounds is None:
            raise SandboxError(
                "this service keeps workspaces and runs nothing over them: views need root on the "
                "host",
                remedy="see the row `views` of `assize doctor` there",
            )
        async with self._executor.grounds(self._job) as ground:
            yield ground

    async def _hold_before(self, findings: tuple[Finding, ...]) -> HoldNotice | None:
        """Keep the job for a person where a static rule asks for it and nobody has agreed yet."""
        holding = held_by(findings, self._job.policy.analysis.static)
        if not holding or self._job.released_by:
            return None
        if self._executor.landing is None:
            raise SandboxError("a static rule holds this code, and this service keeps no holds")
        return await self._executor.landing.hold_before(self._job, holding)

    async def _land(
        self, findings: tuple[Finding, ...], results: tuple[CheckResult, ...], ground: Ground | None
    ) -> Landed | None:
        landing = self._executor.landing
        if ground is None:
            return None
        if landing is None:
            raise SandboxError("this service changes no workspaces")
        left = None if self._program is None else self._program.left
        with self._stages.stage("land"):
            conclusion = conclude(findings, results, self._job.policy)
            return await landing.land(self._job, conclusion, ground, left)

    async def _analyse(self) -> tuple[Finding, ...]:
        with self._stages.stage("analyse"):
            findings = await self._executor.analyser.analyse(
                self._job.analysed, self._job.policy.analysis
            )
        for finding in findings:
            self._emit(finding)
        return findings

    async def _execute_and_judge(self, ground: Ground | None) -> tuple[CheckResult, ...]:
        runner = CandidateRunner(self._executor.containers, self._job, self._budget, ground)
        checks = self._job.spec.checks
        with self._stages.stage("execute"):
            self._program = await runner.program(self._job.spec, self._tell_output)
            calls = await runner.calls(_of_kind(checks, Function))
            scripts = {
                check.name: await runner.script(check.kind)
                for check in checks
                if isinstance(check.kind, Script)
            }
            self._suites = {
                check.name: await runner.suite(tests, self._executor.proven)
                for check in checks
                if (tests := suite_of(check.kind)) is not None and not tests.shared
            }
            self._shared = {
                check.name: await runner.shared(check.kind, self._executor.proven)
                for check in checks
                if isinstance(check.kind, Tests) and check.kind.shared
            }
        with self._stages.stage("judge"):
            return await self._judge(calls, scripts)

    async def _judge(
        self, calls: dict[str, tuple[CallOutcome, ...]], scripts: dict[str, Outcome]
    ) -> tuple[CheckResult, ...]:
        results: dict[str, CheckResult] = {}
        spec, judge = self._job.spec, self._executor.judge
        if self._program is not None:
            program = self._program
            for result in await judge.program(spec, program.outcome, program.files):
                results[result.name] = result
        for check in spec.checks:
            if isinstance(check.kind, Function):
                results[check.name] = await self._judge_function(check, calls.get(check.name))
            elif isinstance(check.kind, Script):
                results[check.name] = judge_script(check, scripts[check.name])
            elif check.name in self._shared:
                results[check.name] = judge_shared(check, self._shared[check.name])
            elif isinstance(check.kind, Tests):
                results[check.name] = judge_suite(check, self._suites[check.name])
            elif isinstance(check.kind, Property):
                results[check.name] = judge_property(check, self._suites[check.name])
        order = {check.name: position for position, check in enumerate(spec.checks)}
        # What the spec does not name (a program that failed unasked) comes last.
        return tuple(
            sorted(results.values(), key=lambda result: order.get(result.name, len(order)))
        )

    async def _judge_function(
        self, check: Check, answers: tuple[CallOutcome, ...] | None
    ) -> CheckResult:
        """Judge the cases that were called, and those that were tests."""
        parts = []
        if answers is not None or check.name not in self._suites:
            parts.append(await self._executor.judge.calls(check, answers or ()))
        if check.name in self._suites:
            parts.append(judge_where(check, self._suites[check.name]))
        return merged(parts)

    def _tell_output(self, stream: str, data: bytes) -> None:
        room = STREAMED_MOST_BYTES - self._streamed_bytes
        if room > 0 and self._streamed_chunks < STREAMED_MOST_CHUNKS:
            self._streamed_bytes += len(data)
            self._streamed_chunks += 1
            self._emit(OutputChunk(stream, data[:room]))

    def _held(self, findings: tuple[Finding, ...], notice: HoldNotice) -> Verdict:
        """Return the verdict on code that is not run before a person agrees."""
        verdict = self._conclude(findings, self._skipped())
        rules = ", ".join(notice.rules)
        return replace(
            verdict,
            status=Status.HELD,
            reason=Reason.HELD,
            message=f"nothing was run: {rules} asks for approval of hold {notice.hold_id}",
            hold=notice,
        )

    def _not_held(self, findings: tuple[Finding, ...], error: NotHeld) -> Verdict:
        """Return the verdict on code that nobody is asked about: it is not run."""
        return replace(
            self._conclude(findings, self._skipped()),
            status=Status.FAILED,
            reason=Reason.POLICY_DENIED,
            message=f"nothing was run: {error}",
        )

    def _conclude(
        self,
        findings: tuple[Finding, ...],
        results: tuple[CheckResult, ...],
        landed: Landed | None = None,
    ) -> Verdict:
        job = self._job
        conclusion = conclude(findings, results, job.policy)
        if landed is not None and landed.ending is not None:
            status, reason, message = landed.ending
            conclusion = replace(conclusion, status=status, reason=reason, message=message)
        verdict = Verdict(
            verification_id=job.id,
            request_id=job.request_id,
            status=conclusion.status,
            reason=conclusion.reason,
            message=conclusion.message,
            score=conclusion.score,
            assurance=conclusion.assurance,
            checks=results,
            findings=findings,
            program=None if self._program is None else program_end(self._program.outcome),
            usage=self._budget.used(),
            stages=self._stages.times(),
            isolation=self._executor.isolation,
            policy=job.policy.name,
            policy_digest=job.policy.digest,
            effects=() if landed is None else landed.effects[:EFFECTS_TOLD_MOST],
            effects_total=0 if landed is None else len(landed.effects),
            workspace=None if landed is None else landed.workspace,
            hold=None if landed is None else landed.hold,
        )
        return told(verdict, job.policy.feedback)


def _of_kind(checks: tuple[Check, ...], kind: type[Function]) -> tuple[Check, ...]:
    return tuple(check for check in checks if isinstance(check.kind, kind))


def program_end(outcome: Outcome) -> ProgramEnd:
    """Return what the verdict says of how the program ended."""
    return ProgramEnd(outcome.exit_code, outcome.signal, outcome.stdout, outcome.stderr)
