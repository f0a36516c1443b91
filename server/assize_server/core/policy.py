"""What a policy allows, and what is left of it for one request. It reads no files.

- A request can tighten a limit and never loosen it; what it does not ask for is the policy's.
- A limit that nothing can run in is refused before anything is started, so that it cannot end as
  a puzzling verdict about the code.
- All faults of a request are reported at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from assize.errors import FieldViolation
from assize.model.policies import PolicyLayer
from assize.model.submission import RequestedLimits
from assize.model.verdict import Assurance
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineDemand
from assize_server.core.rules import EffectRules
from assize_server.core.static_gates import StaticGates

LEAST_LIMITS: Final = Limits(
    shape=Shape(
        memory_bytes=16 * 1024 * 1024,
        pids=4,
        cpu_cores=0.1,
        disk_bytes=1024 * 1024,
        disk_inodes=64,
    ),
    wall_seconds=0.05,
    cpu_seconds=0.05,
    output_bytes=1024,
    file_bytes=4096,
    open_files=16,
)
"""The smallest limits that make sense: with less, Python does not even start."""

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an organisation allows a verification, and what it demands of a pass."""

    name: str
    """What requests call it."""
    digest: str
    """SHA-256, in hex, of what it means, over all of its layers."""
    owner: str
    """Who answers for it."""
    description: str
    """What it is for."""
    limits: Limits
    """The most that a run may use."""
    analysis: AnalysisSettings
    """What the code is searched for before it runs."""
    least_assurance: Assurance
    """A pass whose assurance is weaker is no pass."""
    refuses_objects: bool
    """Whether a test that leans on an object of the candidate's fails as UNVERIFIABLE."""
    feedback: Feedback
    """How much of the verdict its submitter is told."""
    engine: EngineDemand
    """Where the code may run."""
    static: StaticGates
    """The static rules that the source is searched for."""
    effects: tuple[EffectRules, ...]
    """What may land of what a run changes: the rules of each file, the org's first."""
    layers: tuple[PolicyLayer, ...]
    """What it was made of, the org's first."""


class LooserThanPolicy(Exception):
    """A request asks for limits that its policy does not allow, or that make no sense."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.description}" for each in violations))
        self.violations = tuple(violations)


def effective_limits(policy: Policy, requested: RequestedLimits) -> Limits:
    """Return the policy's limits, tightened as the request asks.

    Raises:
        LooserThanPolicy: With each limit at fault, what it may be and what it was.
    """
    most, least, tighten = policy.limits, LEAST_LIMITS, _Tightening(policy.name)
    memory_bytes = tighten.limit(
        "memory_bytes", requested.memory_bytes, most.shape.memory_bytes, least.shape.memory_bytes
    )
    pids = tighten.limit("pids", requested.pids, most.shape.pids, least.shape.pids)
    disk_bytes = tighten.limit(
        "disk_bytes", requested.disk_bytes, most.shape.disk_bytes, least.shape.disk_bytes
    )
    limits = Limits(
        shape=replace(most.shape, memory_bytes=memory_bytes, pids=pids, disk_bytes=disk_bytes),
        wall_seconds=tighten.limit(
            "wall_seconds", requested.wall_seconds, most.wall_seconds, least.wall_seconds
        ),
        cpu_seconds=tighten.limit(
            "cpu_seconds", requested.cpu_seconds, most.cpu_seconds, least.cpu_seconds
        ),
        output_bytes=tighten.limit(
            "output_bytes", requested.output_bytes, most.output_bytes, least.output_bytes
        ),
        file_bytes=tighten.limit(
            "file_bytes", requested.file_bytes, most.file_bytes, least.file_bytes
        ),
        open_files=tighten.limit(
            "open_files", requested.open_files, most.open_files, least.open_files
        ),
    )
    if tighten.violations:
        raise LooserThanPolicy(tighten.violations)
    return limits


@dataclass(frozen=True, slots=True)
class _Tightening:
    """Compares what is asked with what is allowed, and collects the faults."""

    policy_name: str
    violations: list[FieldViolation] = field(default_factory=list)

    def limit(self, name: str, asked: Number | None, most: Number, least: Number) -> Number:
        """Return the limit that holds; where `asked` is at fault, note it and keep the policy's."""
        if asked is None:
            return most
        if fault := self._fault(asked, most, least):
            self.violations.append(FieldViolation(f"limits.{name}", fault))
            return most
        return asked

    def _fault(self, asked: float, most: float, least: float) -> str:
        # Not a number first: it compares false with everything. No isfinite: it fails on the
        # largest integers.
        if asked != asked or asked in {math.inf, -math.inf}:  # noqa: PLR0124
            return f"must be a finite number, got {asked}"
        if asked <= 0:
            return f"must be more than 0, got {asked}; leave it out to take the policy's {most}"
        if asked > most:
            return f"policy {self.policy_name!r} allows at most {most}, got {asked}"
        if asked < least:
            return f"must be at least {least}, got {asked}; nothing can run in less"
        return ""
