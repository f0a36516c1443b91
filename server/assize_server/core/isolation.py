"""What a policy asks of the engine, held against what the service saw of it. It probes nothing.

Only a barrier that was tried and held counts, never what an engine is said to do.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from assize.model.verdict import Isolation


class EngineName(StrEnum):
    """An engine that a policy can allow. The one for tests is none of them."""

    RUNC = "runc"
    DOCKER = "docker"


class IsolationLevel(IntEnum):
    """How far a container is from the host, from weak to strong."""

    CONTAINER = 1
    """Every barrier that the service requires of any engine."""
    USER_NAMESPACE = 2
    """Besides, the container's root is nobody on the host."""


@dataclass(frozen=True, slots=True)
class EngineDemand:
    """What a policy asks of the engine."""

    least_isolation: IsolationLevel
    """The weakest isolation that code may run behind."""
    allow: frozenset[EngineName]
    """Engines that it may run in; with none, nothing runs."""


_BARRIER: Final = {IsolationLevel.USER_NAMESPACE: "user_namespace"}
"""What the probe must have seen hold, beyond what it requires of every engine."""


def isolation_fault(demand: EngineDemand, seen: Isolation) -> str | None:
    """Return why nothing may run here under a policy, None if it may."""
    if seen.engine not in demand.allow:
        allowed = ", ".join(sorted(demand.allow)) or "none"
        return f"the policy allows the engines {allowed}; this service runs {seen.engine}"
    for level, barrier in _BARRIER.items():
        if demand.least_isolation >= level and barrier not in seen.barriers:
            asked = demand.least_isolation.name.lower()
            return f"the policy asks for {asked}; the barrier {barrier} does not hold here"
    return None
