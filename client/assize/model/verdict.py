"""The answer to a verification."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from assize.model.effects import WeighedEffect


class Status(StrEnum):
    """How a verification ended: passed, failed, waiting for a person, or we could not tell."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    HELD = "HELD"
    INFRA_ERROR = "INFRA_ERROR"


class Reason(StrEnum):
    """Why the code failed, or that we could not tell. A closed list."""

    WRONG_ANSWER = "WRONG_ANSWER"
    RUNTIME_ERROR = "RUNTIME_ERROR"
    TIME_LIMIT = "TIME_LIMIT"
    CPU_LIMIT = "CPU_LIMIT"
    MEMORY_LIMIT = "MEMORY_LIMIT"
    OUTPUT_LIMIT = "OUTPUT_LIMIT"
    PROCESS_LIMIT = "PROCESS_LIMIT"
    DISK_LIMIT = "DISK_LIMIT"
    SIGNALED = "SIGNALED"
    STATIC_FINDINGS = "STATIC_FINDINGS"
    TAMPERING = "TAMPERING"
    POLICY_DENIED = "POLICY_DENIED"
    INFRA_ERROR = "INFRA_ERROR"
    VACUOUS = "VACUOUS"
    UNVERIFIABLE = "UNVERIFIABLE"
    CONFLICT = "CONFLICT"
    HELD = "HELD"


class Assurance(IntEnum):
    """How far the code could have influenced its own verdict; a larger one is stronger."""

    SHARED = 1
    SPLIT_OBJECTS = 2
    SPLIT = 3
    EXTERNAL = 4


class Severity(IntEnum):
    """How much a finding weighs; ERROR fails the verification."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


class CheckStatus(StrEnum):
    """How one check ended; SKIPPED means that something before it decided."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace from (start_line, start_column) up to (end_line, end_column); all count from 1."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that would mend a finding."""

    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an analyser says of the source; line and column count from 1, 0 is none."""

    tool: str
    rule: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's result. `expected`, `actual` and `diff` are bounded and for people."""

    name: str
    status: CheckStatus
    assurance: Assurance
    required: bool = True
    weight: float = 1.0
    reason: Reason | None = None
    message: str = ""
    expected: str = ""
    actual: str = ""
    diff: str = ""
    input: str = ""
    cases_passed: int = 0
    cases_total: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What a stream held: its first and last bytes, and how many there were in truth."""

    head: bytes = b""
    tail: bytes = b""
    total_bytes: int = 0

    @property
    def truncated(self) -> bool:
        """Whether bytes between head and tail were dropped."""
        return len(self.head) + len(self.tail) < self.total_bytes


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How the program ended: `exit_code` (0 to 255), or `signal`, or neither if it was stopped."""

    exit_code: int | None
    signal: int | None
    stdout: Output
    stderr: Output


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run cost, measured from outside. `peak_pids` is 0 where the kernel keeps none."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    peak_pids: int = 0
    output_bytes: int = 0


@dataclass(frozen=True, slots=True)
class StageTime:
    """Wall-clock seconds of one stage."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Isolation:
    """What held the code: engine, OCI runtime, image digest, and the barriers seen to hold."""

    engine: str
    runtime: str
    image_digest: str
    barriers: tuple[str, ...] = ()


class WorkspaceOutcome(StrEnum):
    """What became of a run's effects."""

    UNCHANGED = "UNCHANGED"
    """The run changed nothing."""
    COMMITTED = "COMMITTED"
    """They are the workspace's new head."""
    HELD = "HELD"
    """They wait for a person; the workspace is as it was."""
    DISCARDED = "DISCARDED"
    """They are gone: the code failed, the policy denies them, or it was a dry run."""
    CONFLICT = "CONFLICT"
    """The workspace had moved; they are gone."""


@dataclass(frozen=True, slots=True)
class WorkspaceResult:
    """A run over a workspace: from the snapshot `base` to the snapshot `result`."""

    name: str
    base: str
    result: str
    outcome: WorkspaceOutcome
    effects_digest: str = ""
    """SHA-256 of the effect set; an approval names it."""


@dataclass(frozen=True, slots=True)
class HoldNotice:
    """Who must decide: `quorum` different people of any of the groups, before `expires_at`."""

    hold_id: str
    gate: str
    """`before_execution` or `before_commit`."""
    rules: tuple[str, ...]
    groups: tuple[str, ...]
    quorum: int
    expires_at: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole answer. `assurance` is the least among the required checks, None if none ran."""

    verification_id: str
    status: Status
    message: str
    policy: str
    policy_digest: str
    request_id: str = ""
    reason: Reason | None = None
    score: float = 0.0
    assurance: Assurance | None = None
    checks: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    program: ProgramEnd | None = None
    usage: Usage = Usage()
    stages: tuple[StageTime, ...] = ()
    isolation: Isolation | None = None
    effects: tuple[WeighedEffect, ...] = ()
    effects_total: int = 0
    """How many there are in truth; the list is bounded."""
    workspace: WorkspaceResult | None = None
    hold: HoldNotice | None = None
