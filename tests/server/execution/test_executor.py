"""One job on one host, over the fake engine: ends, budget, and what may enter the sandbox."""

import asyncio
import hashlib
import json
import math
import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import FUNCTIONS, HELLO, LEAVES_FILE, LIMITS, SLEEPS, Program
from support.service import (
    ISOLATION,
    POLICIES,
    SPEC,
    GatedAnalyser,
    RecordingEngine,
    submitted,
)

from assize.model.events import Event, OutputChunk, StageStarted
from assize.model.spec import (
    Check,
    CheckKind,
    Contains,
    Exact,
    ExitCode,
    FileIs,
    Function,
    FunctionCase,
    JsonSchema,
    Normalized,
    Numeric,
    Regex,
    Script,
    Spec,
    Stderr,
    Stdout,
    TextExpectation,
    Tolerance,
)
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import (
    CheckStatus,
    Finding,
    Reason,
    Severity,
    Status,
    Usage,
    Verdict,
)
from assize.values.notation import show
from assize_sandbox.engines.fake import Behaviour
from assize_sandbox.errors import SandboxError
from assize_sandbox.limits import Limits
from assize_sandbox.pool import WarmPool
from assize_server.core.spec import validate_request
from assize_server.execution.budget import Budget
from assize_server.execution.executor import LocalExecutor
from assize_server.execution.job import Job, JobId
from assize_server.policies.load import load_directory

POLICY = load_directory(POLICIES)["default"]
BRISK = replace(LIMITS, wall_seconds=0.5)
DIES = Program(b"kills = 'the guest'\n", Behaviour(kills_guest=True))
OUTLASTS = Program(b"import time; time.sleep(9)\n", Behaviour(wall_seconds=0.3))


