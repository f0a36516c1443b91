"""What a policy says of one effect, and whether that is looser or tighter than before.

- An outcome is the decision and what goes with it: of a hold, who must agree, how many and for how
  long; of what is allowed, the budget that it counts against.
- A hold that nobody could end is a denial, and of a denial nothing else matters.
- Which rule decided is no part of it, but where there is a budget: effects of one rule share it.
"""

from dataclasses import dataclass
from enum import StrEnum

from assize.model.effects import Decision
from assize_server.core.rules import Approval, Budget, EffectRules, Rule


class Direction(StrEnum):
    """How a change looks to a security team."""

    SAME = "same"
    LOOSENED = "loosened"
    TIGHTENED = "tightened"
    MIXED = "mixed"
    """Looser in one respect and tighter in another."""

    @property
    def loosens(self) -> bool:
        """Whether anything is looser than it was."""
        return self in {Direction.LOOSENED, Direction.MIXED}


@dataclass(frozen=True, slots=True)
class Meter:
    """The budget of a rule, and what holds beyond it."""

    rule: str
    budget: Budget
    approval: Approval | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What holds of one effect."""

    decision: Decision
    approval: Approval | None = None
    """Of a hold: who must agree."""
    meter: Meter | None = None
    """Of what is allowed: what it counts against."""


def outcome(rules: EffectRules, deciding: Rule | None) -> Outcome:
    """Return what holds where this rule decides; None: where the default does."""
    decision = rules.default if deciding is None else deciding.then
    approval = rules.approval if deciding is None else deciding.approval
    match decision:
        case Decision.HOLD if approval is not None and approval.groups:
            return Outcome(decision, approval)
        case Decision.ALLOW if deciding is not None and deciding.budget is not None:
            return Outcome(decision, meter=Meter(deciding.id, deciding.budget, approval))
        case Decision.ALLOW:
            return Outcome(decision)
        case _:
            return Outcome(Decision.DENY)


def change(old: Outcome, new: Outcome) -> Direction:
    """Return how the new outcome compares with the old one, each by itself."""
    if new.decision != old.decision:
        return compared(tighter=new.decision > old.decision, looser=new.decision < old.decision)
    return both(approvals_change(old.approval, new.approval), _of_meters(old.meter, new.meter))


def both(*directions: Direction) -> Direction:
    """Return the direction of a change that has all of these parts."""
    return compared(
        tighter=not {Direction.TIGHTENED, Direction.MIXED}.isdisjoint(directions),
        looser=any(direction.loosens for direction in directions),
    )


def compared(*, tighter: bool, looser: bool) -> Direction:
    """Return the direction of a change that is tighter in some respect, looser in some, or both."""
    match tighter, looser:
        case True, True:
            return Direction.MIXED
        case True, False:
            return Direction.TIGHTENED
        case False, True:
            return Direction.LOOSENED
        case _:
            return Direction.SAME


def approvals_change(old: Approval | None, new: Approval | None) -> Direction:
    """Return how what ends a hold has changed."""
    if old == new:
        return Direction.SAME
    # Without an approval nobody can agree, and that is the tightest.
    if old is None or new is None:
        return compared(tighter=new is None, looser=old is None)
    return compared(
        tighter=bool(
            old.groups - new.groups or new.quorum > old.quorum or new.ttl_seconds < old.ttl_seconds
        ),
        looser=bool(
            new.groups - old.groups or new.quorum < old.quorum or new.ttl_seconds > old.ttl_seconds
        ),
    )


def _of_meters(old: Meter | None, new: Meter | None) -> Direction:
    if old == new:
        return Direction.SAME
    # Without a budget anything goes, and that is the loosest.
    if old is None or new is None:
        return compared(tighter=old is None, looser=new is None)
    return both(
        _of_most(old.budget.count, new.budget.count),
        _of_most(old.budget.bytes, new.budget.bytes),
        approvals_change(old.approval, new.approval),
    )


def _of_most(old: int | None, new: int | None) -> Direction:
    if old == new:
        return Direction.SAME
    if old is None or new is None:
        return compared(tighter=old is None, looser=new is None)
    return compared(tighter=new < old, looser=new > old)
