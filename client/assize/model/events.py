"""What a verification tells while it happens. Events are hints; the verdict is the truth."""

from dataclasses import dataclass

from assize.model.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request was accepted, under the policy of this digest."""

    verification_id: str
    policy: str
    policy_digest: str


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage began."""

    stage: str


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage ended after `seconds` of wall clock."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OutputChunk:
    """Bytes that the program wrote to `stream` (`stdout` or `stderr`)."""

    stream: str
    data: bytes


Event = Admitted | StageStarted | StageEnded | Finding | OutputChunk | Verdict
