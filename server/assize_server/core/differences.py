"""The difference of two lists of effect rules: every changed decision, with a shortest example.

It is exact. Every cell (`cells.py`) is searched by one automaton over the globs of both lists
(`automata.py`): what is not reported does not exist, and each example was weighed once more by the
matcher that the service uses. Where the search would take too long, `NotProven` is raised and
nothing is claimed.

- Two changes are one where the same rules decide before and after; the example is a shortest path
  of all of theirs.
- That another rule decides with the same outcome changes nothing, and is told apart.
- Effects that one rule allows share its budget. Two rules with that budget allow twice as much, so
  a budget that is split is looser even where each effect by itself is decided as before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from assize_server.core.automata import MOST_STATES, Allowance, NotProven
from assize_server.core.cells import Where
from assize_server.core.deciding import Example, Found, decided
from assize_server.core.outcomes import Direction, Outcome, change, outcome
from assize_server.core.rules import DEFAULT_RULE, EffectRules, Rule

_FOR_EACH_RULE: Final = 4
"""One part in so many of the allowance goes to telling all rules apart."""


class Subject(StrEnum):
    """What about an effect has changed."""

    DECISION = "decision"
    OBLIGATIONS = "obligations"
    """Who must agree, or the budget; the decision is the same."""
    SHARING = "sharing"
    """Which effects share a budget."""
    RULE = "rule"
    """Only which rule says so."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided, and by which rule."""

    rule: str
    """Its id, or `default`."""
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """Effects on which the two lists differ in one way."""

    subject: Subject
    direction: Direction
    old: Decided
    new: Decided
    wheres: tuple[Where, ...]
    """The kinds and sizes in which there are such effects."""
    example: Example
    """One with a shortest path, and table where that matters."""
    beside: Example | None = None
    """Of SHARING: the effect that no longer shares a budget with it, or does now."""


@dataclass(frozen=True, slots=True)
class RuleComparison:
    """All differences of two lists of rules."""

    differences: tuple[RuleDifference, ...]
    """Decisions first, what is looser first among them."""
    tells_rules_apart: bool
    """Whether differences of the rule alone are among them. Where not, telling all rules apart
    would have taken too long, and changes with the same outcomes before and after are one."""


def compare(old: EffectRules, new: EffectRules, most_states: int = MOST_STATES) -> RuleComparison:
    """Return every difference of two lists of rules.

    Raises:
        NotProven: It would take more than `most_states` to find them.
    """
    try:
        allowance = Allowance(most_states // _FOR_EACH_RULE)
        return _comparison(old, new, allowance, by_outcome=False)
    except NotProven:
        return _comparison(old, new, Allowance(most_states), by_outcome=True)


def _comparison(
    old: EffectRules, new: EffectRules, allowance: Allowance, *, by_outcome: bool
) -> RuleComparison:
    shortest: dict[tuple[Rule | None, ...], Found] = {}
    for found in decided((old, new), allowance, by_outcome=by_outcome):
        shortest[found.rules] = _merged(shortest.get(found.rules), found)
    changes = [_difference(old, new, found) for found in shortest.values()]
    differences = [each for each in changes if each is not None]
    differences += _sharing(old, new, shortest.values())
    differences.sort(key=_rank)
    return RuleComparison(tuple(differences), tells_rules_apart=not by_outcome)


def _merged(one: Found | None, other: Found) -> Found:
    if one is None:
        return other
    first, second = (one, other) if len(one.word) <= len(other.word) else (other, one)
    return replace(first, wheres=first.wheres + second.wheres)


def _difference(old: EffectRules, new: EffectRules, found: Found) -> RuleDifference | None:
    before = _decided(old, found.rules[0])
    after = _decided(new, found.rules[1])
    direction = change(before.outcome, after.outcome)
    if before.outcome.decision != after.outcome.decision:
        subject = Subject.DECISION
    elif direction is not Direction.SAME:
        subject = Subject.OBLIGATIONS
    elif before.rule != after.rule:
        subject = Subject.RULE
    else:
        return None
    return RuleDifference(subject, direction, before, after, found.wheres, found.example)


def _decided(rules: EffectRules, rule: Rule | None) -> Decided:
    return Decided(DEFAULT_RULE if rule is None else rule.id, outcome(rules, rule))


def _sharing(
    old: EffectRules, new: EffectRules, all_found: Iterable[Found]
) -> Iterator[RuleDifference]:
    """Yield each budget that is split into several, or made of several."""
    split: dict[str, Found] = {}
    joined: dict[str, Found] = {}
    for found in sorted(all_found, key=lambda each: len(each.word)):
        before, after = _decided(old, found.rules[0]), _decided(new, found.rules[1])
        if before.outcome.meter is None or after.outcome.meter is None:
            continue
        for seen, rule, direction in (
            (split, before.rule, Direction.LOOSENED),
            (joined, after.rule, Direction.TIGHTENED),
        ):
            first = seen.setdefault(rule, found)
            if first is not found:
                yield RuleDifference(
                    Subject.SHARING,
                    direction,
                    before,
                    after,
                    found.wheres,
                    found.example,
                    first.example,
                )


_SUBJECTS: Final = tuple(Subject)
_DIRECTIONS: Final = (Direction.LOOSENED, Direction.MIXED, Direction.TIGHTENED, Direction.SAME)


def _rank(difference: RuleDifference) -> tuple[int, int, int, str]:
    return (
        _SUBJECTS.index(difference.subject),
        _DIRECTIONS.index(difference.direction),
        len(difference.example.path),
        difference.example.path,
    )
