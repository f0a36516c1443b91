"""One thing that `assize doctor` looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Examined:
    """What was looked at, and what was seen."""

    name: str
    passed: bool
    evidence: str
    remedy: str = ""
    informational: bool = False
    """Told, and not needed: a FAIL of it does not fail the examination."""