@dataclass
class Rig:
    """An executor and what it works with."""

    engine: RecordingEngine
    analyser: GatedAnalyser
    executor: LocalExecutor
    events: list[Event] = field(default_factory=list)
    wrote: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the program has written something."""

    def tell(self, event: Event) -> None:
        """Note an event."""
        self.events.append(event)
        if isinstance(event, OutputChunk):
            self.wrote.set()

    async def judge(
        self, submission: Submission, spec: Spec = SPEC, limits: Limits = LIMITS
    ) -> Verdict:
        """Run one job."""
        job = Job(JobId("job"), submission, spec, POLICY, limits, request_id="req")
        return await self.executor.run(job, self.tell)


def rig(*programs: Program) -> Rig:
    """Return an executor over the fake engine that knows these programs."""
    engine = RecordingEngine({each.source: each.behaviour for each in programs})
    analyser = GatedAnalyser()
    pool = WarmPool(engine, 0, memory_headroom_bytes=0)
    return Rig(engine, analyser, LocalExecutor(pool, analyser, ISOLATION))


async def test_blocking_finding_skips_the_execution() -> None:
    """Code that is certainly wrong is not run, and each check says so."""
    it = rig(HELLO)
    it.analyser.findings = (Finding("ruff", "F821", Severity.ERROR, "main.py", 1, 1, "no"),)
    verdict = await it.judge(submitted())
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.STATIC_FINDINGS)
    assert [check.status for check in verdict.checks] == [CheckStatus.SKIPPED] * 2
    assert it.engine.recorded == []
    assert StageStarted("execute") not in it.events


async def test_warning_does_not_skip_the_execution() -> None:
    """It is told, and that is all."""
    it = rig(HELLO)
    it.analyser.findings = (Finding("ruff", "S101", Severity.WARNING, "main.py", 1, 1, "hm"),)
    verdict = await it.judge(submitted())
    assert verdict.status is Status.PASSED
    assert verdict.findings == it.analyser.findings


async def test_engine_that_fails_could_not_tell() -> None:
    """No container is our fault; the verdict carries ids and policy all the same."""
    it = rig(HELLO)
    it.engine.broken = SandboxError("no space left on device")
    verdict = await it.judge(submitted())
    assert (verdict.status, verdict.reason) == (Status.INFRA_ERROR, Reason.INFRA_ERROR)
    assert "no space left on device" in verdict.message
    assert (verdict.request_id, verdict.policy_digest) == ("req", POLICY.digest)


async def test_container_that_dies_unexplained_could_not_tell() -> None:
    """No limit explains it, so it is no fault of the code."""
    it = rig(DIES)
    verdict = await it.judge(submitted(DIES))
    assert verdict.status is Status.INFRA_ERROR
    assert it.engine.living == []


async def test_analyser_that_fails_could_not_tell() -> None:
    """Code that nobody could read is not run either."""
    it = rig(HELLO)
    it.analyser.error = SandboxError("the analysers are gone")
    verdict = await it.judge(submitted())
    assert verdict.status is Status.INFRA_ERROR
    assert it.engine.recorded == []


async def test_cancelled_job_leaves_no_container() -> None:
    """Its end waits for the death of what it ran."""
    it = rig(SLEEPS)
    running = asyncio.create_task(it.judge(submitted(SLEEPS)))
    await it.wrote.wait()
    assert len(it.engine.living) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert it.engine.living == []
    assert all(container.removed.is_set() for container in it.engine.recorded)


async def test_program_calls_and_script_each_get_a_fresh_container() -> None:
    """What one leaves behind, another does not find; all are removed."""
    script = Program(b"import solution\n", Behaviour())
    it = rig(HELLO, FUNCTIONS, script)
    files = (SourceFile("main.py", HELLO.source), SourceFile("solution.py", FUNCTIONS.source))
    spec = Spec(
        (
            Check("out", Stdout(Exact("hello\n"))),
            Check("call", Function("solution", (FunctionCase("answer()", returns="42"),))),
            Check("script", Script((("check.py", script.source.decode()),))),
        )
    )
    verdict = await it.judge(Submission(files, "main.py"), spec)
    assert [check.status for check in verdict.checks] == [CheckStatus.PASSED] * 3
    assert len(it.engine.recorded) == 3
    assert it.engine.living == []


async def test_containers_share_one_budget_of_wall_clock() -> None:
    """A program that used up the time leaves none for the script after it."""
    script = OUTLASTS.source.decode()
    spec = Spec((Check("script", Script((("check.py", script),))),))
    alone = await rig(OUTLASTS).judge(Submission(submitted().files), spec, BRISK)
    assert alone.checks[0].status is CheckStatus.PASSED
    it = rig(OUTLASTS, SLEEPS)
    verdict = await it.judge(submitted(SLEEPS), spec, BRISK)
    reasons = {check.name: check.reason for check in verdict.checks}
    assert reasons["script"] is Reason.TIME_LIMIT
    assert verdict.reason is Reason.TIME_LIMIT
    assert verdict.usage.wall_seconds >= BRISK.wall_seconds


SECONDS = st.floats(0, 1e6)
USAGES = st.builds(
    Usage, SECONDS, SECONDS, st.integers(0, 2**40), st.integers(0, 999), st.integers(0, 2**40)
)


@given(st.lists(USAGES, max_size=5))
def test_budget_shrinks_by_what_was_used_and_never_to_nothing(used: list[Usage]) -> None:
    """Times and bytes add up, peaks do not; a limit of zero would mean none to some."""
    budget = Budget(LIMITS)
    for usage in used:
        budget.spend(usage)
    left, total = budget.left(), budget.used()
    assert 0 < left.wall_seconds <= LIMITS.wall_seconds
    assert 0 < left.cpu_seconds <= LIMITS.cpu_seconds
    assert math.isclose(
        left.wall_seconds, max(0.001, LIMITS.wall_seconds - total.wall_seconds), abs_tol=1e-6
    )
    assert math.isclose(total.cpu_seconds, sum(each.cpu_seconds for each in used))
    assert total.output_bytes == sum(each.output_bytes for each in used)
    assert total.peak_memory_bytes == max((each.peak_memory_bytes for each in used), default=0)
    assert total.peak_pids == max((each.peak_pids for each in used), default=0)
    assert left.shape == LIMITS.shape


SECRETS = st.text(st.characters().filter(str.isprintable), min_size=6, max_size=30).map(
    "wanted:".__add__
)
NUMBERS = st.integers(10**12, 10**15)


def expecting(secret: str, number: int) -> Spec:
    """Return a spec that asks for the secret and the number in every way there is."""
    text_checks: tuple[TextExpectation, ...] = (
        Exact(secret),
        Normalized(secret),
        Contains(secret),
        Regex(re.escape(secret)),
        Numeric(f"{secret} {number}", relative=1 / number),
    )
    cases = (
        FunctionCase("answer()", returns=show(secret), approx=Tolerance(1 / number)),
        FunctionCase("wrong()", raises=f"E{number}"),
        FunctionCase("object_()", returns=f"[{number}, {show(secret)}]"),
    )
    digest = hashlib.sha256(secret.encode()).hexdigest()
    schema = json.dumps({"const": secret, "title": str(number)})
    kinds: tuple[CheckKind, ...] = (
        ExitCode(number % 256),
        *(Stdout(text) for text in text_checks),
        *(Stderr(text) for text in text_checks),
        *(FileIs("out/answer.txt", text=text) for text in text_checks),
        FileIs("out/answer.txt", sha256=digest),
        FileIs("out/answer.txt", present=number % 2 == 0),
        JsonSchema(schema),
        JsonSchema(schema, path="out/answer.txt"),
        Function("solution", cases),
    )
    return Spec(
        tuple(
            Check(f"{secret[:40]}{index}", kind, required=bool(number % 2), weight=number % 9 + 1)
            for index, kind in enumerate(kinds)
        )
    )


def all_sent(spec: Spec) -> bytes:
    """Return every byte that went into a container while the spec was judged."""
    it = rig(LEAVES_FILE, FUNCTIONS)
    files = (SourceFile("main.py", LEAVES_FILE.source), SourceFile("solution.py", FUNCTIONS.source))
    submission = Submission(files, "main.py", arguments=("a",), stdin=b"in")
    assert validate_request(submission, spec) == []
    verdict = asyncio.run(it.judge(submission, spec))
    assert {check.name for check in verdict.checks} == {check.name for check in spec.checks}
    return it.engine.sent


@settings(max_examples=30, deadline=None)
@given(SECRETS, NUMBERS)
def test_expected_values_never_enter_the_sandbox(secret: str, number: int) -> None:
    """What is sent is byte for byte what is sent for any other expectation."""
    sent = all_sent(expecting(secret, number))
    assert sent == all_sent(expecting("wanted: something else", 10**12))
    spellings = (
        secret.encode(),
        secret.encode("utf-16-le"),
        json.dumps(secret).encode(),
        show(secret).encode(),
        hashlib.sha256(secret.encode()).hexdigest().encode(),
        str(number).encode(),
    )
    for spelling in spellings:
        assert spelling not in sent
    assert b"answer.txt" in sent
    assert b"wanted" not in sent
