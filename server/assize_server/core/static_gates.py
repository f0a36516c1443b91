"""What a policy does about each static rule that matches the source. It matches nothing itself.

A static rule is named by its id, or by the group (the file in `policies/static/`) that it is in.
What no list names is not looked for.
"""

from dataclasses import dataclass
from enum import IntEnum

from assize_server.core.rules import Approval


class Gate(IntEnum):
    """What happens when a static rule matches; of several, the largest."""

    WARN = 1
    """It is told as a warning."""
    HOLD = 2
    """Nothing runs before a person agrees."""
    FAIL = 3
    """Nothing runs, and the verification fails."""


@dataclass(frozen=True, slots=True)
class StaticGates:
    """The static rules that a policy looks for, by id or group."""

    warn: frozenset[str]
    hold: frozenset[str]
    fail: frozenset[str]
    approval: Approval | None = None
    """Of what is held; None where nothing is."""

    def gate(self, rule: str, group: str = "") -> Gate | None:
        """Return what happens when a rule matches, None where it is not looked for."""
        named = {rule, group} - {""}
        if named & self.fail:
            return Gate.FAIL
        if named & self.hold:
            # INVARIANT: a hold that nobody could end is a failure, never an allowance.
            return Gate.HOLD if self.approval and self.approval.groups else Gate.FAIL
        return Gate.WARN if named & self.warn else None

    def names(self) -> frozenset[str]:
        """Return every id and group that is looked for."""
        return self.warn | self.hold | self.fail


NO_GATES = StaticGates(frozenset(), frozenset(), frozenset())
"""Looks for nothing."""
