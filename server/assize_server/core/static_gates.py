"""Static rules, and what a policy says happens when one matches the source. It matches nothing.

- A policy names rules, by id or by group, to be told as warnings, to hold the run until a person
  agrees, or to fail the verification.
- What is named more than once, the strictest decides: fail > hold > warn.
- A rule that no policy names is not looked for.
- A match is a finding like an analyser's. One that holds is no ERROR: the code has not failed.
- The source can be written so that no rule matches. Rules explain and warn early; what keeps a
  change from happening is the container and the weighing of effects, not these.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from assize.model.verdict import Finding, Severity
from assize_server.core.rules import Approval

TOOL = "assize-static"
"""What findings of these rules name as their tool."""


class Gate(IntEnum):
    """What happens when a rule matches; a larger one is stricter."""

    WARN = 1
    """The finding is shown."""
    HOLD = 2
    """Nothing is run until a person agrees."""
    FAIL = 3
    """The verification fails."""


@dataclass(frozen=True, slots=True)
class StaticRule:
    """One rule on source."""

    id: str
    """Unique over all files of rules; the `rule` of its findings."""
    group: str
    """The file that it is in, and what a policy may name in place of each of its rules."""
    message: str
    """What it saw, for whoever submitted the code."""
    why: str
    """Why it is looked for, for whoever decides about it."""
    matcher: str
    """What ast-grep looks for: its `rule`, `constraints` and `utils`, as JSON."""
    words: tuple[str, ...] = ()
    """A source that has none of these cannot match and is left out; if there are none, every source
    is looked at. Derived from the matcher: see `policies/words.py`."""


@dataclass(frozen=True, slots=True)
class StaticGates:
    """What a policy names: ids and groups of rules."""

    warn: frozenset[str] = frozenset()
    """Their matches are shown."""
    hold: frozenset[str] = frozenset()
    """Their matches hold the run before it begins."""
    fail: frozenset[str] = frozenset()
    """Their matches fail the verification."""
    approval: Approval | None = None
    """Of what is held; None where nothing is."""

    @property
    def names(self) -> frozenset[str]:
        """Everything that is named."""
        return self.warn | self.hold | self.fail

    def gate_of(self, rule_id: str, group: str = "") -> Gate | None:
        """Return the strictest thing that is said of a rule; None if nothing is."""
        named = {rule_id, group} - {""}
        if named & self.fail:
            return Gate.FAIL
        if named & self.hold:
            # INVARIANT: a hold that nobody could end is a failure, never an allowance.
            return Gate.HOLD if self.approval and self.approval.groups else Gate.FAIL
        return Gate.WARN if named & self.warn else None


NO_GATES = StaticGates()
"""Looks for nothing."""


@dataclass(frozen=True, slots=True)
class StaticChecks:
    """The rules that a policy looks for, and what each does."""

    rules: tuple[StaticRule, ...] = ()
    """Rules that there are; those without a gate are left alone."""
    gates: StaticGates = StaticGates()
    """What is said of them."""

    def in_force(self) -> tuple[StaticRule, ...]:
        """Return the rules that something is said of."""
        return tuple(rule for rule in self.rules if self.gate(rule) is not None)

    def gate(self, rule: StaticRule) -> Gate | None:
        """Return what is said of a rule."""
        return self.gates.gate_of(rule.id, rule.group)

    def finding(
        self, rule_id: str, path: str, line: int, column: int, more: int = 0
    ) -> Finding | None:
        """Return the finding of a match; None if no rule in force has that id.

        `more` is how many further matches of it in this file are left out.
        """
        for rule in self.rules:
            gate = self.gate(rule)
            if rule.id == rule_id and gate is not None:
                text = message(rule, gate, more)
                return Finding(TOOL, rule.id, severity_of(gate), path, line, column, text)
        return None


NO_CHECKS = StaticChecks()
"""Of a policy that says nothing of static rules."""


def severity_of(gate: Gate) -> Severity:
    """Return how much a match weighs: only what fails the verification is an ERROR."""
    return Severity.ERROR if gate is Gate.FAIL else Severity.WARNING


def message(rule: StaticRule, gate: Gate, more: int = 0) -> str:
    """Return what a finding says: what was seen, and that it waits for a person if it does."""
    text = rule.message
    if gate is Gate.HOLD:
        text += " A person must agree before it is run."
    if more:
        text += f" ({more} more in this file)"
    return text


def held_by(findings: Iterable[Finding], checks: StaticChecks) -> tuple[Finding, ...]:
    """Return the findings that hold the run before it begins, in their order."""
    holding = {rule.id for rule in checks.rules if checks.gate(rule) is Gate.HOLD}
    return tuple(each for each in findings if each.tool == TOOL and each.rule in holding)
